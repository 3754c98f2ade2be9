//! Gates and proofs that say no: exit 3, a reason, a fix, and nothing changed.

use super::support::Bench;

#[test]
fn a_migration_that_loses_data_is_shown_and_refused() {
    let bench = Bench::new();
    let before = bench.dump();
    let ran = bench.run("check lossy.sql --db app.db").exits(3);
    assert!(ran.stdout.contains("clients.city"), "{}", ran.stdout);
    let ran = bench.run("start lossy.sql --db app.db").exits(3);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(bench.dump(), before);
}

#[test]
fn a_refusal_in_json_names_reason_fix_and_rows() {
    let bench = Bench::new();
    let ran = bench.run("start lossy.sql --db app.db --json").exits(3);
    let refusal = ran.json();
    let mut keys: Vec<_> = refusal.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["error", "examples", "fix", "kind"]);
    assert_eq!(refusal["kind"], "refused");
    assert_ne!(refusal["examples"].as_array().unwrap().len(), 0);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn a_gate_needs_a_complete_backfill() {
    let bench = Bench::new();
    bench.run("start split-address.sql --no-backfill --db app.db").exits(0);
    for phase in ["write-new", "new-only"] {
        let ran = bench.run(&format!("advance --to {phase} --db app.db")).exits(3);
        assert!(ran.stderr.contains("backfill"), "{}", ran.stderr);
        // The hint can be pasted.
        assert!(ran.stderr.contains("backfill --db app.db"), "{}", ran.stderr);
    }
}

#[test]
fn there_is_no_way_below_dual_write_but_abort() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    let ran = bench.run("rollback --db app.db").exits(3);
    assert!(ran.stderr.contains("abort --db app.db"), "{}", ran.stderr);
    bench.run("advance --to write-new --db app.db").exits(0);
    let ran = bench.run("abort --db app.db").exits(3);
    assert!(ran.stderr.contains("rollback"), "{}", ran.stderr);
    assert_eq!(bench.phase(), "write-new");
}

#[test]
fn retiring_needs_to_be_confirmed() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    bench.run("advance --to new-only --db app.db").exits(0);
    let ran = bench.run("advance --to retired --db app.db").exits(3);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(bench.phase(), "new-only");
}

#[test]
fn retiring_cannot_be_undone_and_the_commands_say_so() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    bench.run("advance --to new-only --db app.db").exits(0);
    bench.run("advance --to retired --yes --db app.db").exits(0);
    for command in ["rollback", "abort", "advance", "backfill", "verify", "repair"] {
        let ran = bench.run(&format!("{command} --db app.db")).exits(3);
        // Not about a table that is missing in the migration file.
        assert!(!ran.stderr.contains("split-address.sql:"), "{command}: {}", ran.stderr);
    }
    bench.run("status --db app.db").exits(0);
    bench.run("history --db app.db").exits(0);
}

/// The freeze names the migration, so that whoever owns the old program knows.
#[test]
fn frozen_tables_say_why() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    bench.run("advance --to new-only --db app.db").exits(0);
    let error = bench.open().execute("DELETE FROM clients WHERE id = 1", []).unwrap_err();
    assert!(error.to_string().contains("split-address"), "{error}");
}
