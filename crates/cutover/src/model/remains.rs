//! What a migration has in the database, told by the database: by its number in the names of
//! its objects. The file's text may name tables that are gone, or be one that this version no
//! longer reads.

use crate::backend::sqlite::catalog::{self, Places};
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Db, objects};
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::error::Result;
use crate::migration::Migration;
use crate::phase::{Phase, Side};
use crate::report::Kept;

/// What the names of live views begin with.
pub(crate) const LIVE: &str = "cutover_live_";

/// What the names of tables of kept rows begin with.
pub(crate) const KEPT: &str = "_cutover_kept_";

/// The column of a kept row that tells its migration.
const KEPT_FOR: &str = "_migration";

/// The live views of whatever migrations.
pub(crate) fn all_live_views(db: &Db) -> Result<Vec<String>> {
    let found = catalog::begin_with(db, LIVE)?;
    Ok(found.into_iter().filter(|(kind, _)| kind == "view").map(|(_, name)| name).collect())
}

/// The live views of a migration that there are. Their names don't tell whose they are: where
/// the file's text doesn't either, those that no other migration's text claims are meant.
pub(crate) fn live_views(db: &Db, migration: &Migration) -> Result<Vec<String>> {
    let there = all_live_views(db)?;
    let claims = |migration: &Migration, view: &String| {
        let table = view.get(LIVE.len()..).unwrap_or_default();
        migration.replaces(table)
    };
    if !migration.is_unread() {
        return Ok(there.into_iter().filter(|view| claims(migration, view)).collect());
    }
    let mut others = Vec::new();
    for record in state::all(db)?.iter().filter(|record| record.name != migration.name()) {
        others.push(read(record));
    }
    Ok(there.into_iter().filter(|view| !others.iter().any(|other| claims(other, view))).collect())
}

/// The tombstones of a migration: the views on which its triggers are that refuse writes.
pub(crate) fn tombstones(db: &Db, names_: Names) -> Result<Vec<String>> {
    let prefix = names_.tombstone("", "");
    let prefix = prefix.trim_end_matches('_');
    catalog::views_with_triggers(db, prefix)
}

/// The views that a recorded migration has for the application: tombstones and live views.
pub(crate) fn views_of(db: &Db, record: &Record) -> Result<Vec<String>> {
    let mut views = tombstones(db, Names { migration: record.id })?;
    views.extend(live_views(db, &read(record))?);
    Ok(views)
}

/// The new tables of a migration by what guards them, under the names that they have now. Known
/// while the old side is the source.
pub(crate) fn guarded(db: &Db, names_: Names) -> Result<Vec<String>> {
    let prefix = format!("{}guard_", names_.prefix());
    catalog::tables_with_triggers(db, &prefix)
}

/// Everything that has a name of the migration's: triggers, views, tables and indexes.
pub(crate) fn numbered(db: &Db, names_: Names) -> Result<Vec<objects::Standing>> {
    let mut found = objects::standing(db, &names_.prefix(), &[])?;
    let indexes = catalog::named(db, "index", &names_.prefix())?;
    let index = |name| objects::Standing { kind: "index".to_owned(), name };
    // Before the tables, with which some of them would go.
    found.splice(0..0, indexes.into_iter().map(index));
    Ok(found)
}

/// The rows that are kept for a migration, and those that no recorded one is known of.
pub(crate) fn kept(db: &Db, migration: &str) -> Result<Vec<Kept>> {
    let tables = catalog::named(db, "table", KEPT)?;
    let mut all = Vec::new();
    for kept_in in tables {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {}",
            ident(&kept_in),
            kept_for(db, &kept_in, migration)?
        );
        let rows = db.count(&sql)?;
        if rows > 0 {
            let table = kept_in.get(KEPT.len()..).unwrap_or_default().to_owned();
            all.push(Kept { table, kept_in, rows });
        }
    }
    Ok(all)
}

/// The condition on the rows of a table of kept rows that are this migration's.
pub(crate) fn kept_for(db: &Db, kept_in: &str, migration: &str) -> Result<String> {
    if !catalog::column_names(db, kept_in)?.iter().any(|name| name == KEPT_FOR) {
        return Ok("1".to_owned());
    }
    Ok(format!(
        "({0} IS {1} OR {0} NOT IN (SELECT name FROM _cutover_migrations))",
        ident(KEPT_FOR),
        text(migration)
    ))
}

/// The migration as its recorded text has it, or without anything where it can't be read.
pub(crate) fn read(record: &Record) -> Migration {
    Migration::started(&record.name, &record.text)
        .unwrap_or_else(|_| Migration::unread(&record.name, &record.text))
}

/// Whether copies on a side are what is told of in a phase: once the other side is the source
/// they are all there is of the rows, and in `write-new` the old tables lack them.
pub(crate) fn counts(side: Side, phase: Phase) -> bool {
    match side {
        Side::New => phase.writes().enter(Side::Old),
        Side::Old => phase.writes().enter(Side::New),
    }
}

/// The tables of kept rows there are, and how many rows of a migration each holds.
pub(crate) fn kept_tables(db: &Db, migration: &Migration, phase: Phase) -> Result<Vec<Kept>> {
    let mut tables: Vec<(Side, String)> = Vec::new();
    let filled = migration.mappings.iter().map(|mapping| (mapping.side(), mapping.target.clone()));
    let created = migration.tables.iter().map(|table| (Side::New, table.name.clone()));
    for table in filled.chain(created) {
        let same =
            |(side, name): &(Side, String)| *side == table.0 && name.eq_ignore_ascii_case(&table.1);
        if !tables.iter().any(same) {
            tables.push(table);
        }
    }
    let (places, mut all) = (Places::read(db)?, Vec::new());
    for (side, table) in tables {
        let kept_in = Names::kept(side, &table, migration.shares(&table));
        if places.of(&kept_in).is_none() {
            continue;
        }
        let now = if counts(side, phase) { "" } else { " AND _kept_at IS NOT NULL" };
        let sql = format!(
            "SELECT count(*) FROM {} WHERE _migration = {}{now}",
            ident(&kept_in),
            text(migration.name())
        );
        let rows = db.count(&sql)?;
        if rows > 0 {
            all.push(Kept { table, kept_in, rows });
        }
    }
    Ok(all)
}
