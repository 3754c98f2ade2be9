//! Programs that are asked before a transition and told after it.

use std::os::unix::fs::PermissionsExt as _;

use super::bench::{Bench, ended};

fn hook(bench: &Bench, name: &str, script: &str) {
    let path = bench.path(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_transition_asks_and_tells() {
    let bench = Bench::new(50);
    let line = "echo \"$CUTOVER_HOOK $CUTOVER_FROM $CUTOVER_TO $(python3 -c \
                'import json,sys; s = json.load(sys.stdin); print(s[\"phase\"], s[\"migration\"])')\" >> said";
    hook(&bench, "hook", line);
    let both = "--before-hook hook --after-hook hook";
    for command in ["start split.sql", "advance --to new-only", "rollback --to dual-write", "abort"]
    {
        bench.run(&format!("{command} {both}")).exits(0);
    }
    let said = std::fs::read_to_string(bench.path("said")).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let steps = [
        ("legacy", "dual-write"),
        ("dual-write", "read-new"),
        ("read-new", "write-new"),
        ("write-new", "new-only"),
        ("new-only", "write-new"),
        ("write-new", "read-new"),
        ("read-new", "dual-write"),
        ("dual-write", "legacy"),
    ];
    let expected: Vec<String> = steps
        .iter()
        .flat_map(|(from, to)| {
            // Before it stands in the old phase, after it in the new one.
            [format!("before {from} {to} {from} split"), format!("after {from} {to} {to} split")]
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_hook_that_says_no_stops_the_transition() {
    let bench = Bench::new(50);
    bench.run("start split.sql").exits(0);
    hook(&bench, "not-yet", "test \"$CUTOVER_TO\" != write-new");
    let refused = bench.run("advance --to new-only --before-hook not-yet").exits(3);
    assert!(refused.stderr.contains("the hook not-yet said no"), "{}", refused.stderr);
    // The step before it was made and stays made.
    assert_eq!(bench.status()["phase"], "read-new");
    bench.writes("INSERT INTO clients VALUES (99, 'n', NULL)");
    bench.run("advance --to new-only").exits(0);
    bench.run("rollback --to dual-write --before-hook missing").exits(3);
    assert_eq!(bench.status()["phase"], "new-only");
    bench.run("rollback --to dual-write").exits(0);
    bench.is_the_twin();
}

#[test]
fn a_hook_that_is_only_told_stops_nothing() {
    let bench = Bench::new(50);
    hook(&bench, "fails", "exit 7");
    let ran = bench.run("start split.sql --after-hook fails").exits(0);
    assert!(ran.stderr.contains("the hook fails failed (exit status: 7)"), "{}", ran.stderr);
    assert_eq!(bench.status()["phase"], "dual-write");
}

/// A hook may take its time: the lease is kept, programs write, and what they write is verified.
#[test]
fn programs_write_while_a_hook_thinks() {
    let bench = Bench::new(500);
    bench.run("start split.sql").exits(0);
    bench.run("advance").exits(0);
    hook(&bench, "thinks", "while ! test -e go; do sleep 0.05; done");
    let advance = bench.spawn("advance --before-hook thinks");
    let waiting = bench.until("asked", |status| status["work"]["waiting"] == "hook");
    assert_eq!(waiting["phase"], "read-new");
    for n in 0..50 {
        bench.writes(&format!("INSERT OR REPLACE INTO clients VALUES ({n}, 'x{n}', NULL)"));
    }
    std::fs::write(bench.path("go"), "").unwrap();
    ended(advance).exits(0);
    assert_eq!(bench.status()["phase"], "write-new");
    bench.is_the_twin();
}
