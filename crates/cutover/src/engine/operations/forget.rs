//! Forgetting a migration that is over: its tombstones, its live views, its record and its
//! journal. With the last one the database holds nothing of ours any more.

use super::retire::empty_and_drop;
use crate::backend::sqlite::objects::{self, Standing};
use crate::backend::sqlite::{catalog, rename, state};
use crate::derive::sql::{ident, join};
use crate::engine::open::Engine;
use crate::engine::options::ForgetOptions;
use crate::engine::preflight::dependents::broken_by_dropping;
use crate::engine::work::session::Session;
use crate::error::{Error, Refusal, Result};
use crate::model::remains;
use crate::report::{Command, Fix, ForgetReport, Kept};
use crate::watch::Watch;

/// Rows deleted in one transaction, where a table of kept rows holds others' rows too.
const ROWS: u64 = 500;

impl Engine {
    /// Removes what a retired or aborted migration has left in the database: the views under
    /// the old tables' names, the live views, its record and its journal. What late programs
    /// of the old schema still use is gone with it.
    ///
    /// # Errors
    ///
    /// Refused while the migration is under way, while rows are kept for it (unless the options
    /// say that they go too), and while something else in the schema uses its views.
    pub fn forget(
        &mut self,
        name: &str,
        options: ForgetOptions,
        watch: &mut dyn Watch,
    ) -> Result<ForgetReport> {
        let record = self.record(name)?;
        if !record.is_over() {
            return Err(under_way(&record));
        }
        Session::hold(self, name, Command::forget(name), |session| forget(session, options, watch))
    }
}

fn refusal(reason: String, fix: impl Into<Fix>) -> Error {
    Refusal::new("forget", reason, fix).into()
}

fn under_way(record: &state::Record) -> Error {
    let state::Record { name, phase, .. } = record;
    refusal(
        format!("migration {name} is under way, in {phase}"),
        Fix::from("advance it to `retired`, or leave it with ").with(Command::abort(name)),
    )
}

fn forget(
    session: &mut Session<'_>,
    options: ForgetOptions,
    watch: &mut dyn Watch,
) -> Result<ForgetReport> {
    let (db, name) = (session.db, session.record.name.clone());
    // Another operator may have begun it again meanwhile.
    if !session.record.is_over() {
        return Err(under_way(&session.record));
    }
    let kept = remains::kept(db, &name)?;
    let may_go = options.drop_kept && options.confirmed;
    if !kept.is_empty() && !may_go {
        return Err(holds_rows(&name, &kept));
    }
    let views = remains::views_of(db, &session.record)?;
    if let Some(found) = broken_by_dropping(db, &views)?.into_iter().next() {
        return Err(refusal(found.reason, found.fix));
    }
    drop_kept(session, &kept, watch)?;
    let (removed, _) = session.write("forgetting the migration", || {
        let view = |name: &String| Standing { kind: "view".to_owned(), name: name.clone() };
        let mut found: Vec<Standing> = views.iter().map(view).collect();
        // Their triggers go with the views.
        let mut own = remains::numbered(db, session.model.names)?;
        let tombstone = session.model.names.tombstone("", "");
        own.retain(|object| !object.name.starts_with(tombstone.trim_end_matches('_')));
        found.extend(own);
        objects::remove(db, "forgetting the migration", &found)?;
        state::remove(db, session.record.id, &name)?;
        let last = state::all(db)?.is_empty();
        state::drop_if_unused(db)?;
        if last {
            rename::forget_statistics(db)?;
        }
        Ok(found.iter().map(|Standing { kind, name }| format!("{kind} {name}")).collect::<Vec<_>>())
    })?;
    let clean = catalog::begin_with(db, catalog::OURS)?.is_empty()
        && catalog::begin_with(db, remains::LIVE)?.is_empty();
    Ok(ForgetReport { migration: name, removed, dropped: kept, clean })
}

/// The refusal to drop rows that exist nowhere else.
fn holds_rows(name: &str, kept: &[Kept]) -> Error {
    let each = join(kept, ", ", |kept| {
        let rows = if kept.rows == 1 { "row" } else { "rows" };
        format!("{} {rows} of {} in {}", kept.rows, kept.table, kept.kept_in)
    });
    refusal(
        format!("rows that exist nowhere else are kept for migration {name}: {each}"),
        Fix::from("look at them; ")
            .with(Command::Forget { migration: name.to_owned(), drop_kept: true })
            .with(" drops them"),
    )
}

/// Drops the kept rows, in transactions of a few milliseconds.
fn drop_kept(session: &Session<'_>, kept: &[Kept], watch: &mut dyn Watch) -> Result<()> {
    let db = session.db;
    let mut whole = Vec::new();
    for Kept { kept_in, rows, .. } in kept {
        let table = ident(kept_in);
        if db.count(&format!("SELECT count(*) FROM {table}"))? == *rows {
            whole.push(kept_in.clone());
            continue;
        }
        let own = remains::kept_for(db, kept_in, &session.record.name)?;
        let sql = format!(
            "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {own} LIMIT {ROWS})"
        );
        loop {
            let (deleted, _) = session
                .write("dropping kept rows", || db.execute("dropping kept rows", &sql, &[]))?;
            if deleted == 0 {
                break;
            }
        }
    }
    empty_and_drop(session, &whole, watch)
}
