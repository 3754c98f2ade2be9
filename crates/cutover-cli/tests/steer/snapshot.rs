//! What a look tells, and that it holds nobody up.

use std::time::Duration;

use cutover::{Engine, Observer, Options, Writes};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::bench::Bench;

#[test]
fn every_phase_says_what_it_is() {
    let bench = Bench::new(300);
    bench.run("start split.sql --actor ann").exits(0);
    let status = bench.status();
    assert_eq!(status["version"], 1);
    assert_eq!(status["old_schema"], json!({"state": "written"}));
    assert_eq!(status["rollback"], Value::Null);
    assert_eq!(status["writes"]["enter"], "old");
    assert_eq!(status["phases"][0]["phase"], "dual-write");
    assert_eq!(status["phases"][0]["actor"], "ann");
    assert!(status["database_bytes"].as_u64().unwrap() > 4096);
    assert!(status["free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(status["verification"], Value::Null);
    bench.run("advance --to write-new").exits(0);
    let status = bench.status();
    assert_eq!(status["old_schema"], json!({"state": "mirror"}));
    assert_eq!(status["rollback"]["to"], "read-new");
    assert!(status["rollback"]["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(status["verification"]["command"], "advance");
    assert_eq!(status["verification"]["report"]["ok"], true);
    bench.run("advance").exits(0);
    let status = bench.status();
    assert_eq!(status["old_schema"], json!({"state": "frozen", "rows": 300}));
    assert_eq!(status["rollback"]["rows"], 300 + 2 * 600);
    let phases: Vec<_> = status["phases"].as_array().unwrap().iter().map(|p| &p["phase"]).collect();
    assert_eq!(phases, ["dual-write", "read-new", "write-new", "new-only"]);
    bench.run("advance --yes").exits(0);
    let status = bench.status();
    assert_eq!(status["old_schema"], json!({"state": "gone"}));
    assert_eq!(status["rollback"], Value::Null);
}

fn observer(bench: &Bench) -> Observer {
    Observer::new(Engine::open_to_read(&bench.path("app.db"), Options::default()).unwrap(), "split")
}

#[test]
fn programs_transactions_are_counted_and_our_own_are_not() {
    let bench = Bench::new(30_000);
    bench.run("start split.sql --no-backfill").exits(0);
    let mut observer = observer(&bench);
    assert_eq!(observer.look().unwrap().writes.old_per_second, None, "a rate takes two looks");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(observer.look().unwrap().writes.old_per_second, Some(0.0));
    // A backfill commits its chunks; none of them is a program's.
    bench.run("pace --rows-per-second 20000").exits(0);
    std::thread::sleep(Duration::from_millis(100));
    observer.look().unwrap();
    let mut backfill = bench.spawn("backfill");
    let mut most: f64 = 0.0;
    while backfill.is_running() {
        std::thread::sleep(Duration::from_millis(200));
        let snapshot = observer.look().unwrap();
        if snapshot.work.as_ref().is_some_and(|work| work.done > 0) {
            most = most.max(snapshot.writes.old_per_second.unwrap());
        }
    }
    // Of each look at most those between a chunk and what was written of it, and checkpoints.
    assert!(most < 40.0, "{most} a second were taken for programs'");
    let mut looks = 0;
    let conn = Connection::open(bench.path("app.db")).unwrap();
    observer.look().unwrap();
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        // SQLite commits nothing where nothing changes.
        conn.execute("UPDATE clients SET city = ?1 WHERE id = 5", [looks]).unwrap();
        looks += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    let writes = observer.look().unwrap().writes;
    let expected = f64::from(looks) / seconds;
    let seen = writes.old_per_second.unwrap();
    assert!((seen / expected - 1.0).abs() < 0.5, "{seen} a second, and there were {expected}");
    assert_eq!(writes.new_per_second, writes.old_per_second, "the sync carries each over");
    assert_eq!(writes.enter, Writes::Old);
}

#[test]
fn looking_waits_for_nobody_and_holds_nobody_up() {
    let bench = Bench::new(300);
    bench.run("start split.sql").exits(0);
    let mut observer = observer(&bench);
    let writer = Connection::open(bench.path("app.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM clients WHERE id = 5").unwrap();
    // Nothing waits for a lock here: one look with a writer at work, and the writer goes on.
    let snapshot = observer.look().unwrap();
    assert_eq!(snapshot.tables[0].rows, 300);
    writer.busy_timeout(Duration::ZERO).unwrap();
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(observer.look().unwrap().tables[0].rows, 299);
    assert!(observer.look().unwrap().lease.is_none());
    // Nor does it write: what it opened was for reading.
    let before = std::fs::metadata(bench.path("app.db-wal")).unwrap().len();
    for _ in 0..5 {
        observer.look().unwrap();
    }
    assert_eq!(std::fs::metadata(bench.path("app.db-wal")).unwrap().len(), before);
}
