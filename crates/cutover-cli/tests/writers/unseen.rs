//! Writes that no trigger of the obvious kind sees: keys set by another name, rows that a
//! REPLACE removes by any unique key, what generated columns come from, values that compare
//! equal and are not the same.
//!
//! Each table is written as the old one in `dual-write` and as the new one in `write-new`, by a
//! Python program beside a twin, with `recursive_triggers` off and on; after each statement the
//! other side is compared. The twin has triggers that do nothing: what SQLite itself does
//! otherwise where there is a trigger is not looked for here.

use crate::scene::{Python, Scene, json};

/// A table, `{t}` standing for its name.
struct Shape {
    name: &'static str,
    /// Its columns, and what follows the parenthesis.
    columns: &'static str,
    options: &'static str,
    indexes: &'static [&'static str],
    /// The columns that the mappings carry over.
    carried: &'static str,
    rows: &'static [&'static str],
    statements: &'static [&'static str],
}

const PLAIN: Shape = Shape {
    name: "",
    columns: "",
    options: "",
    indexes: &[],
    carried: "id, w",
    rows: &["1, 'a'", "2, 'b'", "3, 'c'"],
    statements: &[],
};

const SHAPES: &[Shape] = &[
    Shape {
        name: "an id by the names of the rowid",
        columns: "id INTEGER PRIMARY KEY, w TEXT",
        statements: &[
            "UPDATE {t} SET rowid = 10 WHERE id = 1",
            "UPDATE {t} SET oid = 11, w = 'o' WHERE id = 2",
            "UPDATE {t} SET _rowid_ = _rowid_ + 20",
            "UPDATE {t} SET _ROWID_ = 5 WHERE w = 'o'",
            "UPDATE OR REPLACE {t} SET Rowid = 5 WHERE w = 'a'",
            "INSERT OR REPLACE INTO {t} (oid, w) VALUES (5, 'r'), (5, 's')",
            "UPDATE OR IGNORE {t} SET oid = 5",
        ],
        ..PLAIN
    },
    Shape {
        name: "a column that takes one name of the rowid",
        columns: "id INTEGER PRIMARY KEY, rowid TEXT",
        carried: "id, rowid",
        statements: &[
            "UPDATE {t} SET rowid = 'n' WHERE id = 1",
            "UPDATE {t} SET oid = 7 WHERE id = 1",
            "UPDATE OR REPLACE {t} SET _rowid_ = 7 WHERE id = 2",
        ],
        ..PLAIN
    },
    Shape {
        name: "a hidden rowid",
        columns: "id TEXT NOT NULL PRIMARY KEY, w TEXT",
        rows: &["'a', 1", "'b', 2", "'c', 3"],
        statements: &[
            "INSERT OR REPLACE INTO {t} (rowid, id, w) VALUES (1, 'z', 4)",
            "UPDATE OR REPLACE {t} SET oid = 2 WHERE id = 'c'",
            "INSERT OR REPLACE INTO {t} (_rowid_, id, w) VALUES (-1, 'm', 5)",
            "INSERT OR REPLACE INTO {t} (_rowid_, id, w) VALUES (-1, 'n', 6)",
            "INSERT INTO {t} (id, w) VALUES ('p', 7)",
            "INSERT OR ABORT INTO {t} (id, w) VALUES ('q', 8)",
            "INSERT OR REPLACE INTO {t} (id, w) VALUES ('r', 9), ('p', 10)",
            "UPDATE OR REPLACE {t} SET rowid = 3, w = 'both' WHERE id = 'n'",
            "UPDATE OR REPLACE {t} SET rowid = 3, id = 'p' WHERE id = 'q'",
        ],
        ..PLAIN
    },
    Shape {
        name: "an INTEGER PRIMARY KEY that is not the rowid",
        columns: "id INTEGER NOT NULL PRIMARY KEY DESC, w TEXT",
        statements: &[
            "INSERT OR REPLACE INTO {t} (rowid, id, w) VALUES (1, 9, 'r')",
            "UPDATE OR REPLACE {t} SET oid = 2 WHERE id = 3",
        ],
        ..PLAIN
    },
    Shape {
        name: "zeros with a sign",
        columns: "id NOT NULL PRIMARY KEY, w, r REAL, n NUMERIC",
        carried: "id, w, r, n",
        rows: &["1, 0.0, 0.0, 0.0", "2, -0.0, -0.0, -0.0", "0.0, 'k', 1, 1"],
        statements: &[
            "UPDATE {t} SET w = -0.0 WHERE id = 1",
            "UPDATE {t} SET w = 0.0 WHERE id = 2",
            "UPDATE {t} SET r = -0.0, n = -0.0",
            "UPDATE {t} SET id = -0.0 WHERE id = 0",
            "UPDATE {t} SET id = 0 WHERE id = 0",
            "UPDATE {t} SET id = 0.0, w = -0.0 WHERE id = 0",
            "UPDATE {t} SET id = 1.0 WHERE id = 1",
            "INSERT OR REPLACE INTO {t} VALUES (-0.0, 0, -0.0, -0.0), (3, -0.0, 1, 1)",
            "UPDATE {t} SET w = 0 WHERE w = 0",
            "UPDATE {t} SET w = -0.0",
        ],
        ..PLAIN
    },
    Shape {
        name: "zeros with a sign, STRICT",
        columns: "id INTEGER PRIMARY KEY, w ANY",
        options: "STRICT",
        statements: &["UPDATE {t} SET w = 0.0", "UPDATE {t} SET w = -0.0 WHERE id > 1"],
        ..PLAIN
    },
    Shape {
        name: "other values that could be taken for equal",
        columns: "id TEXT NOT NULL PRIMARY KEY, w",
        rows: &["'a', CAST(x'610062' AS TEXT)", "'b', 9007199254740992", "'c', 9007199254740992.0"],
        statements: &[
            "UPDATE {t} SET w = CAST(x'610063' AS TEXT) WHERE id = 'a'",
            "UPDATE {t} SET w = x'610063' WHERE id = 'a'",
            "UPDATE {t} SET w = 9007199254740993 WHERE id = 'b'",
            "UPDATE {t} SET w = 9007199254740992 WHERE id = 'c'",
            "UPDATE {t} SET id = CAST(x'630062' AS TEXT) WHERE id = 'c'",
            "INSERT OR REPLACE INTO {t} VALUES (CAST(x'630061' AS TEXT), 1), (CAST(x'630062' AS TEXT), 2)",
        ],
        ..PLAIN
    },
    Shape {
        name: "a DEFAULT in the place of NULL",
        columns: "id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT 'x' UNIQUE, n INT NOT NULL ON CONFLICT REPLACE DEFAULT '1', \
                  w TEXT NOT NULL DEFAULT 'w', UNIQUE (n, w)",
        indexes: &["CREATE UNIQUE INDEX {t}_part ON {t} (w) WHERE n = '5'"],
        carried: "id, u, n, w",
        rows: &["1, 'x', 1, 'w'", "2, 'y', 5, 'v'"],
        statements: &[
            "INSERT OR REPLACE INTO {t} VALUES (3, NULL, 2, 'a')",
            "INSERT OR REPLACE INTO {t} VALUES (4, 'z', NULL, NULL)",
            "INSERT INTO {t} VALUES (5, 'q', NULL, 'b')",
            "INSERT OR REPLACE INTO {t} VALUES (6, 'r', NULL, 'b'), (7, 's', 5, NULL)",
            "INSERT OR REPLACE INTO {t} VALUES (8, 't', 5, NULL)",
            "UPDATE OR REPLACE {t} SET u = NULL WHERE id = 2",
            "UPDATE OR REPLACE {t} SET w = NULL WHERE n = 5",
            "INSERT OR IGNORE INTO {t} VALUES (9, NULL, NULL, NULL)",
            "UPDATE OR IGNORE {t} SET u = NULL",
        ],
        ..PLAIN
    },
    Shape {
        name: "constraints that replace by themselves",
        columns: "id INTEGER PRIMARY KEY ON CONFLICT REPLACE, u TEXT UNIQUE ON CONFLICT REPLACE, w TEXT",
        carried: "id, u, w",
        rows: &["1, 'x', 'a'", "2, 'y', 'b'", "3, 'z', 'c'"],
        statements: &[
            "INSERT INTO {t} VALUES (4, 'x', 'd')",
            "INSERT INTO {t} VALUES (2, 'z', 'both')",
            "INSERT OR IGNORE INTO {t} VALUES (2, 'q', 'not')",
            "INSERT OR ABORT INTO {t} VALUES (2, 'q', 'not')",
            "INSERT INTO {t} VALUES (9, 'z', 'not') ON CONFLICT DO NOTHING",
            "INSERT INTO {t} VALUES (9, 'z', 'up') ON CONFLICT (u) DO UPDATE SET w = excluded.w",
            "INSERT INTO {t} VALUES (6, 'p', 'f')",
            "UPDATE {t} SET u = 'p' WHERE id = 2",
            "UPDATE {t} SET id = 4 WHERE id = 2",
        ],
        ..PLAIN
    },
    Shape {
        name: "generated columns that are unique",
        columns: "id INTEGER PRIMARY KEY, w TEXT, n INT NOT NULL DEFAULT 1, low TEXT AS (lower(w)) UNIQUE, \
                  two AS (n * 2) STORED, three AS (two || '-' || low) UNIQUE, four AS (CASE WHEN n > '3' THEN n END)",
        indexes: &["CREATE UNIQUE INDEX {t}_four ON {t} (four)"],
        carried: "id, w, n",
        rows: &["1, 'X', 1", "2, 'Y', 2", "3, 'Z', 3"],
        statements: &[
            "UPDATE OR REPLACE {t} SET w = 'x' WHERE id = 2",
            "INSERT OR REPLACE INTO {t} (id, w, n) VALUES (4, 'z', 5)",
            "INSERT OR REPLACE INTO {t} (id, w, n) VALUES (5, 'q', 5)",
            "INSERT OR REPLACE INTO {t} (id, w, n) VALUES (6, NULL, NULL), (7, 'X', NULL)",
            "UPDATE OR REPLACE {t} SET n = 5 WHERE id = 7",
            "UPDATE {t} SET w = upper(w)",
            "INSERT OR IGNORE INTO {t} (id, w) VALUES (8, 'x'), (9, 'new')",
            "UPDATE OR REPLACE {t} SET w = 'NEW'",
        ],
        ..PLAIN
    },
    Shape {
        name: "unique indexes of every kind",
        columns: "id INTEGER PRIMARY KEY, w TEXT, n INT, k TEXT",
        indexes: &[
            "CREATE UNIQUE INDEX {t}_lower ON {t} (lower(w))",
            "CREATE UNIQUE INDEX {t}_nocase ON {t} (k COLLATE NOCASE)",
            "CREATE UNIQUE INDEX {t}_some ON {t} (n, w || k) WHERE n > '1' AND k IS NOT NULL",
            "CREATE UNIQUE INDEX {t}_loose ON {t} (w = 'p' OR k = 'q', (w || k) COLLATE NOCASE) WHERE n = 7",
        ],
        carried: "id, w, n, k",
        rows: &["1, 'a', 1, 'k'", "2, 'b', 2, 'l'", "3, 'c', 2, 'm'"],
        statements: &[
            "INSERT OR REPLACE INTO {t} VALUES (4, 'A', 1, 'n')",
            "INSERT OR REPLACE INTO {t} VALUES (5, 'd', 1, 'L')",
            "UPDATE OR REPLACE {t} SET w = 'D' WHERE id = 4",
            "UPDATE OR REPLACE {t} SET k = 'M' WHERE id = 4",
            "INSERT INTO {t} VALUES (6, 'x', 2, 'yz'), (7, 'xy', 2, 'z')",
            "INSERT OR REPLACE INTO {t} VALUES (7, 'xy', 2, 'z')",
            "INSERT OR REPLACE INTO {t} VALUES (8, 'xyz', 2, '')",
            "UPDATE OR REPLACE {t} SET n = 2",
            "INSERT INTO {t} VALUES (9, 'XYZ', 0, 'w') ON CONFLICT DO NOTHING",
            "INSERT OR IGNORE INTO {t} VALUES (10, 'XYZ', 0, 'w'), (11, 'fresh', 1, NULL)",
            "INSERT OR REPLACE INTO {t} VALUES (20, 'r', 7, 'S1'), (21, 'rs', 7, '1')",
            "UPDATE OR REPLACE {t} SET n = 7, w = 'R', k = 's1' WHERE id = 11",
        ],
        ..PLAIN
    },
    Shape {
        name: "no rowid",
        columns: "id INT NOT NULL, w TEXT NOT NULL DEFAULT 'w' COLLATE NOCASE, u INT UNIQUE, PRIMARY KEY (id, w)",
        options: "WITHOUT ROWID",
        carried: "id, w, u",
        rows: &["1, 'a', 1", "1, 'w', 2", "2, 'b', 3"],
        statements: &[
            "INSERT OR REPLACE INTO {t} VALUES (1, NULL, 4)",
            "INSERT OR REPLACE INTO {t} VALUES (1, 'A', 3)",
            "UPDATE OR REPLACE {t} SET w = 'W' WHERE w = 'A'",
            "UPDATE OR REPLACE {t} SET u = 9",
        ],
        ..PLAIN
    },
    Shape {
        name: "rows that go along with the one that is replaced",
        columns: "id INTEGER PRIMARY KEY, k TEXT, w TEXT, up INTEGER REFERENCES {t} (id) ON UPDATE CASCADE ON DELETE CASCADE",
        indexes: &["CREATE UNIQUE INDEX {t}_k ON {t} (k) WHERE w IS NOT NULL"],
        carried: "id, k, w, up",
        rows: &["1, 'a', 'x', 1", "2, 'b', 'y', 1", "3, 'c', 'z', 2", "5, 'e', 'v', NULL"],
        statements: &[
            "UPDATE OR REPLACE {t} SET k = 'a' WHERE id = 2",
            "INSERT OR REPLACE INTO {t} VALUES (1, 'a', 'x', 1), (2, 'b', 'y', 1), (3, 'c', 'z', 2)",
            "INSERT OR REPLACE INTO {t} VALUES (4, 'a', 'w', NULL)",
            "INSERT OR REPLACE INTO {t} VALUES (1, 'f', 'x', 4), (2, 'b', 'y', 1), (3, 'c', 'z', 2)",
            "UPDATE OR REPLACE {t} SET id = 1 WHERE id = 3",
            "UPDATE OR REPLACE {t} SET id = 4 WHERE id = 5",
        ],
        ..PLAIN
    },
    Shape {
        name: "rows that are changed by the removal of another",
        columns: "id INTEGER PRIMARY KEY, k TEXT UNIQUE, w TEXT, up INTEGER REFERENCES {t} (id) ON DELETE SET NULL",
        carried: "id, k, w, up",
        rows: &["1, 'a', 'x', 1", "2, 'b', 'y', 1", "3, 'c', 'z', 2"],
        statements: &[
            "INSERT OR REPLACE INTO {t} VALUES (4, 'a', 'w', 2)",
            "INSERT OR REPLACE INTO {t} VALUES (2, 'q', 'y', 4)",
            "UPDATE OR REPLACE {t} SET id = 2 WHERE id = 3",
        ],
        ..PLAIN
    },
];

impl Shape {
    fn table(&self, name: &str) -> String {
        format!("CREATE TABLE {name} ({}) {};", self.columns, self.options)
    }

    fn indexes(&self, prefix: &str) -> String {
        let made =
            |index: &&str| format!("{};", index.replace("INDEX ", &format!("INDEX {prefix}")));
        self.indexes.iter().map(made).collect()
    }

    fn rows(&self) -> String {
        let row = |row: &&str| format!("INSERT INTO {{t}} ({}) VALUES ({row});", self.carried);
        self.rows.iter().map(row).collect()
    }

    /// The table alone, under that name, and triggers that do nothing.
    fn alone(&self, name: &str) -> String {
        let idle = |event: &str| {
            format!("CREATE TRIGGER idle_{event} AFTER {event} ON {{t}} BEGIN SELECT 1; END;")
        };
        let triggers: String = ["INSERT", "UPDATE", "DELETE"].map(idle).concat();
        (self.table("{t}") + &self.indexes("") + &self.rows() + &triggers).replace("{t}", name)
    }

    fn migration(&self) -> String {
        let tables = self.table("new.{t}") + &self.indexes("new.");
        let list = self.carried;
        format!(
            "{}\nINSERT INTO new.made ({list}) SELECT {list} FROM old.kept;\n\
             INSERT INTO old.kept ({list}) SELECT {list} FROM new.made;",
            tables.replace("{t}", "made")
        )
    }

    fn scene(&self) -> Scene {
        let scene = Scene::set(
            &(self.table("{t}") + &self.indexes("") + &self.rows()).replace("{t}", "kept"),
            &self.migration(),
        );
        scene.exits(0, "start FILE");
        scene
    }

    /// Writes to one table beside a twin, and compares the other after each statement.
    fn follow(&self, scene: &Scene, table: &str, pragmas: [u8; 2]) {
        let twin = Scene::set(&self.alone(table), "");
        let (mut live, mut plain) = (scene.python(), twin.python());
        for python in [&mut live, &mut plain] {
            python.does(&format!("PRAGMA foreign_keys = {}", pragmas[0]));
            python.does(&format!("PRAGMA recursive_triggers = {}", pragmas[1]));
        }
        for statement in self.statements {
            let sql = statement.replace("{t}", table);
            let told = [live.attempt(&sql), plain.attempt(&sql)];
            let about = format!("{}: {sql} {pragmas:?}: {told:?}", self.name);
            assert_eq!(told[0], told[1], "{about}");
            let all = |name: &str| format!("SELECT {} FROM {name} ORDER BY 1, 2", self.carried);
            let source = scene.rows(&all(table));
            assert_eq!(source, twin.rows(&all(table)), "{about}");
            assert_eq!(scene.rows(&all("kept")), scene.rows(&all("made")), "{about}");
            let flag = scene.rows("SELECT depth FROM _cutover_1_syncing");
            assert_eq!(flag, ["Integer(0)"], "{about}");
        }
    }
}

const PRAGMAS: [[u8; 2]; 2] = [[1, 0], [1, 1]];

#[test]
fn an_old_program_in_dual_write() {
    for shape in SHAPES {
        for pragmas in PRAGMAS {
            let scene = shape.scene();
            shape.follow(&scene, "kept", pragmas);
            assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true, "{}", shape.name);
        }
    }
}

#[test]
fn a_new_program_in_write_new() {
    for shape in SHAPES {
        for pragmas in PRAGMAS {
            let scene = shape.scene();
            scene.exits(0, "advance --to write-new");
            shape.follow(&scene, "made", pragmas);
            let all = format!("SELECT {} FROM made ORDER BY 1, 2", shape.carried);
            let written = scene.rows(&all);
            scene.exits(0, "advance --to new-only");
            scene.exits(0, "rollback --to dual-write");
            assert_eq!(scene.rows(&all.replace("made", "kept")), written, "{}", shape.name);
            scene.exits(0, "advance --to write-new");
            assert_eq!(scene.rows(&all), written, "{}", shape.name);
        }
    }
}

/// A REPLACE that removes a row of the group that it writes to, by a key that lies within the
/// group, across groups, or over columns that the group doesn't read.
#[test]
fn within_a_group() {
    for pragmas in 0..2 {
        let scene = Scene::set(
            "CREATE TABLE t (g INT NOT NULL, n INT NOT NULL, v INT, u TEXT, PRIMARY KEY (g, n));
             CREATE UNIQUE INDEX t_u ON t (u, g);
             INSERT INTO t VALUES (1, 1, 1, 'a'), (1, 2, 7, 'b'), (2, 1, 3, 'a'), (2, 2, 9, 'c');",
            "CREATE TABLE new.s (g INT NOT NULL PRIMARY KEY, lo INT, hi INT);
             CREATE TABLE new.u (g INT NOT NULL, n INT NOT NULL, v INT, u TEXT, PRIMARY KEY (g, n));
             INSERT INTO new.s (g, lo, hi) SELECT g, min(v), max(v) FROM old.t GROUP BY g;
             INSERT INTO new.u (g, n, v, u) SELECT g, n, v, u FROM old.t;
             INSERT INTO old.t (g, n, v, u) SELECT g, n, v, u FROM new.u;",
        );
        scene.exits(0, "start FILE");
        let mut python = scene.python();
        python.does(&format!("PRAGMA recursive_triggers = {pragmas}"));
        for statement in [
            "INSERT OR REPLACE INTO t VALUES (1, 1, 5, 'a')",
            "UPDATE OR REPLACE t SET n = 2 WHERE g = 2 AND n = 1",
            "INSERT INTO t VALUES (2, 3, 1, 'x'), (2, 4, 4, 'y')",
            "UPDATE OR REPLACE t SET u = 'x' WHERE n = 4",
            "INSERT OR REPLACE INTO t VALUES (1, 9, 6, 'b')",
            "UPDATE OR REPLACE t SET rowid = 1 WHERE n = 9",
            "INSERT OR REPLACE INTO t (rowid, g, n, v) VALUES (1, 2, 8, 2)",
        ] {
            python.does(statement);
            let groups = "SELECT g, min(v), max(v) FROM t GROUP BY g ORDER BY g";
            assert_eq!(
                scene.rows(groups),
                scene.rows("SELECT g, lo, hi FROM s ORDER BY g"),
                "{statement} ({pragmas})"
            );
        }
        assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
    }
}

/// What a generated column is computed from is what a mapping reads, in a join, in a filter,
/// as a group, through several steps.
#[test]
fn generated_columns_that_are_read() {
    let scene = Scene::set(
        "CREATE TABLE r (id INTEGER PRIMARY KEY, a INT, b INT AS (a * 2) STORED, g INT AS (b + 1), own INT AS (id * 10));
         CREATE TABLE t (id INTEGER PRIMARY KEY, r INT);
         CREATE INDEX tr ON t (r);
         INSERT INTO r (id, a) VALUES (1, 10), (2, 20), (3, -4);
         INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, r INT, g INT, own INT);
         CREATE TABLE new.some (id INTEGER PRIMARY KEY, b INT);
         CREATE TABLE new.groups (g INT PRIMARY KEY, n INT);
         CREATE TABLE new.kept (id INTEGER PRIMARY KEY, a INT);
         INSERT INTO new.s (id, r, g, own) SELECT t.id, t.r, r.g, r.own FROM old.t LEFT JOIN old.r ON r.id = t.r;
         INSERT INTO new.some (id, b) SELECT id, b FROM old.r WHERE g > 0;
         INSERT INTO new.groups (g, n) SELECT g, count(*) FROM old.r GROUP BY g;
         INSERT INTO new.kept (id, a) SELECT id, a FROM old.r;
         INSERT INTO old.t (id, r) SELECT id, r FROM new.s;
         INSERT INTO old.r (id, a) SELECT id, a FROM new.kept;",
    );
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    for statement in [
        "UPDATE r SET a = 11 WHERE id = 1",
        "UPDATE r SET a = -a",
        "UPDATE r SET rowid = 7 WHERE id = 3",
        "UPDATE t SET r = 7",
        "INSERT OR REPLACE INTO r (id, a) VALUES (7, 100)",
        "UPDATE OR REPLACE r SET oid = 7 WHERE id = 1",
    ] {
        python.does(statement);
        assert_eq!(
            scene.rows("SELECT t.id, t.r, r.g, r.own FROM t LEFT JOIN r ON r.id = t.r ORDER BY 1"),
            scene.rows("SELECT id, r, g, own FROM s ORDER BY 1"),
            "{statement}"
        );
        assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true, "{statement}");
    }
}

/// A mapping that reads a table twice has two uses of one row that is replaced.
#[test]
fn a_table_that_is_read_twice() {
    for recursive in 0..2 {
        let scene = Scene::set(
            "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, w TEXT UNIQUE, up TEXT);
             CREATE INDEX t_up ON t (up);
             INSERT INTO t VALUES ('a', 'x', 'b'), ('b', 'y', 'c'), ('c', 'z', 'a');",
            "CREATE TABLE new.r (id TEXT NOT NULL PRIMARY KEY, above TEXT);
             CREATE TABLE new.s (id TEXT NOT NULL PRIMARY KEY, w TEXT, up TEXT);
             INSERT INTO new.r (id, above) SELECT a.id, b.w FROM old.t a LEFT JOIN old.t b ON b.id = a.up;
             INSERT INTO new.s (id, w, up) SELECT id, w, up FROM old.t;
             INSERT INTO old.t (id, w, up) SELECT id, w, up FROM new.s;",
        );
        scene.exits(0, "start FILE");
        let mut python = scene.python();
        python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
        for statement in [
            "INSERT OR REPLACE INTO t (rowid, id, w, up) VALUES (1, 'd', 'v', 'b')",
            "INSERT OR REPLACE INTO t VALUES ('e', 'y', 'd')",
            "UPDATE OR REPLACE t SET rowid = 1 WHERE id = 'c'",
            "UPDATE OR REPLACE t SET w = 'y' WHERE id = 'c'",
        ] {
            python.does(statement);
            assert_eq!(
                scene.rows("SELECT a.id, b.w FROM t a LEFT JOIN t b ON b.id = a.up ORDER BY 1"),
                scene.rows("SELECT id, above FROM r ORDER BY 1"),
                "{statement} ({recursive})"
            );
            assert_eq!(
                scene.rows("SELECT id, w, up FROM t ORDER BY 1"),
                scene.rows("SELECT id, w, up FROM s ORDER BY 1"),
                "{statement} ({recursive})"
            );
        }
    }
}

/// One row goes with the first that is replaced, and nothing tells of the second: refused, and
/// both sides stay as they were.
#[test]
fn several_replaced_and_the_updated_row_among_them() {
    let scene = Scene::set(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT UNIQUE, m INT UNIQUE, up INT REFERENCES t (id) ON DELETE CASCADE);
         INSERT INTO t VALUES (1, 'a', 1, NULL), (2, 'b', 2, 1), (3, 'c', 3, NULL);",
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, k TEXT, m INT, up INT);
         INSERT INTO new.s (id, k, m, up) SELECT id, k, m, up FROM old.t;
         INSERT INTO old.t (id, k, m, up) SELECT id, k, m, up FROM new.s;",
    );
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    python.does("PRAGMA foreign_keys = 1");
    for (statement, refused) in [
        ("UPDATE OR REPLACE t SET k = 'c', m = 1 WHERE id = 2", true),
        ("UPDATE OR REPLACE t SET k = 'a', m = 3 WHERE id = 2", true),
        ("UPDATE OR REPLACE t SET k = 'a', m = 3 WHERE id = 3", false),
    ] {
        match python.attempt(statement) {
            Ok(_) => assert!(!refused || scene.rows("SELECT 1 FROM t").is_empty(), "{statement}"),
            Err(error) => assert!(refused && error.starts_with("cutover:"), "{statement}: {error}"),
        }
        assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true, "{statement}");
        assert_eq!(scene.rows("SELECT * FROM t"), scene.rows("SELECT * FROM s"), "{statement}");
    }
}

/// The image of a row that is replaced by one of the same key is updated: rows of other tables
/// that refer to it stay, its triggers see an UPDATE, and what only the mirror holds stays.
#[test]
fn an_image_is_updated_rather_than_made_anew() {
    for pragmas in 0..4 {
        let set = |python: &mut Python| {
            python.does(&format!("PRAGMA recursive_triggers = {}", pragmas & 1));
            python.does(&format!("PRAGMA foreign_keys = {}", pragmas >> 1));
        };
        let scene = Scene::set(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT, u TEXT UNIQUE);
             INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y');
             CREATE TABLE orders (id INTEGER PRIMARY KEY, client INTEGER REFERENCES t (id) ON DELETE CASCADE);
             INSERT INTO orders VALUES (10, 1), (11, 1), (12, 2);
             CREATE TABLE log (line TEXT);
             CREATE TRIGGER gone AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('gone ' || OLD.id); END;",
            "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT, u TEXT UNIQUE, extra TEXT DEFAULT 'e');
             INSERT INTO new.s (id, w, u) SELECT id, w, u FROM old.t;
             INSERT INTO old.t (id, w, u) SELECT id, w, u FROM new.s;",
        );
        scene.exits(0, "start FILE");
        scene.sql("UPDATE s SET extra = 'kept' WHERE id = 2");
        let mut python = scene.python();
        set(&mut python);
        python.does("DELETE FROM log");
        python.does("REPLACE INTO t VALUES (2, 'B', 'y'), (2, 'C', 'z')");
        python.does("UPDATE OR REPLACE t SET u = 'z' WHERE id = 2");
        assert_eq!(scene.rows("SELECT extra = 'kept' FROM s WHERE id = 2"), ["Integer(1)"]);
        python.does("INSERT OR IGNORE INTO orders VALUES (12, 2)");
        scene.exits(0, "advance --to write-new");
        scene.sql("DELETE FROM log");
        let mut python = scene.python();
        set(&mut python);
        python.does("REPLACE INTO s (id, w, u) VALUES (1, 'A', 'x'), (1, 'AA', 'q')");
        python.does("REPLACE INTO s (id, w, u) VALUES (2, 'BB', 'z')");
        assert_eq!(scene.rows("SELECT id FROM orders").len(), 3, "{pragmas}");
        assert_eq!(scene.rows("SELECT * FROM log"), Vec::<String>::new(), "{pragmas}");
        python.does("REPLACE INTO s (id, w, u) VALUES (3, 'C', 'z')");
        assert_eq!(scene.rows("SELECT line = 'gone 2' FROM log"), ["Integer(1)"], "{pragmas}");
        assert_eq!(
            scene.rows("SELECT id, w, u FROM t ORDER BY id"),
            scene.rows("SELECT id, w, u FROM s ORDER BY id")
        );
        assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
    }
}

/// Rows that a REPLACE of a new program removes by a column that no mapping reads.
#[test]
fn a_unique_column_that_is_not_carried() {
    for recursive in 0..2 {
        let scene = Scene::set(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');",
            "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT, tag TEXT UNIQUE);
             INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
             INSERT INTO old.t (id, w) SELECT id, w FROM new.s;",
        );
        scene.exits(0, "start FILE");
        let mut python = scene.python();
        python.does(&format!("PRAGMA recursive_triggers = {recursive}"));
        // Before it takes writes, the mirror lets none of its rows go so, nor by another id.
        python.does("UPDATE s SET tag = 'one' WHERE id = 1");
        for statement in [
            "UPDATE OR REPLACE s SET tag = 'one' WHERE id = 2",
            "UPDATE OR REPLACE s SET rowid = 2, w = 'b' WHERE id = 1",
            "UPDATE OR REPLACE s SET id = 2, w = 'b' WHERE id = 1",
        ] {
            assert!(python.fails(statement).starts_with("cutover:"), "{statement}");
        }
        scene.exits(0, "advance --to write-new");
        for statement in [
            "UPDATE OR REPLACE s SET tag = 'one' WHERE id = 2",
            "INSERT OR REPLACE INTO s VALUES (4, 'd', 'one')",
            "UPDATE OR REPLACE s SET oid = 3 WHERE id = 4",
        ] {
            python.does(statement);
            assert_eq!(
                scene.rows("SELECT id, w FROM t ORDER BY id"),
                scene.rows("SELECT id, w FROM s ORDER BY id"),
                "{statement}"
            );
        }
    }
}
