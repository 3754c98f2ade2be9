//! A migration from `new` to `retired`: each command's happy path, and that what a
//! command suggests to type next works as it stands.

use super::support::Bench;

/// What `new` writes is a migration that can start as it is.
#[test]
fn what_new_writes_passes_the_check() {
    let bench = Bench::new();
    let ran = bench.run("new fresh --table clients --db app.db").exits(0);
    let next = ran.suggested("cutover");
    assert_eq!(next, ["check fresh.sql --db app.db"], "{}", ran.stdout);
    bench.run(&next[0]).exits(0);
}

/// Types nothing but what the command before suggested.
#[test]
fn the_suggested_commands_lead_from_check_to_retired() {
    let bench = Bench::new();
    let mut line = "check split-address.sql --db app.db".to_owned();
    let mut typed = Vec::new();
    while typed.len() < 12 {
        let ran = bench.run(&line).exits(0);
        typed.push(line);
        match ran.suggested("cutover").last() {
            Some(next) => line = next.clone(),
            None => break,
        }
    }
    assert_eq!(
        typed,
        [
            "check split-address.sql --db app.db",
            "start split-address.sql --db app.db",
            "advance --db app.db",
            "advance --to write-both --db app.db",
            "advance --db app.db",
            "advance --db app.db",
            "advance --to retired --yes --backup before-retire.db --db app.db",
        ]
    );
    assert!(bench.path("before-retire.db").exists());
    let conn = bench.open();
    let count = |table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("customers"), count("addresses")), (20, 20));
    // Late readers of the old table are served.
    assert_eq!(count("clients"), 20);
}

#[test]
fn a_backfill_can_be_left_for_later() {
    let bench = Bench::new();
    let ran = bench.run("start split-address.sql --no-backfill --db app.db").exits(0);
    assert_eq!(ran.suggested("cutover"), ["backfill --db app.db"]);
    let status = bench.run("status --db app.db").exits(0);
    assert!(status.stdout.contains("[dual-write]"), "{}", status.stdout);
    assert_eq!(status.suggested("cutover"), ["backfill --db app.db"]);
    let advanced = bench.run("advance --db app.db").exits(0);
    assert_eq!(advanced.suggested("cutover"), ["backfill --db app.db"]);
    let ran = bench.run("backfill --fast --db app.db").exits(0);
    assert!(ran.stdout.contains("complete"), "{}", ran.stdout);
    // Done twice is done once.
    bench.run("backfill --db app.db").exits(0);
}

#[test]
fn it_goes_back_with_what_was_written_since() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    bench.run("advance --to new-only --db app.db").exits(0);
    bench
        .open()
        .execute_batch(
            "INSERT INTO customers (id, name) VALUES (100, 'new');
             INSERT INTO addresses VALUES (100, 'road', 'town');
             UPDATE addresses SET city = 'elsewhere' WHERE customer_id = 2;
             DELETE FROM addresses WHERE customer_id = 3; DELETE FROM customers WHERE id = 3",
        )
        .unwrap();
    let ran = bench.run("rollback --to dual-write --db app.db").exits(0);
    assert!(ran.stdout.contains("new-only → dual-write"), "{}", ran.stdout);
    assert_eq!(ran.suggested("cutover"), ["advance --db app.db", "abort --db app.db"]);
    let conn = bench.open();
    let city = |id: i64| -> Option<String> {
        conn.query_row("SELECT max(city) FROM clients WHERE id = ?", [id], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(
        [city(100), city(2), city(3)],
        [Some("town".into()), Some("elsewhere".into()), None]
    );
    conn.execute("INSERT INTO clients VALUES (200, 'old again', NULL, NULL)", []).unwrap();
    bench.run("verify --db app.db").exits(0);
    bench.run("abort --db app.db").exits(0);
}

/// With two migrations under way, a command has to say which one it means.
#[test]
fn with_several_migrations_the_suggested_commands_name_theirs() {
    let bench = Bench::new();
    bench.open().execute_batch("CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT)").unwrap();
    bench.run("new pets --table pets --db app.db").exits(0);
    bench.run("start split-address.sql --db app.db").exits(0);
    let ran = bench.run("start pets.sql --db app.db").exits(0);
    assert_eq!(ran.suggested("cutover"), ["advance --db app.db --migration pets"]);
    let ran = bench.run(&ran.suggested("cutover")[0]).exits(0);
    assert_eq!(ran.suggested("cutover"), ["advance --db app.db --migration pets"]);
    let ran = bench.run("advance --db app.db").exits(5);
    assert!(ran.stderr.contains("split-address, pets"), "{}", ran.stderr);
    let ran = bench.run("status --db app.db").exits(0);
    assert_eq!(
        ran.suggested("cutover"),
        ["status --db app.db --migration split-address", "status --db app.db --migration pets"]
    );
}

#[test]
fn abort_leaves_nothing_of_ours() {
    let bench = Bench::new();
    let before = bench.dump();
    bench.run("start split-address.sql --db app.db").exits(0);
    assert_ne!(bench.dump(), before);
    let ran = bench.run("abort --db app.db").exits(0);
    assert_eq!(ran.suggested("cutover"), ["start split-address.sql --db app.db"], "{}", ran.stdout);
    let ours: Vec<_> =
        bench.dump().into_iter().filter(|line| line.contains("cutover_live")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    assert!(bench.dump().iter().any(|line| line.starts_with("table clients")));
    bench.run("start split-address.sql --db app.db").exits(0);
}

#[test]
fn verify_finds_what_somebody_broke_and_repair_mends_it() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    bench.run("verify --db app.db").exits(0);
    let conn = bench.open();
    // The mirror refuses writes: whoever breaks it has to work around that.
    let guards: Vec<(String, String)> = conn
        .prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'addresses'",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &guards {
        conn.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
    conn.execute("UPDATE addresses SET city = 'wrong' WHERE customer_id = 7", []).unwrap();
    for (_, sql) in &guards {
        conn.execute_batch(sql).unwrap();
    }
    let ran = bench.run("verify --db app.db").exits(1);
    assert!(ran.stdout.contains("addresses.city"), "{}", ran.stdout);
    assert!(ran.stdout.contains("'wrong'"), "{}", ran.stdout);
    assert_eq!(ran.suggested("cutover"), ["repair --db app.db"]);
    let ran = bench.run("repair --db app.db").exits(0);
    assert_eq!(ran.suggested("cutover"), ["verify --db app.db"]);
    bench.run("verify --db app.db").exits(0);
}

#[test]
fn plan_is_sql_and_changes_nothing() {
    let bench = Bench::new();
    let before = bench.dump();
    let ran = bench.run("plan split-address.sql --db app.db").exits(0);
    assert!(ran.stdout.contains("CREATE TRIGGER"), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("-- split-address: "), "{}", ran.stdout);
    assert_eq!(bench.dump(), before);
}

#[test]
fn check_changes_nothing() {
    let bench = Bench::new();
    let before = bench.dump();
    let ran = bench.run("check split-address.sql --db app.db").exits(0);
    assert!(ran.stdout.contains("20 old rows copied forward and back"), "{}", ran.stdout);
    assert_eq!(bench.dump(), before);
}

#[test]
fn history_says_who_did_what() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db --actor alice").exits(0);
    bench.run("advance --db app.db").exits(0);
    let ran = bench.run("history --db app.db").exits(0);
    for word in ["alice", "tester", "legacy → dual-write", "dual-write → read-new"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn the_database_may_come_from_the_environment() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    let output = bench.command("status").env("CUTOVER_DB", "app.db").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    // What is in the environment need not be typed again.
    assert!(text.contains("cutover advance\n"), "{text}");
}
