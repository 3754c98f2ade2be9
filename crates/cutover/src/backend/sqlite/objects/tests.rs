//! What is written into the schema is what the statements would leave.

use super::{create, remove, replace, standing};
use crate::backend::sqlite::Db;
use crate::derive::object::Object;
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
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
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

#[test]
fn what_is_put_in_its_own_place_is_there_once() {
    let (_dir, db, mut objects) = scene();
    let trigger = "CREATE TRIGGER \"x purge\" AFTER INSERT ON \"x log\" BEGIN SELECT 1; END";
    objects.push(Object::table("x log".to_owned(), "CREATE TABLE \"x log\" (n)".to_owned()));
    objects.push(Object::trigger("x purge".to_owned(), "x log", trigger.to_owned()));
    let view = "CREATE VIEW \"x v\" AS SELECT 1 AS a";
    objects.push(Object::view("x v".to_owned(), view.to_owned()));
    let run = "CREATE TRIGGER \"x v do\" INSTEAD OF INSERT ON \"x v\" BEGIN SELECT 1; END";
    objects.push(Object::trigger("x v do".to_owned(), "x v", run.to_owned()));
    db.write("", || create(&db, "", &objects)).unwrap();
    let ours = &objects[6..];
    let page = || db.count("SELECT rootpage FROM sqlite_schema WHERE name = 'x log'").unwrap();
    let (all, root) = (schema(&db), page());
    let again = || {
        let found = standing(&db, "x ", &[]).unwrap();
        db.write("", || replace(&db, "", &found, ours)).unwrap();
        assert_eq!(schema(&db), all);
    };
    // An empty table stays; one with rows is emptied by being made anew.
    again();
    assert_eq!(page(), root);
    db.batch("", "INSERT INTO \"x log\" VALUES (1)").unwrap();
    again();
    assert_eq!(db.count("SELECT count(*) FROM \"x log\"").unwrap(), 0);
    let check: String = db.row("", "PRAGMA integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
