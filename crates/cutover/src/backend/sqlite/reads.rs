//! Which columns views and triggers read, said by SQLite itself: it asks for each while a
//! statement is prepared (<https://www.sqlite.org/c3ref/set_authorizer.html>), and names the
//! view or trigger that the read stands in.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::derive::sql::{ident, join};

/// What SQLite calls the rowid of a table without an INTEGER PRIMARY KEY. Where there is one it
/// gives that column's name.
pub(crate) const ROWID: &str = "ROWID";

/// A column that a view or a trigger reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) by: String,
    pub(crate) table: String,
    pub(crate) column: String,
}

/// What the views and triggers of a schema read, each once. What does not parse, or needs
/// something that is not compiled in here, reads nothing.
pub(crate) fn reads(schema: &[String]) -> rusqlite::Result<Vec<Read>> {
    let mut conn = Connection::open_in_memory()?;
    let found: Arc<Mutex<Vec<Read>>> = Arc::default();
    let noted = Arc::clone(&found);
    conn.authorizer(Some(move |asked: AuthContext<'_>| match (asked.action, asked.accessor) {
        // Nothing in a schema needs another file.
        (AuthAction::Attach { .. } | AuthAction::Detach { .. }, _) => Authorization::Deny,
        (AuthAction::Read { table_name, column_name }, Some(by)) => {
            let (table, column) = (table_name.to_owned(), column_name.to_owned());
            let read = Read { by: by.to_owned(), table, column };
            if let Ok(mut found) = noted.lock()
                && !found.contains(&read)
            {
                found.push(read);
            }
            Authorization::Allow
        }
        _ => Authorization::Allow,
    }))?;
    for sql in schema {
        let _ = conn.execute_batch(sql);
    }
    for sql in statements(&conn)? {
        let _ = conn.prepare(&sql);
    }
    let found = found.lock().map_or_else(|_| Vec::new(), |found| found.clone());
    Ok(found)
}

/// A statement of every kind for every table and view: each compiles what it fires.
fn statements(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let names: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut statements = Vec::new();
    for name in names {
        let quoted = ident(&name);
        statements.extend([
            format!("SELECT * FROM {quoted}"),
            format!("INSERT INTO {quoted} DEFAULT VALUES"),
            format!("DELETE FROM {quoted}"),
        ]);
        // A view that does not work has no columns.
        let columns: rusqlite::Result<Vec<String>> = conn
            .prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0")
            .and_then(|mut statement| statement.query_map([&name], |row| row.get(0))?.collect());
        let columns = columns.unwrap_or_default();
        if !columns.is_empty() {
            let set = join(&columns, ", ", |column| format!("{0} = {0}", ident(column)));
            statements.push(format!("UPDATE {quoted} SET {set}"));
        }
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_and_triggers_that_read_a_rowid() {
        let schema = [
            "CREATE TABLE t (k TEXT PRIMARY KEY, n)",
            "CREATE TABLE u (id INTEGER PRIMARY KEY, n)",
            "CREATE VIEW v AS SELECT oid FROM t",
            "CREATE VIEW w AS SELECT k FROM t JOIN u ON u._rowid_ = 1",
            "CREATE TRIGGER a AFTER DELETE ON t BEGIN DELETE FROM u WHERE id = OLD.rowid; END",
            "CREATE TRIGGER b AFTER UPDATE ON u BEGIN INSERT INTO u (rowid) VALUES (1); END",
            "CREATE VIEW broken AS SELECT nothing FROM nowhere",
        ];
        let found = reads(&schema.map(str::to_owned)).unwrap();
        let rowids: Vec<(&str, &str)> = found
            .iter()
            .filter(|read| read.column == ROWID)
            .map(|read| (read.by.as_str(), read.table.as_str()))
            .collect();
        assert!(rowids.contains(&("v", "t")) && rowids.contains(&("a", "t")), "{found:?}");
        assert!(rowids.iter().all(|(by, _)| ["v", "a"].contains(by)), "{found:?}");
        assert!(
            found.iter().any(|r| (r.by.as_str(), r.column.as_str()) == ("w", "id")),
            "{found:?}"
        );
    }
}
