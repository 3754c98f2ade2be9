//! What random migrations have found, each as the few statements that show it.

use std::path::PathBuf;

use cutover::{AdvanceOptions, Engine, Migration, Options, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;
use tempfile::TempDir;

/// A database whose migration has started.
struct Started {
    path: PathBuf,
    program: Connection,
    _dir: TempDir,
}

impl Started {
    fn new(schema: &str, migration: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("live.db");
        let program = Connection::open(&path).unwrap();
        program.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
        program.execute_batch(schema).unwrap();
        let started = Self { path, program, _dir: dir };
        let migration = Migration::parse("found", migration).unwrap();
        let options = StartOptions { no_backfill: false, pace: Pace::Fast };
        started.engine().start(&migration, options, &mut Silent).unwrap();
        started
    }

    fn engine(&self) -> Engine {
        Engine::open(&self.path, Options::default()).unwrap()
    }

    fn to(self, phase: Phase) -> Self {
        let options = AdvanceOptions { to: Some(phase), ..AdvanceOptions::default() };
        self.engine().advance("found", &options, &mut Silent).unwrap();
        self
    }

    fn does(&self, sql: &str) {
        self.program.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// Compares the rows of two queries, storage classes included, and verifies.
    #[track_caller]
    fn in_step(&self, one: &str, other: &str) {
        self.alike(one, other);
        let report = self.engine().verify("found", Pace::Fast, &mut Silent).unwrap();
        assert!(report.ok, "{report:?}");
    }

    /// The same for rows that need not come back.
    #[track_caller]
    fn alike(&self, one: &str, other: &str) {
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = self.program.prepare(sql).unwrap();
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                let cells = (0..columns).map(|n| format!("{:?}", row.get_ref(n).unwrap()));
                Ok(cells.collect::<Vec<_>>().join(" "))
            });
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(rows(one), rows(other));
    }
}

/// SQLite lets NULL into a key that is not declared NOT NULL: a mirror that does not take
/// it must refuse it, not go without the row.
#[test]
fn a_null_key_that_the_mirror_does_not_take_is_refused() {
    let started = Started::new(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a)",
        "CREATE TABLE new.n (key TEXT NOT NULL PRIMARY KEY, b);
         INSERT INTO new.n (key, b) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT key, b FROM new.n;",
    );
    let error = started.program.execute_batch("INSERT INTO t VALUES (NULL, 1)").unwrap_err();
    assert!(error.to_string().contains("cutover:"), "{error}");
    started.in_step("SELECT id, a FROM t", "SELECT key, b FROM n");
}

/// What a column takes for equal is still another value.
#[test]
fn a_change_to_an_equal_value_is_a_change() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, b);
         INSERT INTO t VALUES (1, 'K', 1)",
        "CREATE TABLE new.n (key INTEGER PRIMARY KEY, c TEXT, d);
         INSERT INTO new.n (key, c, d) SELECT id, a, b FROM old.t;
         INSERT INTO old.t (id, a, b) SELECT key, c, d FROM new.n;",
    );
    for change in ["a = 'k'", "b = 1.0", "b = 1", "a = 'K', b = 1.0"] {
        started.does(&format!("UPDATE t SET {change}"));
        started.in_step("SELECT id, a, b FROM t", "SELECT key, c, d FROM n");
    }
}

/// A REPLACE removes rows by partial unique indexes as well, and an UPDATE may bring a
/// row into such an index.
#[test]
fn rows_replaced_by_a_partial_unique_index() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, active);
         CREATE UNIQUE INDEX one_active ON t (mail) WHERE active = 1;
         INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 0), (3, 'b', 1), (4, 'b', 0)",
        "CREATE TABLE new.n (key INTEGER PRIMARY KEY, address TEXT, live);
         INSERT INTO new.n (key, address, live) SELECT id, mail, active FROM old.t;
         INSERT INTO old.t (id, mail, active) SELECT key, address, live FROM new.n;",
    );
    for statement in [
        "REPLACE INTO t VALUES (9, 'a', 1)",
        "REPLACE INTO t VALUES (10, 'a', 0)",
        "UPDATE OR REPLACE t SET active = 1 WHERE id = 4",
        "UPDATE OR REPLACE t SET mail = 'b' WHERE id = 9",
        "REPLACE INTO t SELECT id + 20, mail, 1 FROM t",
    ] {
        started.does(statement);
        started.in_step("SELECT id, mail, active FROM t", "SELECT key, address, live FROM n");
    }
}

/// ANY is no type in a STRICT table, and NUMERIC elsewhere.
#[test]
fn any_in_a_strict_table_keeps_every_value() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a);
         INSERT INTO t VALUES (1, ' 7 '), (2, '007'), (3, 7.0), (4, 7)",
        "CREATE TABLE new.n (key INTEGER PRIMARY KEY, b ANY) STRICT;
         INSERT INTO new.n (key, b) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT key, b FROM new.n;",
    );
    started.in_step("SELECT id, a FROM t", "SELECT key, b FROM n");
    started.does("UPDATE t SET a = '1e1' WHERE id = 4");
    started.in_step("SELECT id, a FROM t", "SELECT key, b FROM n");
}

/// A row of the mirror may give a unique value up to another and stay itself.
#[test]
fn a_unique_value_moves_between_rows_of_the_mirror() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE);
         INSERT INTO t VALUES (1, 'x'), (2, 'y')",
        "CREATE TABLE new.n (key INTEGER PRIMARY KEY);
         CREATE TABLE new.p (key INTEGER PRIMARY KEY, b TEXT UNIQUE);
         INSERT INTO new.n (key) SELECT id FROM old.t;
         INSERT INTO new.p (key, b) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a)
         SELECT n.key, p.b FROM new.n AS n LEFT JOIN new.p AS p ON p.key = n.key;",
    )
    .to(Phase::WriteNew);
    let new = "SELECT n.key, p.b FROM n LEFT JOIN p ON p.key = n.key ORDER BY 1";
    started.does("REPLACE INTO p VALUES (2, 'x')");
    let old: String =
        started.program.query_row("SELECT a FROM t WHERE id = 2", [], |row| row.get(0)).unwrap();
    assert_eq!(old, "x");
    started.does("UPDATE p SET key = 1 WHERE key = 2");
    let rows = |sql: &str| -> Vec<(i64, Option<String>)> {
        let mut statement = started.program.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(rows("SELECT id, a FROM t ORDER BY 1"), rows(new));
}

/// A mirror with another primary key than the table it follows: the row that a REPLACE
/// removes by the old key has its image under another new one.
#[test]
fn a_row_replaced_by_a_key_that_is_none_of_the_mirror() {
    let schema = "
        CREATE TABLE t (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, code TEXT NOT NULL UNIQUE, a);
        INSERT INTO t VALUES ('K1', 'A', 1), ('K2', 'B', 2)";
    for constraint in ["", "UNIQUE"] {
        let started = Started::new(
            schema,
            &format!(
                "CREATE TABLE new.n (code TEXT NOT NULL PRIMARY KEY, \
                                     id TEXT COLLATE NOCASE NOT NULL {constraint}, b);
                 INSERT INTO new.n (code, id, b) SELECT code, id, a FROM old.t;
                 INSERT INTO old.t (id, code, a) SELECT id, code, b FROM new.n;"
            ),
        );
        for replace in [
            "INSERT OR REPLACE INTO t VALUES ('K1', 'C', 3)",
            "INSERT OR REPLACE INTO t VALUES ('k1', 'D', 4)",
            "INSERT OR REPLACE INTO t VALUES ('K1', 'B', 5)",
            "INSERT INTO t VALUES ('K2', 'E', 6); UPDATE OR REPLACE t SET id = 'k1' WHERE id = 'K2'",
        ] {
            started.does(replace);
            started.in_step(
                "SELECT code, id, a FROM t ORDER BY 1",
                "SELECT code, id, b FROM n ORDER BY 1",
            );
        }
    }
}

/// A trigger that keeps rows with RAISE(IGNORE) tells nobody: the sync has to look.
#[test]
fn a_row_that_a_trigger_keeps_is_refused_not_left_behind() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a);
         INSERT INTO t VALUES (1, 5), (2, 9);
         CREATE TRIGGER kept BEFORE DELETE ON t WHEN OLD.a > 5 BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TABLE new.n (key INTEGER PRIMARY KEY, b);
         INSERT INTO new.n (key, b) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT key, b FROM new.n;",
    )
    .to(Phase::WriteNew);
    let error = started.program.execute_batch("DELETE FROM n WHERE key = 2").unwrap_err();
    assert!(error.to_string().contains("a trigger keeps a row"), "{error}");
    started.does("DELETE FROM n WHERE key = 1");
    started.in_step("SELECT id, a FROM t", "SELECT key, b FROM n");
}

/// SQLite takes several NULLs into a key: rows that nothing tells apart can't be followed.
#[test]
fn rows_that_share_a_null_key_are_refused_before_the_start() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("live.db");
    let program = Connection::open(&path).unwrap();
    program
        .execute_batch(
            "CREATE TABLE t (id TEXT PRIMARY KEY, a); INSERT INTO t VALUES (NULL, 1), ('x', 1)",
        )
        .unwrap();
    let migration = Migration::parse(
        "found",
        "CREATE TABLE new.n (key TEXT PRIMARY KEY, b);
         INSERT INTO new.n (key, b) SELECT id, a FROM old.t;
         INSERT INTO old.t (id, a) SELECT key, b FROM new.n;",
    )
    .unwrap();
    let engine = Engine::open(&path, Options::default()).unwrap();
    assert!(engine.check(&migration, &mut Silent).unwrap().ok);
    program.execute_batch("INSERT INTO t VALUES (NULL, 2)").unwrap();
    let report = engine.check(&migration, &mut Silent).unwrap();
    assert!(report.problems[0].reason.contains("not told apart"), "{report:?}");
}

/// The index that a sync statement uses has the collation of the column it looks up.
#[test]
fn tables_joined_without_regard_to_case_are_kept_in_step() {
    let started = Started::new(
        "CREATE TABLE p (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, label TEXT);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT COLLATE NOCASE REFERENCES p(id));
         CREATE INDEX by_parent ON c (p);
         INSERT INTO p VALUES ('K', 'a'); INSERT INTO c VALUES (1, 'k'), (2, 'K'), (3, NULL)",
        "CREATE TABLE new.q (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, label TEXT);
         CREATE TABLE new.d (id INTEGER PRIMARY KEY, q TEXT COLLATE NOCASE, label TEXT);
         INSERT INTO new.q (id, label) SELECT id, label FROM old.p;
         INSERT INTO new.d (id, q, label)
         SELECT c.id, c.p, p.label FROM old.c AS c LEFT JOIN old.p AS p ON p.id = c.p;
         INSERT INTO old.p (id, label) SELECT id, label FROM new.q;
         INSERT INTO old.c (id, p) SELECT id, q FROM new.d;",
    );
    started.does("UPDATE p SET label = 'b' WHERE id = 'k'; INSERT INTO c VALUES (4, 'k')");
    started.in_step(
        "SELECT c.id, c.p, p.label FROM c LEFT JOIN p ON p.id = c.p ORDER BY 1",
        "SELECT id, q, label FROM d ORDER BY 1",
    );
}

/// Scopes that a column takes for the same are looked at once: a row that was found twice was
/// fixed twice.
#[test]
fn keys_that_differ_in_case_alone_are_repaired_by_a_rollback() {
    let started = Started::new(
        "CREATE TABLE t (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY); INSERT INTO t VALUES ('A')",
        "CREATE TABLE new.m (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY);
         CREATE TABLE new.p (id TEXT COLLATE NOCASE NOT NULL PRIMARY KEY);
         INSERT INTO new.m (id) SELECT id FROM old.t;
         INSERT INTO new.p (id) SELECT id FROM old.t;
         INSERT INTO old.t (id) SELECT m.id FROM new.m AS m LEFT JOIN new.p AS p ON p.id = m.id;",
    )
    .to(Phase::WriteNew);
    started.does("INSERT INTO p VALUES ('k'); INSERT INTO m VALUES ('K')");
    started.engine().rollback("found", None, &mut Silent).unwrap();
    started.in_step("SELECT id FROM t ORDER BY 1", "SELECT id FROM p ORDER BY 1");
    started.does("INSERT INTO t VALUES ('b')");
    started.in_step("SELECT id FROM t ORDER BY 1", "SELECT id FROM m ORDER BY 1");
}

/// Before the triggers of a row's removal run, foreign keys have taken along what refers to it:
/// the mirror still has its row then, and nothing is given for it any more.
#[test]
fn rows_that_go_along_by_a_foreign_key() {
    for action in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        // A key that is its own reference goes; what is set is a column beside it.
        let (child, reference) = match action {
            "CASCADE" => {
                ("id INTEGER PRIMARY KEY REFERENCES a ON DELETE CASCADE, up INT, y", "NULL")
            }
            _ => ("id INTEGER PRIMARY KEY, up INT REFERENCES a ON DELETE ACTION, y", "1"),
        };
        let child = child.replace("ACTION", action);
        let rows = format!(
            "INSERT INTO a VALUES (1, 'a'), (2, 'b'), (3, 'c');
             INSERT INTO b VALUES (1, {reference}, 'x'), (2, NULL, 'y');"
        );
        let split =
            format!("CREATE TABLE a (id INTEGER PRIMARY KEY, x); CREATE TABLE b ({child});");
        let joined = "CREATE TABLE t (id INTEGER PRIMARY KEY, x, up INT, y, has INT)";
        let join =
            "SELECT a.id, a.x, b.up, b.y, b.id IS NOT NULL FROM a LEFT JOIN b ON b.id = a.id";
        let both = "SELECT id, x, up, y, has FROM t ORDER BY id";
        let into = |old: &str, new: &str| {
            let join = join.replace("FROM a", &format!("FROM {old}.a"));
            let join = join.replace("JOIN b", &format!("JOIN {old}.b"));
            let joined = format!("INSERT INTO {new}.t (id, x, up, y, has) {join};");
            let parts = format!(
                "INSERT INTO {old}.a (id, x) SELECT id, x FROM {new}.t;
                 INSERT INTO {old}.b (id, up, y) SELECT id, up, y FROM {new}.t WHERE has = 1;"
            );
            if old == "old" { format!("{joined} {parts}") } else { format!("{parts} {joined}") }
        };
        // In the old tables, while they take the writes.
        let forward = format!("{} {}", joined.replace("TABLE t", "TABLE new.t"), ";");
        let merged =
            Started::new(&format!("{split} {rows}"), &format!("{forward} {}", into("old", "new")));
        // And in the new ones.
        let created = split.replace("TABLE a", "TABLE new.a").replace("TABLE b", "TABLE new.b");
        let filled =
            format!("{joined}; {split} {rows} INSERT INTO t {join}; DROP TABLE b; DROP TABLE a");
        let apart =
            Started::new(&filled, &format!("{created} {}", into("new", "old"))).to(Phase::WriteNew);
        for started in [merged, apart] {
            started.does("PRAGMA foreign_keys = ON");
            started.does("DELETE FROM a WHERE id = 1");
            started.alike(join, both);
            started.does("REPLACE INTO a VALUES (2, 'c')");
            started.alike(join, both);
            started.does("DELETE FROM a");
            started.alike(join, both);
        }
    }
}

/// What an old column is generated from is the value as the old table would store it.
#[test]
fn a_live_view_generates_from_what_would_be_stored() {
    let started = Started::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER, g TEXT AS (c || '!'), h AS (g || c));
         INSERT INTO t (id, c) VALUES (1, 7), (2, NULL)",
        "CREATE TABLE new.n (id INTEGER PRIMARY KEY, d INTEGER);
         INSERT INTO new.n (id, d) SELECT id, c FROM old.t;
         INSERT INTO old.t (id, c) SELECT id, d * 1.0 FROM new.n;",
    )
    .to(Phase::WriteNew);
    started.does("INSERT INTO n VALUES (3, '9223372036854775808')");
    started.in_step(
        "SELECT id, c, g, h FROM cutover_live_t ORDER BY id",
        "SELECT id, c, g, h FROM t ORDER BY id",
    );
}
