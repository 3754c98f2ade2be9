//! The statements by which an application learns where a migration stands, and says that it is
//! there.

use super::clients;
use crate::report::Speaks;
use crate::standing::Standing;

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

impl Standing {
    /// The statement by which a program says that it is there, and which tables it knows: to be
    /// run on its own connection about once a minute, whatever the phase. It is good for ten
    /// minutes; within them `advance` does not take the old tables from a client that speaks
    /// only [`Speaks::Old`]. `client` is a name that no other running program uses.
    ///
    /// It fails where the database holds no migration: there is nobody to be told then.
    #[must_use]
    pub fn announce(client: &str, version: &str, speaks: Speaks) -> String {
        let host = gethostname::gethostname();
        clients::announce(client, version, speaks, &host.to_string_lossy())
    }
}
