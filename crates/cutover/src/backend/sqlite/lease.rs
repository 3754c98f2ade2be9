//! One operator at a time: a lease in the database.
//!
//! Whoever changes a migration holds it, renews it in every transaction of the
//! work, and gives it up at the end. It is taken over when it has expired, or when
//! its holder ran on this machine and is no more. Because it is renewed *inside*
//! the transactions that write, an operator that stood still beyond its lease
//! finds another's token there and writes nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{OptionalExtension as _, params};

use super::Db;
use crate::error::{Error, LeaseHolder, Result};
use crate::process::{self, Fate};

/// A held lease.
#[derive(Debug)]
pub(crate) struct Lease {
    token: String,
    ttl: Duration,
}

/// Who asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Asker<'a> {
    pub(crate) actor: &'a str,
    pub(crate) doing: &'a str,
    pub(crate) ttl: Duration,
}

/// Who has the lease at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nobody, or somebody who let it expire.
    Free,
    /// An operator at work, with what tells the lease from any other.
    By { token: String, holder: LeaseHolder },
    /// An operator of this machine whose process is no more. Whoever comes next takes it over.
    Left(LeaseHolder),
}

struct Row {
    token: String,
    expires_ms: i64,
    holder: LeaseHolder,
}

impl Lease {
    /// Takes the lease, in a transaction of its own.
    pub(crate) fn take(db: &Db, asker: &Asker<'_>) -> Result<Self> {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let pid = std::process::id();
        let now = now_ms();
        let token = format!("{host}/{pid}/{}/{}", process::identity(), unique());
        db.write("taking the lease", || {
            if let Held::By { holder, .. } = held(db)? {
                return Err(Error::LeaseHeld(holder));
            }
            db.conn()
                .execute(
                    "INSERT OR REPLACE INTO _cutover_lease (id, token, actor, host, pid, doing, expires_ms) \
                     VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
                    params![token, asker.actor, host, pid, asker.doing, now + millis(asker.ttl)],
                )
                .map_err(|source| db.error("taking the lease", source))
        })?;
        Ok(Self { token, ttl: asker.ttl })
    }

    /// What tells it from any other.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Renews the lease; fails if another has it. Called inside the transactions of
    /// the work, so that it fences them.
    pub(crate) fn renew(&self, db: &Db) -> Result<()> {
        let renewed = db
            .conn()
            .prepare_cached("UPDATE _cutover_lease SET expires_ms = ?2 WHERE id = 1 AND token = ?1")
            .and_then(|mut statement| {
                statement.execute(params![self.token, now_ms() + millis(self.ttl)])
            })
            .or_else(|source| match super::state::exists(db) {
                // The other operator has left the migration, and our tables are gone.
                Ok(false) => Ok(0),
                _ => Err(db.error("renewing the lease", source)),
            })?;
        if renewed == 0 && !super::state::exists(db)? {
            return Err(Error::LeaseLost(None));
        }
        if renewed == 1 {
            return Ok(());
        }
        Err(Error::LeaseLost(row(db)?.map(|row| row.holder)))
    }

    /// Fails if another has it, or had it since. Writes nothing.
    pub(crate) fn check(&self, db: &Db) -> Result<()> {
        if !super::state::exists(db)? {
            return Err(Error::LeaseLost(None));
        }
        let token = db
            .conn()
            .query_row("SELECT token FROM _cutover_lease WHERE id = 1", [], |row| row.get(0))
            .optional()
            .map_err(|source| db.error("reading the lease", source))?;
        if token.is_some_and(|token: String| token == self.token) {
            return Ok(());
        }
        Err(Error::LeaseLost(row(db)?.map(|row| row.holder)))
    }

    /// Gives the lease up. Nothing is lost if this fails: it expires.
    pub(crate) fn release(self, db: &Db) -> Result<()> {
        db.conn()
            .execute("DELETE FROM _cutover_lease WHERE token = ?1", [&self.token])
            .map(|_| ())
            .map_err(|source| db.error("releasing the lease", source))
    }
}

/// Who has the lease at this moment.
pub(crate) fn held(db: &Db) -> Result<Held> {
    let Some(Row { token, expires_ms, holder }) = row(db)? else { return Ok(Held::Free) };
    if expires_ms <= now_ms() {
        return Ok(Held::Free);
    }
    // Of another machine nothing is known but when its lease expires.
    let here = gethostname::gethostname().to_string_lossy() == holder.host.as_str();
    if here && process::fate(holder.pid, identity(&token)) == Fate::Gone {
        return Ok(Held::Left(holder));
    }
    Ok(Held::By { token, holder })
}

/// The identity of the process in a token, `host/pid/identity/…`. Those of older versions have
/// none.
fn identity(token: &str) -> &str {
    let mut parts = token.rsplitn(4, '/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(identity), Some(_), Some(_)) => identity,
        _ => "",
    }
}

fn row(db: &Db) -> Result<Option<Row>> {
    db.conn()
        .query_row(
            "SELECT actor, host, pid, doing, expires_ms, token FROM _cutover_lease WHERE id = 1",
            [],
            |row| {
                let expires_ms: i64 = row.get(4)?;
                Ok(Row {
                    token: row.get(5)?,
                    expires_ms,
                    holder: LeaseHolder {
                        actor: row.get(0)?,
                        host: row.get(1)?,
                        pid: row.get(2)?,
                        doing: row.get(3)?,
                        expires: crate::clock::rfc3339_ms(expires_ms),
                    },
                })
            },
        )
        .optional()
        .map_err(|source| db.error("reading the lease", source))
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Tells two leases of one process apart.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{nanos}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
