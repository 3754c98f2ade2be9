//! Steps that are refused while old programs are known to be there.

use std::os::unix::fs::PermissionsExt as _;

use cutover::{Speaks, Standing};
use serde_json::Value;

use super::{later_by, now, seconds, started};
use crate::scene::{Scene, json};

/// In `write-both`, with an old write just noted.
fn written_in_both() -> Scene {
    let scene = started();
    scene.exits(0, "advance --to write-both");
    scene.python().does("UPDATE people SET name = 'x' WHERE id = 1");
    scene
}

#[test]
fn the_way_out_of_write_both_waits_until_the_old_tables_were_quiet_for_ten_minutes() {
    let scene = written_in_both();
    let refused = scene.exits(3, "advance").stderr;
    assert_eq!(scene.phase(), "write-both");
    let last = seconds(&scene.status()["writers"]["old"]["last"]);
    assert!((now() - 60..=now()).contains(&last));
    let until = jiff::Timestamp::from_second(last + 660).unwrap().to_string();
    for said in ["must be quiet for 10 min", &format!("wait until {until}"), "`--quiet-for 0`"] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    // The same decision is what status tells, and no command is named that would be refused.
    let status = scene.status();
    let blocked = &status["blocked"][0];
    assert_eq!(blocked["action"], "advance");
    assert!(blocked["fix"].as_str().unwrap().contains(&until), "{blocked}");
    assert_eq!(status["next"], Value::Array(vec![]), "{status}");
    // New programs are no reason to wait.
    later_by(&scene, 661);
    scene.python().does("UPDATE persons SET name = 'y' WHERE id = 2");
    scene.exits(0, "advance");
    assert_eq!(scene.phase(), "write-new");
}

#[test]
fn how_long_is_said_by_quiet_for() {
    let scene = written_in_both();
    assert_eq!(scene.exits(2, "advance --quiet-for 10").code, Some(2), "a time has a unit");
    later_by(&scene, 3000);
    let refused = scene.exits(3, "advance --quiet-for 1h").stderr;
    assert!(refused.contains("must be quiet for 1 h"), "{refused}");
    scene.python().does("UPDATE people SET name = 'z' WHERE id = 1");
    scene.exits(3, "advance --quiet-for 1s");
    scene.exits(0, "advance --quiet-for 0");
    // The other steps ask only if they are told to.
    scene.exits(3, "advance --to retired --yes --quiet-for 90s");
    assert_eq!(scene.phase(), "write-new");
    scene.exits(0, "rollback --to read-new");
    scene.exits(3, "advance --quiet-for 5m");
    scene.exits(0, "advance --to new-only");
}

/// The switch itself asks again: its hook writes as an old program would.
#[test]
fn an_old_write_while_the_gate_is_at_work_is_seen_by_the_switch() {
    let scene = written_in_both();
    later_by(&scene, 3000);
    let hook = scene.db.with_file_name("hook");
    let write = "sqlite3 \"$CUTOVER_DB\" \"UPDATE people SET name = 'late' WHERE id = 1\"";
    std::fs::write(&hook, format!("#!/bin/sh\n{write}\n")).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!("advance --before-hook {}", hook.display());
    let refused = scene.exits(3, &line).stderr;
    assert!(refused.contains("must be quiet for 10 min"), "{refused}");
    assert_eq!(scene.phase(), "write-both");
    assert_eq!(scene.rows("SELECT name FROM persons WHERE id = 1"), scene.rows("SELECT 'late'"));
    scene.exits(0, "advance --quiet-for 0");
}

#[test]
fn a_client_that_knows_only_the_old_tables_refuses_by_name_as_long_as_it_is_in_time() {
    let scene = started();
    scene.exits(0, "advance");
    scene.sql(&Standing::announce("agent-3", "1.4", Speaks::Old));
    scene.sql(&Standing::announce("agent-4", "2.0", Speaks::Both));
    let refused = scene.exits(3, "advance --quiet-for 0").stderr;
    assert!(refused.contains("agent-3 1.4 announced that it knows only the old"), "{refused}");
    assert!(refused.contains("advance --to write-both"), "{refused}");
    assert!(!refused.contains("agent-4"), "{refused}");
    let text = scene.exits(0, "status").stdout;
    assert!(text.contains("next: ") && text.contains("advance --to write-both"), "{text}");
    scene.exits(0, "advance --to write-both");
    let expire = "UPDATE _cutover_clients SET seen = seen - 601";
    for (step, phase) in [
        ("advance", "write-both"),
        ("advance --to new-only", "write-new"),
        ("advance --to retired --yes", "new-only"),
    ] {
        scene.sql(&Standing::announce("agent-3", "1.4", Speaks::Old));
        assert_eq!(scene.phase(), phase);
        let refused = scene.exits(3, step).stderr;
        assert!(refused.contains("agent-3 1.4 announced"), "{refused}");
        assert_eq!(scene.phase(), phase);
        scene.sql(expire);
        scene.exits(0, step);
    }
    assert_eq!(scene.phase(), "retired");
}

#[test]
fn processes_that_started_before_write_new_are_told_and_refuse_if_that_is_required() {
    let scene = started();
    let early = scene.python();
    let refused = scene.exits(3, "advance --to write-new --require-restarted").stderr;
    assert!(refused.contains("only `new-only` and `retired`"), "{refused}");
    scene.exits(0, "advance --to write-new");
    // A clock tick later, in which the start of a process is told.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let late = scene.python();
    for (step, phase) in [
        ("advance --require-restarted", "write-new"),
        ("advance --to retired --yes --require-restarted", "new-only"),
    ] {
        let refused = scene.exits(3, step).stderr;
        let said = "started before write-new have the file open: ";
        assert!(refused.contains(said) && refused.contains("python3 -c"), "{refused}");
        assert_eq!(refused.matches("python3 -c").count(), 1, "{refused}");
        assert_eq!(scene.phase(), phase);
        if phase == "write-new" {
            scene.exits(0, "advance");
        }
    }
    let open = scene.status()["writers"]["processes"].clone();
    assert_eq!(open.as_array().unwrap().len(), 2, "{open}");
    let report = json(&scene.exits(0, "advance --to retired --yes --json"));
    assert_eq!(report["not_restarted"], Value::Array(vec![open[0].clone()]));
    drop((early, late));
}

#[test]
fn retiring_names_them_in_words_and_goes_on() {
    let scene = started();
    let early = scene.python();
    scene.exits(0, "advance --to new-only");
    let text = scene.exits(0, "advance --to retired --yes").stdout;
    let said = "started before write-new and still have the file open: ";
    assert!(text.contains(said) && text.contains("python3 -c"), "{text}");
    drop(early);
    let scene = started();
    scene.exits(0, "advance --to new-only");
    let text = scene.exits(0, "advance --to retired --yes --require-restarted").stdout;
    assert!(!text.contains("started before"), "{text}");
}
