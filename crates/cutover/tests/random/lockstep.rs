//! One statement, executed by a program on the database and on the twin.

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::random::failure::{Failure, Kind};
use crate::random::reference::Reference;

/// What a program is told of a statement.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    rows: Vec<Vec<Value>>,
    changes: u64,
    last_insert_rowid: i64,
}

/// How the two fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fared {
    /// Alike.
    Alike,
    /// The database refused what the twin took, and with reason: the other side can't
    /// hold it.
    Refused,
}

/// Executes a statement on both. The twin must not notice a difference, but for a
/// refusal whose reason it can see itself.
pub(crate) fn both(
    live: &Connection,
    reference: &Reference<'_>,
    sql: &str,
    mirror: Mirror,
) -> Result<Fared, Failure> {
    if is_control(sql) {
        let (one, other) = (reference.conn.execute_batch(sql), live.execute_batch(sql));
        return match (one, other) {
            (Ok(()), Ok(())) | (Err(_), Err(_)) => Ok(Fared::Alike),
            (one, other) => {
                Err(disturbed(sql, &format!("the twin {one:?}, the database {other:?}")))
            }
        };
    }
    reference.conn.execute_batch("SAVEPOINT statement").unwrap();
    let rowid_before = reference.conn.last_insert_rowid();
    if ends_by_order(reference, sql) {
        for conn in [&reference.conn, live] {
            if !conn.is_autocommit() {
                conn.execute_batch("ROLLBACK").unwrap();
            }
        }
        return Ok(Fared::Alike);
    }
    let mut expected = told(&reference.conn, sql);
    let mut found = told(live, sql);
    if !alike(&expected, &found, rowid_before)
        && let Some(again) = beside_idle_triggers(reference, sql)
        && alike(&again, &found, rowid_before)
    {
        expected = again;
    }
    if let (Ok(expected), Ok(found)) = (&expected, &mut found)
        && (expected.last_insert_rowid == rowid_before || inserts_in_any_order(sql, expected))
    {
        // Not set by this statement, and comparisons insert rows into the twin between. Or set by
        // whichever row came last.
        found.last_insert_rowid = expected.last_insert_rowid;
    }
    let fared = match (expected, found) {
        (Ok(expected), Ok(found)) if expected == found => {
            // Which row of several conflicts first depends on the order in which they are met,
            // which triggers change.
            let ordered = sql.contains("UPDATE OR ");
            if ordered && !reference.own_differences(live, reference.side).is_empty() {
                let _ = beside_idle_triggers(reference, sql);
            }
            Ok(Fared::Alike)
        }
        (Ok(expected), Ok(found)) => {
            Err(disturbed(sql, &format!("the twin is told {expected:?}, the program {found:?}")))
        }
        (Err(error), Ok(_)) => Err(disturbed(sql, &format!("the twin refuses it: {error}"))),
        (Err(_), Err(error)) => {
            // A refusal of ours takes all of the statement back, whatever its clause.
            // And what a statement did before an error that its clause does not cover
            // (a value of the wrong type under IGNORE) SQLite keeps in a transaction where
            // the table has no triggers, and takes back where it has.
            let ours = error.to_string().contains("cutover:");
            let differs = || !reference.own_differences(live, reference.side).is_empty();
            // What FAIL leaves depends on the order in which rows are met, which triggers change.
            if ours || differs() && (beside_idle_triggers(reference, sql).is_none() || differs()) {
                let _ = reference.conn.execute_batch("ROLLBACK TO statement");
            }
            Ok(Fared::Alike)
        }
        (Ok(twin), Err(error)) => {
            let reason = mirror.reason(reference, &error, twin.changes);
            let _ = reference.conn.execute_batch("ROLLBACK TO statement");
            match reason {
                Some(_) => Ok(Fared::Refused),
                None => Err(Failure::new(
                    Kind::Refused,
                    format!("refused without need: {error}\n{sql}"),
                )),
            }
        }
    };
    // Gone already if the statement has rolled its transaction back.
    let _ = reference.conn.execute_batch("RELEASE statement");
    if reference.conn.is_autocommit() != live.is_autocommit() {
        let _ = reference.conn.execute_batch("ROLLBACK");
        let _ = live.execute_batch("ROLLBACK");
    }
    fared
}

/// Whether both were told the same, or both failed.
fn alike(one: &rusqlite::Result<Told>, other: &rusqlite::Result<Told>, rowid_before: i64) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            let same_rowid = one.last_insert_rowid == other.last_insert_rowid
                || one.last_insert_rowid == rowid_before;
            one.rows == other.rows && one.changes == other.changes && same_rowid
        }
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// Executes a statement on the twin once more, beside triggers that do nothing: what SQLite
/// makes of it there it would make of it beside any. None where that can't be had, because the
/// statement has ended its transaction.
fn beside_idle_triggers(reference: &Reference<'_>, sql: &str) -> Option<rusqlite::Result<Told>> {
    reference.conn.execute_batch("ROLLBACK TO statement").ok()?;
    reference.idle_triggers(true).unwrap();
    let told = told(&reference.conn, sql);
    if reference.conn.is_autocommit() {
        // The triggers are gone with the transaction.
        return Some(told);
    }
    reference.idle_triggers(false).unwrap();
    Some(told)
}

/// Whether a statement inserts rows in the order of a SELECT that asks for none: an index made for
/// the migration may change it.
fn inserts_in_any_order(sql: &str, told: &Told) -> bool {
    told.changes > 1 && sql.contains(" SELECT ") && !sql.contains("ORDER BY")
}

/// Whether a statement ends its transaction beside triggers that do nothing and does not without
/// them, or the other way round: rows conflict by the order in which they are met. Nothing could be
/// compared after it, for the transaction would be gone on one of the two alone.
fn ends_by_order(reference: &Reference<'_>, sql: &str) -> bool {
    if !sql.starts_with("UPDATE OR ROLLBACK ") {
        return false;
    }
    let sql = sql.replacen("OR ROLLBACK", "OR ABORT", 1);
    let plain = told(&reference.conn, &sql);
    // A trigger of the application may end it, however the statement is written.
    let Some(beside) = beside_idle_triggers(reference, &sql) else { return true };
    reference.conn.is_autocommit()
        || reference.conn.execute_batch("ROLLBACK TO statement").is_err()
        || beside.is_ok() != plain.is_ok()
}

/// What the other side is when a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mirror {
    /// Nothing is kept in step.
    None,
    /// In step as far as rows were copied.
    Filling,
    /// In step.
    Whole,
    /// In step, and written by programs of its own.
    Both,
}

impl Mirror {
    /// Why a statement may be refused that the twin takes, where it changed so many rows.
    fn reason(
        self,
        reference: &Reference<'_>,
        error: &rusqlite::Error,
        changes: u64,
    ) -> Option<String> {
        // A new table's foreign key holds while it is filled: a row whose parent has not
        // been copied yet is refused until it has.
        let early = self == Self::Filling && error.to_string().contains("FOREIGN KEY");
        // Where a table has a BEFORE trigger SQLite looks at the types of a STRICT table
        // before it looks for the conflict that would have the row ignored.
        let typed = error.to_string().starts_with("cannot store ");
        // Rows are kept in step one by one: one that the mapping can't read may be replaced
        // by a later one of the same statement.
        let unread = error.to_string() == "malformed JSON";
        // For the same reason a unique key of the other side that holds less apart than this
        // one's is met by a row whose value another row of the statement has yet to give up.
        let yet_to_move = changes > 1 && error.to_string().contains("two rows ");
        let ours = error.to_string().contains("cutover: ");
        let refers = error.to_string().contains("FOREIGN KEY");
        match self {
            Self::None => None,
            // The other side may hold what no mapping gave.
            Self::Both if ours || refers => Some(error.to_string()),
            _ if early || typed || unread || yet_to_move => Some(error.to_string()),
            _ => reference.derived(|| Ok(())).err(),
        }
    }
}

/// What begins and ends transactions, or sets the connection up.
fn is_control(sql: &str) -> bool {
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA"]
        .iter()
        .any(|word| sql.starts_with(word))
}

fn told(conn: &Connection, sql: &str) -> rusqlite::Result<Told> {
    let mut statement = conn.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(
            (0..columns).map(|n| Ok(value(row.get_ref(n)?))).collect::<rusqlite::Result<_>>()?,
        );
    }
    drop(rows);
    Ok(Told { rows: all, changes: conn.changes(), last_insert_rowid: conn.last_insert_rowid() })
}

/// A value that may be a text of any bytes: those that are not UTF-8 are told as bytes.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Text(text) => String::from_utf8(text.to_vec())
            .map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text),
        other => other.try_into().unwrap(),
    }
}

fn disturbed(sql: &str, what: &str) -> Failure {
    Failure::new(Kind::Disturbed, format!("{sql}\n{what}"))
}
