//! Migrations of many tables, each copied to one of another name.

/// The old tables of such a migration, what fills them, and the migration.
#[derive(Debug)]
pub struct Many {
    /// The old tables.
    pub old: String,
    /// Fills them with 100 rows each.
    pub rows: String,
    /// The migration.
    pub migration: String,
}

/// So many tables.
pub fn many(tables: u64) -> Many {
    Many {
        old: each(tables, "CREATE TABLE t# (id INTEGER PRIMARY KEY, w TEXT, pad TEXT);\n"),
        rows: each(
            tables,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
             INSERT INTO t# SELECT i, 'row ' || i, 'padding' FROM n;",
        ),
        migration: each(
            tables,
            "CREATE TABLE new.s# (id INTEGER PRIMARY KEY, w TEXT, pad TEXT);
             INSERT INTO new.s# (id, w, pad) SELECT id, w, pad FROM old.t#;
             INSERT INTO old.t# (id, w, pad) SELECT id, w, pad FROM new.s#;\n",
        ),
    }
}

/// A text for each table, with its number for `#`.
pub fn each(tables: u64, text: &str) -> String {
    (0..tables).map(|table| text.replace('#', &table.to_string())).collect()
}
