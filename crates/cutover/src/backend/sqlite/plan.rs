//! Query plans of our statements. A sync statement that reads a whole table would make every write
//! slower the longer the table is.

use super::Db;
use crate::error::Result;

/// The tables that a statement reads from end to end.
pub(crate) fn scanned(db: &Db, sql: &str) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut subqueries = Vec::new();
        let mut statement = db.conn().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let detail: String = row.get(3)?;
            // A subquery is scanned under its alias; what it reads has lines of its own.
            for made in ["CO-ROUTINE ", "MATERIALIZE "] {
                subqueries.extend(detail.strip_prefix(made).map(str::to_owned));
            }
            // `SCAN t USING INDEX i` reads a whole index, which is no better.
            // A table function (json_each) is a virtual table: it reads its argument.
            if let Some(rest) =
                detail.strip_prefix("SCAN ").filter(|rest| !rest.contains(" VIRTUAL TABLE "))
            {
                found.push(rest.split(' ').next().unwrap_or(rest).to_owned());
            }
        }
        found.retain(|name| !subqueries.contains(name));
        Ok(found)
    };
    read().map_err(|source| db.error("looking at a query plan", source))
}
