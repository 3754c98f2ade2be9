//! What a table may be told apart by.

use crate::shapes::shape::Shape;

#[test]
fn a_compound_key() {
    Shape {
        schema: "CREATE TABLE seats (hall TEXT NOT NULL, no INTEGER NOT NULL, guest TEXT, PRIMARY KEY (hall, no));
                 INSERT INTO seats VALUES ('a', 1, 'Ada'), ('a', 2, NULL), ('b', 1, 'Bob')",
        migration: "CREATE TABLE new.@seats (room TEXT NOT NULL, seat INTEGER NOT NULL, person TEXT, PRIMARY KEY (room, seat));
                    INSERT INTO new.@seats (room, seat, person) SELECT hall, no, guest FROM old.seats;
                    INSERT INTO old.seats (hall, no, guest) SELECT room, seat, person FROM new.@seats;",
        old: [
            "INSERT INTO seats VALUES ('b', 2, 'Bea'); UPDATE seats SET guest = 'Al' WHERE hall = 'a'; SELECT changes()",
            "UPDATE seats SET no = no + 10 WHERE hall = 'a'; REPLACE INTO seats VALUES ('b', 1, 'Ben')",
            "UPDATE OR REPLACE seats SET hall = 'b', no = 2 WHERE no = 11; DELETE FROM seats WHERE hall = 'a'",
        ],
        new: [
            ("INSERT INTO @seats VALUES ('c', 1, 'Cy'), ('c', 2, 'Cem')", "INSERT INTO seats VALUES ('c', 1, 'Cy'), ('c', 2, 'Cem')"),
            ("UPDATE @seats SET seat = seat + 5; DELETE FROM @seats WHERE person = 'Cy'",
             "UPDATE seats SET no = no + 5; DELETE FROM seats WHERE guest = 'Cy'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn a_text_key() {
    Shape {
        schema: "CREATE TABLE words (word TEXT PRIMARY KEY NOT NULL, n INTEGER);
                 INSERT INTO words VALUES ('', 0), ('one', 1), ('Zwölf', 12), ('a' || char(0) || 'b', 3)",
        migration: "CREATE TABLE new.@words (term TEXT PRIMARY KEY NOT NULL, hits INTEGER);
                    INSERT INTO new.@words (term, hits) SELECT word, n FROM old.words;
                    INSERT INTO old.words (word, n) SELECT term, hits FROM new.@words;",
        old: [
            "UPDATE words SET word = word || '!' WHERE n > 0; INSERT INTO words VALUES (7, 7)",
            "INSERT OR REPLACE INTO words VALUES ('', NULL); INSERT OR IGNORE INTO words VALUES ('one!', 9)",
            "INSERT INTO words VALUES ('one!', 2) ON CONFLICT (word) DO UPDATE SET n = n + 1 RETURNING n",
        ],
        new: [
            ("INSERT INTO @words VALUES ('two', 2); UPDATE @words SET term = 'ONE' WHERE term = 'one!'",
             "INSERT INTO words VALUES ('two', 2); UPDATE words SET word = 'ONE' WHERE word = 'one!'"),
            ("DELETE FROM @words WHERE hits IS NULL", "DELETE FROM words WHERE n IS NULL"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// SQLite lets NULL into a PRIMARY KEY that is not declared NOT NULL, as often as one likes.
#[test]
fn a_text_key_that_may_be_null() {
    Shape {
        schema: "CREATE TABLE words (word TEXT PRIMARY KEY, n INTEGER); INSERT INTO words VALUES ('one', 1), (NULL, 0)",
        migration: "CREATE TABLE new.@words (term TEXT PRIMARY KEY, hits INTEGER);
                    INSERT INTO new.@words (term, hits) SELECT word, n FROM old.words;
                    INSERT INTO old.words (word, n) SELECT term, hits FROM new.@words;",
        old: [
            "UPDATE words SET n = n + 1",
            "UPDATE words SET word = 'null' WHERE word IS NULL; INSERT INTO words VALUES ('two', 2)",
            "UPDATE words SET word = NULL WHERE word = 'two'; DELETE FROM words WHERE word = 'null'",
        ],
        new: [
            ("UPDATE @words SET hits = 7 WHERE term IS NULL", "UPDATE words SET n = 7 WHERE word IS NULL"),
            ("UPDATE @words SET term = 'x' WHERE term IS NULL", "UPDATE words SET word = 'x' WHERE word IS NULL"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Of several, one that can't be NULL tells the rows apart, wherever it stands.
#[test]
fn several_unique_keys_some_of_which_may_be_null() {
    Shape {
        schema: "CREATE TABLE t (a TEXT, c REAL, id INT NOT NULL, v, UNIQUE (a), UNIQUE (c, a), UNIQUE (id), PRIMARY KEY (c));
                 INSERT INTO t VALUES (NULL, 1.5, 2, 'x'), (NULL, NULL, 6, 'y'), (NULL, NULL, 5, 'y'), ('a', 2.5, 9, NULL)",
        migration: "CREATE TABLE new.@t (c REAL PRIMARY KEY, a TEXT UNIQUE, id INT NOT NULL, w, UNIQUE (c, a), UNIQUE (id));
                    INSERT INTO new.@t (a, c, id, w) SELECT a, c, id, v FROM old.t;
                    INSERT INTO old.t (a, c, id, v) SELECT a, c, id, w FROM new.@t;",
        old: [
            "UPDATE t SET c = NULL WHERE id = 2; INSERT INTO t VALUES (NULL, NULL, 1, 'z')",
            "UPDATE t SET id = 20 WHERE id = 2; UPDATE t SET c = 1.5, v = 'new' WHERE id = 6",
            "UPDATE t SET c = NULL, a = NULL; DELETE FROM t WHERE id = 5; UPDATE t SET v = id",
        ],
        new: [
            ("UPDATE @t SET w = 'w' WHERE id > 6; INSERT INTO @t VALUES (NULL, NULL, 7, 'w')",
             "UPDATE t SET v = 'w' WHERE id > 6; INSERT INTO t VALUES (NULL, NULL, 7, 'w')"),
            ("UPDATE @t SET id = -id; DELETE FROM @t WHERE id = -1", "UPDATE t SET id = -id; DELETE FROM t WHERE id = -1"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn a_blob_key() {
    Shape {
        schema: "CREATE TABLE chunks (hash BLOB PRIMARY KEY NOT NULL, body BLOB);
                 INSERT INTO chunks VALUES (x'', x'00'), (x'00ff', NULL), (x'616263', 'text')",
        migration: "CREATE TABLE new.@chunks (digest BLOB PRIMARY KEY NOT NULL, bytes BLOB, size INTEGER);
                    INSERT INTO new.@chunks (digest, bytes, size) SELECT hash, body, length(body) FROM old.chunks;
                    INSERT INTO old.chunks (hash, body) SELECT digest, bytes FROM new.@chunks;",
        old: [
            "INSERT INTO chunks VALUES ('abc', 1.5), (x'0000', x'00')",
            "UPDATE chunks SET hash = hash || x'01' WHERE typeof(hash) = 'text'; DELETE FROM chunks WHERE hash = x''",
            "REPLACE INTO chunks VALUES (x'00ff', zeroblob(100))",
        ],
        new: [
            ("INSERT INTO @chunks VALUES (x'ffff', x'01', 1)", "INSERT INTO chunks VALUES (x'ffff', x'01')"),
            ("UPDATE @chunks SET digest = x'fffe' WHERE digest = x'ffff'; DELETE FROM @chunks WHERE digest = 'abc'",
             "UPDATE chunks SET hash = x'fffe' WHERE hash = x'ffff'; DELETE FROM chunks WHERE hash = 'abc'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn an_int_key_that_is_not_the_rowid() {
    Shape {
        schema: "CREATE TABLE t (id INT PRIMARY KEY NOT NULL, v); INSERT INTO t VALUES (3, 'c'), (1, 'a'), (-5, NULL)",
        migration: "CREATE TABLE new.@t (id INT PRIMARY KEY NOT NULL, value);
                    INSERT INTO new.@t (id, value) SELECT id, v FROM old.t;
                    INSERT INTO old.t (id, v) SELECT id, value FROM new.@t;",
        old: [
            "INSERT INTO t VALUES (10, 'x'); UPDATE t SET id = id - 100 WHERE id = 3",
            "UPDATE t SET id = -id; SELECT changes()",
            "DELETE FROM t WHERE id = 97",
        ],
        new: [
            ("INSERT INTO @t VALUES (12, 12)", "INSERT INTO t VALUES (12, 12)"),
            ("UPDATE @t SET id = id * 2", "UPDATE t SET id = id * 2"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn without_rowid() {
    Shape {
        schema: "CREATE TABLE kv (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID;
                 INSERT INTO kv VALUES ('a', 1), ('B', 2)",
        migration:
            "CREATE TABLE new.@kv (key TEXT COLLATE NOCASE PRIMARY KEY, value) WITHOUT ROWID;
                    INSERT INTO new.@kv (key, value) SELECT k, v FROM old.kv;
                    INSERT INTO old.kv (k, v) SELECT key, value FROM new.@kv;",
        old: [
            "INSERT INTO kv VALUES ('c', x'00'); REPLACE INTO kv VALUES ('A', 'one')",
            "UPDATE kv SET k = upper(k); UPDATE kv SET v = v || '!' WHERE k = 'b'",
            "DELETE FROM kv WHERE k = 'c'; INSERT OR IGNORE INTO kv VALUES ('b', 3), ('d', 4)",
        ],
        new: [
            ("REPLACE INTO @kv VALUES ('D', 44)", "REPLACE INTO kv VALUES ('D', 44)"),
            ("UPDATE @kv SET key = key || key", "UPDATE kv SET k = k || k"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// The rowid itself is no column: a UNIQUE constraint does for a key.
#[test]
fn a_unique_constraint_for_a_key() {
    Shape {
        schema: "CREATE TABLE users (mail TEXT NOT NULL UNIQUE, name TEXT);
                 INSERT INTO users VALUES ('a@example.org', 'Ada'), ('b@example.org', 'Bob')",
        migration: "CREATE TABLE new.@users (mail TEXT NOT NULL UNIQUE, label TEXT);
                    INSERT INTO new.@users (mail, label) SELECT mail, name FROM old.users;
                    INSERT INTO old.users (mail, name) SELECT mail, label FROM new.@users;",
        old: [
            "INSERT INTO users VALUES ('c', 'Cy'); REPLACE INTO users VALUES ('c', 'Cem')",
            "UPDATE users SET mail = mail || '.net', name = NULL",
            "DELETE FROM users WHERE mail LIKE 'a%'",
        ],
        new: [
            ("INSERT INTO @users VALUES ('d', 'Di')", "INSERT INTO users VALUES ('d', 'Di')"),
            ("UPDATE @users SET mail = mail || '!'", "UPDATE users SET mail = mail || '!'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Historically no other name of the rowid, so NULL does not make a new id.
#[test]
fn an_integer_key_in_descending_order() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, v); INSERT INTO t VALUES (1, 'a'), (NULL, 'b'), (2, 'c')",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY DESC, w);
                    INSERT INTO new.@t (id, w) SELECT id, v FROM old.t;
                    INSERT INTO old.t (id, v) SELECT id, w FROM new.@t;",
        old: ["INSERT INTO t VALUES (7, 'x')", "UPDATE t SET id = id + 10", "REPLACE INTO t VALUES (12, 'y')"],
        new: [
            ("INSERT INTO @t VALUES (9, 'z')", "INSERT INTO t VALUES (9, 'z')"),
            ("DELETE FROM @t WHERE id IS NULL", "DELETE FROM t WHERE id IS NULL"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// A compound key of mixed orders and collations, in a table that is its own index.
#[test]
fn a_compound_key_without_rowid() {
    Shape {
        schema: "CREATE TABLE t (a TEXT COLLATE NOCASE, b INTEGER NOT NULL, c BLOB, v, PRIMARY KEY (c DESC, a, b)) WITHOUT ROWID;
                 CREATE INDEX t_v ON t(v, b DESC);
                 INSERT INTO t VALUES ('x', 1, x'00', 1), ('y', 1, x'00', 2), ('x', 2, 'c', 3)",
        migration: "CREATE TABLE new.@t (a TEXT COLLATE NOCASE, b INTEGER NOT NULL, c BLOB, w, PRIMARY KEY (c DESC, a, b)) WITHOUT ROWID;
                    CREATE INDEX new.@t_v ON @t(w, b DESC);
                    INSERT INTO new.@t (a, b, c, w) SELECT a, b, c, v FROM old.t;
                    INSERT INTO old.t (a, b, c, v) SELECT a, b, c, w FROM new.@t;",
        old: [
            "INSERT OR IGNORE INTO t VALUES ('X', 1, x'00', 9), ('z', 0, '', 4); REPLACE INTO t VALUES ('Y', 1, x'00', 22)",
            "UPDATE t SET b = b + 1; UPDATE t SET a = upper(a) WHERE v = 3",
            "DELETE FROM t WHERE a = 'Z' COLLATE NOCASE",
        ],
        new: [
            ("REPLACE INTO @t VALUES ('x', 3, 'c', 33)", "REPLACE INTO t VALUES ('x', 3, 'c', 33)"),
            ("UPDATE @t SET c = x'ff' WHERE w = 33", "UPDATE t SET c = x'ff' WHERE v = 33"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn three_hundred_columns() {
    let list = |of: &dyn Fn(u32) -> String| (0..300).map(of).collect::<Vec<_>>().join(", ");
    let (old, new) = (list(&|n| format!("c{n}")), list(&|n| format!("n{n}")));
    let schema = format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, {old});
         INSERT INTO t (id, c0, c299) VALUES (1, 'first', 'last'), (2, NULL, 7)"
    );
    let migration = format!(
        "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, {new});
         INSERT INTO new.@t (id, {new}) SELECT id, {old} FROM old.t;
         INSERT INTO old.t (id, {old}) SELECT id, {new} FROM new.@t;"
    );
    Shape {
        schema: schema.leak(),
        migration: migration.leak(),
        old: [
            "UPDATE t SET c150 = 'x'",
            "INSERT INTO t (c299) VALUES (5)",
            "DELETE FROM t WHERE id = 2",
        ],
        new: [
            ("INSERT INTO @t (n7) VALUES (7)", "INSERT INTO t (c7) VALUES (7)"),
            ("UPDATE @t SET n299 = n0", "UPDATE t SET c299 = c0"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}
