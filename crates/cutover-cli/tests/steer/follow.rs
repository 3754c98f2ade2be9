//! A verification that goes on.

use rusqlite::Connection;

use super::bench::{Bench, ended, interrupt};

#[test]
fn it_compares_what_programs_write_and_nothing_else() {
    let bench = Bench::new(3_000);
    bench.run("start split.sql").exits(0);
    let follow = bench.spawn("verify --follow");
    let all = bench.until("all compared", |status| {
        status["verification"]["report"]["checked"].as_u64().is_some_and(|rows| rows >= 9_000)
    });
    let checked = all["verification"]["report"]["checked"].as_u64().unwrap();
    assert_eq!(checked, 9_000, "each row of the three tables, once");
    bench.writes("UPDATE clients SET city = 'Hull' WHERE id IN (5, 6)");
    let more = bench.until("compared again", |status| {
        status["verification"]["report"]["checked"].as_u64().is_some_and(|rows| rows > checked)
    });
    // Two rows, forward and backward: of each table what was touched.
    let again = more["verification"]["report"]["checked"].as_u64().unwrap() - checked;
    assert!((2..=6).contains(&again), "{again}");
    interrupt(&follow);
    let ran = ended(follow).exits(0);
    assert!(ran.stdout.contains("no difference"), "{}", ran.stdout);
    // It leaves nothing behind that costs a writer.
    let notes: u32 = Connection::open(bench.path("app.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%touch%'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(notes, 0);
    bench.is_the_twin();
}

#[test]
fn it_finds_what_appears_later() {
    let bench = Bench::new(300);
    bench.run("start split.sql").exits(0);
    let follow = bench.spawn("verify --follow --json");
    bench.until("all compared", |status| status["verification"]["report"]["ok"] == true);
    let conn = Connection::open(bench.path("app.db")).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    conn.execute_batch(
        "BEGIN IMMEDIATE; UPDATE _cutover_1_syncing SET depth = 1;
         DELETE FROM addresses WHERE customer_id = 17; UPDATE _cutover_1_syncing SET depth = 0; COMMIT;",
    )
    .unwrap();
    let status = bench.until("found", |status| status["verification"]["report"]["ok"] == false);
    assert_eq!(status["verification"]["report"]["examples"][0]["key"]["customer_id"], 17);
    interrupt(&follow);
    let report = ended(follow).exits(1).json();
    assert_eq!(report["ok"], false);
    bench.run("repair").exits(0);
    bench.is_the_twin();
}

#[test]
fn where_nothing_changes_there_is_nothing_to_follow() {
    let bench = Bench::new(20);
    bench.run("start split.sql").exits(0);
    bench.run("advance --to new-only").exits(0);
    let refused = bench.run("verify --follow").exits(3);
    assert!(refused.stderr.contains("leave out `--follow`"), "{}", refused.stderr);
}
