//! Creates and removes triggers and views, all of a phase in one go.
//!
//! `CREATE TRIGGER` reads its statement twice and searches the whole schema in between, and
//! `DROP` searches it for each object. For the hundreds that a phase may have, that would be
//! most of the time for which a switch holds writers off. So their rows are deleted from
//! `sqlite_schema` and written into it, and SQLite reads the schema anew, once: what it does
//! not accept fails there, and the transaction with it. A row holds the statement as it was
//! given (<https://www.sqlite.org/schematab.html>). Only triggers and views are treated so:
//! they have no pages. Tables and indexes are created and dropped by statements.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use crate::backend::sqlite::Db;
use crate::derive::object::{Kind, Object};
use crate::derive::sql::{ident, join, text};
use crate::error::Result;

/// An object that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// As SQLite names it.
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Standing {
    pub(crate) fn view(name: &str) -> Self {
        Self { kind: "view".to_owned(), name: name.to_owned() }
    }

    pub(crate) fn trigger(name: &str) -> Self {
        Self { kind: "trigger".to_owned(), name: name.to_owned() }
    }

    /// Whether it is no more than a row of the schema.
    fn has_no_pages(&self) -> bool {
        matches!(self.kind.as_str(), "trigger" | "view")
    }
}

/// The triggers, views and tables whose names begin so, and these views. Triggers on any of
/// them are left out: they go with it.
pub(crate) fn standing(db: &Db, prefix: &str, views: &[String]) -> Result<Vec<Standing>> {
    let begins = |column: &str| {
        format!("substr({column}, 1, {}) = {}", prefix.chars().count(), text(prefix))
    };
    let sql = format!(
        "SELECT type, name FROM main.sqlite_schema \
         WHERE ({ours} AND type IN ('trigger', 'view', 'table') \
         AND NOT (type = 'trigger' AND {on_ours})) \
         OR (type = 'view' AND name IN ({views})) \
         ORDER BY CASE type WHEN 'trigger' THEN 0 WHEN 'view' THEN 1 ELSE 2 END",
        ours = begins("name"),
        on_ours = begins("tbl_name"),
        views = join(views, ", ", |name| text(name)),
    );
    let read = || -> rusqlite::Result<Vec<Standing>> {
        db.conn()
            .prepare(&sql)?
            .query_map([], |row| Ok(Standing { kind: row.get(0)?, name: row.get(1)? }))?
            .collect()
    };
    read().map_err(|source| db.error("reading the schema", source))
}

/// Creates objects in the transaction at hand.
pub(crate) fn create(db: &Db, doing: &str, objects: &[Object]) -> Result<()> {
    replace(db, doing, &[], objects)
}

/// Removes objects in the transaction at hand.
pub(crate) fn remove(db: &Db, doing: &str, objects: &[Standing]) -> Result<()> {
    replace(db, doing, objects, &[])
}

/// Puts objects in the place of others, in the transaction at hand: the tables first, then all
/// else in its order, in which SQLite runs triggers of one event from the last to the first. An
/// empty table that is to be made as it is stays.
///
/// Virtual tables must not be written both before and after this in one transaction: forgetting
/// the schema disconnects them, and FTS5 loses what it has not written yet.
pub(crate) fn replace(db: &Db, doing: &str, gone: &[Standing], made: &[Object]) -> Result<()> {
    let written = |object: &&Object| matches!(object.kind, Kind::View | Kind::Trigger { .. });
    let (rows, others): (Vec<&Standing>, Vec<&Standing>) =
        gone.iter().partition(|object| object.has_no_pages());
    let stay = staying(db, &others, made)?;
    for Standing { kind, name } in others.into_iter().filter(|it| !stay.contains(&it.name)) {
        db.batch(doing, &format!("DROP {} IF EXISTS {}", kind.to_uppercase(), ident(name)))?;
    }
    for object in made.iter().filter(|object| !written(object) && !stay.contains(&object.name)) {
        db.batch(doing, &object.sql)?;
    }
    let written: Vec<&Object> = made.iter().filter(written).collect();
    let gone = Gone::of(&rows, &stay);
    if written.is_empty() && gone.is_nothing() {
        return Ok(());
    }
    let failed = |source| db.error(doing, source);
    if let Some(taken) = gone.leaves_taken(db, &written).map_err(failed)? {
        // SQLite tells of it in its own words.
        return db.batch(doing, &taken.sql);
    }
    db.batch(doing, "PRAGMA writable_schema = ON")?;
    let rewritten = gone.delete(db).and_then(|()| insert(db, &written));
    // Forgets the schema, also where something failed.
    db.batch(doing, "PRAGMA writable_schema = RESET")?;
    rewritten.and_then(|()| count_up(db)).map_err(failed)?;
    // The schema is read by the next statement that needs it, and must be before anything is
    // committed.
    db.read_schema_anew(doing)
}

/// The names of the empty tables among those that are to go that would be made anew as they are:
/// each statement that drops or creates a table searches the whole schema.
fn staying(db: &Db, gone: &[&Standing], made: &[Object]) -> Result<HashSet<String>> {
    let mut stay = HashSet::new();
    for object in made.iter().filter(|object| object.kind == Kind::Table) {
        if !gone.iter().any(|it| it.kind == "table" && it.name == object.name) {
            continue;
        }
        let same = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema \
                    WHERE type = 'table' AND name = ?1 AND sql = ?2)";
        let values = [object.name.as_str().into(), object.sql.as_str().into()];
        if db.asked("reading the schema", same, &values)?
            && db.count(&format!("SELECT EXISTS (SELECT 1 FROM {})", ident(&object.name)))? == 0
        {
            stay.insert(object.name.clone());
        }
    }
    Ok(stay)
}

/// Other connections read the schema anew when this number has changed. Counted after the
/// schema was forgotten: by this SQLite knows that a ROLLBACK has to forget it too.
fn count_up(db: &Db) -> rusqlite::Result<()> {
    let conn = db.conn();
    let version: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    conn.execute_batch(&format!("PRAGMA main.schema_version = {}", version.wrapping_add(1)))
}

/// What goes of the triggers and views.
struct Gone {
    triggers: HashSet<String>,
    views: HashSet<String>,
    /// Views that go and tables that stay, in lower case: all triggers on them go. Whoever made
    /// one may have spelled the name otherwise.
    hosts: HashSet<String>,
}

impl Gone {
    fn of(objects: &[&Standing], stay: &HashSet<String>) -> Self {
        let named = |kind: &str| -> HashSet<String> {
            let of_kind = objects.iter().filter(|object| object.kind == kind);
            of_kind.map(|object| object.name.clone()).collect()
        };
        let views = named("view");
        let hosts = views.union(stay).map(|name| name.to_ascii_lowercase()).collect();
        Self { triggers: named("trigger"), views, hosts }
    }

    fn is_nothing(&self) -> bool {
        self.triggers.is_empty() && self.hosts.is_empty()
    }

    /// Whether a row of the schema goes.
    fn includes(&self, kind: &str, name: &str, on: &str) -> bool {
        match kind {
            "trigger" => {
                self.triggers.contains(name) || self.hosts.contains(&on.to_ascii_lowercase())
            }
            "view" => self.views.contains(name),
            _ => false,
        }
    }

    /// The first of these objects whose name is in use by what does not go.
    fn leaves_taken<'o>(
        &self,
        db: &Db,
        objects: &[&'o Object],
    ) -> rusqlite::Result<Option<&'o Object>> {
        let names: HashMap<String, &Object> =
            objects.iter().map(|object| (object.name.to_ascii_lowercase(), *object)).collect();
        let mut all = db.conn().prepare("SELECT type, name, tbl_name FROM main.sqlite_schema")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name, on): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            if let Some(object) = names.get(&name.to_ascii_lowercase())
                && !self.includes(&kind, &name, &on)
            {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    /// Deletes the rows.
    fn delete(&self, db: &Db) -> rusqlite::Result<()> {
        let list = |names: &HashSet<String>| serde_json::json!(names).to_string();
        db.conn()
            .prepare(
                "DELETE FROM main.sqlite_schema WHERE rootpage = 0 AND ( \
                 (type = 'trigger' AND name IN (SELECT value FROM json_each(?1))) \
                 OR (type = 'view' AND name IN (SELECT value FROM json_each(?2))) \
                 OR (type = 'trigger' AND lower(tbl_name) IN (SELECT value FROM json_each(?3))))",
            )?
            .execute(params![list(&self.triggers), list(&self.views), list(&self.hosts)])
            .map(drop)
    }
}

fn insert(db: &Db, objects: &[&Object]) -> rusqlite::Result<()> {
    let mut insert = db.conn().prepare(
        "INSERT INTO main.sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?3, 0, ?4)",
    )?;
    for Object { kind, name, sql } in objects {
        let (kind, on) = match kind {
            Kind::Trigger { on } => ("trigger", on),
            _ => ("view", name),
        };
        insert.execute(params![kind, name, on, sql])?;
    }
    Ok(())
}
