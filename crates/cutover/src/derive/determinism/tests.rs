//! Mappings that leave something open, each with its reason and fix, and those that don't,
//! however near they are.

use crate::derive::flaw::Flaw;
use crate::derive::tests::checked;

const SCHEMA: &str = "
    CREATE TABLE o (id INTEGER PRIMARY KEY, g INTEGER NOT NULL, v INTEGER NOT NULL, c TEXT COLLATE NOCASE NOT NULL,
                    r TEXT COLLATE RTRIM, b TEXT NOT NULL, u, x REAL, d DECIMAL(10, 2), done BOOLEAN, at DATETIME,
                    UNIQUE (g, b));
    CREATE TABLE p (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, code TEXT NOT NULL UNIQUE, maybe TEXT UNIQUE);
    CREATE TABLE q (id INTEGER PRIMARY KEY, g INTEGER NOT NULL, maybe TEXT, UNIQUE (g, maybe));
    CREATE TABLE j (id INTEGER PRIMARY KEY, list TEXT);";

#[track_caller]
fn open(new: &str, select: &str, reason: &str, fix: &str) {
    let Flaw { reason: found, fix: found_fix, .. } =
        checked(SCHEMA, new, select).expect_err(select);
    assert!(found.contains(reason), "{select}: {found}");
    assert!(found_fix.contains(fix), "{select}: {found_fix}");
}

#[track_caller]
fn settled(new: &str, select: &str) {
    if let Err(flaw) = checked(SCHEMA, new, select) {
        panic!("{select}: {}", flaw.reason);
    }
}

#[test]
fn spellings_of_a_group() {
    let c = "c TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n";
    let nocase = "c compares without case (NOCASE)";
    let pick = "min(c COLLATE BINARY)";
    for select in [
        "SELECT DISTINCT c, 1 FROM old.o t",
        "SELECT c, count(*) FROM old.o t GROUP BY c",
        "SELECT c, 1 FROM old.o t UNION SELECT c, 1 FROM old.o t",
        "SELECT c, 1 FROM old.o t EXCEPT SELECT name, 1 FROM old.p",
        "SELECT c, 1 FROM old.o t INTERSECT SELECT name, 1 FROM old.p",
        "SELECT c, count(*) FROM (SELECT DISTINCT c, g FROM old.o t) GROUP BY c",
    ] {
        let select = format!("INSERT INTO new.t (c, n) {select}");
        open(c, &select, nocase, pick);
    }
    open(
        "r TEXT PRIMARY KEY COLLATE RTRIM, n",
        "INSERT INTO new.t (r, n) SELECT r, count(*) FROM old.o t GROUP BY r",
        "r compares without spaces at the end (RTRIM)",
        "min(r COLLATE BINARY)",
    );
    open(
        "u PRIMARY KEY",
        "INSERT INTO new.t (u) SELECT DISTINCT u FROM old.o t",
        "u has no type that makes one of 1 and 1.0",
        "CAST(u AS TEXT)",
    );
    open(
        "g INTEGER PRIMARY KEY, c TEXT",
        "INSERT INTO new.t (g, c) SELECT g, min(c) FROM old.o t GROUP BY g",
        nocase,
        "min(c COLLATE BINARY)",
    );
    open(
        "g INTEGER PRIMARY KEY, c TEXT",
        "INSERT INTO new.t (g, c) SELECT g, b || max(id) FROM old.o t GROUP BY g",
        "b is neither grouped by nor aggregated",
        "add it to GROUP BY",
    );
}

#[test]
fn groups_of_one_spelling() {
    let c = "c TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n";
    for select in [
        "SELECT min(c), count(*) FROM old.o t GROUP BY c",
        "SELECT max(c COLLATE BINARY), count(DISTINCT c) FROM old.o t GROUP BY c",
    ] {
        settled(c, &format!("INSERT INTO new.t (c, n) {select}"));
    }
    let id = "id INTEGER PRIMARY KEY, c TEXT";
    for select in [
        // The key tells the rows apart: nothing is merged.
        "SELECT DISTINCT id, c FROM old.o t",
        "SELECT DISTINCT t.id, p.name FROM old.o t JOIN old.p ON p.code = t.b",
        "SELECT g, min(c COLLATE BINARY) FROM old.o t GROUP BY g",
        "SELECT id, c FROM old.o t UNION ALL SELECT id + 1, c FROM old.o t",
        // It is only compared.
        "SELECT t.id, t.b FROM old.o t JOIN (SELECT DISTINCT name FROM old.p) d ON d.name = t.c",
    ] {
        settled(id, &format!("-- scope: id\nINSERT INTO new.t (id, c) {select}"));
    }
    for select in [
        "SELECT lower(c), 1 FROM old.o t GROUP BY lower(c)",
        "SELECT DISTINCT lower(c), 1 FROM old.o t",
        "SELECT DISTINCT b, 1 FROM old.o t",
        "SELECT b, 1 FROM old.o t UNION SELECT code, 1 FROM old.p",
        "SELECT DISTINCT c COLLATE BINARY, 1 FROM old.o t",
    ] {
        settled("c TEXT PRIMARY KEY NOT NULL, n", &format!("INSERT INTO new.t (c, n) {select}"));
    }
    // A column of numbers makes one of them.
    settled(
        "u INTEGER PRIMARY KEY",
        "INSERT INTO new.t (u) SELECT DISTINCT CAST(u AS INTEGER) FROM old.o t",
    );
}

const PLACES: &str = "id INTEGER PRIMARY KEY, g INTEGER, b, n";

fn places(call: &str) -> String {
    format!("-- scope: g\nINSERT INTO new.t (id, g, b, n) SELECT id, g, b, {call} FROM old.o t")
}

#[test]
fn rows_that_tie() {
    for call in [
        "row_number() OVER (PARTITION BY g ORDER BY v)",
        "ntile(3) OVER (PARTITION BY g ORDER BY v)",
        "lag(id) OVER (PARTITION BY g ORDER BY v, c)",
        "lead(v) OVER (PARTITION BY g ORDER BY v)",
        "first_value(id) OVER (PARTITION BY g ORDER BY v)",
        "last_value(b) OVER (PARTITION BY g ORDER BY v)",
        "nth_value(id, 2) OVER (PARTITION BY g ORDER BY v)",
        "group_concat(b) OVER (PARTITION BY g ORDER BY v)",
        "sum(v) OVER (PARTITION BY g ORDER BY c ROWS UNBOUNDED PRECEDING)",
        "count(*) OVER (PARTITION BY g ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        // Equal under NOCASE is not the same.
        "row_number() OVER (PARTITION BY g ORDER BY b COLLATE NOCASE)",
        "first_value(c) OVER (PARTITION BY g ORDER BY c)",
    ] {
        open(
            PLACES,
            &places(call),
            "depends on the order of rows that tie",
            "to its window ORDER BY columns that no two rows share: id",
        );
    }
    open(
        PLACES,
        "-- scope: g\nINSERT INTO new.t (id, g, b, n) SELECT id, g, b, row_number() OVER w FROM old.o t WINDOW v AS (PARTITION BY g), w AS (v ORDER BY v)",
        "ORDER BY v does not order them",
        "id",
    );
    open(
        "g INTEGER PRIMARY KEY, l TEXT",
        "INSERT INTO new.t (g, l) SELECT g, group_concat(b) FROM (SELECT g, b FROM old.o t ORDER BY v) GROUP BY g",
        "group_concat() depends on the order of rows that tie: ORDER BY v",
        "to the subquery's ORDER BY columns that no two rows share: id",
    );
    // UNIQUE lets several NULLs in.
    open(
        "id INTEGER PRIMARY KEY, g INTEGER, n",
        "-- scope: g\nINSERT INTO new.t (id, g, n) SELECT id, g, row_number() OVER (PARTITION BY g ORDER BY maybe) FROM old.q",
        "row_number() depends on the order of rows that tie: ORDER BY maybe",
        "columns that no two rows share: id",
    );
}

#[test]
fn rows_that_do_not_tie() {
    for call in [
        "row_number() OVER (PARTITION BY g ORDER BY v, id)",
        "row_number() OVER (PARTITION BY g ORDER BY b)",
        "row_number() OVER (PARTITION BY g ORDER BY v DESC, b ASC)",
        "rank() OVER (PARTITION BY g ORDER BY v)",
        "dense_rank() OVER (PARTITION BY g ORDER BY c)",
        "percent_rank() OVER (PARTITION BY g ORDER BY v)",
        "count(*) OVER (PARTITION BY g)",
        "sum(v) OVER (PARTITION BY g ORDER BY c)",
        "sum(v) OVER (PARTITION BY g ORDER BY c RANGE UNBOUNDED PRECEDING)",
        "max(v) OVER (PARTITION BY g ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "first_value(v) OVER (PARTITION BY g ORDER BY v)",
        "first_value(c) OVER (PARTITION BY g ORDER BY c COLLATE BINARY)",
        "group_concat(v) OVER (PARTITION BY g ORDER BY v)",
    ] {
        settled(PLACES, &places(call));
    }
    for select in [
        "SELECT g, group_concat(b) FROM (SELECT g, b FROM old.o t ORDER BY b) GROUP BY g",
        "SELECT g, group_concat(c) FROM (SELECT g, c FROM old.o t ORDER BY v, id) GROUP BY g",
        "SELECT g, json_group_array(v) FROM (SELECT g, v FROM old.o t ORDER BY 2) GROUP BY g",
        "SELECT g, json_group_array(w) FROM (SELECT g, v AS w FROM old.o t ORDER BY w) GROUP BY g",
    ] {
        settled("g INTEGER PRIMARY KEY, l TEXT", &format!("INSERT INTO new.t (g, l) {select}"));
    }
    // The rows that tie are the same in everything that is shown.
    settled(
        "g INTEGER, v INTEGER, n INTEGER, PRIMARY KEY (g, v, n)",
        "INSERT INTO new.t (g, v, n) SELECT g, v, row_number() OVER (PARTITION BY g, v ORDER BY v) FROM old.o t",
    );
    // By the keys of what is joined; and an element's place in its list.
    settled(
        "id INTEGER PRIMARY KEY, g INTEGER, n",
        "-- scope: g\nINSERT INTO new.t (id, g, n) SELECT t.id, t.g, row_number() OVER (PARTITION BY t.g ORDER BY t.v, p.code, t.b) FROM old.o t JOIN old.p ON p.code = t.b",
    );
    settled(
        "id INTEGER, n INTEGER, v TEXT, PRIMARY KEY (id, n)",
        "INSERT INTO new.t (id, n, v) SELECT j.id, row_number() OVER (PARTITION BY j.id ORDER BY e.key), e.value FROM old.j, json_each(j.list) e",
    );
}

#[test]
fn what_releases_number_otherwise() {
    for column in ["e.id", "e.parent", "parent"] {
        open(
            "id INTEGER, n INTEGER, PRIMARY KEY (id, n)",
            &format!(
                "INSERT INTO new.t (id, n) SELECT j.id, {column} FROM old.j, json_tree(j.list) e"
            ),
            "SQLite's releases number the elements of JSON text differently",
            "use key",
        );
    }
}

#[test]
fn real_numbers() {
    let text = "id INTEGER PRIMARY KEY, w TEXT";
    for value in [
        "x",
        "x || ''",
        "CAST(x AS TEXT)",
        "lower(d)",
        "json_array(x)",
        "printf('%s', x)",
        "coalesce(b, x)",
        "CASE WHEN g THEN d END",
        "quote(g * 1.5)",
        "substr(julianday(date(b)), 1, 5)",
    ] {
        open(
            text,
            &format!("INSERT INTO new.t (id, w) SELECT id, {value} FROM old.o t"),
            "is a real number",
            "CAST(round(x * 100) AS INTEGER)",
        );
    }
    for value in [
        "b",
        "g || ''",
        "printf('%d', x)",
        "json_array(done, at)",
        "lower(at)",
        "CAST(CAST(x AS INTEGER) AS TEXT)",
        "round(x) || ''",
    ] {
        settled(text, &format!("INSERT INTO new.t (id, w) SELECT id, {value} FROM old.o t"));
    }
    for call in ["sum(x)", "total(d)", "avg(x)", "sum(g * 1.5)"] {
        open(
            "g INTEGER PRIMARY KEY, n",
            &format!("INSERT INTO new.t (g, n) SELECT g, {call} FROM old.o t GROUP BY g"),
            "depends on the order in which they are added up",
            "sum(CAST(round(",
        );
    }
    for call in ["sum(v)", "avg(v)", "sum(done)", "max(x)", "sum(CAST(round(x * 100) AS INTEGER))"]
    {
        settled(
            "g INTEGER PRIMARY KEY, n",
            &format!("INSERT INTO new.t (g, n) SELECT g, {call} FROM old.o t GROUP BY g"),
        );
    }
    open(
        "id INTEGER PRIMARY KEY, n",
        "INSERT INTO new.t (id, n) SELECT id, round(x, 2) FROM old.o t",
        "round() of x",
        "round(x * 100) / 100.0",
    );
    settled(
        "id INTEGER PRIMARY KEY, n",
        "INSERT INTO new.t (id, n) SELECT id, round(x * 100) / 100.0 FROM old.o t",
    );
}

/// A member of a WITH clause is copied to each place that reads it.
#[test]
fn what_grows_without_end_is_refused_at_once() {
    let doubled: Vec<String> = (1..30)
        .map(|n| {
            format!(
                "c{n} AS (SELECT a.id AS id, b.b AS b FROM c{} a JOIN c{} b ON b.id = a.id)",
                n - 1,
                n - 1
            )
        })
        .collect();
    let chain: Vec<String> =
        (1..200).map(|n| format!("c{n} AS (SELECT id, b FROM c{})", n - 1)).collect();
    let twice: Vec<String> =
        (1..35).map(|n| format!("c{n} AS (SELECT id, b || b AS b FROM c{})", n - 1)).collect();
    let crossed: Vec<String> = (1..35)
        .map(|n| format!("c{n} AS (SELECT id + g AS id, id - g AS g, b FROM c{})", n - 1))
        .collect();
    let arms = "SELECT id, b FROM old.o t UNION ALL ".repeat(500);
    for (first, rest, last, reason) in [
        ("id, b", doubled.join(", "), 29, "reads more than 256 tables"),
        ("id, b", chain.join(", "), 199, "is more than 40 SELECTs deep"),
        ("id, b", twice.join(", "), 34, "has a column, b, of more than 5000 expressions"),
        ("id, g, b", crossed.join(", "), 34, "has a column, id, of more than 5000 expressions"),
    ] {
        let statement = format!(
            "INSERT INTO new.t (id, w) WITH c0 AS (SELECT {first} FROM old.o t), {rest} SELECT id, b FROM c{last}"
        );
        open("id INTEGER PRIMARY KEY, w TEXT", &statement, reason, "fill a new table");
    }
    open(
        "id INTEGER PRIMARY KEY, w TEXT",
        &format!("INSERT INTO new.t (id, w) {arms} SELECT id, b FROM old.o t"),
        "reads more than 256 tables",
        "fill a new table",
    );
}
