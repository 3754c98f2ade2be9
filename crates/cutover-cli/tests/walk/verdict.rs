//! What the diaries say that the database must hold, against what it holds.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader};

use rusqlite::Connection;
use serde::Deserialize;

use crate::walk::scene::{self, PROGRAMS, Scene};

/// A line of a diary.
#[derive(Debug, Deserialize)]
struct Line {
    ack: Option<i64>,
    seq: Option<i64>,
    #[serde(default)]
    writes: i64,
    #[serde(default)]
    rows: BTreeMap<i64, Option<Row>>,
    /// Rows that a rollback had set aside when the program looked for them.
    #[serde(default)]
    aside: Vec<i64>,
}

/// Name, city, number, place.
type Row = (Option<String>, Option<String>, i64, i64);

/// What one program has done.
#[derive(Debug, Default)]
struct Diary {
    seq: i64,
    writes: i64,
    transactions: i64,
    rows: BTreeMap<i64, Row>,
    aside: BTreeMap<i64, Row>,
}

#[derive(Debug, Default)]
pub(crate) struct Verdict {
    writes: i64,
    transactions: i64,
    rows: usize,
    aside: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} writes acknowledged in {} transactions; {} rows in the end, {} set aside",
            self.writes, self.transactions, self.rows, self.aside
        )
    }
}

impl Diary {
    fn read(scene: &Scene, owner: i64) -> Result<Self, String> {
        let mut diary = Self::default();
        let mut meant: Option<Line> = None;
        let Ok(file) = std::fs::File::open(scene.diary(owner)) else { return Ok(diary) };
        for line in BufReader::new(file).lines() {
            // Half a line was written by a program that was killed.
            let Ok(line) = serde_json::from_str::<Line>(&line.unwrap()) else { continue };
            match (line.ack, line.seq) {
                (Some(ack), _) => {
                    let done = meant.take().filter(|meant| meant.seq == Some(ack));
                    diary.take(done.ok_or(format!("program {owner}: nothing is known of {ack}"))?);
                }
                (None, Some(_)) => meant = Some(line),
                (None, None) => {}
            }
        }
        Ok(diary)
    }

    fn take(&mut self, line: Line) {
        self.seq = line.seq.unwrap_or_default();
        self.writes += line.writes;
        self.transactions += 1;
        for id in &line.aside {
            if let Some(row) = self.rows.remove(id) {
                self.aside.insert(*id, row);
            }
        }
        for (id, row) in line.rows {
            match row {
                Some(row) => self.rows.insert(id, row),
                None => self.rows.remove(&id),
            };
        }
    }
}

/// Compares. Nobody may write meanwhile.
pub(crate) fn judge(scene: &Scene) -> Result<Verdict, String> {
    let conn = scene.open();
    let found = found(&conn)?;
    let aside = set_aside(&conn);
    let (mut verdict, mut expected) = (Verdict::default(), still(&conn, scene.seed));
    let mut faults = Vec::new();
    for owner in 1..=PROGRAMS {
        let diary = Diary::read(scene, owner)?;
        let sql = "SELECT seq FROM progress WHERE owner = ?";
        let seq: i64 = conn.query_row(sql, [owner], |row| row.get(0)).unwrap();
        if seq != diary.seq {
            faults.push(format!("program {owner} is at {seq}, and {} was acknowledged", diary.seq));
        }
        verdict.writes += diary.writes;
        verdict.transactions += diary.transactions;
        for (id, row) in &diary.rows {
            if row.0.is_some() || found.get(id) == Some(row) {
                expected.insert(*id, row.clone());
                continue;
            }
            // What the old table can't hold is aside by now. What it held of it before, it may
            // hold still.
            verdict.aside += 1;
            expected.extend(found.get(id).map(|before| (*id, before.clone())));
            if !aside.contains(&(*id, row.2, row.3)) {
                faults.push(format!("lost: {id} {row:?} is neither there nor set aside"));
            }
        }
        for (id, row) in &diary.aside {
            verdict.aside += 1;
            if !aside.contains(&(*id, row.2, row.3)) {
                faults.push(format!("lost: {id} {row:?} was set aside, and is not there"));
            }
        }
    }
    verdict.rows = found.len();
    for (id, row) in &expected {
        match found.get(id) {
            Some(other) if other == row => {}
            Some(other) => faults.push(format!("row {id} is {other:?} instead of {row:?}")),
            None => faults.push(format!("lost: {id} {row:?}")),
        }
    }
    let more = found.iter().filter(|(id, _)| !expected.contains_key(id));
    faults.extend(more.map(|(id, row)| format!("nobody wrote {id} {row:?}")));
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if check != "ok" {
        faults.push(check);
    }
    let count = faults.len();
    faults.truncate(20);
    if count == 0 { Ok(verdict) } else { Err(format!("{count} faults\n{}", faults.join("\n"))) }
}

/// Whether the migration has left anything behind but rows that were set aside.
pub(crate) fn no_trace(scene: &Scene) -> Result<(), String> {
    let conn = scene.open();
    let sql = "SELECT group_concat(name) FROM sqlite_schema WHERE name GLOB '_cutover_*' OR name GLOB 'cutover_live_*'";
    let left: Option<String> = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    match left {
        Some(left) if !has(&conn, "_cutover_kept_customers") => Err(format!("left behind: {left}")),
        _ => Ok(()),
    }
}

fn has(conn: &Connection, table: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?)";
    conn.query_row(sql, [table], |row| row.get(0)).unwrap()
}

fn rows(conn: &Connection, sql: &str) -> BTreeMap<i64, Row> {
    let mut statement = conn.prepare(sql).unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
    };
    statement.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap()
}

const OLD: &str = "SELECT id, name, city, n, place FROM clients";
const NEW: &str = "SELECT u.id, u.name, t.name, u.n, u.place FROM customers u \
    LEFT JOIN addresses a ON a.customer = u.id LEFT JOIN cities t ON t.id = a.city_id";

/// The rows of the side that takes writes and, where both have tables, whether the other holds
/// the same.
fn found(conn: &Connection) -> Result<BTreeMap<i64, Row>, String> {
    let phase: Option<String> = if has(conn, "_cutover_migrations") {
        let sql = "SELECT phase FROM _cutover_migrations ORDER BY id DESC LIMIT 1";
        conn.query_row(sql, [], |row| row.get(0)).ok()
    } else {
        None
    };
    match phase.as_deref() {
        Some("write-new") => {
            let (old, new) = (rows(conn, OLD), rows(conn, NEW));
            let differing =
                new.iter().find(|(id, row)| row.0.is_some() && old.get(id) != Some(row));
            match differing {
                Some((id, row)) => {
                    Err(format!("in write-new {id} is {row:?}, and {:?}", old.get(id)))
                }
                None => Ok(new),
            }
        }
        Some("new-only" | "retired") => Ok(rows(conn, NEW)),
        _ => Ok(if has(conn, "clients") { rows(conn, OLD) } else { rows(conn, NEW) }),
    }
}

/// Id, number and place of customers that a rollback set aside.
fn set_aside(conn: &Connection) -> Vec<(i64, i64, i64)> {
    if !has(conn, "_cutover_kept_customers") {
        return Vec::new();
    }
    let mut statement = conn.prepare("SELECT id, n, place FROM _cutover_kept_customers").unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    statement.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The rows that nobody writes.
fn still(conn: &Connection, seed: u64) -> BTreeMap<i64, Row> {
    rows(conn, &format!("SELECT id, name, city, n, place FROM ({})", scene::still(seed)))
}
