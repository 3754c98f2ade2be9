//! One table to one of another name, with columns of another type, and one that the old lacks.

use cutover::Phase;

use super::super::bench::{Bench, Row, Rows, Shape};
use super::{Share, deleted, int, numbers, text, updated};

const OLD: &str = "CREATE TABLE events (id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, \
    amount TEXT NOT NULL, payload TEXT);";

const MIGRATION: &str = "
CREATE TABLE new.entries (id INTEGER PRIMARY KEY, at_seconds INTEGER NOT NULL, kind TEXT NOT NULL,
  cents INTEGER NOT NULL, payload TEXT, note TEXT);
INSERT INTO new.entries (id, at_seconds, kind, cents, payload)
SELECT id, CAST(strftime('%s', at) AS INTEGER), kind, CAST(amount AS INTEGER), payload FROM old.events;
INSERT INTO old.events (id, at, kind, amount, payload)
SELECT id, datetime(at_seconds, 'unixepoch'), kind, CAST(cents AS TEXT), payload FROM new.entries;";

fn shape(rows: u64) -> Shape {
    Shape {
        name: "typed",
        old: OLD.to_owned(),
        rows: Rows::Sql(format!(
            "{} INSERT INTO events SELECT i, datetime(1700000000 + i, 'unixepoch'), 'kind ' || (i % 10),
               CAST(i % 1000 AS TEXT), hex(randomblob(225)) FROM n;",
            numbers(rows)
        )),
        migration: MIGRATION.to_owned(),
        forward_by_hand: String::new(),
        backward_by_hand: String::new(),
    }
}

pub(super) fn all(rows: u64) -> Vec<Bench> {
    let bench = |title: &str, phase, rows_of: Vec<Row>| Bench {
        title: title.to_owned(),
        shape: shape(rows),
        phase,
        beside: None,
        rows: rows_of,
        around: Vec::new(),
    };
    let old = bench("other types", Phase::DualWrite, to_old(rows)).while_both_write();
    let mut new = bench("other types, write-new", Phase::WriteNew, to_new(rows)).while_both_write();
    new.rows.push(
        Row::new(
            "UPDATE of a column that the old lacks",
            "UPDATE entries SET note = ?2 WHERE id = ?1",
            move |n| vec![int(updated(rows, n)), text(format!("note {n}"))],
        )
        .not_by_hand()
        .aim(1.2),
    );
    vec![old, new]
}

fn to_old(rows: u64) -> Vec<Row> {
    vec![
        Row::new(
            "INSERT",
            "INSERT INTO events (at, kind, amount, payload) VALUES (datetime(?1, 'unixepoch'), 'k', ?1, ?2)",
            |n| vec![text((1_700_000_000 + n).to_string()), text("p".repeat(450))],
        ),
        Row::new("UPDATE of one column", "UPDATE events SET amount = ?2 WHERE id = ?1", move |n| {
            vec![int(updated(rows, n)), text((n + 10_000).to_string())]
        }),
        Row::new("DELETE", "DELETE FROM events WHERE id = ?1", move |n| {
            vec![int(deleted(rows, Share::First, n))]
        }),
    ]
}

fn to_new(rows: u64) -> Vec<Row> {
    vec![
        Row::new(
            "INSERT",
            "INSERT INTO entries (at_seconds, kind, cents, payload) VALUES (?1, 'k', ?1, ?2)",
            |n| vec![int(1_700_000_000 + n), text("p".repeat(450))],
        ),
        Row::new("UPDATE of one column", "UPDATE entries SET cents = ?2 WHERE id = ?1", move |n| {
            vec![int(updated(rows, n)), int(n + 10_000)]
        }),
        Row::new("DELETE", "DELETE FROM entries WHERE id = ?1", move |n| {
            vec![int(deleted(rows, Share::First, n))]
        }),
    ]
}
