//! Generated columns, collations, defaults, checks, indexes, STRICT.

use crate::shapes::shape::Shape;

#[test]
fn generated_columns() {
    Shape {
        schema: "CREATE TABLE goods (
                     id INTEGER PRIMARY KEY, cents INTEGER NOT NULL, name TEXT,
                     euros REAL GENERATED ALWAYS AS (cents / 100.0) STORED,
                     label TEXT AS (upper(name)) VIRTUAL);
                 CREATE INDEX goods_label ON goods(label);
                 INSERT INTO goods (cents, name) VALUES (100, 'pen'), (250, NULL), (-1, 'ß')",
        migration: "CREATE TABLE new.@goods (
                        id INTEGER PRIMARY KEY, cents INTEGER NOT NULL, title TEXT,
                        gross AS (cents * 119 / 100) STORED, short TEXT AS (substr(title, 1, 2)));
                    CREATE INDEX new.@goods_short ON @goods(short);
                    INSERT INTO new.@goods (id, cents, title) SELECT id, cents, name FROM old.goods;
                    INSERT INTO old.goods (id, cents, name) SELECT id, cents, title FROM new.@goods;",
        old: [
            "INSERT INTO goods (cents, name) VALUES (7, 'ink') RETURNING euros, label",
            "UPDATE goods SET cents = cents * 2 WHERE euros > 1; UPDATE goods SET name = label WHERE label = 'PEN'",
            "DELETE FROM goods WHERE label IS NULL",
        ],
        new: [
            ("INSERT INTO @goods (cents, title) VALUES (5, 'paper')", "INSERT INTO goods (cents, name) VALUES (5, 'paper')"),
            ("UPDATE @goods SET title = short WHERE gross > 5", "UPDATE goods SET name = substr(name, 1, 2) WHERE cents * 119 / 100 > 5"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// A generated column may be read by the mapping, and become an ordinary one.
#[test]
fn a_generated_column_that_becomes_an_ordinary_one() {
    Shape {
        schema: "CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, host TEXT AS (substr(mail, instr(mail, char(64)) + 1)) STORED);
                 INSERT INTO people (mail) VALUES ('a' || char(64) || 'x'), ('b' || char(64) || 'y')",
        // The backward mapping gives what is stored; what is generated from it comes by itself.
        migration: "CREATE TABLE new.@people (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, domain TEXT);
                    INSERT INTO new.@people (id, mail, domain) SELECT id, mail, host FROM old.people;
                    INSERT INTO old.people (id, mail) SELECT id, mail FROM new.@people;",
        old: [
            "INSERT INTO people (mail) VALUES ('c' || char(64) || 'z')",
            "UPDATE people SET mail = 'b' || char(64) || 'w' WHERE host = 'y'",
            "DELETE FROM people WHERE host = 'x'",
        ],
        new: [
            ("INSERT INTO @people (mail, domain) VALUES ('d' || char(64) || 'v', 'v')", "INSERT INTO people (mail) VALUES ('d' || char(64) || 'v')"),
            ("DELETE FROM @people WHERE domain = 'z'", "DELETE FROM people WHERE host = 'z'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn a_nocase_key_and_other_collations() {
    Shape {
        schema: "CREATE TABLE tags (tag TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, note TEXT COLLATE RTRIM, UNIQUE (note));
                 INSERT INTO tags VALUES ('Red', 'a'), ('blue', 'b  '), ('GREEN', NULL)",
        migration: "CREATE TABLE new.@tags (name TEXT COLLATE NOCASE NOT NULL PRIMARY KEY, remark TEXT COLLATE RTRIM UNIQUE);
                    INSERT INTO new.@tags (name, remark) SELECT tag, note FROM old.tags;
                    INSERT INTO old.tags (tag, note) SELECT name, remark FROM new.@tags;",
        old: [
            "UPDATE tags SET tag = 'RED' WHERE tag = 'red'; REPLACE INTO tags VALUES ('BLUE', 'bb')",
            "INSERT OR IGNORE INTO tags VALUES ('rEd', 'x'), ('pink', 'a   '), ('teal', 't'); UPDATE tags SET note = 'a  ' WHERE note = 'a'",
            "UPDATE OR REPLACE tags SET note = 'a' WHERE tag = 'TEAL'; UPDATE tags SET tag = lower(tag)",
        ],
        new: [
            ("REPLACE INTO @tags VALUES ('GREEN', 'g')", "REPLACE INTO tags VALUES ('GREEN', 'g')"),
            ("UPDATE @tags SET name = upper(name), remark = remark || ' '", "UPDATE tags SET tag = upper(tag), note = note || ' '"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn partial_and_expression_indexes() {
    Shape {
        schema: "CREATE TABLE jobs (id INTEGER PRIMARY KEY, slot TEXT, done INTEGER NOT NULL, doc TEXT);
                 CREATE UNIQUE INDEX jobs_slot ON jobs(slot) WHERE done = 0;
                 CREATE INDEX jobs_kind ON jobs(json_extract(doc, '$.kind'), lower(slot) DESC);
                 INSERT INTO jobs VALUES (1, 'a', 0, '{\"kind\":1}'), (2, 'a', 1, NULL), (3, 'a', 1, '{}'), (4, 'b', 0, '[]')",
        migration: "CREATE TABLE new.@jobs (id INTEGER PRIMARY KEY, place TEXT, done INTEGER NOT NULL, doc TEXT);
                    CREATE UNIQUE INDEX new.@jobs_slot ON @jobs(place) WHERE done = 0;
                    CREATE INDEX new.@jobs_kind ON @jobs(json_extract(doc, '$.kind'), lower(place) DESC);
                    INSERT INTO new.@jobs (id, place, done, doc) SELECT id, slot, done, doc FROM old.jobs;
                    INSERT INTO old.jobs (id, slot, done, doc) SELECT id, place, done, doc FROM new.@jobs;",
        old: [
            "REPLACE INTO jobs VALUES (5, 'a', 0, '{\"kind\":2}')",
            "UPDATE jobs SET done = 1 WHERE id = 5; INSERT INTO jobs VALUES (6, 'a', 0, NULL); INSERT OR IGNORE INTO jobs VALUES (7, 'a', 0, NULL)",
            "UPDATE OR REPLACE jobs SET done = 0 WHERE id = 3",
        ],
        new: [
            ("REPLACE INTO @jobs VALUES (8, 'b', 0, '{}')", "REPLACE INTO jobs VALUES (8, 'b', 0, '{}')"),
            ("UPDATE OR REPLACE @jobs SET done = 0 WHERE id = 5", "UPDATE OR REPLACE jobs SET done = 0 WHERE id = 5"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn unique_indexes_over_expressions_and_with_a_collation() {
    Shape {
        schema: "CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT, code TEXT);
                 CREATE UNIQUE INDEX tags_word ON tags(lower(word));
                 CREATE UNIQUE INDEX tags_code ON tags(code COLLATE NOCASE) WHERE id > 0;
                 INSERT INTO tags VALUES (1, 'One', 'a'), (2, 'Two', 'b'), (3, 'Three', 'c'), (4, NULL, NULL)",
        migration: "CREATE TABLE new.@tags (id INTEGER PRIMARY KEY, term TEXT, code TEXT);
                    CREATE UNIQUE INDEX new.@tags_word ON @tags(lower(term));
                    CREATE UNIQUE INDEX new.@tags_code ON @tags(code COLLATE NOCASE) WHERE id > 0;
                    INSERT INTO new.@tags (id, term, code) SELECT id, word, code FROM old.tags;
                    INSERT INTO old.tags (id, word, code) SELECT id, term, code FROM new.@tags;",
        old: [
            "REPLACE INTO tags VALUES (5, 'ONE', 'd'); INSERT OR IGNORE INTO tags VALUES (6, 'two', 'e')",
            "UPDATE OR REPLACE tags SET code = 'B' WHERE id = 5; INSERT INTO tags VALUES (7, 'seven', 'A')",
            "UPDATE OR REPLACE tags SET word = 'THREE' WHERE id = 7; UPDATE tags SET word = upper(word)",
        ],
        new: [
            ("REPLACE INTO @tags VALUES (8, 'three', 'f')", "REPLACE INTO tags VALUES (8, 'three', 'f')"),
            ("UPDATE OR REPLACE @tags SET code = 'F' WHERE id = 5", "UPDATE OR REPLACE tags SET code = 'F' WHERE id = 5"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn strict() {
    Shape {
        schema: "CREATE TABLE m (id INTEGER PRIMARY KEY, i INT, r REAL, t TEXT, b BLOB, a ANY) STRICT;
                 INSERT INTO m VALUES (1, 1, 1, '1', x'31', '1'), (2, NULL, 2.5, 'x', x'', 1.0), (3, '7', '7', 7, NULL, x'00')",
        migration: "CREATE TABLE new.@m (id INTEGER PRIMARY KEY, int INT, real REAL, text TEXT, blob BLOB, any ANY) STRICT;
                    INSERT INTO new.@m (id, int, real, text, blob, any) SELECT id, i, r, t, b, a FROM old.m;
                    INSERT INTO old.m (id, i, r, t, b, a) SELECT id, int, real, text, blob, any FROM new.@m;",
        old: [
            "INSERT INTO m (i, r, t, b, a) VALUES ('12', 3, 4, x'00', '007')",
            "UPDATE m SET a = CAST(a AS BLOB), r = r + 1; INSERT INTO m (a) VALUES (9e999), (9223372036854775807)",
            "UPDATE m SET i = i * 2, t = t || t WHERE id < 3; DELETE FROM m WHERE id = 3",
        ],
        new: [
            ("INSERT INTO @m (int, any) VALUES (5, 5.0), (6, '6')", "INSERT INTO m (i, a) VALUES (5, 5.0), (6, '6')"),
            ("UPDATE @m SET any = int, real = int", "UPDATE m SET a = i, r = i"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn defaults_and_checks() {
    Shape {
        schema: "CREATE TABLE orders (
                     id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'paid', 'sent')),
                     pieces INTEGER NOT NULL DEFAULT (1 + 1) CHECK (pieces > 0), made TEXT DEFAULT CURRENT_TIMESTAMP,
                     note DEFAULT x'00', CHECK (state <> 'sent' OR pieces < 100));
                 INSERT INTO orders (id, made) VALUES (1, '2020-01-01'), (2, NULL)",
        migration: "CREATE TABLE new.@orders (
                        id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'sent')),
                        pieces INTEGER NOT NULL DEFAULT (1 + 1) CHECK (pieces > 0), made TEXT DEFAULT CURRENT_TIMESTAMP,
                        note DEFAULT x'00', CHECK (status <> 'sent' OR pieces < 100));
                    INSERT INTO new.@orders (id, status, pieces, made, note) SELECT id, state, pieces, made, note FROM old.orders;
                    INSERT INTO old.orders (id, state, pieces, made, note) SELECT id, status, pieces, made, note FROM new.@orders;",
        old: [
            "INSERT INTO orders (made) VALUES ('now'); INSERT OR IGNORE INTO orders (pieces, made) VALUES (0, 'never')",
            "INSERT INTO orders (made, state) VALUES (1, 'paid') RETURNING id, state, pieces, note; UPDATE OR IGNORE orders SET pieces = 100, state = 'sent'",
            "UPDATE orders SET state = 'sent' WHERE pieces < 100",
        ],
        new: [
            ("INSERT INTO @orders (made) VALUES ('later')", "INSERT INTO orders (made) VALUES ('later')"),
            ("UPDATE @orders SET pieces = pieces * 2", "UPDATE orders SET pieces = pieces * 2"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// A REPLACE by a value that no statement names.
#[test]
fn a_unique_generated_column() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, low TEXT AS (lower(mail)), n INTEGER, twice AS (n * 2) STORED, UNIQUE (twice));
                 CREATE UNIQUE INDEX t_low ON t(low);
                 INSERT INTO t (id, mail, n) VALUES (1, 'Ada', 1), (2, 'Bob', 2), (3, NULL, NULL)",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, address TEXT, low TEXT AS (lower(address)), n INTEGER, twice AS (n * 2) STORED, UNIQUE (twice));
                    CREATE UNIQUE INDEX new.@t_low ON @t(low);
                    INSERT INTO new.@t (id, address, n) SELECT id, mail, n FROM old.t;
                    INSERT INTO old.t (id, mail, n) SELECT id, address, n FROM new.@t;",
        old: [
            "REPLACE INTO t (id, mail, n) VALUES (4, 'ADA', 9)",
            "INSERT OR IGNORE INTO t (mail, n) VALUES ('bob', 10), ('Cy', 2), ('Di', 4); REPLACE INTO t (id, mail, n) VALUES (9, 'bOB', 4)",
            "UPDATE OR REPLACE t SET mail = 'CY' WHERE id = 9; UPDATE OR REPLACE t SET n = 9 WHERE id = 9",
        ],
        new: [
            ("REPLACE INTO @t (id, address, n) VALUES (20, 'cy', 30)", "REPLACE INTO t (id, mail, n) VALUES (20, 'cy', 30)"),
            ("INSERT INTO @t (id, address, n) VALUES (21, 'x', 40); UPDATE OR REPLACE @t SET n = 30 WHERE id = 21",
             "INSERT INTO t (id, mail, n) VALUES (21, 'x', 40); UPDATE OR REPLACE t SET n = 30 WHERE id = 21"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Constraints that say themselves what a conflict does.
#[test]
fn constraints_with_a_conflict_clause() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT UNIQUE ON CONFLICT REPLACE,
                     b TEXT UNIQUE ON CONFLICT IGNORE, c INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 7);
                 INSERT INTO t VALUES (1, 'a', 'x', 1), (2, 'b', 'y', NULL), (3, NULL, NULL, 3)",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT UNIQUE ON CONFLICT REPLACE,
                        d TEXT UNIQUE ON CONFLICT IGNORE, c INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 7);
                    INSERT INTO new.@t (id, a, d, c) SELECT id, a, b, c FROM old.t;
                    INSERT INTO old.t (id, a, b, c) SELECT id, a, d, c FROM new.@t;",
        old: [
            "INSERT INTO t VALUES (4, 'a', 'z', 4); INSERT INTO t VALUES (5, 'e', 'y', 5), (3, 'f', 'w', NULL)",
            "UPDATE t SET a = 'b' WHERE id = 4; UPDATE t SET b = 'w'; UPDATE t SET id = 3 WHERE id = 4",
            "INSERT INTO t VALUES (10, 'j', 'j', 1), (11, 'k', 'k', 1); INSERT INTO t VALUES (10, 'k', 'l', NULL)",
        ],
        new: [
            ("INSERT INTO @t VALUES (10, 'm', 'm', NULL), (12, 'm', 'n', 1), (13, 'o', 'n', 1)",
             "INSERT INTO t VALUES (10, 'm', 'm', NULL), (12, 'm', 'n', 1), (13, 'o', 'n', 1)"),
            ("UPDATE @t SET id = 3 WHERE id = 12", "UPDATE t SET id = 3 WHERE id = 12"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}
