//! A case on its way through the phases: the engine on a database file, a program beside
//! it, and after every step the comparison with the twin.

use std::path::{Path, PathBuf};

use cutover::Phase;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::random::{Case, Side, Step};

use crate::random::failure::{Failure, Kind, none};
use crate::random::lockstep::{Fared, Mirror, both};
use crate::random::reference::Reference;
use crate::random::rows;

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

/// Runs a case.
pub(crate) fn run(case: &Case, sabotage: Option<Sabotage>) -> Result<Ended, Failure> {
    guarded(|| Run::begin(case, sabotage).finish())
}

/// A panic of the engine is a failure like others.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let attempt = std::panic::AssertUnwindSafe(work);
    std::panic::catch_unwind(attempt).unwrap_or_else(|payload| {
        let said = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(Failure::new(Kind::Panic, said.unwrap_or_default()))
    })
}

pub(crate) struct Run<'c> {
    pub(crate) case: &'c Case,
    pub(crate) path: PathBuf,
    pub(crate) live: Connection,
    pub(crate) reference: Reference<'c>,
    pub(crate) phase: Phase,
    pub(crate) backfilled: bool,
    pub(crate) done: Done,
    pub(crate) sabotage: Option<Sabotage>,
    /// The application's schema.
    pub(crate) schema: Vec<String>,
    pub(crate) dir: TempDir,
}

/// Why a case goes no further.
pub(crate) enum Stop {
    Ended(Ended),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'c> Run<'c> {
    pub(crate) fn begin(case: &'c Case, sabotage: Option<Sabotage>) -> Self {
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
        live.execute_batch("COMMIT; BEGIN").unwrap();
        for row in &case.rows {
            // One that a constraint refuses is not there.
            let _ = live.execute_batch(row);
            if live.is_autocommit() {
                // Its table's own clause has rolled back what was there.
                live.execute_batch("BEGIN").unwrap();
            }
        }
        live.execute_batch("COMMIT").unwrap();
        let reference = Reference::of(&live, Side::Old, case);
        let done = Done { statements: 0, refused: 0, gates: 0, furthest: Phase::Legacy };
        let live = connect(&path);
        let schema = rows::lasting(&live);
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
            schema,
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
        if self.phase == Phase::Retired {
            self.forget()?;
        }
        let verdict: String =
            self.live.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        if verdict != "ok" {
            return Err(Failure::new(Kind::Traces, verdict));
        }
        Ok(Ended::Done(self.done))
    }

    /// Another program's connection.
    pub(crate) fn again(&self) -> Connection {
        connect(&self.path)
    }

    fn reconnect(&mut self) {
        let keys: i64 = self.live.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        self.live = connect(&self.path);
        self.live.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        let anew = "PRAGMA recursive_triggers = 0; PRAGMA reverse_unordered_selects = 0";
        self.reference.conn.execute_batch(anew).unwrap();
    }

    /// The twin from now on: what the database holds of the side that takes writes.
    pub(crate) fn refer_to(&mut self, side: Side) {
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

    fn shares_names(&self) -> bool {
        self.case.plan.old.iter().any(|table| self.case.plan.shares(&table.name))
    }

    fn write(&mut self, side: Side, statements: &[String], trespass: bool) -> Result<(), Failure> {
        if !trespass && !self.takes_writes(side) && self.shares_names() {
            // A program of this side has nothing to do with the table of this name.
            return Ok(());
        }
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
            // Under a name of its own the old table has a tombstone.
            Phase::Retired => side == Side::New || !self.shares_names(),
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
        none(Kind::Source, &self.reference.own_differences(&self.live, self.reference.side))?;
        let synced = matches!(self.phase, Phase::DualWrite | Phase::ReadNew | Phase::WriteNew);
        // The twin's own constraints on the other side count; references do not, as a
        // program may have written with them switched off.
        let keys: i64 =
            self.reference.conn.query_row("PRAGMA foreign_keys", [], |row| row.get(0)).unwrap();
        self.reference.conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        if synced && self.backfilled {
            let found = self
                .reference
                .mirror_differences(&self.live, self.reference.side)
                .map_err(|error| {
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
            none(
                Kind::View,
                &self.reference.view_differences(&self.live, self.phase == Phase::Retired),
            )?;
        }
        self.reference.conn.execute_batch(&format!("PRAGMA foreign_keys = {keys}")).unwrap();
        Ok(())
    }
}

fn connect(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON").unwrap();
    conn
}

/// A directory in memory where there is one: what is tested here is not the disk.
fn scratch() -> TempDir {
    let shared = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_none()
        && let Ok(dir) = tempfile::tempdir_in(shared)
    {
        return dir;
    }
    TempDir::new().unwrap()
}
