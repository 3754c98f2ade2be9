//! Every migration there is, under random writes: nothing diverges.

use std::path::{Path, PathBuf};

use testkit::cases;

use super::support::Bench;

/// Statements on each migration, unless the environment says otherwise.
fn statements() -> u64 {
    std::env::var("CUTOVER_FUZZ").map_or(600, |n| n.parse().unwrap())
}

/// The seeds of one run of the tests: another one for each migration, and always the same.
fn seed() -> u64 {
    std::env::var("CUTOVER_FUZZ_SEED").map_or(1, |n| n.parse().unwrap())
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("setup.sql").exists())
        .collect();
    found.sort();
    found
}

/// Fuzzes, and makes sure that the writes were not all in vain.
#[track_caller]
fn no_divergence(bench: &Bench, file: &Path, what: &str) {
    let ran = bench.fuzz(file, statements(), seed());
    assert_eq!(ran.code, Some(0), "{what}:\n{}\n{}", ran.stdout, ran.stderr);
    let fuzz = &ran.json()["fuzz"];
    assert_eq!(fuzz["ok"], true, "{what}: {fuzz}");
    assert_eq!(fuzz["failure"], serde_json::Value::Null, "{what}: {fuzz}");
    let number = |key: &str| fuzz[key].as_u64().unwrap();
    assert!(number("statements") >= statements(), "{what}: {fuzz}");
    assert!(number("rows") > 0, "{what}: {fuzz}");
    let vain = number("failed") + number("refused");
    assert!(vain * 2 < number("statements"), "{what}: most of it failed: {fuzz}");
}

#[test]
fn every_example() {
    let examples = examples();
    assert!(examples.len() >= 15, "{examples:?}");
    for example in examples {
        let bench = Bench::empty();
        for script in ["setup.sql", "mend.sql"] {
            // What an example shows to be fixed first.
            let Ok(sql) = std::fs::read_to_string(example.join(script)) else { continue };
            bench.open().execute_batch(&sql).unwrap();
        }
        let directory = example.file_name().unwrap().to_str().unwrap();
        let (_, name) = directory.split_once('-').unwrap();
        no_divergence(&bench, &example.join(format!("{name}.sql")), directory);
    }
}

/// Among them the consensus store's own.
#[test]
fn every_class_of_migration() {
    for case in cases::ALL {
        let bench = Bench::empty();
        case.create(&bench.path("app.db"), 400, 7);
        let file = bench.path(&format!("{}.sql", case.migration_name));
        std::fs::write(&file, case.migration).unwrap();
        no_divergence(&bench, &file, case.name);
    }
}
