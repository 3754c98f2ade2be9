//! A case on its way through the phases: the engine on a database file, a program beside
//! it, and after every step the comparison with the twin.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use cutover::{
    AdvanceOptions, CheckReport, Engine, Error, Migration, Options, Pace, Phase, Silent,
    StartOptions,
};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::random::{Action, Case, Side, Step};

use crate::failure::{Failure, Kind, none};
use crate::lockstep::{Fared, Mirror, both};
use crate::reference::{Reference, opposite};
use crate::rows;

const NAME: &str = "random";

/// How a case ended that broke no promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It came to its end.
    Done(Done),
    /// The proof refused the rows, as plain SQL does.
    RowsRefused,
    /// The mapping was refused, for this reason.
    MappingRefused(String),
}

/// What a case has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) statements: u32,
    /// Statements refused because the other side can't hold what they write.
    pub(crate) refused: u32,
    /// Gates that stayed closed because rows don't come back.
    pub(crate) gates: u32,
    /// The phase it ended in, and the furthest it saw.
    pub(crate) furthest: Phase,
}

/// Something that harms the database as soon as the migration has started, to see
/// whether it is found.
pub(crate) type Sabotage = fn(&Connection);

/// Runs a case. A panic of the engine is a failure like others.
pub(crate) fn run(case: &Case, sabotage: Option<Sabotage>) -> Result<Ended, Failure> {
    let attempt = std::panic::AssertUnwindSafe(|| Run::begin(case, sabotage).finish());
    std::panic::catch_unwind(attempt).unwrap_or_else(|payload| {
        let said = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(Failure::new(Kind::Panic, said.unwrap_or_default()))
    })
}

struct Run<'c> {
    case: &'c Case,
    path: PathBuf,
    live: Connection,
    reference: Reference<'c>,
    phase: Phase,
    backfilled: bool,
    done: Done,
    sabotage: Option<Sabotage>,
    dir: TempDir,
}

/// Why a case goes no further.
enum Stop {
    Ended(Ended),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'c> Run<'c> {
    fn begin(case: &'c Case, sabotage: Option<Sabotage>) -> Self {
        let dir = scratch();
        let path = dir.path().join("live.db");
        let live = Connection::open(&path).unwrap();
        let mode = if case.wal { "WAL" } else { "DELETE" };
        live.execute_batch(&format!("PRAGMA journal_mode = {mode}; PRAGMA synchronous = OFF"))
            .unwrap();
        live.execute_batch("BEGIN").unwrap();
        for statement in case.schema() {
            live.execute_batch(&statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        for row in &case.rows {
            // One that a constraint refuses is not there.
            let _ = live.execute_batch(row);
        }
        live.execute_batch("COMMIT").unwrap();
        let reference = Reference::of(&live, Side::Old, case);
        let done = Done { statements: 0, refused: 0, gates: 0, furthest: Phase::Legacy };
        let live = connect(&path);
        reference.conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        Self {
            case,
            path,
            live,
            reference,
            phase: Phase::Legacy,
            backfilled: false,
            done,
            sabotage,
            dir,
        }
    }

    fn finish(mut self) -> Result<Ended, Failure> {
        for step in &self.case.steps {
            let taken = match step {
                Step::Write { side, statements, trespass } => {
                    self.write(*side, statements, *trespass).map_err(Stop::Failed)
                }
                Step::Reconnect => {
                    self.reconnect();
                    Ok(())
                }
                Step::Do(action) => self.act(*action),
            };
            let judged = taken.and_then(|()| self.judge().map_err(Stop::Failed));
            let at = || format!("{} in {}", testkit::random::script::shown(step), self.phase);
            match judged {
                Ok(()) => {}
                Err(Stop::Ended(ended)) => return Ok(ended),
                Err(Stop::Failed(failure)) => {
                    return Err(Failure::new(
                        failure.kind,
                        format!("{}\nafter {}", failure.detail, at()),
                    ));
                }
            }
        }
        let verdict: String =
            self.live.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        if verdict != "ok" {
            return Err(Failure::new(Kind::Traces, verdict));
        }
        Ok(Ended::Done(self.done))
    }

    fn reconnect(&mut self) {
        let keys: i64 = self.live.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        self.live = connect(&self.path);
        self.live.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        self.reference.conn.execute_batch("PRAGMA recursive_triggers = 0").unwrap();
    }

    /// The twin from now on: what the database holds of the side that takes writes.
    fn refer_to(&mut self, side: Side) {
        let pragma = |name: &str| -> i64 {
            self.live.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
        };
        let set = format!(
            "PRAGMA foreign_keys = {}; PRAGMA recursive_triggers = {}",
            pragma("foreign_keys"),
            pragma("recursive_triggers")
        );
        self.reference = Reference::of(&self.live, side, self.case);
        // Both begin anew with what a program may ask for.
        self.live = connect(&self.path);
        self.live.execute_batch(&set).unwrap();
        self.reference.conn.execute_batch(&set).unwrap();
    }

    fn takes_writes(&self, side: Side) -> bool {
        let enter = if self.phase < Phase::WriteNew { Side::Old } else { Side::New };
        side == enter
    }

    fn write(&mut self, side: Side, statements: &[String], trespass: bool) -> Result<(), Failure> {
        if trespass || !self.takes_writes(side) {
            return self.trespass(side, statements);
        }
        let mirror = match self.phase {
            Phase::DualWrite | Phase::ReadNew if !self.backfilled => Mirror::Filling,
            Phase::DualWrite | Phase::ReadNew | Phase::WriteNew => Mirror::Whole,
            _ => Mirror::None,
        };
        for statement in statements {
            self.done.statements += 1;
            if both(&self.live, &self.reference, statement, mirror)? == Fared::Refused {
                self.done.refused += 1;
            }
        }
        for conn in [&self.live, &self.reference.conn] {
            if !conn.is_autocommit() {
                conn.execute_batch("ROLLBACK").unwrap();
            }
        }
        Ok(())
    }

    /// A write into the side that takes none: refused, or one that changes nothing.
    fn trespass(&self, side: Side, statements: &[String]) -> Result<(), Failure> {
        let exists = match self.phase {
            Phase::Legacy => side == Side::Old,
            Phase::Retired => side == Side::New,
            _ => true,
        };
        if !exists || self.takes_writes(side) {
            return Ok(());
        }
        // A guard lets a row in that the mapping gives: the next comparison sees it.
        let strict = side == Side::Old && self.phase >= Phase::WriteNew;
        for statement in statements.iter().filter(|sql| !sql.starts_with("PRAGMA")) {
            let before = self.live.total_changes();
            let written = self.live.prepare(statement).and_then(|mut statement| {
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            });
            let touched = self.live.total_changes() > before;
            if strict && written.is_ok() && touched {
                let detail = format!("written to a frozen table: {statement}");
                return Err(Failure::new(Kind::Refused, detail));
            }
        }
        Ok(())
    }

    /// The comparison with the twin, as the phase has it.
    fn judge(&self) -> Result<(), Failure> {
        none(Kind::Source, &self.reference.own_differences(&self.live))?;
        let synced = matches!(self.phase, Phase::DualWrite | Phase::ReadNew | Phase::WriteNew);
        // The twin's own constraints on the other side count; references do not, as a
        // program may have written with them switched off.
        let keys: i64 =
            self.reference.conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        self.reference.conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        if synced && self.backfilled {
            let found = self.reference.mirror_differences(&self.live).map_err(|error| {
                Failure::new(Kind::Mirror, format!("plain SQL says of the mapping: {error}"))
            })?;
            none(Kind::Mirror, &found)?;
        }
        let readable = match self.phase {
            Phase::Legacy => false,
            Phase::ReadNew => self.backfilled && self.reference.comes_back().is_ok(),
            _ => true,
        };
        if readable {
            none(Kind::View, &self.reference.view_differences(&self.live))?;
        }
        self.reference.conn.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        Ok(())
    }

    fn engine(&self) -> Engine {
        let mut options = Options::default();
        options.scratch_dir = Some(self.dir.path().to_owned());
        Engine::open(&self.path, options).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    fn act(&mut self, action: Action) -> Result<(), Stop> {
        let phase = self.phase;
        match action {
            Action::Start { backfill } if phase == Phase::Legacy => self.start(backfill)?,
            Action::Backfill if phase == Phase::DualWrite || phase == Phase::ReadNew => {
                self.reporting("backfill", |engine| {
                    engine.backfill(NAME, Pace::Fast, &mut Silent)
                })?;
                self.backfilled = true;
            }
            Action::Repair if phase == Phase::DualWrite && self.backfilled => {
                let report = self
                    .reporting("repair", |engine| engine.repair(NAME, Pace::Fast, &mut Silent))?;
                if report.inserted + report.updated + report.deleted > 0 {
                    let detail = format!("there was something to mend: {report:?}");
                    return Err(Failure::new(Kind::Mirror, detail).into());
                }
            }
            Action::Verify
                if phase > Phase::Legacy && phase < Phase::Retired && self.backfilled =>
            {
                self.verify()?;
            }
            Action::Advance if phase > Phase::Legacy && phase < Phase::NewOnly => self.advance()?,
            Action::Retire if phase == Phase::NewOnly => self.retire()?,
            Action::Rollback if phase.previous().is_some() => self.rollback()?,
            Action::Abort if phase == Phase::DualWrite || phase == Phase::ReadNew => {
                self.abort()?
            }
            _ => {}
        }
        self.done.furthest = self.done.furthest.max(self.phase);
        Ok(())
    }

    /// An operation that must succeed.
    fn reporting<T>(
        &self,
        what: &str,
        operate: impl FnOnce(&mut Engine) -> cutover::Result<T>,
    ) -> Result<T, Failure> {
        operate(&mut self.engine())
            .map_err(|error| Failure::new(Kind::Operation, format!("{what}: {}", told(&error))))
    }

    fn start(&mut self, backfill: bool) -> Result<(), Stop> {
        let migration = Migration::parse(NAME, &self.case.file)
            .map_err(|error| Stop::Ended(Ended::MappingRefused(error.to_string())))?;
        let before = rows::schema(&self.live);
        let report = self.reporting("check", |engine| engine.check(&migration, &mut Silent))?;
        let proof = self.proof();
        let unchanged = |run: &Self| {
            none(Kind::Traces, &run.reference.own_differences(&run.live))?;
            if rows::schema(&run.live) == before {
                Ok(())
            } else {
                Err(Failure::new(Kind::Traces, "a refusal has changed the schema"))
            }
        };
        match (report.ok, proof) {
            (true, Ok(())) => {}
            (true, Err(why)) => {
                let detail = format!("the proof lets through what plain SQL does not: {why}");
                return Err(Failure::new(Kind::Proof, detail).into());
            }
            (false, Err(_)) => {
                unchanged(self)?;
                return Err(Stop::Ended(Ended::RowsRefused));
            }
            (false, Ok(())) => {
                unchanged(self)?;
                return Err(refused_mapping(&report));
            }
        }
        unchanged(self)?;
        let options = StartOptions { no_backfill: !backfill, pace: Pace::Fast };
        let report =
            self.reporting("start", |engine| engine.start(&migration, options, &mut Silent))?;
        self.phase = report.phase;
        self.backfilled = backfill;
        if let Some(sabotage) = self.sabotage {
            sabotage(&self.live);
        }
        Ok(())
    }

    /// Whether plain SQL can carry the old rows over and back.
    fn proof(&self) -> Result<(), String> {
        let conn = &self.reference.conn;
        let keys: i64 = conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let proof = self.reference.comes_back();
        conn.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        proof
    }

    fn verify(&self) -> Result<(), Failure> {
        let report =
            self.reporting("verify", |engine| engine.verify(NAME, Pace::Fast, &mut Silent))?;
        // In these phases both directions start from the twin's rows.
        let expected = self.phase >= Phase::WriteNew || self.proof().is_ok();
        if self.phase < Phase::WriteNew && report.ok != expected {
            let detail = format!("verify says {report:?}, plain SQL {:?}", self.proof());
            return Err(Failure::new(Kind::Gate, detail));
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Failure> {
        let to = self.phase.next();
        let expected = match to {
            Some(Phase::WriteNew) if !self.backfilled => Err("not backfilled".to_owned()),
            Some(Phase::WriteNew) => self.proof(),
            _ => Ok(()),
        };
        let options = AdvanceOptions { to, confirmed: false, backup: None };
        let result = self.engine().advance(NAME, &options, &mut Silent);
        self.gate(result, expected)?;
        if self.phase == Phase::WriteNew && self.reference.side == Side::Old {
            // Whether the flip was right is judged by the twin that was there before it.
            let found = self.reference.own_differences(&self.live);
            none(Kind::Source, &found)?;
            self.judge_flip()?;
            self.refer_to(Side::New);
        }
        Ok(())
    }

    /// What a gate did beside what it should have done.
    fn gate(
        &mut self,
        result: cutover::Result<cutover::TransitionReport>,
        expected: Result<(), String>,
    ) -> Result<(), Failure> {
        match (result, expected) {
            (Ok(report), Ok(())) => {
                self.phase = report.to;
                Ok(())
            }
            (Err(Error::Refused(_)), Err(_)) => {
                self.done.gates += 1;
                let status = self.reporting("status", |engine| engine.status(NAME))?;
                if status.phase != self.phase {
                    return Err(Failure::new(
                        Kind::Gate,
                        format!("closed, and in {}", status.phase),
                    ));
                }
                Ok(())
            }
            (Ok(report), Err(why)) => {
                Err(Failure::new(Kind::Gate, format!("{} let through: {why}", report.to)))
            }
            (Err(error), expected) => {
                let detail = format!("{}; expected {expected:?}", told(&error));
                Err(Failure::new(Kind::Gate, detail))
            }
        }
    }

    /// The mirror just after the sides have changed, seen from the side it was filled from.
    fn judge_flip(&self) -> Result<(), Failure> {
        let conn = &self.reference.conn;
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let found = self
            .reference
            .mirror_differences(&self.live)
            .map_err(|error| Failure::new(Kind::Mirror, error))?;
        none(Kind::Mirror, &found)
    }

    fn rollback(&mut self) -> Result<(), Stop> {
        let to = self.phase.previous();
        let possible = match (self.phase, to) {
            // What was written without a mirror may not fit into it.
            (Phase::NewOnly, _) => self.unreferred(|reference| reference.derived(|| Ok(()))),
            _ => Ok(()),
        };
        let kept_before = rows::all(&self.live, self.case, Side::New);
        let result = self.engine().rollback(NAME, to, &mut Silent);
        if possible.is_err() {
            return match result {
                Err(_) => Err(Stop::Ended(Ended::Done(self.done))),
                Ok(_) => Err(Failure::new(Kind::Gate, format!("rolled back: {possible:?}")).into()),
            };
        }
        let opposite_was = opposite(self.reference.side);
        let leaves_new = self.phase == Phase::WriteNew;
        self.gate(result, Ok(()))?;
        if leaves_new && opposite_was == Side::Old {
            // The old side is the mirror still, as far as the twin goes.
            none(Kind::Mirror, &self.old_differences()?)?;
            none(Kind::Lost, &rows::lost(&self.live, self.case, &kept_before))?;
            self.refer_to(Side::Old);
            self.backfilled = true;
        }
        Ok(())
    }

    fn unreferred<T>(&self, ask: impl FnOnce(&Reference<'_>) -> T) -> T {
        let conn = &self.reference.conn;
        let keys: i64 = conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let answer = ask(&self.reference);
        conn.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        answer
    }

    fn old_differences(&self) -> Result<Vec<String>, Failure> {
        self.unreferred(|reference| reference.mirror_differences(&self.live))
            .map_err(|error| Failure::new(Kind::Mirror, error))
    }

    fn retire(&mut self) -> Result<(), Failure> {
        let options = AdvanceOptions { to: Some(Phase::Retired), confirmed: true, backup: None };
        let result = self.engine().advance(NAME, &options, &mut Silent);
        self.gate(result, Ok(()))?;
        none(Kind::Traces, &rows::left_after_retiring(&self.live, self.case))
    }

    fn abort(&mut self) -> Result<(), Failure> {
        self.reporting("abort", |engine| engine.abort(NAME, &mut Silent))?;
        self.phase = Phase::Legacy;
        self.backfilled = false;
        none(Kind::Traces, &rows::left_after_aborting(&self.live, self.case))
    }
}

fn refused_mapping(report: &CheckReport) -> Stop {
    let reason = report.problems.first().map_or("no reason", |problem| problem.reason.as_str());
    Stop::Ended(Ended::MappingRefused(reason.to_owned()))
}

/// An error with its causes.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

fn connect(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON").unwrap();
    conn
}

/// A directory in memory where there is one: what is tested here is not the disk.
fn scratch() -> TempDir {
    let shared = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_none() && shared.is_dir() {
        if let Ok(dir) = tempfile::tempdir_in(shared) {
            return dir;
        }
    }
    TempDir::new().unwrap()
}
