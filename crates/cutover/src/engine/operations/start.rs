//! Starting a migration: the proof, then `legacy` to `dual-write` in one
//! transaction, then the backfill.

use serde_json::json;

use super::check::examine;
use crate::backend::sqlite::Wall;
use crate::backend::sqlite::state::{self, Pending, Record};
use crate::engine::open::Engine;
use crate::engine::options::StartOptions;
use crate::engine::preflight::overlap::with_others;
use crate::engine::transition::switch::Next;
use crate::engine::work::fill::fill;
use crate::engine::work::session::{Session, now};
use crate::error::{Error, Refusal, Result};
use crate::migration::Migration;
use crate::model::definitions::new_table_statements;
use crate::model::phase_objects::{self, Mirror, Setting};
use crate::phase::{Direction, Phase};
use crate::report::{CheckReport, Command, Fix, StartReport};
use crate::watch::{Event, Watch, Work};

impl Engine {
    /// Proves the migration on the data as it is, and starts it. Goes on where an
    /// earlier call was killed or interrupted.
    ///
    /// # Errors
    ///
    /// Refused, with nothing changed, if the proof fails.
    pub fn start(
        &mut self,
        migration: &Migration,
        options: StartOptions,
        watch: &mut dyn Watch,
    ) -> Result<StartReport> {
        state::refuse_others(&self.db)?;
        let known = state::load(&self.db, migration.name())?;
        known.iter().try_for_each(|record| startable(record, migration))?;
        let check = examine(self, migration, known.as_ref(), watch)?;
        if !check.ok {
            return Err(not_proved(&check));
        }
        if known.is_none_or(|record| record.pending == Some(Pending::Aborted)) {
            self.record_new(migration)?;
        }
        Session::hold(self, migration.name(), Command::Start, |session| {
            // Another operator may have been quicker while the proof ran.
            startable(&session.record, migration)?;
            let started = session.record.phase == Phase::DualWrite;
            if !started && let Some(found) = with_others(session.db, migration)?.into_iter().next()
            {
                return Err(refusal(found.reason, found.fix));
            }
            let indexes = create_old_indexes(session, watch)?;
            let held_ms = if started { 0.0 } else { enter_dual_write(session, watch)? };
            let backfill = if options.no_backfill {
                None
            } else {
                Some(fill(session, Direction::Forward, Work::Backfill, options.pace, watch)?)
            };
            Ok(StartReport {
                migration: session.record.name.clone(),
                phase: session.record.phase,
                check,
                held_ms,
                indexes,
                backfill,
            })
        })
    }

    /// Gives the migration its number. Nothing of it exists yet but the record.
    fn record_new(&self, migration: &Migration) -> Result<()> {
        let since = now();
        self.db.write("recording the migration", || {
            state::create(&self.db)?;
            match state::load(&self.db, migration.name())? {
                // Its journal goes on.
                Some(Record { id, pending: Some(Pending::Aborted), .. }) => {
                    let (text, hash) = (migration.text(), migration.hash());
                    return state::renew(&self.db, id, text, hash, &since);
                }
                Some(_) => return Ok(()),
                None => {}
            }
            state::insert(
                &self.db,
                migration.name(),
                migration.text(),
                migration.hash(),
                Phase::Legacy,
                &since,
            )
            .map(|_| ())
        })?;
        Ok(())
    }
}

/// Whether what is recorded is the beginning of this start, or of none.
fn startable(record: &Record, migration: &Migration) -> Result<()> {
    if record.pending == Some(Pending::Aborted) {
        return Ok(());
    }
    if record.hash != migration.hash() {
        return Err(refusal(
            format!("a migration named {} was started from a different text", record.name),
            "abort that one first, or give this file another name",
        ));
    }
    if record.pending == Some(Pending::Drop) && record.phase == Phase::Legacy {
        return Err(refusal(
            format!("an abort of migration {} was interrupted", record.name),
            Fix::from("finish it with ").with(Command::ABORT).with(", then start again"),
        ));
    }
    if record.phase > Phase::DualWrite {
        return Err(refusal(
            format!("migration {} has already started and is in {}", record.name, record.phase),
            Fix::look_at(Command::Status),
        ));
    }
    Ok(())
}

fn refusal(reason: String, fix: impl Into<Fix>) -> Error {
    Refusal::new("start", reason, fix).into()
}

fn not_proved(check: &CheckReport) -> Error {
    let (reason, fix) = check.problems.first().map_or_else(
        || ("the proof failed".to_owned(), Fix::run(Command::Check)),
        |problem| {
            let place = problem.line.map_or_else(String::new, |line| format!("line {line}: "));
            (format!("{place}{}", problem.reason), problem.fix.clone())
        },
    );
    let examples = check.lossless.examples.clone();
    Refusal { examples, ..Refusal::new("start", reason, fix) }.into()
}

/// Indexes on old tables, each in a transaction of its own: these are the only
/// steps whose length grows with the table.
fn create_old_indexes(session: &Session<'_>, watch: &mut dyn Watch) -> Result<Vec<String>> {
    let mut created = Vec::new();
    for (name, needed) in session.model.missing_indexes() {
        if needed.side == crate::phase::Side::Old {
            watch.event(&Event::Began { work: Work::Index, total: 0 });
            let sql = needed.sql(&name);
            session.write("creating an index", || {
                session.db.batch(
                    "creating an index",
                    &sql.replacen("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1),
                )
            })?;
            watch.event(&Event::Finished);
            created.push(sql);
        }
    }
    Ok(created)
}

fn enter_dual_write(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<f64> {
    let targets: Vec<String> =
        session.model.forward.iter().map(|target| target.table.known_as.clone()).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    session.approve(Phase::DualWrite, watch)?;
    let setting = Setting { mirror: Mirror::empty(), ..Setting::of(Phase::DualWrite) };
    let next = Next::derive(&session.model, setting)?;
    let (since, held) = session.db.write("entering dual-write", || {
        let since = now();
        create_new_tables(session)?;
        state::begin_passes(session.db, session.record.id, &targets)?;
        session.enter("start", &next, &since, json!({ "hash": session.record.hash }))?;
        Ok(since)
    })?;
    session.entered(Phase::DualWrite, since, held, watch)?;
    Ok(held.as_secs_f64() * 1000.0)
}

fn create_new_tables(session: &Session<'_>) -> Result<()> {
    let statements = new_table_statements(&session.model);
    session.db.behind(Wall::Definition, || {
        phase_objects::run(session.db, "creating the new tables", &statements)
    })
}
