//! Processes that have the database open.

use std::path::PathBuf;

use serde_json::Value;
use testkit::program::Dialogue;

use super::{now, scene, seconds};
use crate::scene::{Python, Scene};

fn processes(scene: &Scene) -> Vec<Value> {
    scene.status()["writers"]["processes"].as_array().unwrap().clone()
}

/// The `sqlite3` shell under a name of its own, and the database in it.
fn shell(scene: &Scene) -> (Dialogue, PathBuf) {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|dir| dir.join("sqlite3"));
    let agent = scene.db.with_file_name("agent");
    std::fs::copy(found.into_iter().find(|file| file.exists()).unwrap(), &agent).unwrap();
    let mut command = std::process::Command::new(&agent);
    let mut shell = Dialogue::with(command.arg("-batch").arg(&scene.db));
    assert_eq!(shell.ask("SELECT count(*) FROM sqlite_schema WHERE 0;"), "0");
    (shell, agent)
}

#[test]
fn each_program_that_has_the_file_open_is_told_since_when_and_whether_it_was_replaced() {
    let scene = super::started();
    assert_eq!(processes(&scene), Vec::<Value>::new());
    let before = now();
    let mut python = scene.python();
    python.does("SELECT * FROM people");
    let (_shell, agent) = shell(&scene);
    let found = processes(&scene);
    let [one, other] = &found[..] else { panic!("{found:?}") };
    let command = |process: &Value| process["command"].as_str().unwrap().to_owned();
    assert!(command(one).contains("python3 -c") && command(one).ends_with("live.db"), "{one}");
    assert!(command(other).contains("agent -batch"), "{other}");
    for process in [one, other] {
        let keys: Vec<_> = process.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["command", "exe_deleted", "holds", "pid", "started"]);
        assert!((before - 1..=now()).contains(&seconds(&process["started"])), "{process}");
        assert_eq!((&process["exe_deleted"], &process["holds"]), (&false.into(), &Value::Null));
    }
    // What an update of the program does: another file under its name.
    let new = agent.with_file_name("agent.new");
    std::fs::write(&new, "another").unwrap();
    std::fs::rename(&new, &agent).unwrap();
    let found = processes(&scene);
    assert_eq!(found[0]["exe_deleted"], false, "{found:?}");
    assert_eq!(found[1]["exe_deleted"], true, "{found:?}");
    let text = scene.exits(0, "status").stdout;
    assert!(text.contains("; 2 processes have the file open"), "{text}");
    assert!(text.contains("live.db (its program was replaced since)"), "{text}");
}

#[test]
fn who_is_in_a_transaction_is_told_with_and_without_a_log() {
    for mode in ["WAL", "DELETE"] {
        let scene = scene();
        scene.sql(&format!("PRAGMA journal_mode = {mode}"));
        scene.exits(0, "start FILE");
        let holds = || -> Vec<Value> {
            processes(&scene).iter().map(|process| process["holds"].clone()).collect()
        };
        let (mut one, mut other) = (scene.python(), scene.python());
        // By one mark of the log.
        for program in [&mut one, &mut other] {
            program.does("BEGIN");
            program.does("SELECT * FROM people");
        }
        assert_eq!(holds(), ["read", "read"], "{mode}");
        other.does("ROLLBACK");
        assert_eq!(holds(), [Value::from("read"), Value::Null], "{mode}");
        one.does("UPDATE people SET name = 'x' WHERE id = 1");
        assert_eq!(holds(), [Value::from("write"), Value::Null], "{mode}");
        one.does("COMMIT");
        assert_eq!(holds(), [Value::Null, Value::Null], "{mode}");
    }
}

/// Reading who holds a lock must not end the locks of a connection in the same process.
#[test]
fn looking_takes_no_lock_of_ours_away() {
    for mode in ["WAL", "DELETE"] {
        let scene = scene();
        scene.sql(&format!("PRAGMA journal_mode = {mode}"));
        scene.exits(0, "start FILE");
        let conn = scene.conn();
        let engine = cutover::Engine::open_to_read(&scene.db, cutover::Options::default()).unwrap();
        let look = || engine.snapshot(crate::scene::NAME).unwrap();
        look();
        conn.execute_batch("BEGIN IMMEDIATE; UPDATE people SET name = 'x' WHERE id = 1").unwrap();
        let found = look().writers.processes;
        assert!(found.is_empty(), "our own process is not told: {found:?}");
        let mut python = Python::open(&scene.db);
        python.does("PRAGMA busy_timeout = 0");
        assert_eq!(python.fails("BEGIN IMMEDIATE"), "database is locked", "{mode}");
        conn.execute_batch("COMMIT").unwrap();
        python.does("BEGIN IMMEDIATE");
    }
}
