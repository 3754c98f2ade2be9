//! Every example in `examples/`, with the database it comes with: to the end, and back
//! on the way, what the live views give compared at each step.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Cutover;

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("setup.sql").exists())
        .collect();
    found.sort();
    found
}

fn migration_in(example: &Path) -> PathBuf {
    std::fs::read_dir(example)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "sql") && !path.ends_with("setup.sql"))
        .unwrap()
}

/// The rows a query gives, as SQL literals, in their order by all columns.
fn rows(conn: &Connection, table: &str) -> Vec<String> {
    let statement = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let columns: Vec<String> =
        statement.column_names().map(|name| format!("quote(\"{name}\")")).collect();
    let sql = format!("SELECT {} FROM \"{table}\" ORDER BY 1", columns.join(" || ',' || "));
    let mut statement = conn.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_example_goes_there_and_back() {
    let examples = examples();
    assert!(examples.len() >= 3, "{examples:?}");
    for example in examples {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("app.db");
        let conn = Connection::open(&db).unwrap();
        conn.execute_batch(&std::fs::read_to_string(example.join("setup.sql")).unwrap()).unwrap();
        let tables: Vec<String> = conn
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let before: Vec<Vec<String>> = tables.iter().map(|table| rows(&conn, table)).collect();
        assert!(before.iter().any(|rows| !rows.is_empty()), "{}", example.display());
        let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
        let file = migration_in(&example);
        for step in [
            &["check", file.to_str().unwrap()][..],
            &["start", file.to_str().unwrap()],
            &["advance", "--to", "new-only"],
            &["rollback", "--to", "dual-write"],
            &["advance", "--to", "retired", "--yes"],
        ] {
            let _ = cutover.run(step).expect_code(0);
            for (table, before) in tables.iter().zip(&before) {
                let view = format!("cutover_live_{table}");
                if conn.prepare(&format!("SELECT 1 FROM \"{view}\"")).is_ok() {
                    assert_eq!(rows(&conn, &view), *before, "{} after {step:?}", example.display());
                }
            }
        }
        let live = conn
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'cutover_live%'",
                [],
                |row| row.get::<_, i64>(0),
            )
            .unwrap();
        assert!(live > 0, "{}: the views were compared", example.display());
    }
}
