//! The statement by which an application learns where a migration stands.

/// The table that [`STANDING`] reads. A database that never saw a migration does not
/// have it. Look for it in `sqlite_schema`: what `sqlite3_table_column_metadata` says of a
/// table, and rusqlite's `table_exists` with it, may be older than the transaction.
pub const STATE_TABLE: &str = "_cutover_migrations";

/// The statement that tells where a migration stands: `?1` is its name, and the one row
/// it gives is the phase's name and whether every old row has its image (0 or 1). No
/// row: there is no such migration, or it was aborted.
///
/// The answer holds as long as `PRAGMA schema_version` stays the same.
pub const STANDING: &str = "\
SELECT phase, NOT EXISTS (SELECT 1 FROM _cutover_passes WHERE migration = id AND NOT complete) \
FROM _cutover_migrations WHERE name = ?1";
