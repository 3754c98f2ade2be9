//! Rows that stand in the way of others.

use rusqlite::Row;

use crate::backend::sqlite::difference::Kind;
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::value::Value;
use crate::derive::sql::{ident, join};
use crate::error::Result;

use super::rows::{Fared, Job, Repair, State, Stop, token};

/// Rows from outside of the differences that are put back in the same transaction. More of
/// them are left to the caller, so that it stays short.
const PUT_BACK_AT_ONCE: usize = 64;

impl Repair<'_> {
    /// The rows that have a unique value of this one, on whatever constraint or index: those
    /// that a REPLACE would remove. It is tried, looked at, and undone.
    pub(super) fn in_the_way(&mut self, n: usize) -> std::result::Result<Vec<Vec<Value>>, Stop> {
        let conn = self.db.conn();
        let failed = |source| Stop::Failed(self.db.error("looking for conflicting rows", source));
        if !self.probing {
            let columns: Vec<usize> = (0..self.target.columns.len()).collect();
            let sql = format!(
                "CREATE TEMP TABLE IF NOT EXISTS cutover_victims ({}); \
                 CREATE TEMP TRIGGER cutover_probe AFTER DELETE ON main.{} BEGIN \
                 INSERT INTO cutover_victims VALUES ({}); END",
                join(&columns, ", ", |n| format!("c{n}")),
                ident(&self.target.table.name),
                join(&self.target.columns, ", ", |column| format!("OLD.{}", ident(column))),
            );
            conn.execute_batch(&sql).map_err(failed)?;
            self.probing = true;
        }
        // With this setting a REPLACE fires DELETE triggers for what it removes
        // (https://www.sqlite.org/pragma.html#pragma_recursive_triggers).
        let set = "SAVEPOINT cutover_look; DELETE FROM temp.cutover_victims; \
                   PRAGMA recursive_triggers = ON";
        conn.execute_batch(set).map_err(failed)?;
        let tried = self.write(n, "REPLACE");
        conn.execute_batch("PRAGMA recursive_triggers = OFF").map_err(failed)?;
        tried?;
        let width = self.target.columns.len();
        let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
            let row = |row: &Row<'_>| (0..width).map(|n| row.get(n)).collect();
            conn.prepare("SELECT * FROM temp.cutover_victims")?.query_map([], row)?.collect()
        };
        let found = read().map_err(failed)?;
        conn.execute_batch("ROLLBACK TO cutover_look; RELEASE cutover_look").map_err(failed)?;
        Ok(found)
    }

    pub(super) fn remove_probe(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.probing) || self.db.conn().is_autocommit() {
            // What rolled the transaction back has removed it as well.
            return Ok(());
        }
        let sql =
            "DROP TRIGGER IF EXISTS temp.cutover_probe; DROP TABLE IF EXISTS temp.cutover_victims";
        self.db.batch("looking for conflicting rows", sql)
    }

    /// Makes a row that stands in the way give way, if it differs from what the mapping gives.
    pub(super) fn free(&mut self, row: &[Value]) -> std::result::Result<bool, Stop> {
        let known = self.by_token.get(&token(self.target, row)).copied();
        let state = known.map(|n| (self.jobs[n].state, self.jobs[n].kind));
        match (known, state) {
            (_, Some((State::Done, _))) => return Ok(false),
            // It stays as it was for want of room for what it should be.
            (_, Some((State::Refused, Kind::Different))) => return self.remove(row),
            (Some(n), Some((State::Waiting, Kind::Different))) => {
                let whole = self.whole(row)?;
                let removed = self.remove(row)?;
                if removed {
                    self.jobs[n].kind = Kind::Missing;
                    self.jobs[n].whole = Some(whole);
                }
                return Ok(removed);
            }
            _ => {}
        }
        let given = match self.given(row) {
            // It can't be told what it should be: it stays only where nothing needs its place.
            Err(error) if may_be_a_row(&error) => {
                let removed = self.remove(row)?;
                if removed {
                    self.repaired.freed.push(self.scope(row));
                }
                return Ok(removed);
            }
            given => given?,
        };
        let Some(given) = given else { return self.remove(row) };
        let Some(given) = given else { return Ok(false) };
        let whole = self.whole(row)?;
        if !self.remove(row)? {
            return Ok(false);
        }
        let loses = whole.iter().any(|(name, _)| name != self.target.table.rowid());
        if loses || self.outside < PUT_BACK_AT_ONCE {
            self.outside += 1;
            self.by_token.insert(token(self.target, &given), self.jobs.len());
            let (kind, state) = (Kind::Missing, State::Waiting);
            self.jobs.push(Job { kind, row: given, whole: Some(whole), state });
        } else {
            self.repaired.freed.push(self.scope(row));
        }
        Ok(true)
    }

    pub(super) fn remove(&self, row: &[Value]) -> std::result::Result<bool, Stop> {
        Ok(matches!(self.delete(row)?, Fared::Written))
    }
}
