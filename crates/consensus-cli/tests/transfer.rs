//! `export` and `import`.

use std::process::Stdio;

use testkit::program::{Outcome, Signal, signal};

use super::support::{Bench, STEPS};

/// What a store exports, another imports and exports again: the same bytes, from and to
/// either schema.
#[test]
fn a_store_comes_back_to_the_byte() {
    let legacy = Bench::legacy();
    let exported = legacy.export();
    assert!(exported.lines().count() > 300);
    let fresh = Bench::empty();
    fresh.write("in.jsonl", &exported);
    let ran = fresh.run("import in.jsonl --json").exits(0).json();
    assert_eq!(ran["artifacts"], 300);
    assert_eq!(ran["already_there"], 0);
    assert_eq!(fresh.export(), exported);
    // Twice is as good as once.
    let again = fresh.run("import in.jsonl --json").exits(0).json();
    assert_eq!(again["artifacts"], 0);
    assert_eq!(again["already_there"], u64::try_from(exported.lines().count()).unwrap());
    assert_eq!(fresh.export(), exported);
    for step in STEPS {
        legacy.run(step).exits(0);
        assert_eq!(legacy.export(), exported, "{step}");
    }
}

#[test]
fn an_import_reads_a_file_or_standard_input() {
    let exported = Bench::legacy().export();
    let bench = Bench::empty();
    for line in ["import", "import -"] {
        let ran = bench.run_with(line, exported.as_bytes()).exits(0);
        assert!(ran.stdout.starts_with("imported "), "{}", ran.stdout);
        assert_eq!(bench.export(), exported);
    }
    bench.run_with("import --new-ids", exported.as_bytes()).exits(0);
    assert_eq!(bench.export().lines().count(), 2 * exported.lines().count());
}

/// The last id there is would be the last row that the store takes.
#[test]
fn an_import_leaves_ids_for_later_rows() {
    let exported = Bench::legacy().export();
    let bench = Bench::empty();
    let first = exported.lines().next().unwrap();
    let (_, rest) = first.split_once(r#""id":"#).unwrap();
    let (_, rest) = rest.split_once(',').unwrap();
    let line = format!(r#"{{"kind":"artifact","id":{},{rest}"#, i64::MAX);
    let ran = bench.run_with("import", line.as_bytes()).exits(5);
    assert!(ran.stderr.contains("line 1: artifact 9223372036854775807"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--new-ids"), "{}", ran.stderr);
    bench.put("S-mine", "claude", "{}").exits(0);
    bench.run_with("import --new-ids", line.as_bytes()).exits(0);
    bench.put("S-mine", "claude", "{}").exits(0);
}

#[test]
fn an_import_is_all_or_nothing() {
    let exported = Bench::legacy().export();
    let bench = Bench::empty();
    let cut = &exported[..exported.len() - 20];
    let ran = bench.run_with("import", cut.as_bytes()).exits(5);
    assert!(ran.stderr.contains(&format!("line {}", cut.lines().count())), "{}", ran.stderr);
    assert_eq!(bench.export(), "");
    // An id that holds something else.
    bench.put("S-mine", "claude", "{}").exits(0);
    let before = bench.export();
    let ran = bench.run_with("import", exported.as_bytes()).exits(3);
    assert!(ran.stderr.contains("--new-ids"), "{}", ran.stderr);
    assert_eq!(bench.export(), before);
    bench.run_with("import --new-ids", exported.as_bytes()).exits(0);
    assert_eq!(bench.export().lines().count(), exported.lines().count() + 1);
}

#[test]
fn a_file_is_written_whole_and_never_over_another() {
    let bench = Bench::legacy();
    let exported = bench.export();
    let ran = bench.run("export out.jsonl").exits(0);
    assert!(ran.stdout.starts_with("exported 300 artifacts"), "{}", ran.stdout);
    assert_eq!(bench.read("out.jsonl"), exported);
    bench.write("out.jsonl", "mine");
    let ran = bench.run("export out.jsonl").exits(5);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(bench.read("out.jsonl"), "mine");
    let ran = bench.run("export out.jsonl --force --json").exits(0).json();
    assert_eq!(ran["artifacts"], 300);
    assert_eq!(bench.read("out.jsonl"), exported);
    assert_eq!(bench.files(), ["out.jsonl", "store.db"]);
}

#[test]
fn an_export_that_fails_leaves_nothing() {
    let bench = Bench::legacy();
    let before = std::fs::read(bench.path("store.db")).unwrap();
    std::fs::create_dir(bench.path("directory")).unwrap();
    for line in [
        "export store.db --force",
        "export ./store.db",
        "export directory --force",
        "export /dev/null --force",
    ] {
        bench.run(line).exits(5);
    }
    bench.run("export no/out.jsonl").exits(1);
    assert_eq!(std::fs::read(bench.path("store.db")).unwrap(), before);
    assert_eq!(bench.files(), ["directory", "store.db"]);
}

/// A row that no version of the store writes is met when others are written already.
#[test]
fn an_export_that_fails_half_way_leaves_nothing() {
    let bench = Bench::legacy();
    for step in STEPS {
        bench.run(step).exits(0);
    }
    let broken = "UPDATE consensus_runs SET synthesis_json = 'no JSON' WHERE id > 20";
    bench.open().execute_batch(broken).unwrap();
    let ran = bench.run("export out.jsonl").exits(5);
    assert!(ran.stderr.contains("synthesis_json"), "{}", ran.stderr);
    assert_eq!(exports(&bench), Vec::<String>::new());
}

/// Ctrl-C, too: all of it is there, or nothing.
#[test]
fn an_export_that_is_stopped_leaves_nothing() {
    let bench = Bench::legacy();
    bench.put("S-1", "claude", &"x".repeat(50_000_000)).exits(0);
    let complete = bench.export();
    let mut command = bench.command("export out.jsonl");
    let export = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its file comes once the handler of signals stands.
    while exports(&bench).is_empty() {
        std::thread::yield_now();
    }
    signal(export.id(), Signal::INT);
    let ran = Outcome::ended(export);
    // It may have been quicker.
    match ran.code {
        Some(0) => assert!(bench.read("out.jsonl") == complete),
        code => {
            assert_eq!(code, Some(1), "{}", ran.stderr);
            assert!(ran.stderr.contains("stopped on request"), "{}", ran.stderr);
            assert_eq!(exports(&bench), Vec::<String>::new());
        }
    }
}

/// What an export made.
fn exports(bench: &Bench) -> Vec<String> {
    let mut files = bench.files();
    files.retain(|name| !name.starts_with("store.db"));
    files
}

/// Lines that never end must not keep others from the store.
#[test]
fn a_pipe_that_takes_its_time_holds_nobody_up() {
    let bench = Bench::fresh();
    let mut command = bench.command("import");
    let mut import = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = "{\"kind\":\"artifact\"";
    std::io::Write::write_all(import.stdin.as_mut().unwrap(), line.as_bytes()).unwrap();
    bench.put("S-1", "gemini", "{}").exits(0);
    drop(import.stdin.take());
    Outcome::ended(import).exits(5);
}
