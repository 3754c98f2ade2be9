//! Stores and other files that can't be used: exit 5, and nothing is made or changed.

use testkit::Outcome;

use super::support::{Bench, given};

/// What needs a store that is there.
const ON_A_STORE: [&str; 20] = [
    "specs",
    "show --spec S-1 --stage spec-plan",
    "stats",
    "delete --spec S-1 --yes",
    "prune --older-than 1d",
    "export",
    "export out.jsonl",
    "compact",
    "compact --full",
    "migrate check",
    "migrate plan",
    "migrate start",
    "migrate backfill",
    "migrate verify",
    "migrate repair",
    "migrate advance",
    "migrate rollback",
    "migrate abort",
    "migrate status",
    "migrate history",
];

const READING: [&str; 5] =
    ["specs", "specs --table", "show --spec S-1 --stage spec-plan", "stats", "export"];

#[test]
fn a_store_that_is_missing_is_not_made() {
    let bench = Bench::empty();
    for line in ON_A_STORE {
        let ran = bench.run(line).exits(5);
        assert!(ran.stderr.starts_with("error: store.db: "), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
        assert!(bench.files().is_empty(), "{line}: {:?}", bench.files());
    }
}

/// The default store is in the home directory; what reads makes neither.
#[test]
fn the_default_store_is_made_by_what_writes() {
    let bench = Bench::empty();
    let ran = Outcome::of(bench.bare("specs").output().unwrap()).exits(5);
    assert!(ran.stderr.contains("home/.code/consensus_artifacts.db"), "{}", ran.stderr);
    assert!(!bench.path("home").exists());
    let mut put = bench.bare("put artifact --spec S-1 --stage spec-plan --agent claude");
    assert_eq!(given(&mut put, b"{}").exits(0).number(), 1);
    assert!(bench.path("home/.code/consensus_artifacts.db").is_file());
    let specs = Outcome::of(bench.bare("specs").output().unwrap()).exits(0).json();
    assert_eq!(specs[0]["spec_id"], "S-1");
}

#[test]
fn the_store_may_come_from_the_environment() {
    let bench = Bench::legacy();
    let command = |line: &str| {
        Outcome::of(bench.bare(line).env("CONSENSUS_DB", "store.db").output().unwrap()).exits(0)
    };
    assert_ne!(command("specs").json(), serde_json::json!([]));
    // What is in the environment need not be typed again.
    assert_eq!(command("migrate start").suggested("consensus"), ["migrate advance"]);
}

#[test]
fn a_store_is_not_made_where_there_is_no_directory() {
    let bench = Bench::empty();
    let mut put = bench.bare("put artifact --spec x --stage spec-plan --agent y --db no/store.db");
    let ran = given(&mut put, b"{}").exits(5);
    assert!(ran.stderr.contains("no directory no"), "{}", ran.stderr);
    assert!(bench.files().is_empty());
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let bench = Bench::empty();
    let text = "no database, but long enough to have a header of a hundred bytes ".repeat(3);
    bench.write("store.db", &text);
    bench.write("empty.jsonl", "");
    let writing = ["put artifact --spec x --stage spec-plan --agent y", "import empty.jsonl"];
    for line in ON_A_STORE.iter().chain(&writing) {
        let ran = bench.run(line).exits(5);
        assert!(ran.stderr.contains("store.db"), "{line}: {}", ran.stderr);
    }
    assert_eq!(bench.read("store.db"), text);
    assert_eq!(bench.files(), ["empty.jsonl", "store.db"]);
}

/// Tables of another application under the same names.
#[test]
fn a_store_of_another_shape_is_left_alone() {
    let bench = Bench::empty();
    bench.open().execute_batch("CREATE TABLE agent_outputs (id INTEGER PRIMARY KEY, x)").unwrap();
    let before = std::fs::read(bench.path("store.db")).unwrap();
    for line in ["specs", "delete --spec x --yes", "put artifact --spec x --stage s --agent y"] {
        let ran = bench.run(line).exits(5);
        assert!(ran.stderr.contains("agent_outputs"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
    }
    let count = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(bench.number(count), 1);
    // What only reads doesn't touch a byte; what writes may have set the journal mode.
    bench.run("specs").exits(5);
    assert_eq!(before.len(), std::fs::read(bench.path("store.db")).unwrap().len());
}

/// Not a byte of the file.
#[test]
fn what_reads_changes_nothing() {
    let legacy = Bench::legacy();
    unchanged_by(&legacy, &["migrate check", "migrate plan"]);
    assert_eq!(legacy.files(), ["store.db"]);
    legacy.run("migrate start").exits(0);
    unchanged_by(&legacy, &["migrate status", "migrate history"]);
    assert_eq!(legacy.files(), ["store.db"]);
    unchanged_by(&Bench::fresh(), &[]);
}

fn unchanged_by(bench: &Bench, more: &[&str]) {
    let before = std::fs::read(bench.path("store.db")).unwrap();
    for line in READING.iter().chain(more) {
        bench.run(line).exits(0);
        assert!(std::fs::read(bench.path("store.db")).unwrap() == before, "{line}");
    }
}

/// A file that may only be read is enough for what reads.
#[test]
fn a_write_protected_store_can_be_read() {
    let bench = Bench::legacy();
    let mut permissions = std::fs::metadata(bench.path("store.db")).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(bench.path("store.db"), permissions).unwrap();
    for line in ["specs", "show --spec S-1 --stage spec-plan", "stats", "export"] {
        bench.run(line).exits(0);
    }
    // Permissions don't hold root back.
    if std::fs::File::options().write(true).open(bench.path("store.db")).is_err() {
        bench.run("put artifact --spec x --stage spec-plan --agent y").exits(5);
    }
}

#[test]
fn texts_that_can_t_be_read_are_named_and_make_no_store() {
    let bench = Bench::empty();
    std::fs::write(bench.path("latin1.txt"), b"caf\xe9").unwrap();
    for (line, says) in [
        ("put artifact --spec x --stage spec-plan --agent y none.json", "none.json"),
        ("put artifact --spec x --stage spec-plan --agent y latin1.txt", "UTF-8"),
        ("put artifact --spec x --stage spec-plan --agent y --response none.txt", "none.txt"),
        ("put artifact --spec x --stage spec-plan --agent y .", "directory"),
        ("put synthesis --spec x --stage spec-plan --status ok none.md", "none.md"),
        ("import none.jsonl", "none.jsonl"),
    ] {
        let ran = bench.run(line).exits(5);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
        assert_eq!(bench.files(), ["latin1.txt"], "{line}");
    }
}
