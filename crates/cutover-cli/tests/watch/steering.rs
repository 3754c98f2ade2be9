//! Keys that ask, and what comes of it, seen from outside.

use super::bench::Bench;

#[test]
fn pause_asks_and_pauses_and_resume_lets_it_go_on() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    screen.press("p");
    screen.wait("the question", |text| text.contains("Pause work?"));
    assert_eq!(bench.status()["control"]["paused"], false);
    screen.press("n");
    screen.wait("the panels", |text| !text.contains("Pause work?"));
    assert_eq!(bench.status()["control"]["paused"], false);

    screen.press("p");
    screen.wait("the question", |text| text.contains("Pause work?"));
    screen.press("y");
    screen.wait("the answer", |text| text.contains("pause: done"));
    let control = &bench.status()["control"];
    assert_eq!(control["paused"], true);
    assert_eq!(control["actor"], "tester");
    screen.press("\r");
    screen.wait("what was asked for", |text| text.contains("asked     paused (by tester)"));

    screen.press("r");
    screen.wait("the question", |text| text.contains("Resume paused work?"));
    screen.press("y");
    screen.wait("the answer", |text| text.contains("resume: done"));
    assert_eq!(bench.status()["control"]["paused"], false);
}

#[test]
fn a_gate_says_no_and_why() {
    let bench = Bench::started(50);
    bench.run("advance --db app.db");
    let mut screen = bench.watch();
    screen.press("a");
    screen.wait("the question", |text| text.contains("Go from read-new to write-new?"));
    screen.press("y");
    let text = screen.wait("the answer", |text| text.contains("┌ advance ─"));
    assert!(text.contains("the backfill is not complete"), "{text}");
    assert!(text.contains("hint: "), "{text}");
    assert_eq!(bench.status()["phase"], "read-new");
}

/// A row that differs is shown by its key and both values, and nothing is changed.
#[test]
fn a_gate_shows_the_rows_that_it_refuses() {
    let bench = Bench::filled(50);
    bench.run("advance --db app.db");
    // Somebody who has broken the mirror, past the guards.
    let db = bench.open();
    let guards: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'customers'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let texts: Vec<String> = guards
        .iter()
        .map(|name| {
            let sql = "SELECT sql FROM sqlite_schema WHERE name = ?";
            db.query_row(sql, [name], |row| row.get(0)).unwrap()
        })
        .collect();
    for name in &guards {
        db.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
    db.execute_batch("UPDATE customers SET name = 'somebody else' WHERE id = 7").unwrap();
    for text in &texts {
        db.execute_batch(text).unwrap();
    }
    drop(db);

    let mut screen = bench.watch();
    screen.press("v");
    screen.wait("the question", |text| text.contains("Compare every row"));
    screen.press("y");
    let text = screen.wait("the answer", |text| text.contains("┌ verify ─"));
    assert!(text.contains("somebody else"), "{text}");
    screen.press("\r");
    screen.wait("the panels", |text| !text.contains("┌ verify ─"));
    screen.press("a");
    screen.wait("the question", |text| text.contains("Go from read-new to write-new?"));
    screen.press("y");
    let text = screen.wait("the answer", |text| text.contains("┌ advance ─"));
    assert!(text.contains("somebody else"), "{text}");
    assert_eq!(bench.status()["phase"], "read-new");
}

#[test]
fn every_phase_there_and_back_by_keys() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    for (key, name, to) in [
        ("a", "advance", "read-new"),
        ("a", "advance", "write-new"),
        ("a", "advance", "new-only"),
        ("b", "rollback", "write-new"),
        ("a", "advance", "new-only"),
    ] {
        screen.press(key);
        screen.wait("the question", |text| text.contains(&format!("to {to}?")));
        screen.press("y");
        screen.wait("the answer", |text| text.contains(&format!("{name}: done")));
        assert_eq!(bench.status()["phase"], to);
        screen.press("\r");
        screen.wait("the phase", |text| text.contains(&format!("[{to}]")));
    }
    // The last step is not to be had by a key.
    screen.press("a");
    screen.wait("the question", |text| text.contains("cannot be undone"));
    screen.press("y");
    screen.wait("the refusal", |text| text.contains("retiring cannot be undone"));
    assert_eq!(bench.status()["phase"], "new-only");
    bench.run("verify --db app.db");
}

#[test]
fn pace_and_postponement_are_asked_for_and_taken_back() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    screen.press("s");
    screen.wait("the paces", |text| text.contains("Pace of all work?"));
    screen.press("2");
    screen.wait("the answer", |text| text.contains("pace: done"));
    assert_eq!(bench.status()["control"]["pace"]["stall_ms"], 5.0);
    screen.press("\r");
    for (name, postponed) in [("postpone", true), ("unpostpone", false)] {
        screen.wait("the key", |text| text.contains(&format!("x {name}")));
        screen.press("x");
        screen.wait("the question", |text| text.contains("y yes"));
        screen.press("y");
        screen.wait("the answer", |text| text.contains(&format!("{name}: done")));
        assert_eq!(bench.status()["control"]["postponed"], postponed);
        screen.press("\r");
    }
}
