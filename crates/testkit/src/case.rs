//! A database to migrate, as plain data.

use std::path::Path;

use rusqlite::Connection;

use crate::workload::Workload;

/// A populated old schema, its migration, and the programs that write to it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Names the case in failures.
    pub name: &'static str,
    /// The old tables, with what the application has beside them (indexes, triggers).
    pub schema: &'static str,
    /// Fills the old tables with about so many rows in the largest, from a seed. The
    /// schema is there.
    pub populate: fn(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()>,
    /// The migration's name: the stem of its file.
    pub migration_name: &'static str,
    /// The migration file.
    pub migration: &'static str,
    /// The old tables that the migration maps.
    pub old_tables: &'static [&'static str],
    /// The application's other tables, which the migration knows nothing of. They must
    /// stay the twin's as long as writes enter the old side. Beyond that, the mirror's
    /// writes fire the application's triggers and cascades on the old tables too, and
    /// how often depends on how the mirror is kept.
    pub bystanders: &'static [&'static str],
    /// Whether the old tables can be retired. Not where a bystander refers to them.
    pub retires: bool,
    /// What programs do that know the old tables.
    pub workload: Workload,
    /// What programs do that know the new tables, each with its equivalent on the old
    /// ones.
    pub new_workload: Workload,
    /// For new tables with surrogate keys: what is compared instead of their columns.
    pub canonical: &'static [Canonical],
}

/// What is compared of a new table. Table names are those of the new tables, without
/// a side.
#[derive(Debug, Clone, Copy)]
pub struct Canonical {
    /// The table it stands for.
    pub table: &'static str,
    /// A query in which no surrogate key appears.
    pub sql: &'static str,
}

impl Case {
    /// Makes the database at `path`: WAL, the old tables populated, and the log of
    /// workloads.
    pub fn create(&self, path: &Path, rows: u64, seed: u64) {
        let conn =
            Connection::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").expect("pragmas");
        conn.execute_batch(self.schema).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        (self.populate)(&conn, rows, seed).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        crate::workload::log::create(&conn);
    }

    /// The mapped tables and the bystanders.
    #[must_use]
    pub fn all_old_tables(&self) -> Vec<&'static str> {
        [self.old_tables, self.bystanders].concat()
    }
}
