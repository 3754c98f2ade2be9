//! Two operators at once, and operators that are stopped, overtaken or interrupted.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use cutover::{
    AdvanceOptions, Engine, Error, ErrorKind, Event, Migration, Options, Pace, Phase, Silent,
    StartOptions, Watch, Work,
};
use rusqlite::Connection;
use serde_json::Value;
use testkit::program::Signal;
use testkit::{Cutover, Running, cases};

use crate::migrations::stage::Stage;
use crate::scene::{NAME, Scene, dump, json};

/// Enough for a backfill that can be met at work.
const MANY: u64 = 30_000;

const SCHEMA: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 200000)
    INSERT INTO notes SELECT id, 'note ' || id FROM n;";

const MIGRATION: &str = "
    CREATE TABLE new.remarks (id INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO new.remarks (id, text) SELECT id, body FROM old.notes;
    INSERT INTO old.notes (id, body) SELECT id, text FROM new.remarks;";

/// Stops a process at a moment when it has not the write lock: with that, others would
/// find the database locked and never come to ask for the lease.
fn stand_still(db: &Path, process: &mut Running) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(Duration::ZERO).unwrap();
    loop {
        process.signal(Signal::STOP);
        if conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return;
        }
        process.signal(Signal::CONT);
        assert!(process.is_running(), "it has ended before it could be stopped");
        thread::sleep(Duration::from_micros(700));
    }
}

/// Waits until a running command has copied some rows, or ended; gives how many.
fn until_copying(db: &Path, process: &mut Running) -> Option<i64> {
    let conn = Connection::open(db).unwrap();
    loop {
        let running = process.is_running();
        let done = conn.query_row(
            "SELECT sum(done) FROM _cutover_passes WHERE EXISTS (SELECT 1 FROM _cutover_lease)",
            [],
            |row| row.get::<_, Option<i64>>(0),
        );
        match done {
            Ok(Some(done)) if done > 0 => return Some(done),
            _ if !running => return None,
            _ => thread::sleep(Duration::from_micros(500)),
        }
    }
}

/// Rows that the passes of the backfill have recorded.
fn passed(db: &Path) -> i64 {
    let conn = Connection::open(db).unwrap();
    conn.query_row("SELECT sum(done) FROM _cutover_passes", [], |row| row.get(0)).unwrap()
}

fn status(cutover: &Cutover) -> Value {
    json(&cutover.run(&["status", "--json"]).exits(0))
}

#[test]
fn a_second_operator_hears_of_the_first() {
    let mut stage = Stage::set(cases::split::CASE, MANY);
    stage.raise_curtain();
    let start = stage.arguments(&["start", "--actor", "alice"]);
    let mut first = stage.cutover.spawn(&start);
    until_copying(&stage.db, &mut first).expect("it is seen at work");
    stand_still(&stage.db, &mut first);

    let seen = status(&stage.cutover);
    assert_eq!(seen["lease"]["actor"], "alice");
    assert_eq!(seen["phase"], "dual-write");
    let host = seen["lease"]["host"].as_str().unwrap();
    for command in [
        &stage.arguments(&["start"])[..],
        &["backfill"],
        &["repair"],
        &["advance"],
        &["rollback"],
        &["abort"],
    ] {
        let second = stage.cutover.run(command).exits(4);
        for part in ["alice", host, &first.pid().to_string()] {
            assert!(second.stderr.contains(part), "{command:?}, {part}: {}", second.stderr);
        }
    }
    let _ = stage.cutover.run(&["history"]).exits(0);
    // Not all is copied yet; what is, is compared.
    let verified = json(&stage.cutover.run(&["verify", "--json"]).exits(0));
    assert!(verified["checked"].as_u64() > Some(0), "{verified}");

    first.signal(Signal::CONT);
    let _ = first.wait(Duration::from_secs(60)).exits(0);
    stage.run(&["advance"]);
    stage.drop_curtain();
    stage.judge("the second operator");
}

#[test]
fn a_stopped_operator_is_overtaken_and_writes_nothing_more() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    scene.exits(0, "start FILE --no-backfill");
    let mut first = scene.cutover.spawn(&["backfill", "--actor", "alice"]);
    until_copying(&scene.db, &mut first).expect("it is seen at work");
    stand_still(&scene.db, &mut first);
    // Half a minute later:
    scene.sql("UPDATE _cutover_lease SET expires_ms = 0");
    scene.exits(0, "backfill --actor bob");
    scene.exits(0, "advance --actor bob");
    let before = scene.dump();

    first.signal(Signal::CONT);
    let outcome = first.wait(Duration::from_secs(60)).exits(4);
    assert!(outcome.stderr.contains("lease"), "{}", outcome.stderr);
    assert_eq!(scene.dump(), before);
    scene.exits(0, "verify");
    scene.exits(0, "advance");
}

/// Stands still after the first chunk of a backfill, until it is told to go on.
struct Standing {
    at_work: bool,
    stands: Option<Sender<()>>,
    go_on: Receiver<()>,
}

impl Standing {
    fn new() -> (Self, Receiver<()>, Sender<()>) {
        let (stands, standing) = channel();
        let (go, go_on) = channel();
        (Self { at_work: false, stands: Some(stands), go_on }, standing, go)
    }
}

impl Watch for Standing {
    fn event(&mut self, event: &Event) {
        self.at_work |= matches!(event, Event::Began { work: Work::Backfill, .. });
        if self.at_work
            && matches!(event, Event::Advanced { done } if *done > 0)
            && let Some(stands) = self.stands.take()
        {
            stands.send(()).unwrap();
            self.go_on.recv().unwrap();
        }
    }
}

fn engine(db: &Path, actor: &str, lease_ttl: Duration) -> Engine {
    let mut options = Options::default();
    options.actor = actor.to_owned();
    options.lease_ttl = lease_ttl;
    Engine::open(db, options).unwrap()
}

/// Fills the mirror as soon as nobody else has the lease.
fn take_over(engine: &mut Engine, watch: &mut dyn Watch) -> Result<(), Error> {
    loop {
        match engine.backfill(NAME, Pace::Fast, watch) {
            Err(Error::LeaseHeld(holder)) => assert_eq!(holder.actor, "first"),
            result => return result.map(|_| ()),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_lease_that_expires_fences_its_former_holder() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    let (mut watch, first_stands, first_goes) = Standing::new();
    let db = scene.db.clone();
    let first = thread::spawn(move || {
        let migration = Migration::parse(NAME, MIGRATION).unwrap();
        let mut engine = engine(&db, "first", Duration::from_millis(40));
        engine.start(&migration, StartOptions::default(), &mut watch).map(|_| ())
    });
    first_stands.recv().unwrap();

    // The second takes over, and stands still at work as well.
    let (mut watch, second_stands, second_goes) = Standing::new();
    let db = scene.db.clone();
    let second = thread::spawn(move || {
        take_over(&mut engine(&db, "second", Duration::from_secs(60)), &mut watch)
    });
    if second_stands.recv().is_err() {
        panic!("{:?}", second.join().unwrap());
    }
    let before = dump(&scene.db);
    first_goes.send(()).unwrap();
    match first.join().unwrap() {
        Err(Error::LeaseLost(Some(holder))) => assert_eq!(holder.actor, "second"),
        other => panic!("{other:?}"),
    }
    assert_eq!(dump(&scene.db), before);
    second_goes.send(()).unwrap();
    second.join().unwrap().unwrap();
    scene.exits(0, "verify");
}

#[test]
fn an_expired_lease_that_was_given_back_fences_too() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    scene.exits(0, "start FILE --no-backfill");
    let (mut watch, first_stands, first_goes) = Standing::new();
    let db = scene.db.clone();
    let first = thread::spawn(move || {
        engine(&db, "first", Duration::from_millis(40)).backfill(NAME, Pace::Gentle, &mut watch)
    });
    first_stands.recv().unwrap();
    let mut second = engine(&scene.db, "second", Duration::from_secs(60));
    take_over(&mut second, &mut Silent).unwrap();
    let to = AdvanceOptions { to: Some(Phase::WriteNew), ..AdvanceOptions::default() };
    second.advance(NAME, &to, &mut Silent).unwrap();
    let before = dump(&scene.db);
    first_goes.send(()).unwrap();
    let error = first.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert_eq!(dump(&scene.db), before);
    assert_eq!(scene.phase(), "write-new");
}

/// Whatever is interrupted by Ctrl-C goes on from there.
#[test]
fn ctrl_c_stops_at_the_end_of_a_chunk() {
    let mut stage = Stage::set(cases::split::CASE, MANY);
    stage.raise_curtain();
    let mut running = stage.cutover.spawn(&stage.arguments(&["start"]));
    let mut done = 0;
    for _ in 0..3 {
        let Some(seen) = until_copying(&stage.db, &mut running) else { break };
        assert!(seen >= done, "began anew: {seen} after {done}");
        running.signal(Signal::INT);
        let outcome = running.wait(Duration::from_secs(60));
        running = stage.cutover.spawn(&["backfill"]);
        if outcome.code == Some(0) {
            // It came to its end first.
            break;
        }
        let outcome = outcome.exits(1);
        assert!(outcome.stderr.contains("the next call resumes"), "{}", outcome.stderr);
        // What the passes record: the status gives it in rows of the old tables, of
        // which programs delete some meanwhile.
        done = passed(&stage.db);
        assert!(done >= seen, "{done} after {seen}");
        assert!(status(&stage.cutover)["backfill"]["done"].as_i64().unwrap() > 0);
    }
    assert_ne!(done, 0, "never interrupted");
    let _ = running.wait(Duration::from_secs(60)).exits(0);
    let status = status(&stage.cutover);
    assert_eq!(status["backfill"]["complete"], true);
    assert_eq!(status["lease"], Value::Null);
    stage.drop_curtain();
    stage.judge("Ctrl-C");
}

/// How often a migration was started.
fn starts(cutover: &Cutover) -> usize {
    let history = json(&cutover.run(&["history", "--json"]).exits(0));
    history.as_array().unwrap().iter().filter(|entry| entry["event"] == "start").count()
}

#[test]
fn of_two_starts_one_wins() {
    for _ in 0..4 {
        let mut stage = Stage::set(cases::split::CASE, 3_000);
        stage.raise_curtain();
        let start = stage.arguments(&["start"]);
        let two = [stage.cutover.spawn(&start), stage.cutover.spawn(&start)];
        let outcomes = two.map(|one| one.wait(Duration::from_secs(60)));
        assert!(outcomes.iter().any(|outcome| outcome.code == Some(0)), "{outcomes:?}");
        for outcome in &outcomes {
            // One that comes when the other is done has nothing left to do.
            assert!([Some(0), Some(3), Some(4)].contains(&outcome.code), "{outcome:?}");
        }
        assert_eq!(starts(&stage.cutover), 1);
        stage.drop_curtain();
        stage.judge("two starts");
    }
}

#[test]
fn a_start_that_was_overtaken_in_its_proof_does_no_harm() {
    let mut stage = Stage::set(cases::split::CASE, MANY);
    let start = stage.arguments(&["start"]);
    let late = stage.cutover.spawn(&start);
    thread::sleep(Duration::from_millis(25));
    late.signal(Signal::STOP);
    assert_eq!(stage.cutover.run(&["status"]).code, Some(5), "it is still at its proof");
    stage.run(&start);
    stage.raise_curtain();
    late.signal(Signal::CONT);
    let outcome = late.wait(Duration::from_secs(60));
    assert!([Some(0), Some(3), Some(4)].contains(&outcome.code), "{outcome:?}");
    assert_eq!(starts(&stage.cutover), 1);
    stage.drop_curtain();
    stage.judge("a late start");
}

/// As above, but the migration has gone on, or has come to its end, meanwhile.
#[test]
fn a_late_start_does_not_turn_anything_back() {
    for steps in [&[&["advance", "--to", "write-new"][..]][..], &[&["abort"]]] {
        let mut stage = Stage::set(cases::split::CASE, MANY);
        let start = stage.arguments(&["start"]);
        let late = stage.cutover.spawn(&start);
        thread::sleep(Duration::from_millis(25));
        late.signal(Signal::STOP);
        stage.run(&start);
        steps.iter().for_each(|step| drop(stage.run(step)));
        stage.raise_curtain();
        late.signal(Signal::CONT);
        let outcome = late.wait(Duration::from_secs(60));
        // After an abort it is a start like any other.
        assert!([Some(0), Some(3), Some(4)].contains(&outcome.code), "{outcome:?}");
        stage.drop_curtain();
        stage.judge("a late start");
        let expected = if steps == [["abort"]] { "dual-write" } else { "write-new" };
        assert_eq!(stage.phase(), expected);
    }
}

/// Kills a backfill in the middle, and gives what `status` says then.
fn left_behind(scene: &Scene) -> Value {
    scene.exits(0, "start FILE --no-backfill");
    scene.exits(0, "pace --rows-per-second 3000");
    let mut backfill = scene.cutover.spawn(&["backfill"]);
    assert!(until_copying(&scene.db, &mut backfill).is_some(), "it has ended");
    backfill.kill();
    let status = scene.status();
    scene.exits(0, "pace --own");
    status
}

/// An operator that was killed is not at work: there is nothing to wait for, and no rate.
#[test]
fn an_operator_that_was_killed_is_shown_as_gone_at_once() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    let status = left_behind(&scene);
    assert_eq!((&status["lease"], &status["work"]), (&Value::Null, &Value::Null));
    assert_eq!(status["gone"]["doing"], "backfill");
    assert_eq!(status["next"][0]["action"], "backfill");
    let text = scene.exits(0, "status").stdout;
    assert!(text.contains("ended during backfill"), "{text}");
    assert!(!text.contains("to go") && !text.contains("wait"), "{text}");
    scene.exits(0, "backfill");
    assert_eq!(scene.status()["gone"], Value::Null);
}

/// What counts is the process, and not its number: a number is given out again.
#[test]
fn a_process_with_the_number_of_one_that_is_gone_is_another() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    left_behind(&scene);
    let conn = scene.conn();
    let set = |sql: &str| conn.execute_batch(&format!("UPDATE _cutover_lease SET {sql}")).unwrap();
    let ours = std::process::id();
    // This process has the number now; it began at another time.
    set(&format!("pid = {ours}"));
    assert_eq!(scene.status()["gone"]["pid"], ours);
    scene.exits(0, "repair");
    // A lease of an older version says only the number, and so counts as held.
    scene.sql(&format!(
        "INSERT INTO _cutover_lease VALUES (1, 'host/{ours}/1-0', 'mei', '{}', {ours}, 'repair', 1)",
        gethostname()
    ));
    let later = "expires_ms = (strftime('%s') + 60) * 1000";
    set(later);
    assert_eq!(scene.status()["lease"]["actor"], "mei");
    scene.exits(4, "repair");
    // Of another machine nothing is known but when its lease ends.
    set("host = 'elsewhere', pid = 999999999");
    assert_eq!(scene.status()["lease"]["host"], "elsewhere");
    scene.exits(4, "repair");
    set("expires_ms = 1");
    assert_eq!(scene.status()["lease"], Value::Null);
    scene.exits(0, "repair");
}

fn gethostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Who operates is known without the environment saying it.
#[test]
fn the_actor_is_who_is_logged_in() {
    let scene = Scene::set("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)", MIGRATION);
    let run = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let name = run(std::process::Command::new("id").arg("-un"));
    let mut start = std::process::Command::new(env!("CARGO_BIN_EXE_cutover"));
    run(start.arg("start").arg(&scene.file).arg("--db").arg(&scene.db).env_clear());
    let actor = scene.rows(
        "SELECT DISTINCT CAST(actor AS BLOB) = CAST('NAME' AS BLOB) FROM _cutover_journal"
            .replace("NAME", &name)
            .as_str(),
    );
    assert_eq!(actor, ["Integer(1)"]);
}
