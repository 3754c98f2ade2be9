//! What may change under a table's name.

use crate::shapes::shape::{Shape, Way};

/// A table that changes its own shape, with writes that both shapes understand where nothing
/// else is given.
const PLAIN: Shape = Shape {
    schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT);
             INSERT INTO t VALUES (1, '1', 'x'), (2, '20', NULL), (3, '-3', 'z')",
    old: [
        "INSERT INTO t (a, b) VALUES ('4', 'v'), ('5', 'w'); DELETE FROM t WHERE id = 2",
        "UPDATE t SET a = '7' WHERE id = 1; REPLACE INTO t VALUES (3, '33', 'c')",
        "UPDATE t SET id = id + 10 WHERE id > 3",
    ],
    new: [
        ("INSERT INTO t (id, a) VALUES (50, '50')", "INSERT INTO t (id, a) VALUES (50, '50')"),
        (
            "UPDATE t SET b = 'y' WHERE id = 1; DELETE FROM t WHERE id = 3",
            "UPDATE t SET b = 'y' WHERE id = 1; DELETE FROM t WHERE id = 3",
        ),
    ],
    ..Shape::PLAIN
};

#[test]
fn another_type() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT);
                    INSERT INTO new.t (id, a, b) SELECT id, CAST(a AS INTEGER), b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, CAST(a AS TEXT), b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn not_null() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT);
                 INSERT INTO t VALUES (1, '1', 'x'), (2, '20', 'y'), (3, '-3', 'z')",
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a NOT NULL, b TEXT NOT NULL DEFAULT 'none');
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        new: [
            ("INSERT INTO t (id, a) VALUES (50, '50')", "INSERT INTO t (id, a, b) VALUES (50, '50', 'none')"),
            PLAIN.new[1],
        ],
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn a_check() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a, b TEXT, CONSTRAINT short CHECK (length(t.a) < 4 AND a <> ''));
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn a_renamed_column() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, amount, b TEXT);
                    INSERT INTO new.t (id, amount, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, amount, b FROM new.t;",
        new: [("INSERT INTO t (id, amount) VALUES (50, '50')", PLAIN.new[0].1), PLAIN.new[1]],
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

/// A column that another table keeps. The table itself has it no more.
#[test]
fn a_dropped_column_that_is_kept_elsewhere() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a);
                    CREATE TABLE new.t_notes (id INTEGER PRIMARY KEY REFERENCES t(id) ON DELETE CASCADE, b TEXT NOT NULL);
                    INSERT INTO new.t (id, a) SELECT id, a FROM old.t;
                    INSERT INTO new.t_notes (id, b) SELECT id, b FROM old.t WHERE b IS NOT NULL;
                    INSERT INTO old.t (id, a, b) SELECT t.id, t.a, n.b FROM new.t AS t LEFT JOIN new.t_notes AS n ON n.id = t.id;",
        new: [
            PLAIN.new[0],
            ("INSERT INTO t_notes VALUES (50, 'y'); DELETE FROM t WHERE id = 3", "UPDATE t SET b = 'y' WHERE id = 50; DELETE FROM t WHERE id = 3"),
        ],
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

/// A column that says what another one says.
#[test]
fn a_dropped_column_that_can_be_derived() {
    Shape {
        schema:
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT CHECK (b IS upper(a)));
                 INSERT INTO t VALUES (1, 'x', 'X'), (2, 'y', 'Y')",
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
                    INSERT INTO new.t (id, a) SELECT id, a FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, upper(a) FROM new.t;",
        old: [
            "INSERT INTO t VALUES (3, 'z', 'Z')",
            "UPDATE t SET a = 'ab', b = 'AB' WHERE id = 1",
            "DELETE FROM t WHERE id = 2",
        ],
        new: [
            ("INSERT INTO t VALUES (4, 'n')", "INSERT INTO t VALUES (4, 'n', 'N')"),
            ("UPDATE t SET a = a || 'm'", "UPDATE t SET a = a || 'm', b = b || 'M'"),
        ],
        ..Shape::PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn another_primary_key() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT);
                 INSERT INTO t VALUES (1, '1', 'x'), (2, '20', NULL), (3, '-3', 'z')",
        migration:
            "CREATE TABLE new.t (id INTEGER NOT NULL UNIQUE, a TEXT NOT NULL PRIMARY KEY, b TEXT);
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn a_unique_constraint() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a UNIQUE, b TEXT);
                    CREATE UNIQUE INDEX new.t_b ON t(b) WHERE b IS NOT NULL;
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn made_strict() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a ANY, b TEXT) STRICT;
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn made_without_rowid() {
    Shape {
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, a, b TEXT) WITHOUT ROWID;
                    INSERT INTO new.t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.t;",
        ..PLAIN
    }
    .goes_by(Way::InPlace);
}

/// Everything at once, on a table with a name that needs quoting, with indexes that keep
/// their names, statistics, and a bystander's foreign key.
#[test]
fn many_changes_at_once() {
    Shape {
        schema: r#"CREATE TABLE "my table" (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, "b c" TEXT DEFAULT 'x');
                   CREATE INDEX "by a" ON "my table"(a);
                   CREATE TABLE child (id INTEGER PRIMARY KEY, of INTEGER REFERENCES "my table"(id) ON DELETE CASCADE);
                   INSERT INTO "my table" (a) VALUES (1), (2), (3); INSERT INTO child (of) VALUES (1), (2), (2);
                   ANALYZE"#,
        migration: r#"CREATE TABLE new."my table" (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL, "b d" TEXT NOT NULL DEFAULT 'y',
                          twice TEXT AS (a || a), CHECK ("my table".a <> '')) STRICT;
                      CREATE INDEX new."by a" ON "my table"("b d", a DESC) WHERE a > '1';
                      INSERT INTO new."my table" (id, a, "b d") SELECT id, CAST(a AS TEXT), "b c" FROM old."my table";
                      INSERT INTO old."my table" (id, a, "b c") SELECT id, CAST(a AS INTEGER), "b d" FROM new."my table";"#,
        old: [
            r#"INSERT INTO "my table" (a) VALUES (9); DELETE FROM "my table" WHERE a = 2"#,
            r#"UPDATE "my table" SET "b c" = "b c" || a; INSERT INTO child (of) VALUES (3)"#,
            r#"DELETE FROM "my table" WHERE a = 3"#,
        ],
        new: [
            (r#"INSERT INTO "my table" (a, "b d") VALUES ('11', 'z')"#, r#"INSERT INTO "my table" (a, "b c") VALUES (11, 'z')"#),
            (r#"DELETE FROM "my table" WHERE twice = '11'"#, r#"DELETE FROM "my table" WHERE a = 1"#),
        ],
        bystanders: &["child"],
        ..Shape::PLAIN
    }
    .goes_by(Way::InPlace);
}

/// A REPLACE puts a row under another new key where its old key stays: what goes must be gone
/// before what comes.
#[test]
fn another_primary_key_and_rows_that_replace() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT UNIQUE);
                 INSERT INTO t VALUES (1, '1', 'x'), (2, '20', NULL), (3, '-3', 'z'), (4, 'd', 'v')",
        migration: "CREATE TABLE new.@t (id INTEGER NOT NULL UNIQUE, a TEXT NOT NULL PRIMARY KEY, b TEXT UNIQUE);
                    INSERT INTO new.@t (id, a, b) SELECT id, a, b FROM old.t;
                    INSERT INTO old.t (id, a, b) SELECT id, a, b FROM new.@t;",
        old: [
            "REPLACE INTO t VALUES (3, 'e', 'z'); REPLACE INTO t VALUES (4, '1', 'z')",
            "UPDATE OR REPLACE t SET id = 2 WHERE a = '1'; INSERT INTO t VALUES (2, 'q', NULL) ON CONFLICT (id) DO UPDATE SET a = 'q'",
            "INSERT INTO t VALUES (7, '7', '7'), (8, '8', '8'); UPDATE OR REPLACE t SET a = '7', b = 'z' WHERE id = 8",
        ],
        new: [
            ("INSERT INTO @t VALUES (9, '9', '9'), (10, '10', '10'); REPLACE INTO @t VALUES (9, '10', '11')",
             "INSERT INTO t VALUES (9, '9', '9'), (10, '10', '10'); REPLACE INTO t VALUES (9, '10', '11')"),
            ("UPDATE OR REPLACE @t SET id = 9 WHERE a = '7'", "UPDATE OR REPLACE t SET id = 9 WHERE a = '7'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}
