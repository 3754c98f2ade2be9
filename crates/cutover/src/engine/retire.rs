//! Retiring the old tables: the point of no return, and then getting rid of them
//! without holding anyone off.

use serde_json::json;

use super::backup::back_up;
use super::frozen::{take_digests, verify_frozen};
use super::labour::Labour;
use super::log::Log;
use super::session::{Session, now};
use super::switch::{Next, Setting};
use super::{AdvanceOptions, Pace};
use crate::backend::sqlite::control::{self, Control};
use crate::backend::sqlite::state::{self, Pending};
use crate::backend::sqlite::{Db, objects};
use crate::derive::freeze::{freeze, syncing};
use crate::derive::sql::{ident, text};
use crate::error::{Error, Refusal, Result};
use crate::phase::Phase;
use crate::report::TransitionReport;
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
    if session.record.pending == Some(Pending::CatchUp) {
        return Err(Refusal::transition(
            to,
            "a rollback is under way",
            "finish it with `cutover rollback`",
        )
        .into());
    }
    referred_to(session)?;
    take_digests(session, watch)?;
    session.consent(to, watch)?;
    let verified = verify_frozen(session.db, &session.model, session.record.id, watch)?;
    if !verified.ok {
        let mut refusal = Refusal::transition(
            to,
            "the old tables are not what they were when they were frozen: something wrote to them",
            "find out what did; `cutover rollback` brings them up to date with the new tables",
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
        let since = now();
        session.enter("advance", &next, &since, json!({}))?;
        objects::create(session.db, "creating guards", &syncing(session.model.names))?;
        for table in session.model.old_tables() {
            drop_triggers(session, &table.name)?;
            refuse_writes(session, &table.name, &since)?;
        }
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
        "the old tables will be dropped, and there is no way back from that",
        "say `--yes`; `--backup FILE` writes a copy of the database first",
    )
    .into()
}

/// Empties and drops the old tables. Dropping a full table would hold writers off
/// for as long as it is large.
pub(crate) fn finish(session: &mut Session<'_>, watch: &mut dyn Watch) -> Result<()> {
    if session.record.pending != Some(Pending::Drop) {
        return Ok(());
    }
    let tables: Vec<String> = session
        .model
        .migration
        .mappings
        .iter()
        .filter(|mapping| mapping.side() == crate::phase::Side::Old)
        .filter_map(|mapping| session.model.catalog.old.get(&mapping.target))
        .map(|table| table.name.clone())
        .collect();
    empty_and_drop(session, &tables, watch)?;
    session.db.write("finishing", || {
        session.fence()?;
        let syncing = ident(&session.model.names.syncing());
        session.db.batch("dropping a table", &format!("DROP TABLE IF EXISTS {syncing}"))?;
        drop_stale_views(session)?;
        // There is no work left that it could be about.
        control::write(session.db, session.record.id, &Control::default())?;
        state::set_pending(session.db, session.record.id, None)
    })?;
    session.record.pending = None;
    Ok(())
}

/// Empties tables chunk by chunk, then drops them.
pub(crate) fn empty_and_drop(
    session: &Session<'_>,
    tables: &[String],
    watch: &mut dyn Watch,
) -> Result<()> {
    let db = session.db;
    let mut labour = Labour::begin(session, Work::Retire, 0, Pace::Gentle, Log::new(), watch)?;
    let mut done = 0;
    // Guards keep all others off an old table: a DELETE of an old program's that found rows
    // here would tell it that they are gone, and they are not, in the new tables.
    let flag = session.model.names.syncing();
    let guarded = db.count(&format!(
        "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {}",
        text(&flag)
    ))? > 0;
    let open = |depth: u8| match guarded {
        true => {
            db.batch("opening the guards", &format!("UPDATE {} SET depth = {depth}", ident(&flag)))
        }
        false => Ok(()),
    };
    for table in tables {
        let exists = format!(
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {} COLLATE NOCASE",
            text(table)
        );
        if db.count(&exists)? == 0 {
            continue;
        }
        let known = session.model.catalog.old.get(table).or(session.model.catalog.new.get(table));
        let key = match known.filter(|table| table.without_rowid).and_then(Table::primary_key) {
            Some(key) => crate::derive::sql::idents("", &key.columns),
            None => known.map_or("rowid", Table::rowid).to_owned(),
        };
        // Around a single column they mean nothing.
        let (left, right) = ("(", ")");
        let quoted = ident(table);
        labour.table(session)?;
        loop {
            let rows = labour.rows();
            let (deleted, held) = db.write("emptying a table", || {
                labour.fence(session)?;
                open(1)?;
                let sql = format!(
                    "DELETE FROM {quoted} WHERE {left}{key}{right} IN (SELECT {key} FROM {quoted} LIMIT {rows})"
                );
                let deleted = db
                    .conn()
                    .execute(&sql, [])
                    .map_err(|source| db.error("emptying a table", source))?;
                open(0)?;
                Ok(deleted)
            })?;
            done += deleted as u64;
            labour.after(session, (deleted as u64, done), held, watch)?;
            if deleted == 0 {
                break;
            }
        }
        db.write("dropping a table", || {
            session.fence()?;
            let given = last_id(session, table)?;
            db.batch("dropping a table", &format!("DROP TABLE {quoted}"))?;
            given.map_or(Ok(()), |given| keep_last_id(db, table, given))
        })?;
    }
    labour.finish(watch);
    Ok(())
}

/// The last id that an old table gave out, if it gives out none twice. With the table goes
/// the place where SQLite keeps it, and the new tables need not have it: where they hold such
/// ids in columns of another kind, only the application can go on counting.
fn last_id(session: &Session<'_>, table: &str) -> Result<Option<i64>> {
    let model = &session.model;
    let is_new = model.migration.tables.iter().any(|new| new.name.eq_ignore_ascii_case(table));
    let counted = model.catalog.old.get(table).is_some_and(|t| t.autoincrement && !t.shared);
    let kept = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
    if is_new || !counted || session.db.count(kept)? == 0 {
        return Ok(None);
    }
    let sql = format!("SELECT max(seq) FROM sqlite_sequence WHERE name = {}", text(table));
    session.db.row("reading a sequence", &sql, |row| row.get(0))
}

fn keep_last_id(db: &Db, table: &str, id: i64) -> Result<()> {
    let sql = format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({}, {id})", text(table));
    db.batch("keeping a sequence", &sql)
}

/// Objects outside of the migration that would break.
fn referred_to(session: &Session<'_>) -> Result<()> {
    let db = session.db;
    for table in session.model.catalog.old.iter() {
        let ours = session.model.old_tables().any(|old| old.name == table.name);
        for key in table.foreign_keys.iter().filter(|_| !ours) {
            // Where a new table bears the name, it is the new one that is referred to.
            let goes = |old: &Table| !old.shared && old.name.eq_ignore_ascii_case(&key.table);
            if session.model.old_tables().any(goes) {
                return Err(Refusal::transition(
                    Phase::Retired,
                    format!(
                        "{} refers to {} by a foreign key: its writes would fail",
                        table.name, key.table
                    ),
                    format!(
                        "rebuild {} without that key, or with one to the new tables",
                        table.name
                    ),
                )
                .into());
            }
        }
    }
    // A view or a trigger that names a dropped table fails when it is used, and
    // with it the statement that uses it; and so does a full-text index of its rows.
    for table in session.model.old_tables().filter(|table| !table.shared) {
        let sql = format!(
            "SELECT type || ' ' || name FROM main.sqlite_schema WHERE (type = 'view' OR (type = 'trigger' AND tbl_name <> {0} COLLATE NOCASE) \
             OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL %')) \
             AND name NOT LIKE '\\_cutover\\_%' ESCAPE '\\' AND name NOT LIKE 'cutover\\_live\\_%' ESCAPE '\\'",
            text(&table.name)
        );
        let bodies = session.texts(&sql.replacen("type || ' ' || name", "sql", 1))?;
        let names = session.texts(&sql)?;
        let found = names.iter().zip(&bodies).find(|(_, body)| has_word(body, &table.name));
        if let Some((first, _)) = found {
            return Err(Refusal::transition(
                Phase::Retired,
                format!("the {first} uses {}", table.name),
                "change or drop it first",
            )
            .into());
        }
    }
    db.data_version().map(|_| ())
}

/// All triggers on a table, the application's too: what they do for a row that is
/// deleted was done, or is not meant, when the table as a whole goes.
fn drop_triggers(session: &Session<'_>, table: &str) -> Result<()> {
    let sql = format!(
        "SELECT 'DROP TRIGGER \"' || replace(name, '\"', '\"\"') || '\"' FROM main.sqlite_schema \
         WHERE type = 'trigger' AND tbl_name = {} COLLATE NOCASE",
        text(table)
    );
    let statements = session.texts(&sql)?;
    super::switch::run(session.db, "dropping triggers", &statements)
}

/// Until the table is gone, an old program's write is refused like before.
fn refuse_writes(session: &Session<'_>, table: &str, since: &str) -> Result<()> {
    let guards = freeze(session.model.names, &session.record.name, table, Phase::Retired, since);
    guards.iter().try_for_each(|guard| session.db.batch("creating guards", &guard.sql))
}

/// Live views that an earlier, retired migration left and that read a table which is
/// gone now: they can only fail.
fn drop_stale_views(session: &Session<'_>) -> Result<()> {
    let names = session.texts(
        "SELECT name FROM main.sqlite_schema WHERE type = 'view' \
         AND name LIKE 'cutover\\_live\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    for name in names.iter().map(|name| ident(name)) {
        if session.db.conn().prepare(&format!("SELECT * FROM {name}")).is_err() {
            session.db.batch("dropping a stale view", &format!("DROP VIEW IF EXISTS {name}"))?;
        }
    }
    Ok(())
}

/// Whether a statement holds a name as a word of its own.
fn has_word(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    sql.match_indices(&name).any(|(at, _)| {
        !sql[..at].chars().next_back().is_some_and(part)
            && !sql[at + name.len()..].chars().next().is_some_and(part)
    })
}
