//! Rows that one side has no room for, or no image of, in tables of their own.
//!
//! Before a switch such a row also stands where it was, and its copy says so: its `_kept_at` is
//! NULL. Once the other side is the source the copies become the rows: their `_kept_at` is set.

use super::session::Session;
use crate::backend::sqlite::compare;
use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::repair::Refused;
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, bound, catalog};
use crate::derive::derived::{Place, SCOPES};
use crate::derive::names::Names;
use crate::derive::sql::{ident, idents, join, text};
use crate::derive::target::Target;
use crate::error::Result;
use crate::phase::Side;
use crate::report::{Kept, SetAside};
use crate::schema::Table;

/// Rows of a kept table that are looked at in one transaction.
pub(crate) const AT_ONE_GO: u64 = 500;

/// The kept rows of one target.
pub(crate) struct Aside<'a> {
    db: &'a Db,
    target: &'a Target,
    names: Names,
    migration: &'a str,
}

impl<'a> Aside<'a> {
    pub(crate) fn of(session: &'a Session<'_>, target: &'a Target) -> Self {
        Self::new(session.db, target, session.model.names, &session.record.name)
    }

    pub(crate) fn new(db: &'a Db, target: &'a Target, names: Names, migration: &'a str) -> Self {
        Self { db, target, names, migration }
    }

    pub(crate) fn target(&self) -> &'a Target {
        self.target
    }

    pub(crate) fn table(&self) -> String {
        kept_in(&self.target.table, self.target.direction.target())
    }

    pub(crate) fn exists(&self) -> Result<bool> {
        self.db.has_table(&self.table())
    }

    /// A condition for the copies of rows that also stand elsewhere.
    pub(crate) fn copies(&self) -> String {
        format!("_migration = {} AND _kept_at IS NULL", text(self.migration))
    }

    /// Makes the table and an index that leads to the rows of a scope. In the transaction at
    /// hand.
    pub(crate) fn make(&self) -> Result<()> {
        make(self.db, &self.target.table, &self.table())?;
        self.index()
    }

    fn index(&self) -> Result<()> {
        let kept = ident(&self.table());
        let index = ident(&format!("{}ix_kept_{}", self.names.prefix(), self.table()));
        let scope = join(&self.target.scope, ", ", |name| self.collated("", name));
        let sql = format!("CREATE INDEX IF NOT EXISTS {index} ON {kept} ({scope})");
        self.db.batch("keeping rows", &sql)
    }

    /// A column of the kept table, compared as the target's own is.
    pub(crate) fn collated(&self, prefix: &str, name: &str) -> String {
        let collation = self.target.column(name).map_or("BINARY", |c| c.collation.as_str());
        format!("{prefix}{} COLLATE {}", ident(name), ident(collation))
    }

    /// Takes the copies of one part back. In the transaction at hand.
    fn take_back(&self, chunk: &Chunk) -> Result<()> {
        let (kept, rowid) = (ident(&self.table()), self.target.table.rowid());
        let scope: Vec<String> =
            self.target.scope.iter().map(|name| self.collated("r.", name)).collect();
        let part = match chunk {
            Chunk::Range { lo, hi } => {
                let row = |list: String| if scope.len() == 1 { list } else { format!("({list})") };
                let key = row(scope.join(", "));
                let end = |name: &str| {
                    row((0..scope.len())
                        .map(|n| format!(":{name}{n}"))
                        .collect::<Vec<_>>()
                        .join(", "))
                };
                let lo = lo.as_ref().map(|_| format!("{key} > {}", end("lo")));
                let hi = hi.as_ref().map(|_| format!("{key} <= {}", end("hi")));
                let ends: Vec<String> = lo.into_iter().chain(hi).collect();
                let ends = if ends.is_empty() { "1".to_owned() } else { ends.join(" AND ") };
                format!("SELECT r.{rowid} FROM {kept} AS r WHERE {ends}")
            }
            Chunk::Listed { .. } => {
                let same: Vec<String> =
                    scope.iter().enumerate().map(|(n, name)| format!("{name} IS k.s{n}")).collect();
                format!(
                    "SELECT r.{rowid} FROM {SCOPES} AS k CROSS JOIN {kept} AS r \
                     WHERE k.n BETWEEN :from AND :to AND {}",
                    same.join(" AND ")
                )
            }
        };
        let sql = format!("DELETE FROM {kept} WHERE {rowid} IN ({part}) AND {}", self.copies());
        compare::execute(self.db, "taking back the kept rows", &sql, chunk)
    }

    /// Makes rows that the target can't hold the kept ones of a part. In the transaction at
    /// hand.
    pub(crate) fn replace(&self, chunk: &Chunk, rows: &[Refused]) -> Result<()> {
        if self.exists()? {
            self.take_back(chunk)?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.make()?;
        let columns = &self.target.columns;
        let marks = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "INSERT INTO {} ({}, _migration, _reason) VALUES ({marks}, {}, ?{})",
            ident(&self.table()),
            idents("", columns),
            text(self.migration),
            columns.len() + 1
        );
        for Refused { row, reason } in rows {
            let mut values = row.clone();
            values.resize(columns.len(), Value::Null);
            values.push(reason.as_str().into());
            self.db.execute("keeping rows", &sql, &values)?;
        }
        Ok(())
    }

    /// Keeps copies of the stored rows of a part that the mapping does not give, or gives
    /// otherwise. Tells how many rows differ, those that are missing too. In the transaction
    /// at hand.
    pub(crate) fn keep(&self, chunk: &Chunk) -> Result<u64> {
        let outcome = compare::compare(self.db, self.target, Place::LIVE, chunk, usize::MAX)?;
        let lost: Vec<&Diff> =
            outcome.diffs.iter().filter(|diff| diff.kind != Kind::Missing).collect();
        if self.exists()? {
            self.take_back(chunk)?;
        }
        if !lost.is_empty() {
            self.make()?;
            self.copy(&lost)?;
        }
        Ok(outcome.diffs.len() as u64)
    }

    fn copy(&self, lost: &[&Diff]) -> Result<()> {
        let (columns, names) = (&self.target.columns, self.stored_columns());
        let insert = format!(
            "INSERT INTO {} ({}, _migration, _reason) SELECT {}, {}, ?{} FROM {} AS t",
            ident(&self.table()),
            idents("", &names),
            idents("t.", &names),
            text(self.migration),
            columns.len() + 1,
            ident(&self.target.table.name)
        );
        let by_key = format!("{insert} WHERE {}", self.same(&self.target.key.columns));
        // All that is stored of the scope: more of the row isn't known.
        let by_scope = format!("{insert} WHERE {}", self.same(&self.target.scope));
        for diff in lost {
            let sql = if diff.kind == Kind::Fails { &by_scope } else { &by_key };
            let mut values = diff.row.clone();
            values.resize(columns.len(), Value::Null);
            values.push(self.why(diff).into());
            self.db.execute("keeping rows", sql, &values)?;
        }
        Ok(())
    }

    fn stored_columns(&self) -> Vec<&'a String> {
        self.target.table.columns.iter().map(|column| &column.name).collect()
    }

    /// That a row of the target has the values of a derived one in some columns.
    fn same(&self, names: &[String]) -> String {
        bound::equals(self.target, "t.", names)
    }

    /// Why a stored row is kept.
    fn why(&self, diff: &Diff) -> String {
        let other = self.target.direction.source();
        if let Some(says) = &diff.says {
            return format!("what the {other} tables give can't be determined: {says}");
        }
        match &diff.column {
            Some((position, expected, found)) => {
                let column = self.target.columns.get(*position).map_or("", String::as_str);
                format!("the {other} tables give {column} = {expected} instead of {found}")
            }
            None => format!("no row of the {other} tables gives it"),
        }
    }

    /// Leaves the differences out whose rows are set aside. `outcome` holds all of them.
    pub(crate) fn leave_out(&self, outcome: &mut Outcome) -> Result<u64> {
        if outcome.is_clean() || !self.exists()? {
            return Ok(0);
        }
        let mut names: Vec<&String> = self.target.scope.iter().collect();
        names.extend(
            self.target.key.columns.iter().filter(|name| !self.target.scope.contains(name)),
        );
        let position = |name: &str| self.target.columns.iter().position(|column| column == name);
        let same = join(&names, " AND ", |name| {
            format!("{} IS ?{}", self.collated("r.", name), position(name).map_or(0, |n| n + 1))
        });
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} AS r WHERE {same} AND {})",
            ident(&self.table()),
            self.copies()
        );
        // As many values as the condition has parameters.
        let used = names.iter().filter_map(|name| position(name)).max().map_or(0, |last| last + 1);
        let is_aside = |diff: &Diff| -> Result<bool> {
            let values = diff.row.get(..used).unwrap_or(&diff.row);
            self.db.asked("reading the kept rows", &sql, values)
        };
        let (mut left_out, mut rest) = (0, Vec::new());
        for diff in std::mem::take(&mut outcome.diffs) {
            if !is_aside(&diff)? {
                rest.push(diff);
                continue;
            }
            left_out += 1;
            match diff.kind {
                Kind::Missing => outcome.missing -= 1,
                Kind::Extra => outcome.extra -= 1,
                Kind::Different | Kind::Fails => outcome.different -= 1,
            }
        }
        outcome.diffs = rest;
        Ok(left_out)
    }

    /// How many rows are set aside that also stand elsewhere.
    pub(crate) fn count(&self) -> Result<u64> {
        if !self.exists()? {
            return Ok(0);
        }
        let sql = format!("SELECT count(*) FROM {} WHERE {}", ident(&self.table()), self.copies());
        self.db.count(&sql)
    }

    /// The first of them, with their keys and why.
    pub(crate) fn shown(&self, most: usize) -> Result<Vec<SetAside>> {
        if most == 0 || !self.exists()? {
            return Ok(Vec::new());
        }
        let columns = &self.target.columns;
        let sql = format!(
            "SELECT {}, ifnull(_reason, '') FROM {} WHERE {} ORDER BY {} LIMIT {most}",
            idents("", columns),
            ident(&self.table()),
            self.copies(),
            self.target.table.rowid()
        );
        self.db.rows("reading the kept rows", &sql, &[], |row| {
            Ok(SetAside {
                table: self.target.table.known_as.clone(),
                key: key_of(self.target, &row.values(columns.len())?),
                reason: row.get(columns.len())?,
            })
        })
    }

    pub(crate) fn told(&self, rows: u64) -> Kept {
        Kept { table: self.target.table.known_as.clone(), kept_in: self.table(), rows }
    }

    /// Runs `each`, such as `DELETE FROM`, over the copies, chunk by chunk; gives how many.
    pub(crate) fn sweep(&self, session: &Session<'_>, each: &str) -> Result<u64> {
        if !self.exists()? {
            return Ok(0);
        }
        let (kept, rowid) = (ident(&self.table()), self.target.table.rowid());
        let (mut after, mut rows) = (i64::MIN, 0);
        loop {
            let (last, _) = self.db.write("checking the kept rows", || {
                session.fence()?;
                let end = format!(
                    "SELECT max(r) FROM (SELECT {rowid} AS r FROM {kept} WHERE {rowid} > {after} \
                     ORDER BY {rowid} LIMIT {AT_ONE_GO})"
                );
                let end: Option<i64> =
                    self.db.row("checking the kept rows", &end, |row| row.get(0))?;
                let Some(end) = end else { return Ok(None) };
                let sql = format!(
                    "{each} WHERE {rowid} > {after} AND {rowid} <= {end} AND {}",
                    self.copies()
                );
                rows += self.db.execute("checking the kept rows", &sql, &[])?;
                Ok(Some(end))
            })?;
            match last {
                Some(last) => after = last,
                None => return Ok(rows),
            }
        }
    }
}

/// The columns of ours that a kept table has besides.
pub(crate) const OWN: [&str; 3] = ["_migration", "_kept_at", "_reason"];

/// Makes the table for the kept rows of another, with every column that these have by now.
pub(crate) fn make(db: &Db, table: &Table, kept: &str) -> Result<()> {
    let (doing, quoted) = ("keeping rows", ident(kept));
    if !db.has_table(kept)? {
        let own = OWN.map(|name| format!("NULL AS {name}")).join(", ");
        let from = ident(&table.name);
        let sql = format!("CREATE TABLE {quoted} AS SELECT t.*, {own} FROM {from} AS t WHERE 0");
        return db.batch(doing, &sql);
    }
    let there: Vec<String> =
        catalog::column_names(db, kept)?.iter().map(|name| name.to_lowercase()).collect();
    let needed = table.columns.iter().map(|column| column.name.as_str()).chain(OWN);
    for name in needed.filter(|name| !there.contains(&name.to_lowercase())) {
        db.batch(doing, &format!("ALTER TABLE {quoted} ADD COLUMN {}", ident(name)))?;
    }
    Ok(())
}

/// Where the rows of a table without an image are kept.
pub(crate) fn kept_in(table: &Table, side: Side) -> String {
    Names::kept(side, &table.known_as, table.shared)
}

/// A value of a row, for those that are set aside.
pub(crate) fn key_of(target: &Target, row: &[Value]) -> serde_json::Value {
    let key = target.key.columns.iter().filter_map(|name| {
        let position = target.columns.iter().position(|column| column == name)?;
        Some((name.clone(), crate::backend::sqlite::value::json(row.get(position)?)))
    });
    serde_json::Value::Object(key.collect())
}
