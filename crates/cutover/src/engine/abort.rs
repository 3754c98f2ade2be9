//! Leaving a migration: back to `legacy`, every object of ours removed.

use serde_json::json;

use super::kept::kept_tables;
use super::retire::empty_and_drop;
use super::session::{Session, now};
use super::{Engine, remains, switch};
use crate::backend::sqlite::objects::Standing;
use crate::backend::sqlite::state::{self, Pending};
use crate::derive::sql::{ident, text};
use crate::error::{Error, Refusal, Result};
use crate::phase::Phase;
use crate::report::AbortReport;
use crate::watch::Watch;

impl Engine {
    /// Leaves the migration from `dual-write` or `read-new`. Tables of kept rows
    /// stay: their rows exist nowhere else.
    ///
    /// # Errors
    ///
    /// Refused in the phases in which writes enter the new schema.
    pub fn abort(&mut self, name: &str, watch: &mut dyn Watch) -> Result<AbortReport> {
        Session::hold_to_leave(self, name, "abort", |session| leave_and_drop(session, watch))
    }
}

/// All of it: the transition, and then getting rid of the new tables.
fn leave_and_drop(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<AbortReport> {
    let phase = session.record.phase;
    if phase > Phase::ReadNew {
        return Err(Error::Refused(Refusal {
            action: "abort".to_owned(),
            reason: format!("in {phase} writes enter the new tables"),
            fix: if phase == Phase::Retired {
                "from retired there is no way back".to_owned()
            } else {
                "roll back first: `cutover rollback --to dual-write`".to_owned()
            },
            examples: Vec::new(),
        }));
    }
    // The new tables are nobody's any more; emptied first, so that dropping
    // them holds nobody off. One that was renamed is known by its guards.
    let mut tables: Vec<String> =
        session.model.new_tables().map(|table| table.name.clone()).collect();
    for table in remains::guarded(session.db, session.model.names)? {
        if !tables.iter().any(|known| known.eq_ignore_ascii_case(&table)) {
            tables.push(table);
        }
    }
    let mut removed = leave(session, watch)?;
    // Children before the parents they refer to.
    tables.reverse();
    empty_and_drop(session, &tables, watch)?;
    let named = session.model.new_tables().map(|table| format!("table {}", table.known_as));
    removed.extend(named.collect::<Vec<_>>().into_iter().rev());
    let left = kept_tables(session.db, &session.model.migration)?;
    session.db.write("removing the state", || {
        session.fence()?;
        state::remove(session.db, session.record.id, &session.record.name)?;
        state::drop_if_unused(session.db)
    })?;
    let migration = session.record.name.clone();
    Ok(AbortReport { migration, removed, left })
}

/// The transition: nothing keeps the new tables in step from here on.
fn leave(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<Vec<String>> {
    session.consent(Phase::Legacy, watch)?;
    let since = now();
    let (removed, held) = session.db.write("leaving the migration", || {
        session.fence()?;
        let ours = switch::ours(session.db, &session.model)?;
        switch::remove(session.db, &ours)?;
        let indexes = session.texts(&format!(
            "SELECT name FROM main.sqlite_schema WHERE type = 'index' AND substr(name, 1, {}) = {}",
            session.model.names.prefix().chars().count(),
            text(&session.model.names.prefix())
        ))?;
        for index in &indexes {
            session.db.batch("removing our indexes", &format!("DROP INDEX {}", ident(index)))?;
        }
        state::set_phase(session.db, session.record.id, Phase::Legacy, &since)?;
        state::set_pending(session.db, session.record.id, Some(Pending::Drop))?;
        session.journal("abort", &since, Phase::Legacy, json!({}))?;
        let objects = ours
            .iter()
            .map(|Standing { kind, name }| format!("{kind} {}", ident(name)).to_lowercase());
        Ok(objects.chain(indexes.iter().map(|index| format!("index {index}"))).collect::<Vec<_>>())
    })?;
    session.entered(Phase::Legacy, since, held, watch)?;
    Ok(removed)
}
