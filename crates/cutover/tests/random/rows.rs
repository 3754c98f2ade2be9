//! What a database holds, as texts that can be compared.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use testkit::random::{Case, Side};
use testkit::sql::{literal, quoted};

use crate::random::reference::{lies_as, tables};

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
            (0..columns).map(|n| row.get_ref(n).map(shown)).collect();
        cells.map(|cells| cells.join(" "))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The rows of every table of a side, by table, while `bearer` has the names that both
/// sides have; empty where a table is not there.
pub(crate) fn all(
    conn: &Connection,
    case: &Case,
    side: Side,
    bearer: Side,
) -> BTreeMap<String, Vec<String>> {
    tables(case, side)
        .iter()
        .map(|table| {
            let name = lies_as(case, side, &table.name, bearer);
            let sql = format!("SELECT {} FROM {}", table.column_list(), quoted(&name));
            let rows = if exists(conn, &name) { query(conn, &sql) } else { Vec::new() };
            (table.name.clone(), rows)
        })
        .collect()
}

/// Rows of the new side that were there and are neither there nor kept.
pub(crate) fn lost(
    conn: &Connection,
    case: &Case,
    before: &BTreeMap<String, Vec<String>>,
    bearer: Side,
) -> Vec<String> {
    let now = all(conn, case, Side::New, bearer);
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

/// The schema, but for what outlives an abort: rows that were kept, and the table of
/// sequences, which can't be dropped.
pub(crate) fn lasting(conn: &Connection) -> Vec<String> {
    query(
        conn,
        "SELECT type, name, tbl_name, sql FROM sqlite_schema \
         WHERE tbl_name NOT GLOB '_cutover_kept_*' AND name <> 'sqlite_sequence' \
         AND tbl_name NOT IN ('_cutover_migrations', '_cutover_passes', '_cutover_positions', \
         '_cutover_digests', '_cutover_definitions', '_cutover_journal', '_cutover_lease', \
         '_cutover_control', '_cutover_work', '_cutover_verified', '_cutover_refused', \
         '_cutover_seen', '_cutover_clients') ORDER BY 1, 2",
    )
}

/// What an abort has not put back as it was, and what it has left.
pub(crate) fn changed_by_aborting(conn: &Connection, before: &[String]) -> Vec<String> {
    let now = lasting(conn);
    let gone = before.iter().filter(|object| !now.contains(object));
    let left = now.iter().filter(|object| !before.contains(object));
    gone.map(|object| format!("missing: {object}"))
        .chain(left.map(|object| format!("left: {object}")))
        .collect()
}

/// Objects that retiring should have removed, and new tables that are not as the file has
/// them.
pub(crate) fn left_after_retiring(conn: &Connection, case: &Case) -> Vec<String> {
    let here = strings(conn, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    // The live views and the tombstones stay: programs that read through them go on.
    let ours = "SELECT name FROM sqlite_schema WHERE name GLOB '_cutover_[0-9]*' \
                AND name NOT GLOB '_cutover_[0-9]*_tombstone_*'";
    let mut found: Vec<String> =
        strings(conn, ours).iter().map(|name| format!("left: {name}")).collect();
    for table in &case.plan.old {
        let name = lies_as(case, Side::Old, &table.name, Side::New);
        if here.contains(&name) {
            found.push(format!("left: {name}"));
        }
    }
    let fresh = Connection::open_in_memory().unwrap();
    for statement in case.plan.new.iter().flat_map(|table| table.create("")) {
        fresh.execute_batch(&statement).unwrap();
    }
    for table in &case.plan.new {
        let (expected, now) = (shape(&fresh, &table.name), shape(conn, &table.name));
        if expected != now {
            found
                .push(format!("{} is not as it was written:\n{expected:#?}\n{now:#?}", table.name));
        }
    }
    found
}

/// What is left of ours when the last migration is forgotten.
pub(crate) fn left_after_forgetting(conn: &Connection) -> Vec<String> {
    let ours =
        "SELECT name FROM sqlite_schema WHERE name GLOB '_cutover_*' OR name GLOB 'cutover_live_*'";
    strings(conn, ours)
}

/// A table's columns, keys and indexes as SQLite sees them.
fn shape(conn: &Connection, table: &str) -> Vec<String> {
    let table = literal(table);
    let pragmas = [
        format!("SELECT ncol, wr, strict FROM pragma_table_list({table}) WHERE schema = 'main'"),
        format!("SELECT * FROM pragma_table_xinfo({table})"),
        format!(
            "SELECT \"table\", \"from\", \"to\", on_update, on_delete FROM \
             pragma_foreign_key_list({table}) ORDER BY id, seq"
        ),
        format!(
            "SELECT i.name, i.\"unique\", i.origin, i.partial, c.name, c.\"desc\", c.coll FROM \
             pragma_index_list({table}) AS i, pragma_index_xinfo(i.name) AS c \
             WHERE i.name NOT GLOB '_cutover_*' ORDER BY i.name, c.seqno"
        ),
        format!(
            "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema \
             WHERE type = 'table' AND name = {table}"
        ),
    ];
    pragmas.iter().flat_map(|sql| query(conn, sql)).collect()
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}

fn strings(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
