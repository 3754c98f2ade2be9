//! Updates whose old and new values compare equal and are not the same: the mirror must
//! follow those too.

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Cutover;

const OLD: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE words (
        id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE, untyped, number INTEGER, class TEXT);
    INSERT INTO words VALUES (1, 'leeds', 1, -9223372036854775808, 'x'), (2, 'York', 7, 3, 'x');";

/// The second table shows the storage class, which a copy alone would not.
const MIGRATION: &str = "\
CREATE TABLE new.terms (
    id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE, untyped, number, kind TEXT, class TEXT);
INSERT INTO new.terms (id, word, untyped, number, kind, class)
SELECT id, word, untyped, number, typeof(number), class FROM old.words;
INSERT INTO old.words (id, word, untyped, number, class)
SELECT id, word, untyped, number, class FROM new.terms;
";

/// The rows of both tables and their storage classes.
fn rows(conn: &Connection, table: &str) -> String {
    let sql = format!(
        "SELECT group_concat(word || ' ' || quote(untyped) || ' ' || typeof(number), ', ' ORDER BY id) FROM {table}"
    );
    conn.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn values_that_compare_equal_are_still_followed() {
    let dir = TempDir::new().unwrap();
    let (db, file) = (dir.path().join("app.db"), dir.path().join("terms.sql"));
    std::fs::write(&file, MIGRATION).unwrap();
    let conn = Connection::open(&db).unwrap();
    conn.execute_batch(OLD).unwrap();
    let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
    let _ = cutover.run(&["start", file.to_str().unwrap()]).success();
    for (sql, expected) in [
        ("UPDATE words SET word = 'LEEDS' WHERE id = 1", "LEEDS 1 integer, York 7 integer"),
        ("UPDATE words SET untyped = 1.0 WHERE id = 1", "LEEDS 1.0 integer, York 7 integer"),
        // One less than the least integer is a real, and compares equal to it.
        ("UPDATE words SET number = number - 1 WHERE id = 1", "LEEDS 1.0 real, York 7 integer"),
    ] {
        conn.execute_batch(sql).unwrap();
        assert_eq!(rows(&conn, "words"), expected, "{sql}");
        assert_eq!(rows(&conn, "terms"), expected, "{sql}");
        let _ = cutover.run(&["verify"]).success();
    }
    let _ = cutover.run(&["advance", "--to", "write-new"]).success();
    conn.execute_batch("UPDATE terms SET word = 'leeds', untyped = 1 WHERE id = 1").unwrap();
    assert_eq!(rows(&conn, "words"), "leeds 1 real, York 7 integer");
    let _ = cutover.run(&["verify"]).success();
}

/// Which of two values that compare equal is the largest depends on which is met first: a
/// mapping has to say.
#[test]
fn which_of_values_that_compare_equal_is_the_largest_has_to_be_said() {
    let dir = TempDir::new().unwrap();
    let (db, file) = (dir.path().join("app.db"), dir.path().join("most.sql"));
    let most = |word: &str| {
        let text = MIGRATION.to_owned()
            + &format!(
                "CREATE TABLE new.most (class TEXT PRIMARY KEY, word TEXT COLLATE NOCASE);
                 INSERT INTO new.most (class, word) SELECT class, {word} FROM old.words GROUP BY class;"
            );
        std::fs::write(&file, text).unwrap();
    };
    let conn = Connection::open(&db).unwrap();
    conn.execute_batch(OLD).unwrap();
    let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
    for open in ["max(word)", "CAST(max(untyped) AS TEXT)"] {
        most(open);
        let said = cutover.run(&["start", file.to_str().unwrap()]).exits(3).stderr;
        assert!(said.contains("is not determined"), "{open}: {said}");
    }
    most("max(word COLLATE BINARY)");
    let _ = cutover.run(&["start", file.to_str().unwrap()]).success();
    let largest = || -> String {
        conn.query_row("SELECT word FROM most WHERE class = 'x'", [], |row| row.get(0)).unwrap()
    };
    for (sql, expected) in [
        ("INSERT INTO words VALUES (3, 'YORK', 7.0, 1, 'x')", "leeds"),
        ("INSERT INTO words VALUES (0, 'yORK', 7.0, 1, 'x')", "yORK"),
        ("INSERT INTO words VALUES (-1, 'yorK', 7, 1, 'x')", "yorK"),
        ("DELETE FROM words WHERE id = -1", "yORK"),
    ] {
        conn.execute_batch(sql).unwrap();
        assert_eq!(largest(), expected, "{sql}");
        let _ = cutover.run(&["verify"]).success();
    }
}
