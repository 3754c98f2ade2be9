//! What `check` tells of a table that loses, gains or moves something: not in the way, and
//! worth knowing. Each kind in place and, where it exists there, for a table of another name
//! whose columns are renamed.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::Cutover;

/// The reasons of `check`'s notes, and of its problems.
#[track_caller]
fn checked(schema: &str, migration: &str) -> (Vec<String>, Vec<String>) {
    let dir = TempDir::new().unwrap();
    let (db, file): (PathBuf, PathBuf) = (dir.path().join("live.db"), dir.path().join("noted.sql"));
    let conn = Connection::open(&db).unwrap();
    conn.execute_batch(schema).unwrap_or_else(|error| panic!("{error}\n{schema}"));
    std::fs::write(&file, migration).unwrap();
    let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
    let outcome = cutover.run(&["check", "--json", file.to_str().unwrap()]);
    let report: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", outcome.stdout, outcome.stderr));
    let reasons = |key: &str| -> Vec<String> {
        let list = report[key].as_array().unwrap();
        list.iter().map(|problem| problem["reason"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcome.code == Some(0), reasons("problems").is_empty(), "{report}");
    (reasons("notes"), reasons("problems"))
}

/// Nothing stands in the way, and for each of these there is one note that begins so.
#[track_caller]
fn notes(schema: &str, migration: &str, expected: &[&str]) {
    let (notes, problems) = checked(schema, migration);
    assert_eq!(problems, Vec::<String>::new());
    for words in expected {
        let found = notes.iter().filter(|note| note.contains(words)).count();
        assert_eq!(found, 1, "{words:?} in {notes:#?}");
    }
    assert_eq!(notes.len(), expected.len(), "{notes:#?}");
}

/// A table and its successor by these definitions, in place and under another name. `old` and
/// `new` are what stands between the parentheses; the columns are carried as they are.
#[track_caller]
fn both_ways(old: &str, new: &str, expected: &[&str]) {
    for (name, column) in [("t", "a"), ("u", "x")] {
        let definition = new.replace("@t", name).replace("@a", column);
        let migration = format!(
            "CREATE TABLE new.{name} (id INTEGER PRIMARY KEY, {definition};
             INSERT INTO new.{name} (id, {column}, b) SELECT id, a, b FROM old.t;
             INSERT INTO old.t (id, a, b) SELECT id, {column}, b FROM new.{name};"
        );
        let expected: Vec<String> =
            expected.iter().map(|words| words.replace("@t", name).replace("@a", column)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        notes(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {old}"), &migration, &expected);
    }
}

#[test]
fn nothing_is_said_of_what_stays() {
    both_ways(
        "a TEXT NOT NULL DEFAULT ('x') COLLATE NOCASE, b INTEGER REFERENCES t(id) ON DELETE CASCADE, \
         c AS (lower(a)), UNIQUE (a, b), CHECK (A <> 'X' AND b > 0)); \
         CREATE UNIQUE INDEX ab ON t(b) WHERE a > 'k'; CREATE INDEX ac ON t(b, a)",
        "@a TEXT NOT NULL DEFAULT 'x' COLLATE nocase, b INTEGER REFERENCES @t(id) ON DELETE CASCADE, \
         c AS (LOWER(@a)), UNIQUE (b, @a), CHECK (@a <> 'X' AND b > 0)); \
         CREATE UNIQUE INDEX new.nab ON @t(b) WHERE @a > 'k'; CREATE INDEX new.nac ON @t(b, @a)",
        &[],
    );
}

#[test]
fn constraints_that_go() {
    both_ways("a TEXT NOT NULL, b)", "@a TEXT, b)", &["new.@t.@a lacks the NOT NULL of old.t.a"]);
    both_ways("a UNIQUE, b)", "@a, b)", &["new.@t has no UNIQUE (a), but old.t has"]);
    both_ways(
        "a, b); CREATE UNIQUE INDEX i ON t(b, a)",
        "@a, b)",
        &["new.@t has no UNIQUE (b, a), but old.t has"],
    );
    both_ways(
        "a, b, CHECK (a > 'x'))",
        "@a, b, CHECK (@a > 'X'))",
        &[
            "new.@t has no CHECK (a > 'x'), but old.t has",
            "new.@t has CHECK (@a > 'X'), but old.t has not",
        ],
    );
    both_ways(
        "a, b, UNIQUE (a)); CREATE UNIQUE INDEX part ON t(b) WHERE a > 1",
        "@a, b, UNIQUE (@a)); CREATE UNIQUE INDEX new.npart ON @t(b) WHERE @a > 2",
        &["new.@t has no unique index like part (b) WHERE a > 1"],
    );
    both_ways(
        "a REFERENCES t(id), b)",
        "@a, b)",
        &["new.@t has no foreign key (a) to t, but old.t has"],
    );
    both_ways(
        "a REFERENCES t(id) ON DELETE CASCADE, b)",
        "@a REFERENCES @t(id) ON DELETE SET NULL, b)",
        &["the foreign key new.@t (@a) has ON DELETE SET NULL, and that of old.t has ON DELETE \
             CASCADE"],
    );
}

#[test]
fn constraints_that_come() {
    both_ways("a, b)", "@a NOT NULL, b)", &["new.@t.@a is NOT NULL, but old.t.a is not"]);
    both_ways("a, b)", "@a, b UNIQUE)", &["new.@t has UNIQUE (b), but old.t has not"]);
    both_ways("a, b)", "@a, b CHECK (b > 0))", &["new.@t has CHECK (b > 0), but old.t has not"]);
    both_ways(
        "a, b)",
        "@a REFERENCES @t(id), b)",
        &["new.@t has a foreign key (@a) to @t, but old.t has not"],
    );
}

#[test]
fn defaults_collations_and_marks() {
    both_ways("a DEFAULT 5, b)", "@a, b)", &["new.@t.@a lacks the DEFAULT of old.t.a (5)"]);
    both_ways(
        "a DEFAULT 5, b)",
        "@a DEFAULT 6, b)",
        &["new.@t.@a has the DEFAULT 6, and old.t.a has 5"],
    );
    both_ways(
        "a TEXT COLLATE NOCASE, b)",
        "@a TEXT, b)",
        &["new.@t.@a has COLLATE BINARY, and old.t.a has COLLATE NOCASE"],
    );
    both_ways("a TEXT, b ANY) STRICT", "@a TEXT, b)", &["new.@t is not STRICT, but old.t is"]);
    both_ways("a TEXT, b)", "@a TEXT, b ANY) STRICT", &["new.@t is STRICT, but old.t is not"]);
    notes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, a);
         INSERT INTO new.u (id, a) SELECT id, a FROM old.t; INSERT INTO old.t (id, a) SELECT id, a FROM new.u;",
        &["new.u lacks the AUTOINCREMENT of old.t"],
    );
    notes(
        "CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a) WITHOUT ROWID",
        "CREATE TABLE new.u (id TEXT PRIMARY KEY NOT NULL, a);
         INSERT INTO new.u (id, a) SELECT id, a FROM old.t; INSERT INTO old.t (id, a) SELECT id, a FROM new.u;",
        &["new.u is not WITHOUT ROWID, but old.t is"],
    );
}

#[test]
fn generated_columns() {
    both_ways(
        "a, b, f AS (a || b))",
        "@a, b)",
        &["new.@t has no generated column f, which old.t has (a || b)"],
    );
    both_ways(
        "a, b, f AS (a || b) STORED)",
        "@a, b, f AS (b || @a))",
        &["new.@t.f is generated from b || @a, and old.t.f from a || b"],
    );
    notes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, f AS (a + 1))",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, a, f);
         INSERT INTO new.u (id, a, f) SELECT id, a, f FROM old.t; INSERT INTO old.t (id, a) SELECT id, a FROM new.u;",
        &["new.u.f is an ordinary column, and old.t.f is generated (a + 1)"],
    );
    notes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, f CHECK (f IS a + 1))",
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a, f AS (a + 1));
         INSERT INTO new.t (id, a) SELECT id, a FROM old.t; INSERT INTO old.t (id, a, f) SELECT id, a, f FROM new.t;",
        &["new.t.f is generated, and old.t.f is not", "new.t has no CHECK (f IS a + 1), but old.t has"],
    );
}

#[test]
fn indexes_of_a_table_that_changes_in_place() {
    let migration = |more: &str| {
        format!(
            "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a, b); {more}
             INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
             INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;"
        )
    };
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);
                  CREATE INDEX plain ON t(b); CREATE INDEX worked ON t(lower(a)); CREATE INDEX part ON t(b) WHERE a > 1";
    notes(
        schema,
        &migration(""),
        &[
            "no index like plain (b)",
            "no index like worked (lower",
            "no index like part (b) WHERE a > 1",
        ],
    );
    notes(
        schema,
        &migration(
            "CREATE INDEX new.x ON t(LOWER(a)); CREATE INDEX new.y ON t(b, a); CREATE INDEX new.part ON t(b) WHERE a > 1;",
        ),
        &[],
    );
}

#[test]
fn columns_that_change_places() {
    let old = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)";
    let migration = |columns: &str| {
        format!(
            "CREATE TABLE new.t ({columns});
             INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
             INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;"
        )
    };
    notes(
        old,
        &migration("id INTEGER PRIMARY KEY, b TEXT, a TEXT"),
        &[
            "the columns of t change their order (b is where a was): from write-new on, an old program's INSERT INTO t VALUES",
        ],
    );
    notes(
        old,
        &migration("id INTEGER PRIMARY KEY, c TEXT, a TEXT, b TEXT"),
        &[
            "(c is where a was): from write-new on, an old program's SELECT * FROM t",
            "no mapping fills new.t (c)",
        ],
    );
    // Behind the old ones, and generated ones anywhere.
    notes(
        old,
        &migration("id INTEGER PRIMARY KEY, g AS (1), a TEXT, b TEXT, c TEXT"),
        &["no mapping fills new.t (c)"],
    );
    // Under another name, where it stood.
    notes(
        old,
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, x TEXT, b TEXT);
         INSERT INTO new.t (id, x, b) SELECT id, a, b FROM old.t; INSERT INTO old.t (id, a, b) SELECT id, x, b FROM new.t;",
        &[],
    );
    // Two that take each other's name.
    notes(
        old,
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
         INSERT INTO new.t (id, a, b) SELECT id, b, a FROM old.t; INSERT INTO old.t (id, a, b) SELECT id, b, a FROM new.t;",
        &["the columns of t change their order"],
    );
}

/// A row split over two tables keeps a constraint if either has it; one over both is lost.
#[test]
fn a_table_that_is_split() {
    notes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b CHECK (b > 0), UNIQUE (a, b), UNIQUE (b, id))",
        "CREATE TABLE new.u (id INTEGER PRIMARY KEY, a UNIQUE);
         CREATE TABLE new.v (id INTEGER PRIMARY KEY REFERENCES u(id), b CHECK (b > 0));
         INSERT INTO new.u (id, a) SELECT id, a FROM old.t;
         INSERT INTO new.v (id, b) SELECT id, b FROM old.t;
         INSERT INTO old.t (id, a, b) SELECT u.id, u.a, v.b FROM new.u AS u LEFT JOIN new.v AS v ON v.id = u.id;",
        &["new.u has no UNIQUE (a, b), but old.t has"],
    );
}

/// Rows that are grouped have no constraint that could be compared.
#[test]
fn distinct_values_are_no_rows() {
    notes(
        "CREATE TABLE events (id INTEGER PRIMARY KEY, city TEXT NOT NULL DEFAULT 'x' CHECK (city <> ''))",
        "CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TABLE new.visits (id INTEGER PRIMARY KEY, city INTEGER NOT NULL REFERENCES cities(id));
         INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.events;
         INSERT INTO new.visits (id, city) SELECT e.id, c.id FROM old.events AS e JOIN new.cities AS c ON c.name = e.city;
         INSERT INTO old.events (id, city) SELECT v.id, c.name FROM new.visits AS v JOIN new.cities AS c ON c.id = v.city;",
        &[],
    );
}

const TEXT_KEY: &str =
    "CREATE TABLE t (k TEXT PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('x', 'y');";
const TEXT_KEY_IN_PLACE: &str = "CREATE TABLE new.t (k TEXT PRIMARY KEY NOT NULL, a TEXT);
     INSERT INTO new.t (k, a) SELECT k, a FROM old.t; INSERT INTO old.t (k, a) SELECT k, a FROM new.t;";

#[track_caller]
fn refused(schema: &str, migration: &str, words: &str) {
    let (_, problems) = checked(schema, migration);
    assert!(problems.iter().any(|reason| reason.contains(words)), "{words:?} in {problems:#?}");
}

/// Rowids that others go by do not change under them.
#[test]
fn rowids_that_others_rely_on() {
    let with = |more: &str| format!("{TEXT_KEY} {more}");
    for by in
        ["content = 't'", "content='t', content_rowid='rowid'", "content=\"T\", content_rowid=oid"]
    {
        let schema = with(&format!("CREATE VIRTUAL TABLE f USING fts5(a, {by})"));
        refused(&schema, TEXT_KEY_IN_PLACE, "the full-text index f finds its rows by their");
    }
    let fts4 = with("CREATE VIRTUAL TABLE f USING fts4(content=\"t\", a)");
    refused(&fts4, TEXT_KEY_IN_PLACE, "the full-text index f finds its rows by their rowid");
    for by in [
        "CREATE VIEW r AS SELECT _rowid_ AS n, a FROM t",
        "CREATE TABLE o (n); CREATE TRIGGER r AFTER DELETE ON t BEGIN DELETE FROM o WHERE n = OLD.rowid; END",
        "CREATE TABLE o (n); CREATE TRIGGER r AFTER INSERT ON o BEGIN UPDATE t SET a = 'z' WHERE oid = NEW.n; END",
        // A contentless index that its triggers feed.
        "CREATE VIRTUAL TABLE f USING fts5(a, content=''); CREATE TRIGGER r AFTER INSERT ON t BEGIN \
         INSERT INTO f (rowid, a) VALUES (NEW.rowid, NEW.a); END",
    ] {
        refused(
            &with(by),
            TEXT_KEY_IN_PLACE,
            "get other rowids at the switch, and views or triggers go by them: r",
        );
    }
}

/// An index over columns whose values change would be searched in vain.
#[test]
fn a_full_text_index_over_values_that_change() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'y');
                  CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid='id')";
    refused(
        schema,
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO new.t (id, a) SELECT id, 'x' || a FROM old.t;
         INSERT INTO old.t (id, a) SELECT id, substr(a, 2) FROM new.t;",
        "the full-text index f indexes a, whose values the switch changes",
    );
    refused(
        schema,
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a2 TEXT); INSERT INTO new.t (id, a2) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT id, a2 FROM new.t;",
        "the full-text index f indexes a, whose values the switch changes",
    );
    refused(
        schema,
        "CREATE TABLE new.t (id INTEGER NOT NULL UNIQUE, a TEXT PRIMARY KEY NOT NULL);
         INSERT INTO new.t (id, a) SELECT id + 1, a FROM old.t; INSERT INTO old.t (id, a) SELECT id - 1, a FROM new.t;",
        "the full-text index f finds its rows by their id",
    );
}

/// Where nobody is seen to rely on them, it is said that they change.
#[test]
fn rowids_that_change() {
    notes(
        TEXT_KEY,
        TEXT_KEY_IN_PLACE,
        &[
            "the rows of t get other rowids at the switch: a program that keeps one",
            "new.t.k is NOT NULL",
        ],
    );
    // The rowid of something else, and a key that is the rowid.
    notes(
        &format!(
            "{TEXT_KEY} CREATE TABLE o (n); CREATE VIEW r AS SELECT o.rowid FROM o JOIN t ON t.k = o.n"
        ),
        TEXT_KEY_IN_PLACE,
        &["a program that keeps one", "new.t.k is NOT NULL"],
    );
    notes(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE VIEW r AS SELECT rowid, a FROM t;
         CREATE VIRTUAL TABLE f USING fts5(a, content='t')",
        "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a, b); INSERT INTO new.t (id, a) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT id, a FROM new.t;",
        &["no mapping fills new.t (b)"],
    );
}
