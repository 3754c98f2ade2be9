//! The objects of each phase, and going from those of one to those of another in
//! the transaction at hand.

use super::handover::hand_over;
use super::model::Model;
use crate::backend::sqlite::Db;
use crate::derive::freeze::{freeze, syncing};
use crate::derive::guard::guards;
use crate::derive::live::view;
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::derive::sync::{parent_triggers, sync};
use crate::error::Result;
use crate::phase::{Direction, Phase};
use crate::standing::Standing;

/// What a phase needs to know beyond its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) phase: Phase,
    /// When it began, for the message of the guards.
    pub(crate) since: &'a str,
    /// Whether every source row has its image.
    pub(crate) backfilled: bool,
    /// Whether a rollback from `new-only` is bringing the old tables up to date.
    pub(crate) catching_up: bool,
}

/// The statements that make the objects of a phase.
pub(crate) fn objects(model: &Model, setting: Setting<'_>) -> Vec<String> {
    let mut statements = Vec::new();
    let name = model.migration.name();
    let direction =
        if setting.catching_up { Some(Direction::Backward) } else { setting.phase.sync() };
    if direction.is_some() {
        statements.extend(syncing(model.names));
    }
    if direction == Some(Direction::Forward) {
        let guards = model.forward.iter().flat_map(|target| guards(target, model.names, name));
        statements.extend(guards.map(|guard| guard.sql));
    }
    if let Some(direction) = direction {
        let targets = model.targets(direction);
        statements
            .extend(sync(targets, model.names, name, &model.catalog).into_iter().map(|o| o.sql));
        if setting.backfilled {
            for parent in targets.iter().filter(|target| model.is_parent(target)) {
                statements.extend(
                    parent_triggers(targets, parent, model.names, &model.catalog)
                        .into_iter()
                        .map(|o| o.sql),
                );
            }
        }
    }
    let frozen = matches!(setting.phase, Phase::WriteNew | Phase::NewOnly);
    for table in model.old_tables().filter(|_| frozen) {
        let guard = if setting.catching_up { Phase::WriteNew } else { setting.phase };
        statements.extend(
            freeze(model.names, name, &table.name, guard, setting.since).into_iter().map(|o| o.sql),
        );
    }
    statements.extend(views(model, setting));
    statements
}

fn views(model: &Model, setting: Setting<'_>) -> Vec<String> {
    let standing = Standing { phase: setting.phase, backfilled: setting.backfilled };
    let reads = standing.reads();
    model.backward.iter().map(|target| view(target, reads, &model.catalog)).collect()
}

/// Removes every trigger and view of this migration, and the tables that only
/// they use.
pub(crate) fn drop_statements(db: &Db, model: &Model) -> Result<Vec<String>> {
    let live: Vec<String> =
        model.old_tables().map(|table| text(&Names::live(&table.known_as))).collect();
    drop_named(db, model.names, &live.join(", "))
}

fn drop_named(db: &Db, names: Names, live: &str) -> Result<Vec<String>> {
    let prefix = names.prefix();
    let sql = format!(
        "SELECT type, name FROM main.sqlite_schema \
         WHERE (substr(name, 1, {length}) = {prefix} AND type IN ('trigger', 'view', 'table') \
         AND NOT (type = 'trigger' AND substr(tbl_name, 1, {length}) = {prefix})) \
         OR (type = 'view' AND name IN ({live})) \
         ORDER BY CASE type WHEN 'trigger' THEN 0 WHEN 'view' THEN 1 ELSE 2 END",
        // A trigger on a view of ours goes with the view.
        length = prefix.chars().count(),
        prefix = text(&prefix),
    );
    let read = || -> rusqlite::Result<Vec<String>> {
        db.conn()
            .prepare(&sql)?
            .query_map([], |row| {
                let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(format!("DROP {} IF EXISTS {}", kind.to_uppercase(), ident(&name)))
            })?
            .collect()
    };
    read().map_err(|source| db.error("reading the schema", source))
}

/// Runs statements, in the transaction at hand.
pub(crate) fn run(db: &Db, doing: &str, statements: &[String]) -> Result<()> {
    statements.iter().try_for_each(|sql| db.batch(doing, sql))
}

/// Replaces the live views alone: between phases whose sync is the same.
pub(crate) fn enter_views(db: &Db, model: &Model, setting: Setting<'_>) -> Result<()> {
    let drops: Vec<String> = model
        .old_tables()
        .map(|table| format!("DROP VIEW IF EXISTS {}", ident(&Names::live(&table.known_as))))
        .collect();
    run(db, "replacing the live views", &drops)?;
    run(db, "replacing the live views", &views(model, setting))
}

/// Replaces the objects there are by those of a phase. Where writes begin to enter the other
/// side, it takes the names and the foreign keys over.
pub(crate) fn enter(db: &Db, model: &Model, setting: Setting<'_>) -> Result<()> {
    run(db, "removing the triggers of the last phase", &drop_statements(db, model)?)?;
    let doing = "creating the triggers of the next phase";
    let bearer = setting.phase.writes_enter();
    if bearer == model.bearer {
        return run(db, doing, &objects(model, setting));
    }
    let to = model.borne_by(bearer)?;
    hand_over(db, model, &to)?;
    run(db, doing, &objects(&to, setting))
}
