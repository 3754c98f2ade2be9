//! What a database holds, as texts that can be compared.

use std::collections::BTreeMap;

use rusqlite::Connection;
use testkit::random::{Case, LOG, Side};
use testkit::sql::quoted;

use crate::reference::tables;

/// Everything in the schema.
pub(crate) fn schema(conn: &Connection) -> Vec<String> {
    query(conn, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")
}

/// The rows of a query.
pub(crate) fn query(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: rusqlite::Result<Vec<String>> =
            (0..columns).map(|n| row.get_ref(n).map(|value| format!("{value:?}"))).collect();
        cells.map(|cells| cells.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The rows of every table of a side, by table; empty where a table is not there.
pub(crate) fn all(conn: &Connection, case: &Case, side: Side) -> BTreeMap<String, Vec<String>> {
    tables(case, side)
        .iter()
        .map(|table| {
            let sql = format!("SELECT {} FROM {}", table.column_list(), quoted(&table.name));
            let rows = if exists(conn, &table.name) { query(conn, &sql) } else { Vec::new() };
            (table.name.clone(), rows)
        })
        .collect()
}

/// Rows of the new side that were there and are neither there nor kept.
pub(crate) fn lost(
    conn: &Connection,
    case: &Case,
    before: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let now = all(conn, case, Side::New);
    let mut lost = Vec::new();
    for table in tables(case, Side::New) {
        let aside = format!("_cutover_kept_{}", table.name);
        let kept = if exists(conn, &aside) {
            query(conn, &format!("SELECT {} FROM {}", table.column_list(), quoted(&aside)))
        } else {
            Vec::new()
        };
        for row in &before[&table.name] {
            if !now[&table.name].contains(row) && !kept.contains(row) {
                lost.push(format!("{}: {row}", table.name));
            }
        }
    }
    lost
}

fn exists(conn: &Connection, table: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?)";
    conn.query_row(sql, [table], |row| row.get(0)).unwrap()
}

/// Objects that an abort should have removed, and the application's that are missing.
pub(crate) fn left_after_aborting(conn: &Connection, case: &Case) -> Vec<String> {
    let here = names(conn);
    let mut found: Vec<String> =
        here.iter().filter(|name| is_ours(name)).map(|name| format!("left: {name}")).collect();
    let mut expected: Vec<String> = vec![LOG.to_owned()];
    for table in &case.plan.old {
        expected.push(table.name.clone());
        expected.extend(table.indexes.iter().map(|(name, ..)| name.clone()));
    }
    found.extend(missing(&here, &expected));
    found.extend(
        case.plan
            .new
            .iter()
            .filter(|table| here.contains(&table.name))
            .map(|table| format!("left: {}", table.name)),
    );
    found
}

/// Objects that retiring should have removed, and the new tables that are missing.
pub(crate) fn left_after_retiring(conn: &Connection, case: &Case) -> Vec<String> {
    let here = names(conn);
    // The live views stay: programs that read through them go on.
    let ours = "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') \
                AND name GLOB '_cutover_*'";
    let mut found: Vec<String> =
        strings(conn, ours).iter().map(|name| format!("left: {name}")).collect();
    found.extend(
        case.plan
            .old
            .iter()
            .filter(|table| here.contains(&table.name))
            .map(|table| format!("left: {}", table.name)),
    );
    let expected: Vec<String> = case.plan.new.iter().map(|table| table.name.clone()).collect();
    found.extend(missing(&here, &expected));
    found
}

fn missing(here: &[String], expected: &[String]) -> Vec<String> {
    expected
        .iter()
        .filter(|name| !here.contains(name))
        .map(|name| format!("missing: {name}"))
        .collect()
}

fn is_ours(name: &str) -> bool {
    // What is kept outlives an abort.
    (name.starts_with("_cutover_") || name.starts_with("cutover_live_"))
        && !name.starts_with("_cutover_kept_")
}

fn names(conn: &Connection) -> Vec<String> {
    strings(conn, "SELECT name FROM sqlite_schema")
}

fn strings(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
