//! Leaving a migration: back to `legacy`, every object of ours removed. Its record and its
//! journal stay, to be read.

use serde_json::json;

use super::retire::empty_and_drop_after;
use crate::backend::sqlite::objects::{self, Standing};
use crate::backend::sqlite::state::{self, Pending};
use crate::backend::sqlite::triggers::freeze::dropping;
use crate::backend::sqlite::triggers::mark::syncing;
use crate::backend::sqlite::{catalog, journal};
use crate::derive::sql::ident;
use crate::engine::open::Engine;
use crate::engine::options::AbortOptions;
use crate::engine::transition::only_new::{
    is_about_a_table, keep_going, keep_rows, only_new, own, told,
};
use crate::engine::transition::{clean_up, set_aside};
use crate::engine::work::session::{Session, now};
use crate::error::{Error, Refusal, Result};
use crate::model::phase_objects;
use crate::model::remains::{self, kept_tables};
use crate::phase::{Direction, Phase};
use crate::report::{AbortReport, Action, Command, Fix, OnlyNew};
use crate::watch::Watch;

impl Engine {
    /// Leaves the migration from `dual-write` or `read-new`. Tables of kept rows
    /// stay: their rows exist nowhere else.
    ///
    /// # Errors
    ///
    /// Refused in the phases in which writes enter the new schema, and where the new tables hold rows that exist nowhere else: see [`abort_with`](Self::abort_with).
    pub fn abort(&mut self, name: &str, watch: &mut dyn Watch) -> Result<AbortReport> {
        self.abort_with(name, AbortOptions::default(), watch)
    }

    /// The same, and where it was confirmed what only the new tables hold is kept aside before
    /// they go.
    ///
    /// # Errors
    ///
    /// As [`abort`](Self::abort).
    pub fn abort_with(
        &mut self,
        name: &str,
        options: AbortOptions,
        watch: &mut dyn Watch,
    ) -> Result<AbortReport> {
        Session::hold_to_leave(self, name, Command::ABORT, |session| {
            leave_and_drop(session, options, watch)
        })
    }
}

/// All of it: the transition, and then getting rid of the new tables.
fn leave_and_drop(
    session: &mut Session<'_>,
    options: AbortOptions,
    watch: &mut dyn Watch,
) -> Result<AbortReport> {
    let phase = session.record.phase;
    if phase > Phase::ReadNew {
        session.refuse_unless_permitted(Action::Abort, "abort")?;
    }
    let (mut removed, mut held) = (Vec::new(), Vec::new());
    let begun = phase != Phase::Legacy
        || session.record.pending.is_some()
        || !journal::read(session.db, &session.record.name)?.is_empty();
    let tables = going(session)?;
    match session.record.pending {
        // A call that was killed at the very end.
        Some(Pending::Aborted) => {
            let left = kept_tables(session.db, &session.model.migration, phase)?;
            let migration = session.record.name.clone();
            return Ok(AbortReport { migration, removed, only_new: held, left });
        }
        Some(Pending::Drop) => {}
        _ => {
            // The new tables go: they need not be what the mapping gives.
            clean_up::settled(session)?;
            held = keep(session, options, watch)?;
            removed = leave(session, &tables, watch)?;
        }
    }
    // The new tables are nobody's any more; emptied first, so that dropping them holds nobody
    // off.
    let own = own(session)?;
    let before = |table: &str, chunk: &str| keep_going(session, &own, table, chunk);
    empty_and_drop_after(session, &tables, &before, watch)?;
    let named = session.model.new_tables().map(|table| format!("table {}", table.known_as));
    removed.extend(named.collect::<Vec<_>>().into_iter().rev());
    set_aside::settle(session, Direction::Forward)?;
    let left = kept_tables(session.db, &session.model.migration, Phase::Legacy)?;
    session.write("removing what is left", || {
        let rest = phase_objects::ours(session.db, &session.model)?;
        phase_objects::remove(session.db, &rest)?;
        drop_indexes(session, |_| true)?;
        if begun {
            return state::abort(session.db, session.record.id);
        }
        // There is nothing to be read of one that was only recorded.
        state::remove(session.db, session.record.id, &session.record.name)?;
        state::drop_if_unused(session.db)
    })?;
    let migration = session.record.name.clone();
    Ok(AbortReport { migration, removed, only_new: held, left })
}

/// The new tables there are, children before the parents they refer to. One that was renamed is
/// known by its guards.
fn going(session: &Session<'_>) -> Result<Vec<String>> {
    let mut tables: Vec<String> =
        session.model.new_tables().map(|table| table.name.clone()).collect();
    for table in remains::guarded(session.db, session.model.names)? {
        if !tables.iter().any(|known| known.eq_ignore_ascii_case(&table)) {
            tables.push(table);
        }
    }
    tables.reverse();
    Ok(tables)
}

fn refused(reason: String, fix: impl Into<Fix>) -> Error {
    Refusal::new("abort", reason, fix).into()
}

/// Looks for what only the new tables hold, and copies aside what could still change.
fn keep(
    session: &Session<'_>,
    options: AbortOptions,
    watch: &mut dyn Watch,
) -> Result<Vec<OnlyNew>> {
    if session.record.phase == Phase::Legacy {
        return Ok(Vec::new());
    }
    set_aside::forget(session, Direction::Forward)?;
    let found = match only_new(session, watch) {
        Ok(found) => found,
        // A migration whose tables are gone can be left all the same.
        Err(error) if is_about_a_table(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if found.is_empty() {
        return Ok(found);
    }
    if !options.confirmed {
        return Err(refused(
            format!("the new tables hold rows that exist nowhere else: {}", told(&found)),
            "add `--yes`: they are kept in tables whose names begin with _cutover_kept_",
        ));
    }
    keep_rows(session, watch)?;
    Ok(found)
}

/// The transition: nothing keeps the new tables in step from here on, and until they are gone
/// nobody writes to them.
fn leave(
    session: &mut Session<'_>,
    tables: &[String],
    watch: &mut dyn Watch,
) -> Result<Vec<String>> {
    session.approve(Phase::Legacy, watch)?;
    let since = now();
    let (removed, held) = session.write("aborting the migration", || {
        let ours = phase_objects::ours(session.db, &session.model)?;
        phase_objects::remove(session.db, &ours)?;
        // By these the rows that are kept are found once more.
        let indexes = drop_indexes(session, |name| !name.contains("_ix_kept_"))?;
        guard(session, tables, &since)?;
        state::set_phase(session.db, session.record.id, Phase::Legacy, &since)?;
        state::set_pending(session.db, session.record.id, Some(Pending::Drop))?;
        session.journal("abort", &since, Phase::Legacy, json!({}))?;
        let objects = ours
            .iter()
            .map(|Standing { kind, name }| format!("{kind} {}", ident(name)).to_lowercase());
        Ok(objects.chain(indexes.iter().map(|index| format!("index {index}"))).collect::<Vec<_>>())
    })?;
    session.entered(Phase::Legacy, since, held, watch)?;
    session.record.pending = Some(Pending::Drop);
    Ok(removed)
}

/// Guards on those of the tables that there are.
fn guard(session: &Session<'_>, tables: &[String], since: &str) -> Result<()> {
    let (names, name) = (session.model.names, &session.record.name);
    let mut made: Vec<_> = syncing(names).into();
    for table in tables {
        if session.db.has_table(table)? {
            made.extend(dropping(names, name, table, since));
        }
    }
    objects::create(session.db, "creating guards", &made)
}

/// Drops our indexes of these names.
fn drop_indexes(session: &Session<'_>, which: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut indexes = catalog::named(session.db, "index", &session.model.names.prefix())?;
    indexes.retain(|name| which(name));
    for index in &indexes {
        session.db.batch("removing our indexes", &format!("DROP INDEX {}", ident(index)))?;
    }
    Ok(indexes)
}
