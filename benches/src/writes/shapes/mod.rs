//! The shapes of migrations that writes are measured on, one file each.

mod clients;
mod consensus;
mod copy;
mod grouped;
mod groups;
mod join;
mod split;
mod tables;
mod typed;

use rusqlite::types::Value;

use super::bench::Bench;

/// All of them, on databases of so many rows.
pub(super) fn all(rows: u64) -> Vec<Bench> {
    let mut all = vec![copy::dual_write(rows), copy::write_new(rows)];
    all.extend([split::dual_write(rows), split::write_new(rows)]);
    all.extend(grouped::all(rows));
    all.extend(join::all(rows));
    all.extend([consensus::dual_write(rows), consensus::write_new(rows)]);
    all.extend([split::dual_write(rows), split::write_new(rows)].map(Bench::while_both_write));
    all.extend([grouped::of_hundred(rows).while_both_write()]);
    all.extend(typed::all(rows));
    all.extend([1, 10, 50, 200].map(tables::dual_write));
    all
}

fn int(n: u64) -> Value {
    Value::Integer(n.cast_signed())
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// Numbers from 1 to `rows`, as `n(i)`.
fn numbers(rows: u64) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})")
}

/// Ids that rows of a bench may update: the first half.
fn updated(rows: u64, n: u64) -> u64 {
    1 + n * 37 % (rows / 2)
}

/// Ids that they may delete: the second half, of which each row has a share.
fn deleted(rows: u64, share: Share, n: u64) -> u64 {
    let first = match share {
        Share::First => rows / 2,
        Share::Second => rows / 4 * 3,
    };
    1 + first + n
}

#[derive(Clone, Copy)]
enum Share {
    First,
    Second,
}
