//! Programs in other processes that write beside a backfill: what they feel of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::scene::Scene;

/// Enough that a backfill is made of some hundred chunks.
const SCHEMA: &str = "\
CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT, pad TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
INSERT INTO t SELECT i, 'name ' || i, hex(zeroblob(30)) FROM n;";

const MIGRATION: &str = "\
CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT, pad TEXT);
INSERT INTO new.s (id, w, pad) SELECT id, w, pad FROM old.t;
INSERT INTO old.t (id, w, pad) SELECT id, w, pad FROM new.s;";

/// A program that waits by SQLite's own busy handler. It says how long it waited, and how many of
/// its transactions failed.
const PROGRAM: &str = "
import json, sqlite3, sys, time
con = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
def writes(i):
    con.execute(\"INSERT INTO t (w, pad) VALUES ('n', 'p')\")
def reads_first(i):
    con.execute('BEGIN')
    con.execute('SELECT w FROM t WHERE id = ?', (i,)).fetchone()
    time.sleep(0.003)
    con.execute('UPDATE t SET w = ? WHERE id = ?', (str(i), i))
    con.execute('COMMIT')
step, i, waits, failed = globals()[sys.argv[2]], 0, [], 0
con.execute('SELECT count(*) FROM t').fetchone()
print('ready', flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    i, began = i + 1, time.monotonic()
    try:
        step(i)
    except sqlite3.Error:
        failed += 1
        if con.in_transaction:
            con.execute('ROLLBACK')
    waits.append(time.monotonic() - began)
    time.sleep(0.005 if step is writes else 0.01)
print(json.dumps({'longest': max(waits), 'failed': failed, 'tried': len(waits)}))
";

/// What a program tells, and the seconds that the backfill took beside it.
fn beside_a_backfill(step: &str) -> (Value, f64) {
    let scene = Scene::set(SCHEMA, MIGRATION);
    scene.exits(0, "start FILE --no-backfill");
    let mut program = start(&scene.db, step);
    let began = Instant::now();
    scene.exits(0, "backfill");
    let took = began.elapsed().as_secs_f64();
    drop(program.0.stdin.take());
    let output = program.1.by_ref().last().unwrap().unwrap();
    program.0.wait().unwrap();
    scene.exits(0, "verify");
    (serde_json::from_str(&output).unwrap(), took)
}

type Lines = std::io::Lines<std::io::BufReader<std::process::ChildStdout>>;

fn start(db: &Path, step: &str) -> (std::process::Child, Lines) {
    use std::io::BufRead as _;
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM])
        .arg(db)
        .arg(step)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    (child, lines)
}

#[test]
fn a_program_that_waits_as_sqlite_does_gets_its_turn() {
    let (told, took) = beside_a_backfill("writes");
    let longest = told["longest"].as_f64().unwrap();
    assert_eq!(told["failed"], 0);
    assert!(longest < took / 3.0, "{longest} s of {took} s: {told}");
}

#[test]
fn transactions_that_read_first_are_given_way_to() {
    let (told, _) = beside_a_backfill("reads_first");
    let [failed, tried] = ["failed", "tried"].map(|key| told[key].as_u64().unwrap());
    assert!(failed * 4 < tried, "{told}");
}
