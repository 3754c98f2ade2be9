//! A cutover that is postponed, and one that waits until it is told.

use super::bench::{Bench, ended, interrupt};

#[test]
fn a_postponed_cutover_is_refused_until_it_may_happen() {
    let bench = Bench::new(200);
    bench.run("start split.sql").exits(0);
    bench.run("postpone --actor mei").exits(0);
    // Reading from the new side keeps writes where they are.
    bench.run("advance").exits(0);
    let status = bench.status();
    assert_eq!(status["phase"], "read-new");
    assert!(status["blocked"].to_string().contains("postponed"), "{status:#}");
    let refused = bench.run("advance").exits(3);
    assert!(refused.stderr.contains("the cutover is postponed"), "{}", refused.stderr);
    assert!(refused.stderr.contains("cutover unpostpone"), "{}", refused.stderr);
    // A rollback is never postponed.
    bench.run("rollback").exits(0);
    bench.run("unpostpone").exits(0);
    bench.run("advance --to new-only").exits(0);
    bench.run("postpone").exits(0);
    bench.run("rollback --to dual-write").exits(0);
    bench.is_the_twin();
}

#[test]
fn a_cutover_waits_verified_and_switches_when_it_is_told() {
    let bench = Bench::new(2_000);
    bench.run("start split.sql").exits(0);
    let advance = bench.spawn("advance --to new-only --when-told --actor ann");
    let waiting = bench.until("verified", |status| status["work"]["waiting"] == "postponed");
    assert_eq!(waiting["phase"], "read-new");
    assert_eq!(waiting["verification"]["report"]["ok"], true);
    assert_eq!(waiting["verification"]["command"], "advance");
    // What is written meanwhile is verified too.
    for n in 0..40 {
        bench.writes(&format!("INSERT OR REPLACE INTO clients VALUES ({n}, 'n{n}', 'Ely')"));
    }
    bench.writes("UPDATE clients SET city = 'Hull'");
    assert_eq!(bench.status()["phase"], "read-new");
    bench.run("unpostpone --actor mei").exits(0);
    let ran = ended(advance).exits(0);
    assert!(ran.stderr.contains("everything is verified, and is kept verified"), "{}", ran.stderr);
    let status = bench.status();
    assert_eq!(status["phase"], "new-only");
    assert_eq!(status["control"]["postponed"], false);
    assert_eq!(status["old_schema"]["state"], "frozen");
    bench.is_the_twin();
    bench.run("rollback --to dual-write").exits(0);
    bench.is_the_twin();
}

#[test]
fn a_difference_that_appears_while_it_waits_is_no_cutover() {
    let bench = Bench::new(200);
    bench.run("start split.sql").exits(0);
    let advance = bench.spawn("advance --to write-new --when-told");
    bench.until("verified", |status| status["work"]["waiting"] == "postponed");
    // A program without triggers: the mirror misses what it writes, and nothing is noted. One
    // that has them then touches the same rows.
    let silent = "UPDATE _cutover_1_syncing SET depth = 1;
        UPDATE customers SET name = 'wrong';
        UPDATE _cutover_1_syncing SET depth = 0;";
    let conn = rusqlite::Connection::open(bench.path("app.db")).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    conn.execute_batch(&format!("BEGIN IMMEDIATE; {silent} COMMIT;")).unwrap();
    let refused = ended(advance).exits(3);
    assert!(refused.stderr.contains("is 'wrong'"), "{}", refused.stderr);
    assert_eq!(bench.status()["phase"], "read-new");
    bench.run("repair").exits(0);
    bench.run("unpostpone").exits(0);
    bench.run("advance").exits(0);
    bench.is_the_twin();
}

#[test]
fn one_that_is_stopped_or_killed_while_it_waits_changes_nothing() {
    let bench = Bench::new(200);
    bench.run("start split.sql").exits(0);
    for kill in [false, true] {
        let advance = bench.spawn("advance --to write-new --when-told");
        bench.until("verified", |status| status["work"]["waiting"] == "postponed");
        if kill {
            let _ = advance.kill();
        } else {
            interrupt(&advance);
            ended(advance).exits(1);
        }
        assert_eq!(bench.status()["phase"], "read-new");
        bench.writes("UPDATE clients SET city = 'Rye' WHERE id < 9");
        bench.run("rollback").exits(0);
        bench.is_the_twin();
    }
    // It stays postponed, and says so.
    assert_eq!(bench.status()["control"]["postponed"], true);
}

#[test]
fn where_nothing_could_wait_it_is_said() {
    let bench = Bench::new(20);
    bench.run("start split.sql").exits(0);
    let refused = bench.run("advance --to read-new --when-told").exits(3);
    assert!(refused.stderr.contains("leave out `--when-told`"), "{}", refused.stderr);
}

/// A few notes of each of many tables are more than may be left for the switch.
#[test]
fn many_tables_are_kept_verified_while_it_waits() {
    let bench = Bench::new(200);
    bench.spread_over(7);
    bench.run("start split.sql").exits(0);
    let advance = bench.spawn("advance --to write-new --when-told");
    bench.until("verified", |status| status["work"]["waiting"] == "postponed");
    for round in 0..5 {
        bench.writes(&format!("UPDATE clients SET city = 'r{round}' WHERE id <= 5"));
    }
    bench.run("unpostpone").exits(0);
    ended(advance).exits(0);
    assert_eq!(bench.status()["phase"], "write-new");
    bench.is_the_twin();
}

/// Whoever was told that it is postponed can rely on it, also while a gate is at work.
#[test]
fn what_is_postponed_while_a_gate_is_at_work_does_not_happen() {
    let bench = Bench::new(200);
    bench.run("start split.sql").exits(0);
    bench.run("advance").exits(0);
    let hook = bench.path("asks");
    std::fs::write(&hook, "#!/bin/sh\nwhile ! test -e go; do sleep 0.05; done\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let advance = bench.spawn("advance --before-hook asks");
    bench.until("asked", |status| status["work"]["waiting"] == "hook");
    bench.run("postpone").exits(0);
    std::fs::write(bench.path("go"), "").unwrap();
    let refused = ended(advance).exits(3);
    assert!(refused.stderr.contains("the cutover is postponed"), "{}", refused.stderr);
    assert_eq!(bench.status()["phase"], "read-new");
    bench.is_the_twin();
}

/// An import that holds the lock for longer than anyone waits for a lock.
#[test]
fn it_waits_through_a_long_transaction() {
    let bench = Bench::new(200);
    bench.run("start split.sql").exits(0);
    let advance = bench.spawn("advance --to write-new --when-told");
    bench.until("verified", |status| status["work"]["waiting"] == "postponed");
    let import = rusqlite::Connection::open(bench.path("app.db")).unwrap();
    import.execute_batch("BEGIN IMMEDIATE").unwrap();
    for n in 0..40 {
        import.execute("UPDATE clients SET city = 'x' WHERE id = ?1", [n]).unwrap();
    }
    std::thread::sleep(std::time::Duration::from_secs(9));
    import.execute_batch("ROLLBACK").unwrap();
    bench.run("unpostpone").exits(0);
    ended(advance).exits(0);
    bench.is_the_twin();
}
