//! Tables of a migration that are gone: dropped, renamed, or lost on the way of a rebuild.
//!
//! A tool that rebuilds a table (`CREATE` another, `INSERT … SELECT`, `DROP`, `ALTER TABLE …
//! RENAME`) without a transaction stops at the RENAME: SQLite looks at every trigger and view
//! of the schema, and ours name the table that was just dropped. No trigger can refuse the DROP.
//! The rows are in the other table then, and `repair` gives it the name.

use crate::backend::sqlite::lease::{Asker, Lease};
use crate::backend::sqlite::state::Record;
use crate::backend::sqlite::{Db, catalog, journal, objects};
use crate::derive::names::Names;
use crate::derive::sql::{ident, text};
use crate::engine::open::Engine;
use crate::engine::transition::session::{Session, now};
use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::phase::{Phase, Side};
use crate::report::Problem;
use crate::schema::Table;

/// A table that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) name: String,
    /// Tables that have all its columns, each with whether our triggers are on it: then it is
    /// the table itself, under another name.
    candidates: Vec<(String, bool)>,
}

impl Lost {
    /// The table that a rebuild left behind: the only one that could be meant.
    fn left_behind(&self) -> Option<&str> {
        match self.candidates.as_slice() {
            [(name, false)] => Some(name),
            _ => None,
        }
    }

    /// Whether `repair` does something about it.
    pub(crate) fn is_mendable(&self) -> bool {
        !self.candidates.is_empty() && self.candidates.iter().all(|(_, ours)| !ours)
    }

    pub(crate) fn problem(&self) -> Problem {
        let name = &self.name;
        let renamed = self.candidates.iter().find(|(_, ours)| *ours);
        let (reason, fix) = match (renamed, self.left_behind()) {
            (Some((other, _)), _) => (
                format!("the table {name} is gone: it was renamed to {other}"),
                format!(
                    "give it its name again (ALTER TABLE {} RENAME TO {}) and run `cutover repair`, or \
                     leave the migration with `cutover abort`",
                    ident(other),
                    ident(name)
                ),
            ),
            (None, Some(other)) => (
                format!(
                    "the table {name} is gone, and {other} has its columns: a tool that rebuilds {name} \
                     dropped it and could not rename {other}"
                ),
                format!(
                    "run `cutover repair`: it renames {other} to {name} and brings the mirror in step; then \
                     make the indexes and triggers of {name} anew, as the tool would have; or leave the \
                     migration with `cutover abort`"
                ),
            ),
            (None, None) if self.candidates.is_empty() => (
                format!("the table {name} is gone, and no other table has its columns"),
                format!(
                    "leave the migration with `cutover abort`; or make {name} again with its columns and \
                     rows, then run `cutover repair`"
                ),
            ),
            (None, None) => {
                let others: Vec<&str> = self.candidates.iter().map(|(n, _)| n.as_str()).collect();
                (
                    format!("the table {name} is gone; {} have its columns", others.join(", ")),
                    format!(
                        "run `cutover repair`, which moves its triggers and views out of the way, then \
                         ALTER TABLE … RENAME TO {}, then `cutover repair` once more; or leave the \
                         migration with `cutover abort`",
                        ident(name)
                    ),
                )
            }
        };
        Problem { line: None, column: None, reason, fix }
    }
}

impl Engine {
    /// The tables that are gone, while the migration is under way.
    pub(crate) fn lost(&self, record: &Record) -> Result<Vec<Lost>> {
        if record.is_over() || matches!(record.phase, Phase::Legacy | Phase::Retired) {
            return Ok(Vec::new());
        }
        // Of a text that this version does not read, nothing is known.
        let Ok(migration) = Migration::started(&record.name, &record.text) else {
            return Ok(Vec::new());
        };
        let names = self.made_since(&migration, record.phase)?;
        let mut lost: Vec<Lost> = Vec::new();
        for mapping in &migration.mappings {
            let (side, table) = (mapping.side(), &mapping.target);
            let aside = migration.shares(table) && record.phase.writes_enter() != side;
            let stored = if aside { Names::aside(side, table) } else { table.clone() };
            let known = lost.iter().any(|other| other.name.eq_ignore_ascii_case(&stored));
            if known || has(&self.db, &stored)? {
                continue;
            }
            let mut candidates = Vec::new();
            for (name, since) in names.iter().filter(|(name, _)| is_free(&migration, name)) {
                let ours = self.bears_ours(name, record)?;
                if (ours || *since) && self.has_columns(name, &mapping.columns)? {
                    candidates.push((name.clone(), ours));
                }
            }
            lost.push(Lost { name: stored, candidates });
        }
        Ok(lost)
    }

    /// What is wrong where a table is gone, as an error.
    pub(crate) fn refuse_lost(&self, record: &Record) -> Result<()> {
        let Some(lost) = self.lost(record)?.into_iter().next() else { return Ok(()) };
        let Problem { reason, fix, .. } = lost.problem();
        Err(Error::Unusable { path: self.db.path().to_owned(), reason, fix })
    }

    /// Gives tables that a rebuild left behind the names that they were to have. Where it can't
    /// be told which they are, our triggers and views are moved out of the way, so that
    /// somebody else can.
    pub(crate) fn find_lost(&self, name: &str) -> Result<Vec<String>> {
        let record = self.record(name)?;
        if self.lost(&record)?.iter().all(|lost| lost.candidates.is_empty()) {
            return Ok(Vec::new());
        }
        let db = &self.db;
        let (actor, ttl) = (&self.options.actor, self.options.lease_ttl);
        let lease = Lease::take(db, &Asker { actor, doing: "repair", ttl })?;
        let found = db.write("renaming a table", || {
            lease.renew(db)?;
            let record = self.record(name)?;
            let lost = self.lost(&record)?;
            // Who renamed the table has our triggers on it still: they go on working.
            if lost.iter().any(|lost| lost.candidates.iter().any(|(_, ours)| *ours)) {
                return Ok(Vec::new());
            }
            let migration = Migration::started(&record.name, &record.text)?;
            let live: Vec<String> = migration
                .mappings
                .iter()
                .filter(|mapping| mapping.side() == Side::Old)
                .map(|mapping| Names::live(&mapping.target))
                .collect();
            let prefix = Names { migration: record.id }.prefix();
            objects::remove(
                db,
                "removing triggers and views",
                &objects::standing(db, &prefix, &live)?,
            )?;
            let mut renamed = Vec::new();
            for lost in &lost {
                let Some(other) = lost.left_behind() else { continue };
                let sql = format!("ALTER TABLE {} RENAME TO {}", ident(other), ident(&lost.name));
                db.batch("renaming a table", &sql)?;
                let detail = serde_json::json!({ "table": lost.name, "was": other });
                let (at, before, after) = (now(), record.phase, record.phase);
                let (migration, event) = (&record.name, "found");
                journal::write(
                    db,
                    &journal::Line { migration, actor, at: &at, event, before, after, detail },
                )?;
                renamed.push(format!("{other} to {}", lost.name));
            }
            Ok(renamed)
        });
        // What can't be given up expires.
        let _ = lease.release(db);
        found.map(|(renamed, _)| renamed)
    }

    /// The tables, each with whether it was made after this migration's own: what was there
    /// before is no table that a rebuild made meanwhile. The schema lists tables in the order
    /// in which they were made.
    fn made_since(&self, migration: &Migration, phase: Phase) -> Result<Vec<(String, bool)>> {
        let all = catalog::table_names(self.db.conn(), "main")
            .map_err(|source| self.db.error("reading the tables", source))?;
        let mut since: Option<i64> = None;
        for table in &migration.tables {
            let aside = migration.shares(&table.name) && phase.writes_enter() != Side::New;
            let stored =
                if aside { Names::aside(Side::New, &table.name) } else { table.name.clone() };
            let found = self.place(&stored)?;
            since = since.into_iter().chain(found).min();
        }
        let mut made = Vec::new();
        for name in all {
            let later = self.place(&name)? > since;
            made.push((name, later));
        }
        Ok(made)
    }

    /// Where the schema lists a table.
    fn place(&self, table: &str) -> Result<Option<i64>> {
        let sql = format!(
            "SELECT max(rowid) FROM main.sqlite_schema WHERE type = 'table' AND name = {} COLLATE NOCASE",
            text(table)
        );
        self.db.row("reading the schema", &sql, |row| row.get(0))
    }

    fn has_columns(&self, table: &str, columns: &[String]) -> Result<bool> {
        let found = catalog::table(self.db.conn(), "main", table)
            .map_err(|source| self.db.error("reading the tables", source))?;
        Ok(found.is_some_and(|found| columns.iter().all(|column| found.column(column).is_some())))
    }

    /// Whether triggers of this migration are on a table.
    fn bears_ours(&self, table: &str, record: &Record) -> Result<bool> {
        let prefix = Names { migration: record.id }.prefix();
        let sql = format!(
            "SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger' \
             AND tbl_name = {} COLLATE NOCASE AND substr(name, 1, {}) = {}",
            text(table),
            prefix.chars().count(),
            text(&prefix)
        );
        Ok(self.db.count(&sql)? > 0)
    }
}

impl Session<'_> {
    /// Indexes that the sync needs and that went with a table.
    pub(crate) fn renew_indexes(&self) -> Result<bool> {
        let lost = lost_indexes(self.db, &self.model)?;
        for (_, sql) in &lost {
            self.db.write("making an index anew", || {
                self.fence()?;
                self.db.batch("making an index anew", sql)
            })?;
        }
        Ok(!lost.is_empty())
    }
}

/// The indexes that the sync needs and no table has any more: their names and statements. An
/// index serves whatever its name, and whoever made it; and what the file says of the new tables
/// tells nothing of the indexes they have.
pub(crate) fn lost_indexes(
    db: &Db,
    model: &crate::model::build::Model,
) -> Result<Vec<(String, String)>> {
    let mut lost = Vec::new();
    for (name, needed) in model.missing_indexes() {
        let table = catalog::table(db.conn(), "main", &needed.table)
            .map_err(|source| db.error("reading a table's indexes", source))?;
        let serves = |table: &Table| {
            needed.columns.iter().any(|column| table.has_index_on(std::slice::from_ref(column)))
        };
        if table.is_some_and(|table| !serves(&table)) {
            let sql = needed.sql(&name);
            lost.push((name, sql));
        }
    }
    Ok(lost)
}

fn has(db: &Db, table: &str) -> Result<bool> {
    let sql = format!(
        "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = {} COLLATE NOCASE",
        text(table)
    );
    db.count(&sql).map(|count| count > 0)
}

/// Whether a table is none of the migration's.
fn is_free(migration: &Migration, name: &str) -> bool {
    let filled = migration.mappings.iter().map(|mapping| &mapping.target);
    let created = migration.tables.iter().map(|table| &table.name);
    !filled.chain(created).any(|own| own.eq_ignore_ascii_case(name))
}
