//! What `check` and `start` refuse, and in which words. Nothing is changed by either.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Cutover;
use testkit::program::Running;

/// A database and a migration that does not go.
struct Refused {
    cutover: Cutover,
    db: PathBuf,
    file: PathBuf,
    _dir: TempDir,
}

impl Refused {
    fn new(schema: &str, migration: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let (db, file) = (dir.path().join("live.db"), dir.path().join("refused.sql"));
        let conn = Connection::open(&db).unwrap();
        conn.execute_batch(schema).unwrap_or_else(|error| panic!("{error}\n{schema}"));
        std::fs::write(&file, migration).unwrap();
        Self { cutover: Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db), db, file, _dir: dir }
    }

    /// Gives the column `v` of `t` a definition that only the application's SQLite takes.
    fn redefine(&self, column: &str) {
        let conn = Connection::open(&self.db).unwrap();
        conn.execute_batch(&format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'v TEXT', '{column}') WHERE name = 't'"
        ))
        .unwrap();
    }

    /// Both commands refuse, with these words; the database stays as it is.
    #[track_caller]
    fn with(&self, code: i32, words: &[&str]) {
        let before = dump(&self.db);
        for command in ["check", "start"] {
            let outcome = self.cutover.run(&[command, self.file.to_str().unwrap()]);
            let said = format!("{}\n{}", outcome.stdout, outcome.stderr);
            assert_eq!(outcome.code, Some(code), "{command}: {said}");
            // The lines are wrapped for people.
            let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
            for word in words {
                assert!(flat.contains(word), "{command} does not say {word:?}:\n{said}");
            }
        }
        assert_eq!(dump(&self.db), before);
    }
}

/// All of a database, as text.
fn dump(db: &Path) -> String {
    let mut command = Command::new("sqlite3");
    let dump = command.args(["-batch", "-init", "/dev/null"]).arg(db).arg(".dump");
    Running::spawn(dump).wait(Duration::from_secs(60)).success()
}

#[track_caller]
fn refused(schema: &str, migration: &str, code: i32, words: &[&str]) {
    Refused::new(schema, migration).with(code, words);
}

/// Rows that nothing tells apart can't be kept in step.
#[test]
fn a_table_without_a_key() {
    refused(
        "CREATE TABLE log (at TEXT, what TEXT); INSERT INTO log VALUES ('now', 'this'), ('now', 'this')",
        "CREATE TABLE new.events (at TEXT, what TEXT, UNIQUE (at, what));
         INSERT INTO new.events (at, what) SELECT at, what FROM old.log;
         INSERT INTO old.log (at, what) SELECT at, what FROM new.events;",
        3,
        &["no PRIMARY KEY or UNIQUE constraint of log"],
    );
}

#[test]
fn a_file_in_utf_16() {
    refused(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'é')",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT);
         INSERT INTO new.u (id, w) SELECT id, v FROM old.t;
         INSERT INTO old.t (id, v) SELECT id, w FROM new.u;",
        5,
        &["UTF-16"],
    );
}

#[test]
fn a_virtual_table() {
    refused(
        "CREATE VIRTUAL TABLE docs USING fts5(title, body); INSERT INTO docs VALUES ('a', 'b')",
        "CREATE TABLE new.pages (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
         INSERT INTO new.pages (id, title, body) SELECT rowid, title, body FROM old.docs;
         INSERT INTO old.docs (title, body) SELECT title, body FROM new.pages;",
        5,
        &["old.docs is a virtual table: no trigger can tell what is written to it"],
    );
}

#[test]
fn a_view_as_a_table() {
    refused(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE VIEW w AS SELECT * FROM t",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, v);
         INSERT INTO new.u (id, v) SELECT id, v FROM old.w;
         INSERT INTO old.t (id, v) SELECT id, v FROM new.u;",
        5,
        &["old.w is a view: no trigger can tell what is written to it"],
    );
}

const MOVED: &str = "CREATE TABLE new.u (id INTEGER PRIMARY KEY, v TEXT);
    CREATE INDEX new.u_v ON u(v);
    INSERT INTO new.u (id, v) SELECT id, v FROM old.t;
    INSERT INTO old.t (id, v) SELECT id, v FROM new.u;";

const IN_PLACE: &str = "CREATE TABLE new.t (id INTEGER PRIMARY KEY, w TEXT);
    CREATE INDEX new.t_v ON t(w);
    INSERT INTO new.t (id, w) SELECT id, v FROM old.t;
    INSERT INTO old.t (id, v) SELECT id, w FROM new.t;";

const TABLE: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');";

/// Whatever has a name that the migration needs: a table, a view, an index.
#[test]
fn names_that_are_taken() {
    for (there, migration, name) in [
        ("CREATE TABLE u (x)", MOVED, "u"),
        ("CREATE VIEW U AS SELECT 1", MOVED, "u"),
        ("CREATE INDEX U_V ON t(v)", MOVED, "u_v"),
        ("CREATE TABLE u_v (x)", MOVED, "u_v"),
        ("CREATE VIEW cutover_live_t AS SELECT * FROM t", MOVED, "cutover_live_t"),
        ("CREATE TABLE cutover_live_t (x)", IN_PLACE, "cutover_live_t"),
        ("CREATE TABLE _cutover_new_t (x)", IN_PLACE, "_cutover_new_t"),
        ("CREATE VIEW _cutover_old_t AS SELECT 1", IN_PLACE, "_cutover_old_t"),
        ("CREATE TABLE other (x); CREATE INDEX t_v ON other(x)", IN_PLACE, "t_v"),
        ("CREATE TABLE _cutover_new_t_v (x)", IN_PLACE, "_cutover_new_t_v"),
    ] {
        let words = format!("the database already has something named {name}");
        refused(&format!("{TABLE} {there}"), migration, 3, &[&words]);
    }
}

/// Names under which the engine keeps its own. What has one would be dropped with them.
#[test]
fn names_of_ours_that_are_taken() {
    for (there, what) in [
        ("CREATE TABLE _cutover_1_put_u (x)", "table _cutover_1_put_u"),
        ("CREATE VIEW _cutover_1_syncing AS SELECT 1", "view _cutover_1_syncing"),
        ("CREATE TABLE _CUTOVER_1_mine (x)", "table _CUTOVER_1_mine"),
        ("CREATE INDEX _cutover_1_ix_t_v ON t(v)", "index _cutover_1_ix_t_v"),
        (
            "CREATE TRIGGER _cutover_1_after_insert_t AFTER INSERT ON t BEGIN SELECT 1; END",
            "trigger _cutover_1_after_insert_t",
        ),
    ] {
        let words = format!("the database has the {what}, which would be taken for cutover's");
        refused(&format!("{TABLE} {there}"), MOVED, 3, &[&words]);
    }
}

#[test]
fn names_of_our_state_that_are_taken() {
    for (there, name) in [
        ("CREATE TABLE _cutover_migrations (x)", "_cutover_migrations"),
        ("CREATE VIEW _cutover_journal AS SELECT 1", "_cutover_journal"),
        ("CREATE TABLE _cutover_lease (id)", "_cutover_lease"),
    ] {
        let words = format!("{name} is not cutover's state table");
        refused(&format!("{TABLE} {there}"), MOVED, 5, &[&words]);
    }
}

#[test]
fn a_view_that_would_break() {
    refused(
        &format!("{TABLE} CREATE VIEW w AS SELECT v FROM t"),
        IN_PLACE,
        3,
        &["reading the view w would fail once the new table has the name", "no such column: v"],
    );
}

#[test]
fn a_trigger_that_would_break() {
    refused(
        &format!(
            "{TABLE} CREATE TABLE log (x); CREATE TRIGGER logged AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.v); END"
        ),
        IN_PLACE,
        3,
        &["an UPDATE of t would fail once the new table has the name", "no such column: NEW.v"],
    );
}

#[test]
fn a_foreign_key_whose_parent_key_disappears() {
    refused(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE); CREATE TABLE c (v TEXT REFERENCES t(v))",
        IN_PLACE,
        3,
        &["would fail once the new table has the name", "foreign key mismatch"],
    );
}

#[test]
fn orphans_under_a_new_foreign_key() {
    refused(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER); INSERT INTO t VALUES (1, NULL), (2, 1), (3, 7)",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, up INTEGER REFERENCES u(id));
         INSERT INTO new.u (id, up) SELECT id, up FROM old.t;
         INSERT INTO old.t (id, up) SELECT id, up FROM new.u;",
        3,
        &["1 row of new.u refers to no row of u; for example up = 7"],
    );
}

/// Rows of a table that stays, which would refer to rows that are elsewhere now.
#[test]
fn rows_of_others_that_would_be_left_behind() {
    refused(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE c (t INTEGER REFERENCES t(id));
         INSERT INTO t VALUES (1, 'a'), (2, NULL); INSERT INTO c VALUES (1), (2)",
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, w TEXT NOT NULL);
         CREATE TABLE new.blank (id INTEGER PRIMARY KEY);
         INSERT INTO new.t (id, w) SELECT id, v FROM old.t WHERE v IS NOT NULL;
         INSERT INTO new.blank (id) SELECT id FROM old.t WHERE v IS NULL;
         INSERT INTO old.t (id, v) SELECT id, w FROM new.t UNION ALL SELECT id, NULL FROM new.blank;",
        3,
        &["t = 2"],
    );
}

#[test]
fn a_trigger_that_writes_to_another_table_of_the_migration() {
    refused(
        &format!("{TABLE} CREATE TABLE n (id INTEGER PRIMARY KEY, of INTEGER);
                  CREATE TRIGGER noted AFTER INSERT ON t BEGIN INSERT INTO n (of) VALUES (NEW.id); END"),
        &format!("{MOVED} CREATE TABLE new.m (id INTEGER PRIMARY KEY, of INTEGER);
                  INSERT INTO new.m (id, of) SELECT id, of FROM old.n;
                  INSERT INTO old.n (id, of) SELECT id, of FROM new.m;"),
        3,
        &["the application's trigger noted on t writes to n"],
    );
}

#[test]
fn a_column_that_would_be_lost() {
    refused(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, gone TEXT)",
        MOVED,
        3,
        &["the backward statement does not give t.gone: it would be lost"],
    );
}

/// Rows that the new table can't hold, or could not give back.
#[test]
fn rows_that_do_not_fit() {
    for (column, rows, words) in [
        ("TEXT NOT NULL", "(1, NULL)", "NOT NULL"),
        ("TEXT UNIQUE", "(1, 'a'), (2, 'a')", "UNIQUE"),
        ("TEXT CHECK (v <> 'a')", "(1, 'a')", "CHECK"),
        ("INTEGER", "(1, '007')", "t.v"),
        ("REAL", "(1, 9007199254740993)", "t.v"),
    ] {
        refused(
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES {rows}"),
            &MOVED
                .replace("v TEXT)", &format!("v {column})"))
                .replace("CREATE INDEX new.u_v ON u(v);", ""),
            3,
            &[words],
        );
    }
}

#[test]
fn a_collation_of_the_applications() {
    let refused = Refused::new(TABLE, MOVED);
    refused.redefine("v TEXT COLLATE german");
    refused.with(3, &["t.v has the collation german, which is not SQLite's"]);
}

/// A trigger or a constraint that calls a function of the application's.
#[test]
fn a_function_of_the_applications() {
    let words = "t can't be written by cutover: no such function: greet";
    let trigger = "CREATE TRIGGER own AFTER INSERT ON t BEGIN SELECT greet(NEW.v); END";
    refused(&format!("{TABLE} {trigger}"), MOVED, 3, &[words]);
    for column in ["v TEXT CHECK (greet(v))", "v TEXT, w AS (greet(v))"] {
        let refused = Refused::new(TABLE, MOVED);
        refused.redefine(column);
        refused.with(3, &["greet"]);
    }
}

/// A key that is unique by another collation than its column's: which rows are one by it can't
/// be told by comparing the column.
#[test]
fn a_primary_key_with_a_collation_of_its_own() {
    refused(
        "CREATE TABLE t (v TEXT, w, PRIMARY KEY (v COLLATE NOCASE)) WITHOUT ROWID",
        "CREATE TABLE new.u (v TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, w);
         INSERT INTO new.u (v, w) SELECT v, w FROM old.t;
         INSERT INTO old.t (v, w) SELECT v, w FROM new.u;",
        3,
        &["differently from"],
    );
}

/// A UNIQUE constraint lets any number of rows have NULL: for these it is no key.
#[test]
fn rows_with_null_for_a_key() {
    refused(
        "CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES (NULL, 1), (NULL, 2)",
        "CREATE TABLE new.u (k TEXT PRIMARY KEY, w);
         INSERT INTO new.u (k, w) SELECT k, v FROM old.t;
         INSERT INTO old.t (k, v) SELECT k, w FROM new.u;",
        3,
        &["rows of new.u have NULL in their key (k) and are not told apart"],
    );
    refused(
        "CREATE TABLE t (a, b, v, UNIQUE (a, b)); INSERT INTO t VALUES (1, NULL, 1), (2, NULL, 1), (1, NULL, 2)",
        "CREATE TABLE new.u (a, b, w, UNIQUE (a, b));
         INSERT INTO new.u (a, b, w) SELECT a, b, v FROM old.t;
         INSERT INTO old.t (a, b, v) SELECT a, b, w FROM new.u;",
        3,
        &["rows of new.u have NULL in their key (a, b) and are not told apart"],
    );
}

/// What gives another answer each time, or in another release of SQLite.
#[test]
fn a_mapping_whose_answer_is_not_one() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, g INTEGER NOT NULL, c TEXT COLLATE NOCASE NOT NULL, x REAL, j TEXT)";
    for (new, select, words) in [
        (
            "c TEXT COLLATE NOCASE PRIMARY KEY",
            "(c) SELECT DISTINCT c FROM old.t",
            "c compares without case (NOCASE): 'a' and 'A' are equal, and which of them DISTINCT keeps is not determined",
        ),
        (
            "id INTEGER PRIMARY KEY, g INTEGER, n",
            "(id, g, n) SELECT id, g, row_number() OVER (PARTITION BY g ORDER BY x) FROM old.t",
            "row_number() depends on the order of rows that tie: ORDER BY x does not order them",
        ),
        (
            "id INTEGER PRIMARY KEY, n",
            "(id, n) SELECT t.id, e.id FROM old.t, json_each(t.j) e",
            "SQLite's releases number the elements of JSON text differently",
        ),
        (
            "id INTEGER PRIMARY KEY, w TEXT",
            "(id, w) SELECT id, x || '' FROM old.t",
            "x is a real number, and joined by || its digits depend on the release of SQLite",
        ),
        (
            "g INTEGER PRIMARY KEY, n",
            "(g, n) SELECT g, sum(x) FROM old.t GROUP BY g",
            "sum() of them depends on the order in which they are added up",
        ),
    ] {
        let migration = format!(
            "CREATE TABLE new.s (id INTEGER PRIMARY KEY, g INTEGER NOT NULL, c TEXT COLLATE NOCASE NOT NULL, x REAL, j TEXT);
             CREATE TABLE new.u ({new});
             INSERT INTO new.s (id, g, c, x, j) SELECT id, g, c, x, j FROM old.t;
             INSERT INTO new.u {select};
             INSERT INTO old.t (id, g, c, x, j) SELECT id, g, c, x, j FROM new.s;"
        );
        refused(schema, &migration, 3, &[words]);
    }
    let migration = "CREATE TABLE new.s (id INTEGER PRIMARY KEY, j, n AS (strftime('%s', j)));
                     INSERT INTO new.s (id, j) SELECT id, j FROM old.t;
                     INSERT INTO old.t (id, j) SELECT id, j FROM new.s;";
    refused(
        schema,
        migration,
        5,
        &["strftime() of a text with more than three digits of a second"],
    );
}

/// A WITH clause is copied to each place that reads it.
#[test]
fn a_statement_that_grows_without_end() {
    let members: Vec<String> = (1..20)
        .map(|n| {
            format!(
                "c{n} AS (SELECT a.id AS id, b.w AS w FROM c{0} a JOIN c{0} b ON a.id = b.id)",
                n - 1
            )
        })
        .collect();
    let migration = format!(
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
         INSERT INTO new.s (id, w) WITH c0 AS (SELECT id, w FROM old.t), {} SELECT id, w FROM c19;
         INSERT INTO old.t (id, w) SELECT id, w FROM new.s;",
        members.join(", ")
    );
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT)";
    refused(
        schema,
        &migration,
        3,
        &["the statement reads more than 256 tables once its WITH clauses"],
    );
}
