//! How many rows a table holds, without counting them all.
//!
//! SQLite keeps no count, and to count reads the whole table. Few rows are counted. Of more it is
//! estimated from their rowids: the space between the first and the last is halved where it is
//! widest, again and again; each half ends at the rows nearest to the middle, so that what is
//! empty drops out. In what is left, numbers are drawn. Each lies between two rows, and with what
//! chance it does is their distance: so the mean of one by the distance is how dense rows are,
//! however they lie. A few rows more on both sides make it steadier. A table without rowids has
//! nothing of the kind, and is counted.

use rusqlite::{Statement, params};

use super::{Db, catalog};
use crate::derive::sql::ident;
use crate::error::Result;

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) rows: u64,
    /// Whether that is an estimate.
    pub(crate) estimated: bool,
}

/// So many rows are counted: it takes about a millisecond.
const COUNTED: u64 = 2_000;

/// How often the space between rowids is halved.
const HALVINGS: usize = 32;

/// Numbers drawn in each span.
const DRAWN: u32 = 8;

/// Steps from row to row that are measured around each number.
const STEPS: u32 = 4;

/// The rows of a table, by the name that it is stored under. What is looked for is there as long
/// as nothing is deleted meanwhile, so all of it reads one snapshot: the one at hand, if there is
/// one.
pub(crate) fn rows(db: &Db, table: &str) -> Result<Rows> {
    if db.conn().is_autocommit() {
        db.read("estimating rows", || rows_now(db, table))
    } else {
        rows_now(db, table)
    }
}

fn rows_now(db: &Db, table: &str) -> Result<Rows> {
    let from = ident(table);
    let few = format!("SELECT count(*) FROM (SELECT 1 FROM {from} LIMIT {})", COUNTED + 1);
    let rows = db.count(&few)?;
    if rows <= COUNTED {
        return Ok(Rows { rows, estimated: false });
    }
    let known = catalog::table(db, table)?.filter(|table| !table.without_rowid);
    let Some(rowid) = known.as_ref().map(|table| table.rowid()) else {
        let rows = db.count(&format!("SELECT count(*) FROM {from}"))?;
        return Ok(Rows { rows, estimated: false });
    };
    let estimated = || -> rusqlite::Result<u64> {
        let mut seek = Seek::in_table(db, &from, rowid)?;
        estimate(&mut seek)
    };
    let rows = estimated().map_err(|source| db.error("estimating rows", source))?;
    Ok(Rows { rows: rows.max(COUNTED + 1), estimated: true })
}

/// Looks for rowids, each by a few pages.
struct Seek<'a> {
    after: Statement<'a>,
    until: Statement<'a>,
    some_after: Statement<'a>,
    some_until: Statement<'a>,
}

impl<'a> Seek<'a> {
    fn in_table(db: &'a Db, from: &str, rowid: &str) -> rusqlite::Result<Self> {
        let prepare = |sql: String| db.conn().prepare(&sql);
        let some = |within: &str, order: &str, end: &str| {
            format!(
                "SELECT count(*), {end}(r) FROM (SELECT {rowid} AS r FROM {from} WHERE {within} \
                 ORDER BY {rowid} {order} LIMIT ?3)"
            )
        };
        Ok(Self {
            after: prepare(format!("SELECT min({rowid}) FROM {from} WHERE {rowid} > ?1"))?,
            until: prepare(format!("SELECT max({rowid}) FROM {from} WHERE {rowid} <= ?1"))?,
            some_after: prepare(some(&format!("{rowid} > ?1 AND {rowid} <= ?2"), "ASC", "max"))?,
            some_until: prepare(some(&format!("{rowid} <= ?1 AND {rowid} >= ?2"), "DESC", "min"))?,
        })
    }

    /// The first rowid after a number.
    fn after(&mut self, number: i64) -> rusqlite::Result<Option<i64>> {
        self.after.query_row([number], |row| row.get(0))
    }

    /// The last rowid up to a number.
    fn until(&mut self, number: i64) -> rusqlite::Result<Option<i64>> {
        self.until.query_row([number], |row| row.get(0))
    }
}

/// The rowids from one row to another: both are there.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
}

impl Span {
    /// Rowids after the first.
    fn width(self) -> u64 {
        self.last.abs_diff(self.first)
    }
}

fn estimate(seek: &mut Seek<'_>) -> rusqlite::Result<u64> {
    let first = match seek.until(i64::MIN)? {
        None => seek.after(i64::MIN)?,
        lowest => lowest,
    };
    let ends = (seek.until(i64::MAX)?, first);
    let (Some(last), Some(first)) = ends else { return Ok(0) };
    let mut spans = vec![Span { first, last }];
    for _ in 0..HALVINGS {
        let widest = (0..spans.len()).max_by_key(|n| spans[*n].width()).unwrap_or(0);
        let Span { first, last } = spans[widest];
        if spans[widest].width() <= u64::from(STEPS) {
            break;
        }
        let middle = first.wrapping_add_unsigned(spans[widest].width() / 2);
        // There is a row on each side: the first itself, and the last.
        let left = Span { first, last: seek.until(middle)?.unwrap_or(first) };
        let right = Span { first: seek.after(middle)?.unwrap_or(last), last };
        spans[widest] = left;
        spans.push(right);
    }
    let mut rows = 0.0;
    for span in spans {
        rows += within(seek, span)?;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
    let rows = rows.round() as u64;
    Ok(rows)
}

/// About how many rows a span has.
fn within(seek: &mut Seek<'_>, span: Span) -> rusqlite::Result<f64> {
    let Span { first, last } = span;
    if first == last {
        return Ok(1.0);
    }
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?));
    let (few, end) = seek.some_after.query_row(params![first, last, STEPS + 1], read)?;
    if end == last {
        return Ok(f64::from(few) + 1.0);
    }
    let mut density = 0.0;
    for n in 0..DRAWN {
        let number = first.wrapping_add_unsigned(drawn(n, span.width()));
        let before = n % STEPS;
        let (until, from) = seek.some_until.query_row(params![number, first, before + 1], read)?;
        let (after, to) = seek.some_after.query_row(params![number, last, STEPS - before], read)?;
        density += f64::from(until + after - 1) / to.abs_diff(from) as f64;
    }
    Ok(1.0 + span.width() as f64 * density / f64::from(DRAWN))
}

/// The nth number of those below `width`, spread evenly and in no step that rowids may have.
fn drawn(n: u32, width: u64) -> u64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let part = (0.5 + f64::from(n) * GOLDEN).fract();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the width")]
    let number = (width as f64 * part) as u64;
    number.min(width - 1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    fn of(ids: &str) -> (Rows, u64) {
        let db = Db::memory().unwrap();
        let fill = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, w); \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
             INSERT OR IGNORE INTO t SELECT {ids}, 'w' FROM n"
        );
        db.batch("", &fill).unwrap();
        (rows(&db, "t").unwrap(), db.count("SELECT count(*) FROM t").unwrap())
    }

    #[test]
    fn few_rows_are_counted() {
        let (found, rows) = of("i % 1999 * 7");
        assert_eq!((found.rows, found.estimated), (rows, false));
    }

    #[test]
    fn ids_without_a_gap_are_as_many_as_there_are() {
        for ids in ["i", "i - 30000", "9223372036854775807 - i", "-9223372036854775808 + i - 1"] {
            let (found, rows) = of(ids);
            assert_eq!((found.rows, found.estimated), (rows, true), "{ids}");
        }
    }

    #[test]
    fn gaps_and_lone_rows_make_little_difference() {
        for ids in [
            "i * 10",
            "iif(i % 3 = 0, NULL, i)",
            // Most of the middle deleted.
            "iif(i BETWEEN 5000 AND 55000, i / 50 * 50, i)",
            // Two crowds far from each other, and one row farther still.
            "iif(i < 20000, i, 1000000000000 + i)",
            "iif(i = 7, 9223372036854775807, i)",
            "iif(i = 7, -9223372036854775808, i)",
            "abs(random() / 1000)",
            "i + i / 100 * 900",
        ] {
            let (found, rows) = of(ids);
            let off = found.rows.abs_diff(rows) as f64 / rows as f64;
            assert!(off < 0.25, "{ids}: {} for {rows}", found.rows);
        }
    }

    /// A program deletes all rows, and writes them again, beside estimates.
    #[test]
    fn rows_that_go_meanwhile_are_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("live.db");
        let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
             INSERT INTO t SELECT i * 10 FROM n";
        let program = rusqlite::Connection::open(&path).unwrap();
        let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (id INTEGER PRIMARY KEY)";
        program.execute_batch(&format!("{set}; {fill}")).unwrap();
        let db = Db::open(&path, std::time::Duration::from_secs(5)).unwrap();
        let rounds = AtomicU32::new(0);
        std::thread::scope(|scope| {
            let (rounds, program) = (&rounds, program);
            scope.spawn(move || {
                while rounds.fetch_add(1, Relaxed) < 500 {
                    program.execute_batch(&format!("DELETE FROM t; {fill}")).unwrap();
                }
            });
            while rounds.load(Relaxed) < 500 {
                rows(&db, "t").unwrap();
            }
        });
    }

    #[test]
    fn without_rowids_they_are_counted() {
        let db = Db::memory().unwrap();
        let fill = "CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID; \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
             INSERT INTO t SELECT 'k' || i FROM n";
        db.batch("", fill).unwrap();
        assert_eq!(rows(&db, "t").unwrap(), Rows { rows: 5_000, estimated: false });
    }
}
