//! What a file may hold, and what is made of it.

use super::*;
use crate::phase::{Direction, Side};
use crate::tree::Expr;

#[test]
fn a_whole_file() {
    let migration = accepted(SPLIT_ADDRESS);
    assert_eq!(migration.name(), "m");
    assert_eq!(migration.text(), SPLIT_ADDRESS);
    assert_eq!(migration.hash(), blake3::hash(SPLIT_ADDRESS.as_bytes()).to_hex().as_str());

    let tables: Vec<(&str, &str)> =
        migration.tables.iter().map(|table| (&*table.name, &*table.sql)).collect();
    assert_eq!(
        tables,
        [
            ("customers", "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"),
            (
                "addresses",
                "CREATE TABLE addresses (\n    customer_id INTEGER PRIMARY KEY REFERENCES \
                 customers(id), street TEXT, city TEXT)"
            ),
        ]
    );
    let index = &migration.indexes[0];
    assert_eq!((&*index.name, &*index.table), ("by_city", "addresses"));
    assert_eq!(index.sql, "CREATE INDEX by_city ON addresses(city) WHERE city IS NOT NULL");
    assert_eq!(index.at, Location { line: 5, column: 1 });

    let forward: Vec<&str> =
        migration.direction(Direction::Forward).map(|mapping| &*mapping.target).collect();
    assert_eq!(forward, ["customers", "addresses"]);
    let backward: Vec<_> = migration.direction(Direction::Backward).collect();
    assert_eq!((backward.len(), backward[0].side()), (1, Side::Old));
    assert_eq!(backward[0].columns, ["id", "name", "street", "city"]);
    assert_eq!(backward[0].at, Location { line: 13, column: 1 });
    assert_eq!(backward[0].locate("a"), Location { line: 14, column: 22 });
}

/// The engine is given the SELECT as written: names without the positions that
/// the reader checks them by.
#[test]
fn a_select_is_as_written() {
    let migration = parse(SPLIT_ADDRESS).unwrap();
    assert_eq!(
        printed::select(&migration.mappings[2].select).unwrap(),
        "SELECT c.id, c.name, a.street, a.city FROM new.customers AS c LEFT JOIN new.addresses \
         AS a ON a.customer_id = c.id"
    );
}

#[test]
fn scope_comments() {
    let scope = |above: &str| {
        let text = SPLIT_ADDRESS.replace("-- scope: customer_id", above);
        parse(&text).unwrap().mappings[1].scope.clone()
    };
    assert_eq!(scope(""), None);
    assert_eq!(scope("-- the scope is the customer: a prose comment"), None);
    assert_eq!(scope("/* scope: city */"), None, "only line comments are read");
    assert_eq!(scope("-- scope: CITY, \"street\""), Some(vec!["city".into(), "street".into()]));
    assert_eq!(scope("--SCOPE :customer_id\n\n-- more"), Some(vec!["customer_id".into()]));
}

#[test]
fn names_may_be_quoted_in_any_way_and_written_in_any_case() {
    let text = "CREATE TABLE \"new\" . /* here */ [My Table] (\"a \"\"b\" INT PRIMARY KEY, `key` INT);\n\
                create unique index NEW.`the index` on [my table] (key);\n\
                insert into New.\"my table\" (\"A \"\"B\", key) select \"a\", [key] from OLD.[o];\n\
                INSERT INTO old.o (a, key) SELECT \"a \"\"b\", key FROM new.[MY TABLE]";
    let migration = accepted(text);
    assert_eq!(migration.tables[0].name, "My Table");
    assert_eq!(
        migration.tables[0].sql,
        "CREATE TABLE [My Table] (\"a \"\"b\" INT PRIMARY KEY, `key` INT)"
    );
    assert_eq!(migration.indexes[0].name, "the index");
    assert_eq!(migration.mappings[0].columns, ["A \"B", "key"]);
    assert_eq!(migration.mappings[0].locate("a \"b"), Location { line: 3, column: 29 });
}

#[test]
fn a_byte_order_mark_is_not_in_the_way() {
    let text = format!("\u{feff}{SPLIT_ADDRESS}");
    let migration = accepted(&text);
    assert_eq!(migration.tables[0].at, Location { line: 2, column: 1 });
    assert_eq!(migration.text(), text);
}

#[test]
fn columns_count_characters_and_lines_end_in_any_way() {
    let text = format!("{TABLE}INSERT INTO new.t (id, a)\r\nSELECT 'äöü€😀', x FROM »users");
    refused(&text, "`users` does not say which side it is on", "write old.users");
}

#[test]
fn selects() {
    for select in [
        "SELECT id, a FROM old.o",
        "SELECT DISTINCT id, a FROM old.o WHERE a LIKE 'x%' ESCAPE '!' OR a GLOB '*'",
        "SELECT id, max(a) FROM old.o GROUP BY id HAVING count(*) > 1",
        "SELECT id, a FROM old.o UNION ALL SELECT id, a FROM old.p EXCEPT SELECT 1, a FROM old.p",
        "WITH x AS (SELECT * FROM old.o), y (id, a) AS (SELECT id, a FROM x) SELECT id, a FROM y",
        "WITH x AS (SELECT id, a FROM y), y AS (SELECT id, a FROM old.o) SELECT id, a FROM x",
        "SELECT id, (WITH x AS (SELECT a FROM old.p) SELECT max(a) FROM x) FROM old.o",
        "WITH RECURSIVE x AS (SELECT * FROM old.o) SELECT id, a FROM x",
        "WITH RECURSIVE x (id, a) AS (SELECT id, a FROM old.o UNION SELECT x.id, p.a FROM old.p AS p JOIN x ON x.id = p.id) SELECT id, a FROM x",
        "SELECT id, a FROM (WITH RECURSIVE x (id, a) AS (SELECT id, a FROM old.o UNION ALL SELECT id, a + 1 FROM x WHERE a < 9) SELECT id, a FROM x)",
        "SELECT o.id, p.a FROM old.o o JOIN (old.p p CROSS JOIN old.q) USING (id)",
        "SELECT id, a FROM (SELECT * FROM old.o ORDER BY id) WHERE id IN (SELECT id FROM old.p)",
        "SELECT o.id, json_extract(value, '$.a') FROM old.o, json_each(o.json) AS j",
        "SELECT id, a -> '$.x' ->> 'y' FROM old.o WHERE EXISTS (SELECT 1 FROM old.p)",
        "SELECT id, datetime(a, 'unixepoch', '+1 day', 'start of month') FROM old.o",
        "SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', substr(a, 1, 23)) FROM old.o",
        "SELECT id, unixepoch(CAST(now AS REAL)) FROM old.o",
        "SELECT id, iif(a IS NOT NULL, a, 'x' COLLATE NOCASE) FROM old.o",
        "SELECT id, row_number() OVER (PARTITION BY a ORDER BY id) FROM old.o",
        "SELECT id, lag(a) OVER w FROM old.o WINDOW v AS (ORDER BY id), w AS (v)",
        "SELECT id, group_concat(a) FROM (SELECT id, a FROM old.o ORDER BY a) GROUP BY id",
        "WITH x AS (SELECT id, a FROM old.o ORDER BY a) SELECT id, json_group_array(a) FROM x GROUP BY id",
        "SELECT id, sum(id) OVER (PARTITION BY a) FROM old.o",
        "SELECT id, CAST(a AS INTEGER) FROM old.o AS main_table",
        "SELECT id, \"right\" FROM old.o",
        "SELECT id, x'00ff' FROM old.o WHERE a = 'it''s; not the end -- or a comment'",
        "SELECT id, (a) * 2 FROM old.o LEFT OUTER JOIN (VALUES (1), (2)) ON 1",
    ] {
        accepted_select(select);
    }
}

/// A forward mapping may read a new table that was filled further up: it holds
/// the surrogate keys.
#[test]
fn surrogate_keys() {
    let text = "CREATE TABLE new.p (id INTEGER PRIMARY KEY, name TEXT UNIQUE);\n\
                CREATE TABLE new.t (id INTEGER PRIMARY KEY, p INTEGER);\n\
                INSERT INTO new.p (name) SELECT DISTINCT name FROM old.o;\n\
                INSERT INTO new.t (id, p) SELECT o.id, p.id FROM old.o JOIN new.P USING (name);\n\
                INSERT INTO old.o (id, name) SELECT t.id, p.name FROM new.t JOIN new.p ON p.id = t.p;";
    assert_eq!(accepted(text).mappings.len(), 3);
}

#[test]
fn defaults_may_vary() {
    let text = SPLIT_ADDRESS.replace(
        "name TEXT NOT NULL",
        "name TEXT NOT NULL CHECK (length(name) > 0), at TEXT DEFAULT CURRENT_TIMESTAMP,
         u BLOB DEFAULT (randomblob(16)), d TEXT DEFAULT (datetime('now', 'localtime'))",
    );
    accepted(&text);
}

#[test]
fn every_expression_is_visited_once() {
    let text = format!(
        "{TABLE}INSERT INTO new.t (id, a) \
         WITH c AS (SELECT a1, a2 FROM old.t1 WHERE a3) \
         SELECT b1, CASE b2 WHEN b3 THEN b4 ELSE b5 END FROM (SELECT c1 FROM old.t2) AS d \
         JOIN json_each(d1) ON d2 BETWEEN d3 AND d4 \
         WHERE e1 LIKE e2 ESCAPE e3 GROUP BY f1 HAVING count(*) FILTER (WHERE f2) IN (f3, f4) \
         UNION SELECT g1, sum(g2) OVER (PARTITION BY g3 ORDER BY g4 ROWS g5 PRECEDING) FROM c \
         WINDOW w AS (ORDER BY h1); \
         INSERT INTO old.o (id) SELECT id FROM new.t"
    );
    let mut select = parse(&text).unwrap().mappings.remove(0).select;
    let mut names = Vec::new();
    select.visit_mut(&mut |expr| {
        if let Expr::Name(name) = expr {
            names.push(name.as_str().to_owned());
        }
    });
    assert_eq!(
        names.join(" "),
        "a1 a2 a3 b1 b2 b3 b4 b5 c1 d1 d2 d3 d4 e1 e2 e3 f1 f2 f3 f4 g1 g2 g3 g4 g5 h1"
    );
}
