//! What buttons and scripts may do, and what the journal tells of it.

use serde_json::Value;

use super::support::{Served, run, started};

fn phase(served: &Served) -> String {
    let status: Value = serde_json::from_str(&run(&served.dir, "status --json")).unwrap();
    status["phase"].as_str().unwrap().to_owned()
}

/// Event, actor and order of the journal's lines.
fn journal(served: &Served) -> Vec<(String, String, String)> {
    let entries: Value = serde_json::from_str(&run(&served.dir, "history --json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = entries.as_array().unwrap();
    entries
        .iter()
        .map(|it| (text(&it["event"]), text(&it["actor"]), text(&it["detail"]["order"])))
        .collect()
}

/// Waits until nothing that was ordered is under way, and gives what it came to.
fn outcome(served: &Served, order: &str) -> Value {
    for _ in 0..300 {
        let orders = served.get("/api/v1/orders").is(200).json();
        if orders["under_way"].is_null() && orders["last"]["order"] == order {
            return orders["last"].clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{order} never ended");
}

/// From an empty mirror to `new-only` and back by orders alone. The rows at the end are those of
/// a twin that nobody migrated.
#[test]
fn a_migration_can_be_steered() {
    let served = Served::new("--control --actor mei");
    for (order, phase_then) in [
        ("backfill", "dual-write"),
        ("verify", "dual-write"),
        ("advance", "read-new"),
        ("advance", "write-new"),
        ("advance", "new-only"),
        ("rollback", "write-new"),
        ("rollback", "read-new"),
    ] {
        served.order(order, "{}").is(202);
        let outcome = outcome(&served, order);
        assert_eq!(outcome["ok"], true, "{outcome}");
        assert_eq!(phase(&served), phase_then);
    }
    let twin = started(2000);
    let rows = |dir: &tempfile::TempDir| -> Vec<String> {
        let conn = rusqlite::Connection::open(dir.path().join("app.db")).unwrap();
        let mut rows = conn
            .prepare("SELECT quote(id) || quote(name) || quote(street) || quote(city) FROM clients ORDER BY id")
            .unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(rows(&served.dir), rows(&twin));
    let journal = journal(&served);
    let orders: Vec<_> = journal.iter().filter(|(event, ..)| event == "order").collect();
    assert_eq!(orders.len(), 7);
    for (event, actor, _) in &journal[1..] {
        assert!(actor.starts_with("mei via web from 127.0.0.1:"), "{event} by {actor}");
    }
}

/// What is asked of work is done at once, and is in the journal by its own name.
#[test]
fn work_can_be_asked_to_wait() {
    let served = Served::on(started(60_000), "--control");
    served.order("pace", r#"{"rows_per_second":3000}"#).is(200);
    served.order("backfill", "{}").is(202);
    served.until("rows pass", |seen| seen["work"]["done"].as_u64() > Some(0));
    served.order("pause", "{}").is(200);
    served.order("postpone", "{}").is(200);
    // A snapshot may be taken between the two orders.
    served.until("it waits", |seen| {
        seen["work"]["waiting"] == "paused" && seen["control"]["postponed"] == true
    });
    // One long thing at a time.
    let busy = served.order("verify", "{}").is(409).json();
    assert_eq!(busy["detail"], "backfill is under way");
    assert!(busy["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    served.order("stop", "{}").is(200);
    assert_eq!(outcome(&served, "backfill")["ok"], false);
    served.order("resume", "{}").is(200);
    served.order("unpostpone", "{}").is(200);
    served.order("pace", r#"{"pace":"own"}"#).is(200);
    served.order("backfill", "{}").is(202);
    assert_eq!(outcome(&served, "backfill")["ok"], true);
    let events: Vec<_> =
        journal(&served).into_iter().map(|(event, _, order)| event + &order).collect();
    assert_eq!(
        events,
        [
            "start",
            "pace",
            "orderbackfill",
            "pause",
            "postpone",
            "orderverify",
            "orderstop",
            "resume",
            "unpostpone",
            "pace",
            "orderbackfill",
            "backfill-complete",
        ]
    );
}

/// A gate's refusal comes with the command line's reason and hint, whole commands in it.
#[test]
fn a_refusal_says_why_and_what_to_do() {
    let served = Served::new("--control");
    served.order("advance", "{}").is(202);
    assert_eq!(outcome(&served, "advance")["ok"], true);
    served.order("advance", "{}").is(202);
    let refused = outcome(&served, "advance");
    assert_eq!(refused["ok"], false);
    assert!(refused["message"].as_str().unwrap().contains("backfill"), "{refused}");
    let hint = refused["hint"].as_str().unwrap();
    assert!(hint.contains("/cutover backfill"), "{hint}");
    let pieces = refused["hint_pieces"].as_array().unwrap();
    let command = pieces.iter().find(|piece| piece["is"] == "command").unwrap();
    assert!(hint.contains(command["text"].as_str().unwrap()), "{hint}: {command}");
    assert_eq!(command["order"], "backfill");
    assert_eq!(phase(&served), "read-new");
}

/// What a page offers is what the snapshot allows and what the server takes.
#[test]
fn what_is_offered_is_taken() {
    let served = Served::new("--control");
    let offered = |phase: &str| {
        served.until(phase, |seen| seen["phase"] == phase && seen["work"].is_null());
        let look = served.look();
        let names = look["offered"].as_array().unwrap().iter();
        let names: Vec<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        (names.join(" "), look["next"]["command"]["order"].clone())
    };
    let empty = "pause pace backfill verify advance postpone";
    assert_eq!(offered("dual-write"), (empty.to_owned(), "backfill".into()));
    run(&served.dir, "backfill");
    run(&served.dir, "advance");
    let names = "pause pace verify advance rollback postpone";
    assert_eq!(offered("read-new"), (names.to_owned(), "advance".into()));
    run(&served.dir, "postpone");
    run(&served.dir, "pause");
    served.until("paused", |seen| seen["control"]["paused"] == true);
    assert_eq!(offered("read-new").0, "resume pace verify rollback unpostpone");
    for order in ["resume", "unpostpone"] {
        served.order(order, "{}").is(200);
    }
    run(&served.dir, "advance --to new-only");
    assert_eq!(offered("new-only").0, "pause pace verify rollback postpone");
    run(&served.dir, "advance --to retired --yes");
    assert_eq!(offered("retired"), (String::new(), Value::Null));
}

/// Retiring cannot be undone, so it is confirmed in a terminal.
#[test]
fn nothing_is_retired_from_afar() {
    let served = Served::new("--control");
    run(&served.dir, "backfill");
    run(&served.dir, "advance --to new-only");
    served.order("advance", "{}").is(202);
    let refused = outcome(&served, "advance");
    assert_eq!(refused["ok"], false);
    assert!(refused["hint"].as_str().unwrap().contains("--yes"), "{refused}");
    assert_eq!(phase(&served), "new-only");
}

#[test]
fn an_order_that_makes_no_sense_changes_nothing() {
    let served = Served::new("--control");
    let before = journal(&served);
    for (order, body) in [
        ("pace", "{}"),
        ("pace", r#"{"pace":"gentle","stall_ms":2}"#),
        ("pace", r#"{"stall_ms":-1}"#),
        ("advance", ""),
        ("advance", "null"),
        ("advance", r#"{"to":"retired"}"#),
    ] {
        let problem = served.order(order, body).is(422).json();
        assert!(problem["detail"].as_str().is_some_and(|it| !it.is_empty()), "{problem}");
    }
    assert_eq!(journal(&served), before);
}

/// Ctrl-C during a backfill: it stops at its chunk's end, and what is done is kept.
#[test]
fn an_interrupted_server_loses_nothing() {
    let served = Served::on(started(60_000), "--control");
    served.order("pace", r#"{"rows_per_second":3000}"#).is(200);
    served.order("backfill", "{}").is(202);
    served.until("rows pass", |seen| seen["work"]["done"].as_u64() > Some(0));
    let (code, dir) = served.interrupt();
    assert_eq!(code, Some(0));
    let status: Value = serde_json::from_str(&run(&dir, "status --json")).unwrap();
    assert!(status["backfill"]["done"].as_u64().unwrap() > 0);
    assert!(status["lease"].is_null(), "{status}");
    run(&dir, "pace --own");
    run(&dir, "backfill");
    run(&dir, "verify");
}
