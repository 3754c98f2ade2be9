//! Programs that announce themselves.

use super::Db;
use crate::derive::sql::text;
use crate::error::Result;
use crate::report::Speaks;

pub(super) const TABLE: &str = "
-- Programs that say which tables they know: 'old', 'new' or 'both'. `seen` in seconds since 1970.
CREATE TABLE IF NOT EXISTS _cutover_clients (
    client TEXT PRIMARY KEY NOT NULL, version TEXT NOT NULL, speaks TEXT NOT NULL, pid INTEGER,
    host TEXT, seen INTEGER NOT NULL) WITHOUT ROWID;
";

/// How long an announcement is good, in seconds.
pub(crate) const GOOD_FOR: i64 = 600;

/// A program as it announced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) client: String,
    pub(crate) version: String,
    pub(crate) speaks: Speaks,
    pub(crate) pid: Option<i64>,
    pub(crate) seen: i64,
}

/// Those whose announcement is still good at a time, in seconds since 1970.
pub(crate) fn announced(db: &Db, now: i64) -> Result<Vec<Announced>> {
    if !db.has_table("_cutover_clients")? {
        return Ok(Vec::new());
    }
    let sql = "SELECT client, version, speaks, pid, seen FROM _cutover_clients \
               WHERE seen > ?1 - ?2 AND seen < ?1 + ?2 ORDER BY client";
    let read = || -> rusqlite::Result<Vec<Option<Announced>>> {
        let mut statement = db.conn().prepare_cached(sql)?;
        let rows = statement.query_map([now, GOOD_FOR], |row| {
            let speaks: String = row.get(2)?;
            // Whoever says something else is not understood.
            let Some(speaks) = Speaks::ALL.into_iter().find(|known| known.name() == speaks) else {
                return Ok(None);
            };
            Ok(Some(Announced {
                client: row.get(0)?,
                version: row.get(1)?,
                speaks,
                pid: row.get(3)?,
                seen: row.get(4)?,
            }))
        })?;
        rows.collect()
    };
    let all = read().map_err(|source| db.error("reading the state", source))?;
    Ok(all.into_iter().flatten().collect())
}

/// The statement by which a program announces itself.
pub(crate) fn announce(client: &str, version: &str, speaks: Speaks, host: &str) -> String {
    format!(
        "INSERT OR REPLACE INTO _cutover_clients (client, version, speaks, pid, host, seen) \
         VALUES ({}, {}, {}, {}, {}, CAST(strftime('%s', 'now') AS INTEGER))",
        text(client),
        text(version),
        text(speaks.name()),
        std::process::id(),
        text(host)
    )
}
