//! Creates and removes triggers and views, many at a time.
//!
//! `CREATE TRIGGER` reads its statement twice and searches the whole schema in between. For
//! the dozens that a phase has, that would be most of the time for which a switch holds
//! writers off. So their rows are written into `sqlite_schema`, and SQLite reads the schema
//! anew, once: what it does not accept fails there, and the transaction with it. A row holds
//! the statement as it was given (<https://www.sqlite.org/schematab.html>). For `DROP` the
//! same would gain nothing.

use rusqlite::params;

use super::Db;
use crate::derive::object::{Kind, Object};
use crate::derive::sql::{ident, join, text};
use crate::error::Result;

/// Creates objects in the transaction at hand: the tables first, then all else in its order,
/// in which SQLite runs triggers of one event from the last to the first.
///
/// Virtual tables must not be written both before and after this in one transaction: forgetting
/// the schema disconnects them, and FTS5 loses what it has not written yet.
pub(crate) fn create(db: &Db, doing: &str, objects: &[Object]) -> Result<()> {
    let written = |object: &&Object| matches!(object.kind, Kind::View | Kind::Trigger { .. });
    for object in objects.iter().filter(|object| !written(object)) {
        db.batch(doing, &object.sql)?;
    }
    let written: Vec<&Object> = objects.iter().filter(written).collect();
    if written.is_empty() {
        return Ok(());
    }
    if is_taken(db, &written).map_err(|source| db.error(doing, source))? {
        // SQLite tells of it in its own words.
        return written.iter().try_for_each(|object| db.batch(doing, &object.sql));
    }
    db.batch(doing, "PRAGMA writable_schema = ON")?;
    let inserted = insert(db, &written);
    // Forgets the schema, also where something failed.
    db.batch(doing, "PRAGMA writable_schema = RESET")?;
    inserted.and_then(|()| count_up(db)).map_err(|source| db.error(doing, source))?;
    // The schema is read by the next statement that needs it, and must be before anything is
    // committed.
    db.read_schema_anew(doing)
}

/// An object that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// As SQLite names it.
    pub(crate) kind: String,
    pub(crate) name: String,
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

/// Removes objects in the transaction at hand.
pub(crate) fn remove(db: &Db, doing: &str, objects: &[Standing]) -> Result<()> {
    objects.iter().try_for_each(|Standing { kind, name }| {
        db.batch(doing, &format!("DROP {} IF EXISTS {}", kind.to_uppercase(), ident(name)))
    })
}

/// Other connections read the schema anew when this number has changed. Counted after the
/// schema was forgotten: by this SQLite knows that a ROLLBACK has to forget it too.
fn count_up(db: &Db) -> rusqlite::Result<()> {
    let conn = db.conn();
    let version: i64 = conn.query_row("PRAGMA main.schema_version", [], |row| row.get(0))?;
    conn.execute_batch(&format!("PRAGMA main.schema_version = {}", version.wrapping_add(1)))
}

/// Whether one of the names is in use.
fn is_taken(db: &Db, objects: &[&Object]) -> rusqlite::Result<bool> {
    let mut statement =
        db.conn().prepare("SELECT lower(name) FROM main.sqlite_schema ORDER BY 1")?;
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(objects.iter().any(|object| names.binary_search(&object.name.to_ascii_lowercase()).is_ok()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn scene() -> (tempfile::TempDir, Db, Vec<Object>) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::scratch(&dir.path().join("scene.db"), std::time::Duration::ZERO).unwrap();
        db.batch("", "CREATE TABLE \"my t\" (a); PRAGMA journal_mode = WAL").unwrap();
        let trigger = |name: &str, on: &str, body: &str| {
            let sql = format!("CREATE TRIGGER \"{name}\" {body} END");
            Object::trigger(name.to_owned(), on, sql)
        };
        let log = |n| format!("BEGIN INSERT INTO log VALUES ({n});");
        let objects = vec![
            Object::view("v".to_owned(), "CREATE VIEW v AS SELECT NULL AS a".to_owned()),
            trigger("v do", "v", &format!("INSTEAD OF INSERT ON v {}", log(1))),
            trigger("one", "my t", &format!("AFTER INSERT ON \"my t\" {}", log(2))),
            trigger("two", "my t", &format!("AFTER INSERT ON \"my t\" {}", log(3))),
            Object::table("log".to_owned(), "CREATE TABLE log (n)".to_owned()),
            Object::row("log".to_owned(), "INSERT INTO log VALUES (0)".to_owned()),
        ];
        (dir, db, objects)
    }

    fn schema(db: &Db) -> Vec<(String, String, String, i64, String)> {
        let sql = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema \
                   WHERE type IN ('view', 'trigger') ORDER BY rowid";
        db.conn()
            .prepare(sql)
            .unwrap()
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    #[test]
    fn it_leaves_what_the_statements_would_leave() {
        let (_one, by_statements, objects) = scene();
        by_statements.batch("", &objects[4].sql).unwrap();
        by_statements.batch("", &objects[5].sql).unwrap();
        for object in &objects[..4] {
            by_statements.batch("", &object.sql).unwrap();
        }
        let (dir, db, objects) = scene();
        // Another program, which knows the schema of before.
        let other = rusqlite::Connection::open(dir.path().join("scene.db")).unwrap();
        other.execute_batch("SELECT * FROM \"my t\"").unwrap();
        db.write("", || create(&db, "", &objects)).unwrap();
        assert_eq!(schema(&db), schema(&by_statements));
        let fire = "INSERT INTO \"my t\" VALUES (1); INSERT INTO v VALUES (1)";
        let fired = |conn: &rusqlite::Connection| -> Vec<i64> {
            conn.execute_batch(fire).unwrap();
            let mut log = conn.prepare("SELECT n FROM log ORDER BY rowid").unwrap();
            let rows = log.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        assert_eq!(fired(&other), fired(by_statements.conn()));
        assert_eq!(fired(db.conn()).len(), 7);
        let check: String = db.row("", "PRAGMA integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }

    #[test]
    fn what_is_removed_is_gone_for_everybody() {
        let (dir, db, mut objects) = scene();
        let other = rusqlite::Connection::open(dir.path().join("scene.db")).unwrap();
        let trigger = "CREATE TRIGGER \"x purge\" AFTER INSERT ON \"x log\" BEGIN SELECT 1; END";
        objects.push(Object::table("x log".to_owned(), "CREATE TABLE \"x log\" (n)".to_owned()));
        objects.push(Object::trigger("x purge".to_owned(), "x log", trigger.to_owned()));
        let view = "CREATE VIEW \"x v\" AS SELECT 1 AS a";
        objects.push(Object::view("x v".to_owned(), view.to_owned()));
        let run = "CREATE TRIGGER \"x v do\" INSTEAD OF INSERT ON \"x v\" BEGIN SELECT 1; END";
        objects.push(Object::trigger("x v do".to_owned(), "x v", run.to_owned()));
        let refuse = "CREATE TRIGGER \"x no\" BEFORE INSERT ON \"my t\" BEGIN \
                      SELECT RAISE(ABORT, 'no'); END";
        objects.push(Object::trigger("x no".to_owned(), "my t", refuse.to_owned()));
        let own = "CREATE TRIGGER own INSTEAD OF DELETE ON V BEGIN SELECT 1; END";
        objects.push(Object::trigger("own".to_owned(), "V", own.to_owned()));
        db.write("", || create(&db, "", &objects)).unwrap();
        let write = "INSERT INTO \"my t\" VALUES (1)";
        assert!(db.batch("", write).is_err() && other.execute_batch(write).is_err());

        let found = standing(&db, "x ", &["v".to_owned()]).unwrap();
        let names: Vec<_> = found.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(names, ["x no", "v", "x v", "x log"]);
        db.write("", || {
            remove(&db, "", &found)?;
            // Within the same transaction too.
            db.batch("", write)
        })
        .unwrap();
        other.execute_batch(write).unwrap();
        let left: Vec<String> = schema(&db).into_iter().map(|(_, name, ..)| name).collect();
        assert_eq!(left, ["one", "two"]);
    }

    #[test]
    fn what_is_rolled_back_is_forgotten() {
        let (dir, db, mut objects) = scene();
        let refuse = "CREATE TRIGGER no BEFORE INSERT ON \"my t\" BEGIN \
                      SELECT RAISE(ABORT, 'a trigger that there is not'); END";
        objects.push(Object::trigger("no".to_owned(), "my t", refuse.to_owned()));
        let other = rusqlite::Connection::open(dir.path().join("scene.db")).unwrap();
        let version = |conn: &rusqlite::Connection| -> i64 {
            conn.query_row("PRAGMA schema_version", [], |row| row.get(0)).unwrap()
        };
        let would_be = std::cell::Cell::new(0);
        let failed = db.write("", || {
            create(&db, "", &objects)?;
            would_be.set(version(db.conn()));
            db.batch("", "INSERT INTO nowhere VALUES (1)")
        });
        assert!(failed.is_err());
        // Another program brings the number to what it would have been.
        while version(&other) < would_be.get() {
            let sql = format!("CREATE TABLE theirs_{} (a)", version(&other));
            other.execute_batch(&sql).unwrap();
        }
        db.batch("", "INSERT INTO \"my t\" VALUES (1)").unwrap();
        assert_eq!(schema(&db), []);
    }

    #[test]
    fn what_sqlite_does_not_accept_changes_nothing() {
        for (sql, name, says) in [
            ("CREATE TRIGGER bad AFTER INSERT ON \"my t\" BEGIN SELEKT 1; END", "bad", "SELEKT"),
            ("CREATE TRIGGER bad AFTER INSERT ON nowhere BEGIN SELECT 1; END", "bad", "nowhere"),
            // A name in use.
            ("CREATE TRIGGER one AFTER INSERT ON \"my t\" BEGIN SELECT 1; END", "ONE", "exists"),
        ] {
            let (_dir, db, mut objects) = scene();
            objects.push(Object::trigger(name.to_owned(), "my t", sql.to_owned()));
            if name == "ONE" {
                db.batch("", "CREATE TRIGGER one BEFORE INSERT ON \"my t\" BEGIN SELECT 1; END")
                    .unwrap();
            }
            let before = schema(&db);
            let error = db.write("", || create(&db, "", &objects)).unwrap_err();
            let told = match &error {
                Error::Database { source, .. } => source.to_string(),
                Error::Refused(refusal) => refusal.reason.clone(),
                _ => panic!("{sql}: {error:?}"),
            };
            assert!(told.contains(says), "{sql}: {told}");
            assert_eq!(schema(&db), before);
            db.batch("", "INSERT INTO \"my t\" VALUES (1)").unwrap();
            let tables = db.count("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
            assert_eq!(tables.unwrap(), 1);
        }
    }
}
