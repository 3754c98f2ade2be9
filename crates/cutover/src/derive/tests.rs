//! What is derived from a migration, without any row: keys and scopes, and refusals.

use super::flaw::{Flaw, FlawKind};
use super::target::{Form, Target, targets, undetermined};
use crate::backend::sqlite::{Db, catalog};
use crate::migration::Migration;
use crate::phase::Direction;
use crate::schema::{Catalog, Tables};

fn tables(schema: &str) -> Tables {
    let db = Db::memory().unwrap();
    db.batch("making the tables", schema).unwrap();
    let names = catalog::table_names(&db).unwrap();
    names.iter().map(|name| catalog::table(&db, name).unwrap().unwrap()).collect()
}

fn read(old: &str, text: &str) -> (Migration, Catalog) {
    let migration = Migration::parse("m", text).unwrap();
    let tables_of = migration.tables.iter().map(|table| table.sql.as_str());
    let new: Vec<&str> =
        tables_of.chain(migration.indexes.iter().map(|index| index.sql.as_str())).collect();
    let catalog = Catalog { old: tables(old), new: tables(&new.join(";")), apart: Vec::new() };
    (migration, catalog)
}

pub(crate) fn derive(old: &str, text: &str) -> Result<(Vec<Target>, Vec<Target>, Catalog), Flaw> {
    let (migration, catalog) = read(old, text);
    let forward = targets(&migration, Direction::Forward, &catalog)?;
    let backward = targets(&migration, Direction::Backward, &catalog)?;
    Ok((forward, backward, catalog))
}

/// A migration with one forward statement, and a backward one that is never looked at.
fn forward(old: &str, new: &str, statement: &str) -> Result<Target, Flaw> {
    let back = "INSERT INTO old.back (id) SELECT id FROM new.way";
    let text = format!(
        "CREATE TABLE new.way (id INTEGER PRIMARY KEY); CREATE TABLE new.t ({new});\n\
         INSERT INTO new.way (id) SELECT id FROM old.back;\n{statement};\n{back};"
    );
    let old = format!("CREATE TABLE back (id INTEGER PRIMARY KEY); {old}");
    derive(&old, &text).map(|(mut forward, ..)| forward.remove(1))
}

/// As [`forward`], and whether the statement gives the same each time.
pub(super) fn checked(old: &str, new: &str, statement: &str) -> Result<(), Flaw> {
    let text = format!(
        "CREATE TABLE new.way (id INTEGER PRIMARY KEY); CREATE TABLE new.t ({new});\n\
         INSERT INTO new.way (id) SELECT id FROM old.back;\n{statement};\n\
         INSERT INTO old.back (id) SELECT id FROM new.way;"
    );
    let (migration, catalog) =
        read(&format!("CREATE TABLE back (id INTEGER PRIMARY KEY); {old}"), &text);
    let forward = targets(&migration, Direction::Forward, &catalog)?;
    undetermined(&migration, &forward, &catalog)
}

const ITEMS: &str =
    "CREATE TABLE items (id INTEGER PRIMARY KEY, city TEXT NOT NULL, n INTEGER, code TEXT);
    CREATE TABLE cities (name TEXT NOT NULL UNIQUE, land TEXT);";

#[test]
fn scopes_are_inferred() {
    let cases: &[(&str, &str, &[&str], bool)] = &[
        // Row-wise: the source's primary key.
        (
            "id INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (id, n) SELECT id, n FROM old.items",
            &["id"],
            true,
        ),
        // Under whatever name the target carries it.
        (
            "item INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (n, item) SELECT n, id FROM old.items",
            &["item"],
            true,
        ),
        // Joined by a unique key: still one row a scope.
        (
            "id INTEGER PRIMARY KEY, land",
            "INSERT INTO new.t (id, land) SELECT i.id, c.land FROM old.items i LEFT JOIN old.cities c ON c.name = i.city",
            &["id"],
            true,
        ),
        // Joined by something that may match several: not one row, but its own scope.
        (
            "id INTEGER, land TEXT, PRIMARY KEY (id, land)",
            "INSERT INTO new.t (id, land) SELECT i.id, c.land FROM old.items i JOIN old.cities c ON c.land = i.code",
            &["id"],
            false,
        ),
        // GROUP BY: the grouping columns of the key.
        (
            "city TEXT PRIMARY KEY NOT NULL, n",
            "INSERT INTO new.t (city, n) SELECT city, sum(n) FROM old.items GROUP BY city",
            &["city"],
            true,
        ),
        (
            "city TEXT PRIMARY KEY NOT NULL",
            "INSERT INTO new.t (city) SELECT DISTINCT city FROM old.items",
            &["city"],
            true,
        ),
        // A window: its PARTITION BY.
        (
            "city TEXT NOT NULL, place INTEGER NOT NULL, id INTEGER, PRIMARY KEY (city, place)",
            "INSERT INTO new.t (city, place, id) SELECT city, row_number() OVER (PARTITION BY city ORDER BY id), id FROM old.items",
            &["city"],
            false,
        ),
        // A recursion: what its steps pass on.
        (
            "code TEXT, id INTEGER, depth, PRIMARY KEY (id, depth)",
            "INSERT INTO new.t (code, id, depth) WITH RECURSIVE w (code, id, depth) AS (SELECT code, id, 0 FROM old.items UNION ALL SELECT w.code, i.id, w.depth + 1 FROM w JOIN old.items i ON i.code = w.code AND i.n = w.id) SELECT code, id, depth FROM w",
            &["code"],
            false,
        ),
        // A step that reads no table stays where it began.
        (
            "id INTEGER, n INTEGER, PRIMARY KEY (id, n)",
            "INSERT INTO new.t (id, n) SELECT id, n FROM (WITH RECURSIVE w (id, n) AS (SELECT id, n FROM old.items UNION SELECT id, n - 1 FROM w WHERE n > 0) SELECT id, n FROM w)",
            &["id"],
            false,
        ),
        // A union: on every path.
        (
            "city TEXT PRIMARY KEY NOT NULL",
            "INSERT INTO new.t (city) SELECT city FROM old.items UNION SELECT name FROM old.cities",
            &["city"],
            false,
        ),
        // What the author says.
        (
            "id INTEGER PRIMARY KEY, city TEXT",
            "-- scope: city\nINSERT INTO new.t (id, city) SELECT id, city FROM old.items",
            &["city"],
            false,
        ),
    ];
    for (new, statement, scope, single) in cases {
        let target =
            forward(ITEMS, new, statement).unwrap_or_else(|flaw| panic!("{statement}: {flaw:?}"));
        assert_eq!(target.scope, *scope, "{statement}");
        assert_eq!(target.single, *single, "{statement}");
    }
}

#[test]
fn what_cant_be_kept_in_step_is_refused() {
    let cases: &[(&str, &str, FlawKind, &str)] = &[
        (
            "id INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (n) SELECT n FROM old.items",
            FlawKind::CantKeepInStep,
            "can't be told apart",
        ),
        (
            "id INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (id, n) SELECT id, x FROM old.items",
            FlawKind::Mismatch,
            "no column x",
        ),
        (
            "id INTEGER PRIMARY KEY",
            "INSERT INTO new.t (id) SELECT id FROM old.absent",
            FlawKind::Mismatch,
            "no table old.absent",
        ),
        (
            "n INTEGER PRIMARY KEY",
            "INSERT INTO new.t (n) SELECT count(*) FROM old.items",
            FlawKind::CantKeepInStep,
            "can't be determined",
        ),
        (
            "id INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (id, n) SELECT id, (SELECT max(land) FROM old.cities) FROM old.items",
            FlawKind::CantKeepInStep,
            "a subquery in an expression",
        ),
        // '007' and 7 would become one.
        (
            "code INTEGER PRIMARY KEY",
            "-- scope: code\nINSERT INTO new.t (code) SELECT code FROM old.items",
            FlawKind::CantKeepInStep,
            "stores values differently",
        ),
        // Grouped by something else than what is restricted.
        (
            "id INTEGER PRIMARY KEY, n",
            "-- scope: id\nINSERT INTO new.t (id, n) SELECT max(id), sum(n) FROM old.items GROUP BY city",
            FlawKind::CantKeepInStep,
            "can't be a scope",
        ),
        (
            "city TEXT PRIMARY KEY, n",
            "INSERT INTO new.t (city, n) SELECT city, n FROM old.items GROUP BY city",
            FlawKind::CantKeepInStep,
            "neither grouped by nor aggregated",
        ),
        // The optional side of a join has no say.
        (
            "land TEXT PRIMARY KEY NOT NULL",
            "-- scope: land\nINSERT INTO new.t (land) SELECT c.land FROM old.items i LEFT JOIN old.cities c ON c.name = i.city",
            FlawKind::CantKeepInStep,
            "can't be a scope",
        ),
        // A step that may lead into another scope, or loses it; one that aggregates.
        (
            "code TEXT, id INTEGER, PRIMARY KEY (code, id)",
            "-- scope: code\nINSERT INTO new.t (code, id) WITH RECURSIVE w (code, id) AS (SELECT code, id FROM old.items UNION SELECT w.code, i.id FROM w JOIN old.items i ON i.n = w.id) SELECT code, id FROM w",
            FlawKind::CantKeepInStep,
            "code can't be a scope",
        ),
        (
            "code TEXT, id INTEGER, PRIMARY KEY (code, id)",
            "-- scope: code\nINSERT INTO new.t (code, id) WITH RECURSIVE w (code, id) AS (SELECT code, id FROM old.items UNION SELECT i.city, i.id FROM w JOIN old.items i ON i.code = w.code) SELECT code, id FROM w",
            FlawKind::CantKeepInStep,
            "code can't be a scope",
        ),
        (
            "code TEXT, id INTEGER, PRIMARY KEY (code, id)",
            "-- scope: code\nINSERT INTO new.t (code, id) WITH RECURSIVE w (code, id) AS (SELECT code, id FROM old.items UNION SELECT w.code, i.id FROM w JOIN old.items i ON i.code = w.code OR i.n = w.id) SELECT code, id FROM w",
            FlawKind::CantKeepInStep,
            "code can't be a scope",
        ),
        (
            "code TEXT, id INTEGER, PRIMARY KEY (code, id)",
            "-- scope: code\nINSERT INTO new.t (code, id) WITH RECURSIVE w (code, id) AS (SELECT code, id FROM old.items UNION SELECT w.code, max(w.id) FROM w) SELECT code, id FROM w",
            FlawKind::CantKeepInStep,
            "a step of a recursive query",
        ),
        (
            "id INTEGER PRIMARY KEY, n",
            "INSERT INTO new.t (id, n) SELECT i.id, s.n FROM old.items i JOIN (SELECT land, count(*) AS n FROM old.cities GROUP BY land) s ON s.n = i.n",
            FlawKind::CantKeepInStep,
            "can't be determined",
        ),
    ];
    for (new, statement, kind, reason) in cases {
        let flaw = forward(ITEMS, new, statement).expect_err(statement);
        assert_eq!(flaw.kind, *kind, "{statement}");
        assert!(flaw.reason.contains(reason), "{statement}: {}", flaw.reason);
        assert!(!flaw.fix.is_empty());
    }
}

/// What a row of the target takes from its sources decides how it follows them; a trigger of
/// the application, or another unique key, could come between.
#[test]
fn a_target_follows_row_by_row_where_nothing_comes_between() {
    let form =
        |old: &str, new: &str, statement: &str| match forward(old, new, statement).unwrap().form {
            Form::RowByRow(direct) => format!("{} hubs", direct.hubs.len()),
            Form::Presence => "presence".to_owned(),
            Form::Totals(totals) => format!("{} totals", totals.kept.len()),
            Form::Derived => "derived".to_owned(),
        };
    let rows = "id INTEGER PRIMARY KEY, city TEXT";
    let copy = "INSERT INTO new.t (id, city) SELECT id, city FROM old.items";
    assert_eq!(form(ITEMS, rows, copy), "1 hubs");
    assert_eq!(form(ITEMS, rows, &format!("{copy} WHERE n > 1")), "1 hubs");
    assert_eq!(form(ITEMS, "id INTEGER PRIMARY KEY, city TEXT UNIQUE", copy), "derived");
    let logged = format!(
        "{ITEMS} CREATE TRIGGER own AFTER UPDATE ON items BEGIN UPDATE items SET n = 1; END;"
    );
    assert_eq!(form(&logged, rows, copy), "derived");
    let kept = "CREATE TABLE items (id INTEGER PRIMARY KEY, city TEXT, up REFERENCES items (id))";
    assert_eq!(form(kept, rows, copy), "derived");

    let beside = format!("{ITEMS} CREATE TABLE notes (item INTEGER PRIMARY KEY, land TEXT);");
    let joined = "INSERT INTO new.t (id, city) SELECT i.id, m.land FROM old.items i JOIN old.notes m ON m.item = i.id";
    assert_eq!(form(&beside, rows, joined), "2 hubs");
    let looked_up = "INSERT INTO new.t (id, city) SELECT i.id, c.land FROM old.items i JOIN old.cities c ON c.name = i.city";
    assert_eq!(form(ITEMS, rows, looked_up), "1 hubs");

    let names = "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE";
    let distinct = "INSERT INTO new.t (name) SELECT DISTINCT city FROM old.items";
    assert_eq!(form(ITEMS, names, distinct), "presence");
    let grouped = "INSERT INTO new.t (name) SELECT city FROM old.items GROUP BY city";
    assert_eq!(form(ITEMS, names, grouped), "presence");
}

/// A group follows by what its rows bring where its columns hold that as it is, and where a row
/// says by itself whether it counts.
#[test]
fn a_group_is_counted_where_nothing_comes_between() {
    let old = "CREATE TABLE sales (id INTEGER PRIMARY KEY, team TEXT NOT NULL, amount INTEGER, sure INTEGER NOT NULL, word TEXT, name TEXT COLLATE NOCASE, any)";
    let form = |new: &str, outputs: &str, rest: &str| {
        let statement =
            format!("INSERT INTO new.t (team, v) SELECT team, {outputs} FROM old.sales {rest}");
        match forward(old, &format!("team TEXT PRIMARY KEY NOT NULL, v {new}"), &statement)
            .unwrap()
            .form
        {
            Form::Totals(totals) => totals.kept.len(),
            _ => 0,
        }
    };
    let by_team = "GROUP BY team";
    for (new, output) in [
        ("INTEGER", "count(*)"),
        ("INTEGER NOT NULL", "count(amount)"),
        ("", "sum(amount)"),
        ("INTEGER NOT NULL", "sum(sure)"),
        ("INTEGER", "max(amount)"),
        ("TEXT", "min(word)"),
    ] {
        assert_eq!(form(new, output, by_team), 1, "{output}");
    }
    for (new, output) in [
        ("TEXT", "count(*)"),
        ("REAL", "sum(amount)"),
        ("INTEGER NOT NULL", "sum(amount)"),
        ("INTEGER", "count(DISTINCT amount)"),
        ("INTEGER", "sum(amount) FILTER (WHERE sure > 1)"),
        ("INTEGER", "sum(amount) + 1"),
        ("REAL", "avg(sure)"),
        ("", "max(amount)"),
        ("TEXT", "upper(min(word))"),
        ("INTEGER CHECK (v < 9)", "count(*)"),
        ("INTEGER UNIQUE", "count(*)"),
    ] {
        assert_eq!(form(new, output, by_team), 0, "{output}");
    }
    for (filter, counts) in [
        ("word = 'x'", 1),
        ("amount IN (1, -2) OR word IS NOT NULL", 1),
        ("length(word) > 3", 1),
        ("amount < sure", 1),
        ("amount = '7'", 0),
        ("word = 7", 0),
        ("word = amount", 0),
        ("word = lower('X')", 0),
        ("CASE amount WHEN 1 THEN 1 ELSE 0 END", 0),
    ] {
        assert_eq!(
            form("INTEGER", "count(*)", &format!("WHERE {filter} {by_team}")),
            counts,
            "{filter}"
        );
    }
}

/// Nothing may be made from a number of rows that carries the mark.
#[test]
fn a_number_of_rows_carries_the_mark_where_nothing_depends_on_it() {
    let old = "CREATE TABLE sales (id INTEGER PRIMARY KEY, team TEXT NOT NULL)";
    let marked = |columns: &str, further: &str| {
        let table = format!("team TEXT PRIMARY KEY NOT NULL, n INTEGER NOT NULL{columns}");
        let statement = format!(
            "INSERT INTO new.t (team, n) SELECT team, count(*) FROM old.sales GROUP BY team{further}"
        );
        match forward(old, &table, &statement).unwrap().form {
            Form::Totals(totals) => totals.marked,
            _ => panic!("it is counted"),
        }
    };
    assert_eq!(marked("", "").as_deref(), Some("n"));
    assert_eq!(marked(", other", "; CREATE INDEX new.o ON t (other)").as_deref(), Some("n"));
    assert_eq!(marked(", twice AS (n * 2)", ""), None);
    assert_eq!(marked("", "; CREATE INDEX new.most ON t (n)"), None);
    let read = "; CREATE TABLE new.u (team TEXT PRIMARY KEY NOT NULL, n);
        INSERT INTO new.u (team, n) SELECT s.team, t.n FROM old.sales s JOIN new.t t ON t.team = s.team GROUP BY s.team, t.n";
    assert_eq!(marked("", read), None);
}
