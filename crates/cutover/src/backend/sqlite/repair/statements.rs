//! Statements on one row.

use crate::backend::sqlite::blame::{Blame, blame};
use crate::backend::sqlite::bound;
use crate::backend::sqlite::connection::message;
use crate::backend::sqlite::difference::Kind;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::differs;
use crate::derive::sql::{idents, join};
use crate::error::Result;

use super::rows::{Fared, Repair, Stop, token};

impl Repair<'_> {
    /// Writes a row: changes the one there is, or inserts it.
    pub(super) fn write(&self, n: usize, or: &str) -> std::result::Result<Fared, Stop> {
        let (target, job) = (self.target, &self.jobs[n]);
        let (sql, values) = match job.kind {
            Kind::Different => {
                let (table, set) = (&self.table, bound::assigned(target));
                (format!("UPDATE OR {or} {table} SET {set} WHERE {}", self.same_key()), &[][..])
            }
            _ => {
                let rest = job.whole.as_deref().unwrap_or_default();
                let names = target.columns.iter().chain(rest.iter().map(|(name, _)| name));
                let names: Vec<&String> = names.collect();
                let marks: Vec<usize> = (1..=names.len()).collect();
                let marks = join(&marks, ", ", |n| format!("?{n}"));
                let (table, list) = (&self.table, idents("", &names));
                (format!("INSERT OR {or} INTO {table} ({list}) VALUES ({marks})"), rest)
            }
        };
        let values: Vec<&Value> =
            job.row.iter().chain(values.iter().map(|(_, value)| value)).collect();
        self.execute(&sql, &values, Some(&job.row))
    }

    pub(super) fn delete(&self, row: &[Value]) -> std::result::Result<Fared, Stop> {
        let sql = format!("DELETE FROM {} WHERE {}", self.table, self.same_key());
        self.execute(&sql, &row.iter().collect::<Vec<_>>(), None)
    }

    pub(super) fn same_key(&self) -> String {
        bound::equals(self.target, "", &self.target.key.columns)
    }

    /// Runs a statement for one row: all of it, or nothing. A trigger of the application may
    /// keep it from being done without an error, or leave half of it (`RAISE(FAIL)`).
    pub(super) fn execute(
        &self,
        sql: &str,
        values: &[&Value],
        makes: Option<&[Value]>,
    ) -> std::result::Result<Fared, Stop> {
        let watched = !self.target.table.triggers.is_empty();
        let conn = self.db.conn();
        let failed = |source| self.db.error(&self.doing(), source);
        let savepoint = |sql: &str| {
            if watched { conn.execute_batch(sql).map_err(failed) } else { Ok(()) }
        };
        // One that can't be prepared is no fault of the row.
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        bound::bind(&mut statement, values.iter().copied()).map_err(failed)?;
        savepoint("SAVEPOINT cutover_row")?;
        let fared = match statement.raw_execute() {
            Ok(0) => Fared::Changed,
            Ok(_) if !watched || self.is_made(makes)? => Fared::Written,
            Ok(_) => Fared::Changed,
            Err(source) => match blame(&source) {
                // A disk that fails ends the transaction too: that is no row's doing.
                Blame::Nothing => return Err(failed(source).into()),
                _ if conn.is_autocommit() => {
                    let row: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
                    return Err(Stop::Ended {
                        row: token(self.target, &row),
                        reason: message(&source),
                    });
                }
                Blame::Row => Fared::Refused(message(&source)),
                Blame::Another => Fared::Conflict(message(&source)),
            },
        };
        let undo = !matches!(fared, Fared::Written);
        savepoint(if undo {
            "ROLLBACK TO cutover_row; RELEASE cutover_row"
        } else {
            "RELEASE cutover_row"
        })?;
        Ok(fared)
    }

    /// Whether the table holds the row as it was meant to.
    pub(super) fn is_made(&self, row: Option<&[Value]>) -> Result<bool> {
        let Some(row) = row else { return Ok(true) };
        let target = self.target;
        let differs =
            differs(target, target.values(), "t", &|column| bound::parameter(target, column));
        let but = differs.map_or_else(String::new, |differs| format!(" AND NOT ({differs})"));
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} AS t WHERE {}{but})",
            self.table,
            self.same_key()
        );
        let look = || -> rusqlite::Result<bool> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            bound::bind(&mut statement, row)?;
            let mut rows = statement.raw_query();
            Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(false))
        };
        look().map_err(|source| self.db.error(&self.doing(), source))
    }

    pub(super) fn doing(&self) -> String {
        format!("repairing {}", self.target.table.known_as)
    }
}
