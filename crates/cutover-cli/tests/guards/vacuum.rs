//! Space given back after the old tables are gone.

use super::bench::Bench;
use crate::scene::rows;

/// Retired, with `extra` on the command line; gives what it says of the space, and what the
/// new tables held before.
fn retire(bench: &Bench, extra: &str) -> serde_json::Value {
    bench.exits(0, "start split.sql --db app.db");
    bench.exits(0, "advance --to new-only --db app.db");
    bench.json(&format!("advance --to retired --yes {extra} --db app.db"))["space"].take()
}

fn contents(bench: &Bench) -> Vec<String> {
    let mut all = rows(&bench.open(), "SELECT * FROM heads ORDER BY id");
    all.extend(rows(&bench.open(), "SELECT * FROM texts ORDER BY id"));
    all
}

/// What the new tables should hold, from the notes as they are.
fn expected(bench: &Bench) -> Vec<String> {
    let mut all = rows(&bench.open(), "SELECT id, title FROM notes ORDER BY id");
    all.extend(rows(&bench.open(), "SELECT id, body FROM notes ORDER BY id"));
    all
}

fn size(bench: &Bench) -> u64 {
    bench.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    bench.db().metadata().unwrap().len()
}

#[test]
fn an_incremental_database_gives_back_in_steps() {
    for journal in ["WAL", "DELETE"] {
        let pragmas = format!("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = {journal}");
        let bench = Bench::new(&pragmas, 10_000, 500);
        let expected = expected(&bench);
        bench.exits(0, "start split.sql --db app.db");
        let before = size(&bench);
        bench.exits(0, "advance --to new-only --db app.db");
        let line = "advance --to retired --yes --vacuum --db app.db";
        let space = bench.json(line)["space"].take();
        let freed = space["freed_bytes"].as_u64().unwrap();
        assert!(freed > 4_000_000, "{space}");
        assert_eq!(space["unused_bytes"], 0);
        assert!(space["full_vacuum"].is_null());
        let after = size(&bench);
        assert!(before - after > 4_000_000, "{before} bytes before, {after} after; {space}");
        assert_eq!(contents(&bench), expected);
        assert_eq!(rows(&bench.open(), "PRAGMA integrity_check").join(""), r#"Text([111, 107])"#);
    }
}

#[test]
fn any_other_database_says_what_it_would_cost_and_does_it_when_asked() {
    for journal in ["WAL", "DELETE"] {
        let bench = Bench::new(&format!("PRAGMA journal_mode = {journal}"), 10_000, 500);
        let expected = expected(&bench);
        let space = retire(&bench, "--vacuum");
        assert_eq!(space["freed_bytes"], 0);
        assert!(space["unused_bytes"].as_u64().unwrap() > 4_000_000, "{space}");
        let cost = &space["full_vacuum"];
        assert!(cost["seconds"].as_f64().unwrap() > 0.0, "{space}");
        for key in ["disk_bytes", "temp_bytes"] {
            assert!(cost[key].as_u64().unwrap() > 4_000_000, "{space}");
        }
        let before = size(&bench);
        let said = bench.exits(0, "advance --to retired --vacuum --db app.db").stdout;
        assert!(said.contains("--vacuum full"), "{said}");
        assert_eq!(size(&bench), before);
        let space = bench.json("advance --to retired --vacuum full --db app.db")["space"].take();
        let freed = space["freed_bytes"].as_u64().unwrap();
        assert!(freed > 4_000_000 && space["unused_bytes"] == 0, "{space}");
        assert_eq!(before - size(&bench), freed);
        assert_eq!(contents(&bench), expected);
    }
}

#[test]
fn without_being_asked_nothing_is_given_back() {
    let bench = Bench::new("PRAGMA auto_vacuum = INCREMENTAL", 5_000, 500);
    let space = retire(&bench, "");
    assert_eq!(space["freed_bytes"], 0);
    assert!(space["unused_bytes"].as_u64().unwrap() > 2_000_000, "{space}");
    // Later will do.
    let later = bench.json("advance --to retired --vacuum --db app.db")["space"].take();
    assert!(later["freed_bytes"].as_u64().unwrap() > 2_000_000, "{later}");
}

#[test]
fn a_vacuum_belongs_to_the_last_step() {
    let bench = Bench::small();
    bench.exits(0, "start split.sql --db app.db");
    let ran = bench.exits(3, "advance --vacuum --db app.db");
    assert!(ran.stderr.contains("retired"), "{}", ran.stderr);
    bench.exits(2, "advance --vacuum some --db app.db");
    assert_eq!(bench.json("status --db app.db")["phase"], "dual-write");
}

#[test]
fn a_vacuum_in_steps_goes_on_beside_a_writer() {
    let bench =
        Bench::new("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL", 10_000, 500);
    bench.exits(0, "start split.sql --db app.db");
    bench.exits(0, "advance --to new-only --db app.db");
    let conn = bench.open();
    conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    let line = "advance --to retired --yes --vacuum --db app.db --json";
    let mut command = testkit::Running::spawn(&mut bench.command(line));
    let mut written = 0_i64;
    while command.is_running() {
        let id = 20_000 + written;
        conn.execute("INSERT INTO heads VALUES (?1, 'beside')", [id]).unwrap();
        written += 1;
    }
    let space = command.wait(std::time::Duration::from_secs(1)).json()["space"].take();
    assert!(space["freed_bytes"].as_u64().unwrap() > 3_000_000, "{space}");
    let held = bench.number("SELECT count(*) FROM heads WHERE title = 'beside'");
    assert_eq!(held, written.unsigned_abs());
    assert_eq!(bench.number("SELECT count(*) FROM texts"), 10_000);
}
