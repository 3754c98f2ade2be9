//! Rehearsals: steps on a copy of the schema, which are then undone.

use super::Db;
use super::catalog::{self, Entry};
use crate::derive::sql::ident;
use crate::error::Result;

/// Has foreign keys hold on a copy, as they may for programs.
pub(crate) fn hold_foreign_keys(copy: &Db) -> Result<()> {
    copy.batch("preparing the copy", "PRAGMA foreign_keys = ON")
}

/// The views and triggers of a schema, in a fixed order.
pub(crate) fn views_and_triggers(copy: &Db) -> Result<Vec<Entry>> {
    let mut found = catalog::entries(copy)?;
    found.retain(|entry| matches!(entry.kind.as_str(), "view" | "trigger"));
    found.sort_by(|a, b| b.kind.cmp(&a.kind).then_with(|| a.name.cmp(&b.name)));
    Ok(found)
}

/// The views and triggers whose text SQLite changes when a table of the copy is renamed: those
/// that use it. The copy is as before.
pub(crate) fn users_of(copy: &Db, table: &str) -> Result<Vec<Entry>> {
    let before = views_and_triggers(copy)?;
    // A database in memory has no journal otherwise, and could not go back.
    copy.batch("rehearsing", "PRAGMA journal_mode = MEMORY; BEGIN")?;
    // With the schema writable SQLite leaves what it can't resolve as it is, instead of
    // failing.
    let rename = format!(
        "PRAGMA writable_schema = ON; ALTER TABLE {} RENAME TO _cutover_probe",
        ident(table)
    );
    let renamed =
        copy.batch("rehearsing a rename", &rename).and_then(|()| views_and_triggers(copy));
    copy.batch("ending the rehearsal", "ROLLBACK; PRAGMA writable_schema = OFF")?;
    let pairs = before.into_iter().zip(renamed?);
    Ok(pairs.filter(|(before, after)| before.sql != after.sql).map(|(before, _)| before).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(schema: &str) -> Db {
        let copy = Db::memory().unwrap();
        copy.batch("", schema).unwrap();
        copy
    }

    #[test]
    fn who_uses_a_table_is_what_sqlite_resolves() {
        let schema = r#"
            CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
            CREATE TABLE offices (id INTEGER PRIMARY KEY, t INTEGER);
            CREATE VIEW a_column AS SELECT id, t FROM offices WHERE t > 10;
            CREATE VIEW a_text AS SELECT 't' AS x FROM offices;
            CREATE VIEW a_comment AS SELECT id /* of t */ FROM offices -- t
            ;
            CREATE VIEW a_cte AS WITH t AS (SELECT 1 AS id) SELECT count(*) FROM t;
            CREATE VIEW an_alias AS SELECT t.id FROM offices AS t;
            CREATE VIEW a_function AS SELECT theirs(t) FROM offices;
            CREATE VIEW broken AS SELECT * FROM nowhere;
            CREATE VIEW u_bare AS SELECT w FROM t;
            CREATE VIEW u_case AS SELECT w FROM T;
            CREATE VIEW u_quoted AS SELECT "w" FROM [t];
            CREATE VIEW u_never AS SELECT id FROM offices WHERE 0 AND EXISTS (SELECT 1 FROM t);
            CREATE VIEW u_count AS SELECT count(*) FROM t;
            CREATE VIEW u_theirs AS SELECT theirs(w) FROM t ORDER BY w COLLATE theirs;
            CREATE VIEW over AS SELECT * FROM u_bare;
            CREATE TRIGGER r_column AFTER INSERT ON offices BEGIN SELECT t FROM offices; END;
            CREATE TRIGGER v_reads AFTER INSERT ON offices BEGIN
                UPDATE offices SET t = (SELECT max(id) FROM t); END;
            CREATE TRIGGER v_writes AFTER DELETE ON offices BEGIN INSERT INTO t (w) VALUES ('x'); END;"#;
        let users = users_of(&copy(schema), "t").unwrap();
        let users: Vec<&str> = users.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(
            users,
            [
                "u_bare", "u_case", "u_count", "u_never", "u_quoted", "u_theirs", "v_reads",
                "v_writes"
            ]
        );
    }

    #[test]
    fn the_copy_is_as_it_was() {
        let copy = copy("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t");
        let before = catalog::entries(&copy).unwrap();
        for _ in 0..2 {
            assert_eq!(users_of(&copy, "t").unwrap().len(), 1);
        }
        assert_eq!(catalog::entries(&copy).unwrap(), before);
    }
}
