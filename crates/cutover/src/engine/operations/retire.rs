//! Retiring the old tables: the point of no return, and then getting rid of them
//! without holding anyone off.

use serde_json::json;

use super::backup::back_up;
use crate::backend::sqlite::catalog;
use crate::backend::sqlite::control::{self, Control};
use crate::backend::sqlite::state::{self, Pending};
use crate::derive::sql::ident;
use crate::engine::options::AdvanceOptions;
use crate::engine::preflight::dependents;
use crate::engine::transition::frozen::{take_digests, verify_frozen};
use crate::engine::transition::switch::Next;
use crate::engine::transition::tombstones;
use crate::engine::work::chunked::Chunked;
use crate::engine::work::log::Log;
use crate::engine::work::session::{Session, now};
use crate::error::{Error, Refusal, Result};
use crate::model::build::Model;
use crate::model::phase_objects::Setting;
use crate::model::remains;
use crate::pace::Pace;
use crate::phase::{Phase, Writes};
use crate::report::{Command, Fix, TransitionReport};
use crate::schema::Table;
use crate::watch::{Watch, Work};

/// Passes the gate and enters `retired`; gives how long the lock was held.
pub(crate) fn retire(
    session: &mut Session<'_>,
    options: &AdvanceOptions,
    report: &mut TransitionReport,
    watch: &mut dyn Watch,
) -> Result<f64> {
    let to = Phase::Retired;
    if !options.confirmed {
        return Err(unconfirmed());
    }
    refuse_broken(session)?;
    report.not_restarted = session.not_restarted()?;
    take_digests(session, watch)?;
    session.approve(to, watch)?;
    let verified = verify_frozen(session.db, &session.model, session.record.id, watch)?;
    if !verified.ok {
        let mut refusal = Refusal::transition(
            to,
            "the old tables have changed since they were frozen: something wrote to them",
            Fix::from("find out what wrote; ")
                .with(Command::ROLLBACK)
                .with(" brings them up to date with the new tables"),
        );
        refusal.examples = verified.examples;
        return Err(refusal.into());
    }
    report.verified = Some(verified);
    if let Some(path) = &options.backup {
        back_up(session, path)?;
    }
    let next = Next::derive(&session.model, Setting::of(to))?;
    let (since, held) = session.db.write("switching", || {
        session.refuse_old_programs(to, options)?;
        let since = now();
        session.enter("advance", &next, &since, json!({}))?;
        tombstones::put(session.db, &session.model, &since)?;
        state::set_pending(session.db, session.record.id, Some(Pending::Drop))?;
        Ok(since)
    })?;
    session.entered(to, since, held, watch)?;
    session.record.pending = Some(Pending::Drop);
    finish(session, watch)?;
    Ok(held.as_secs_f64() * 1000.0)
}

/// The refusal to do what can't be undone without being told so.
pub(crate) fn unconfirmed() -> Error {
    Refusal::transition(
        Phase::Retired,
        "retiring drops the old tables, and cannot be undone",
        "add `--yes`; `--backup FILE` writes a copy of the database first",
    )
    .into()
}

/// Empties and drops the old tables, and drops the indexes that were made for the migration on
/// tables that stay. Dropping a full table would hold writers off for as long as it is large.
pub(crate) fn finish(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<()> {
    if session.record.pending != Some(Pending::Drop) {
        return Ok(());
    }
    let (db, names) = (session.db, session.model.names);
    put_late(session)?;
    let tables = tombstones::still_there(db, &session.model.migration, names)?;
    empty_and_drop(session, &tables, watch)?;
    drop_indexes(session)?;
    session.write("finishing", || {
        let syncing = ident(&names.syncing());
        db.batch("dropping a table", &format!("DROP TABLE IF EXISTS {syncing}"))?;
        drop_stale_views(session)?;
        // There is no work left that it could be about.
        control::write(db, session.record.id, &Control::default())?;
        state::set_pending(db, session.record.id, None)
    })?;
    session.record.pending = None;
    Ok(())
}

/// The tombstones of what an older version began to retire, where the tables still tell what
/// they were.
fn put_late(session: &Session<'_>) -> Result<()> {
    let (db, migration) = (session.db, &session.model.migration);
    let mut standing = false;
    for table in migration.old_tables().filter(|table| migration.replaces(table)) {
        standing |= !migration.shares(table) && db.has_table(table)?;
    }
    if !standing {
        return Ok(());
    }
    let Ok(model) = Model::build(db, migration.clone(), session.record.id, Writes::New) else {
        return Ok(());
    };
    session.write("putting tombstones", || tombstones::put(db, &model, &session.record.since))?;
    Ok(())
}

/// The indexes that the sync needed, each in a transaction of its own.
fn drop_indexes(session: &Session<'_>) -> Result<()> {
    let prefix = session.model.names.indexes();
    let indexes = catalog::named(session.db, "index", &prefix)?;
    for index in &indexes {
        session.write("dropping an index", || {
            session.db.batch("dropping an index", &format!("DROP INDEX {}", ident(index)))
        })?;
    }
    Ok(())
}

/// Empties tables chunk by chunk, then drops them.
pub(crate) fn empty_and_drop(
    session: &Session<'_>,
    tables: &[String],
    watch: &mut dyn Watch,
) -> Result<()> {
    empty_and_drop_after(session, tables, &|_, _| Ok(()), watch)
}

/// The same, with something to be done before rows of a table go, given the condition they
/// meet, in the transaction in which they do.
pub(crate) fn empty_and_drop_after(
    session: &Session<'_>,
    tables: &[String],
    before: &dyn Fn(&str, &str) -> Result<()>,
    watch: &mut dyn Watch,
) -> Result<()> {
    let db = session.db;
    let mut chunked = Chunked::begin(session, Work::Retire, 0, Pace::Gentle, Log::new(), watch)?;
    let mut done = 0;
    // Guards keep all others off an old table: a DELETE of an old program's that found rows
    // here would tell it that they are gone, and they are not, in the new tables.
    let flag = session.model.names.syncing();
    let guarded = db.has_table(&flag)?;
    let open = |depth: u8| match guarded {
        true => db.batch(
            "setting the sync's flag",
            &format!("UPDATE {} SET depth = {depth}", ident(&flag)),
        ),
        false => Ok(()),
    };
    for table in tables {
        if !db.has_table(table)? {
            continue;
        }
        let known = catalog::table(db, table)?;
        let known = known.as_ref();
        let key = match known.filter(|table| table.without_rowid).and_then(Table::primary_key) {
            Some(key) => crate::derive::sql::idents("", &key.columns),
            None => known.map_or("rowid", Table::rowid).to_owned(),
        };
        // Around a single column they mean nothing.
        let (left, right) = ("(", ")");
        let quoted = ident(table);
        chunked.table(session)?;
        loop {
            let rows = chunked.rows();
            let (deleted, held) = chunked.write(session, "emptying a table", || {
                open(1)?;
                let chunk = format!(
                    "{left}{key}{right} IN (SELECT {key} FROM {quoted} ORDER BY {key} LIMIT {rows})"
                );
                before(table, &chunk)?;
                let sql = format!("DELETE FROM {quoted} WHERE {chunk}");
                let deleted = db.execute("emptying a table", &sql, &[])?;
                open(0)?;
                Ok(deleted)
            })?;
            done += deleted;
            chunked.after(session, (deleted, done), held, watch)?;
            if deleted == 0 {
                break;
            }
        }
        session.write("dropping a table", || {
            db.batch("dropping a table", &format!("DROP TABLE {quoted}"))
        })?;
    }
    chunked.finish(watch);
    Ok(())
}

/// Refuses where something outside of the migration would break with the old tables gone.
fn refuse_broken(session: &Session<'_>) -> Result<()> {
    let refuse =
        |reason: String, fix: Fix| Err(Refusal::transition(Phase::Retired, reason, fix).into());
    if let Some((table, key)) = dependents::referring(&session.model).next() {
        return refuse(
            format!(
                "{} refers to {} by a foreign key: its writes would fail",
                table.name, key.table
            ),
            format!(
                "rebuild {} without that foreign key, or with one to the new tables",
                table.name
            )
            .into(),
        );
    }
    match dependents::broken_by_retiring(session.db, &session.model)?.into_iter().next() {
        Some(found) => refuse(found.reason, found.fix),
        None => Ok(()),
    }
}

/// Live views that an earlier, retired migration left and that read a table which is
/// gone now: they can only fail.
fn drop_stale_views(session: &Session<'_>) -> Result<()> {
    for name in remains::all_live_views(session.db)?.iter().map(|name| ident(name)) {
        if session.db.prepares(&format!("SELECT * FROM {name}")).is_err() {
            session.db.batch("dropping a stale view", &format!("DROP VIEW IF EXISTS {name}"))?;
        }
    }
    Ok(())
}
