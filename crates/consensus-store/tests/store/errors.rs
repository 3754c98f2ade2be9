//! Each error is told apart, and nothing is stored when there is one.

use std::error::Error as _;
use std::time::Duration;

use consensus_store::{Error, NewArtifact, Options, Stage, Store};
use cutover::{ErrorKind, Phase, Writes};

use crate::store::support::{Files, go, raw};

fn artifact() -> NewArtifact<'static> {
    NewArtifact::new("S", Stage::Plan, "claude", "{}")
}

#[test]
fn a_database_that_stays_locked_is_busy() {
    let files = Files::new();
    let path = files.path("store.db");
    let options = Options::default().busy_timeout(Duration::from_millis(50));
    let store = Store::open_with(&path, options).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.store_artifact(&artifact()).unwrap_err();
    assert!(matches!(error, Error::Busy { waited_ms, .. } if waited_ms >= 50), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.source().is_some() && error.hint().is_some());
    // Reading goes on.
    assert_eq!(store.count_artifacts("S").unwrap(), 0);
    other.execute_batch("ROLLBACK").unwrap();
    store.store_artifact(&artifact()).unwrap();
    assert_eq!(store.count_artifacts("S").unwrap(), 1);
}

#[test]
fn all_that_wait_for_a_lock_in_vain_are_told() {
    let files = Files::new();
    let path = files.path("store.db");
    let options = Options::default().busy_timeout(Duration::from_millis(100));
    let store = Store::open_with(&path, options).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let error = store.store_artifact(&artifact()).unwrap_err();
                assert!(matches!(error, Error::Busy { .. }), "{error:?}");
                assert_eq!(error.kind(), ErrorKind::Busy);
            });
        }
    });
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.count_artifacts("S").unwrap(), 0);
}

#[test]
fn a_file_that_is_held_is_opened_all_the_same() {
    let files = Files::new();
    let path = files.legacy("store.db", 10);
    let other = raw(&path);
    other.execute_batch("BEGIN; SELECT * FROM consensus_artifacts").unwrap();
    let mode = |store: &Store| store.stats().unwrap().journal_mode;
    let store = Store::open(&path).unwrap();
    assert_eq!(mode(&store), "delete");
    assert_eq!(store.count_artifacts("S").unwrap(), 0);
    drop(store);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(mode(&Store::open(&path).unwrap()), "wal");
}

#[test]
fn a_lock_that_is_released_in_time_is_no_error() {
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| store.store_artifact(&artifact()));
        std::thread::sleep(Duration::from_millis(100));
        other.execute_batch("COMMIT").unwrap();
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn tables_frozen_by_another_migration_are_frozen() {
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    raw(&path)
        .execute_batch(
            "CREATE TRIGGER _cutover_1_freeze_insert_agent_outputs BEFORE INSERT ON agent_outputs BEGIN \
             SELECT RAISE(ABORT, 'cutover: agent_outputs is read-only: migration other went to \
             new-only at 2026-01-02T03:04:05Z; write to the new tables'); END",
        )
        .unwrap();
    let error = store.store_artifact(&artifact()).unwrap_err();
    let Error::Frozen { message, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains("migration other went to new-only at 2026"), "{message}");
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[test]
fn a_damaged_file_is_corrupt() {
    let files = Files::new();
    let path = files.legacy("store.db", 400);
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the first page, where the schema is.
    let page = 4096.min(bytes.len());
    bytes[page..].iter_mut().for_each(|byte| *byte = 0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&path).and_then(|store| store.stats()).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Unusable);
}

#[test]
fn a_file_that_is_no_database_is_told_apart() {
    let files = Files::new();
    let path = files.path("letter.txt");
    let letter = "Dear reader, this is no database. ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, Error::NotADatabase { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn a_model_version_needs_the_new_tables() {
    let files = Files::new();
    let path = files.legacy("store.db", 60);
    for phase in Phase::ALL {
        go(&path, phase);
        let store = Store::open(&path).unwrap();
        let before = store.count_artifacts("S").unwrap();
        let stored = store.store_artifact(&artifact().model_version("m-1"));
        if phase.writes() == Writes::Old {
            let error = stored.unwrap_err();
            assert!(matches!(error, Error::NoPlace { field: "model_version" }), "{error:?}");
            assert_eq!(store.count_artifacts("S").unwrap(), before);
        } else {
            stored.unwrap();
            let found = store.query_artifacts("S", &Stage::Plan).unwrap();
            assert_eq!(found[0].model_version.as_deref(), Some("m-1"), "{phase}");
        }
    }
}

#[test]
fn a_time_beyond_the_years_of_text_is_invalid() {
    let files = Files::new();
    let store = Store::open(files.path("store.db")).unwrap();
    for ms in [i64::MIN, -62_167_219_200_001, 253_402_300_800_000, i64::MAX] {
        let error = store.store_artifact(&artifact().created_at_ms(ms)).unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "created_at_ms", .. }), "{error:?}");
    }
    for ms in [-62_167_219_200_000, -1, 0, 253_402_300_799_999] {
        store.store_artifact(&artifact().created_at_ms(ms)).unwrap();
        let found = store.query_artifacts("S", &Stage::Plan).unwrap();
        assert_eq!(found[0].created_at.millis(), Some(ms));
    }
}

#[test]
fn a_value_that_the_store_never_writes_is_named() {
    let files = Files::new();
    for phase in [Phase::Legacy, Phase::Retired] {
        let path = files.legacy(&format!("{phase}.db"), 50);
        go(&path, phase);
        let store = Store::open(&path).unwrap();
        let id = store.store_artifact(&artifact()).unwrap();
        let (table, column) = if phase == Phase::Legacy {
            ("consensus_artifacts", "content_json")
        } else {
            ("agent_outputs", "content")
        };
        let sql = format!("UPDATE {table} SET {column} = x'FF00' WHERE id = {id}");
        raw(&path).execute(&sql, ()).unwrap();
        let error = store.query_artifacts("S", &Stage::Plan).unwrap_err();
        let Error::UnexpectedValue { table: in_table, id: at, column: of, found } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((*in_table, *at, *of), (table, id, column));
        assert_eq!(found, "a blob of 2 bytes");
    }
}

/// A caller's stream that panics in the middle of an import.
#[test]
fn a_panic_of_the_callers_leaves_no_transaction_open() {
    struct Broken(&'static [u8]);
    impl std::io::Read for Broken {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                panic!("broken");
            }
            std::io::Read::read(&mut self.0, into)
        }
    }
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    store.store_artifact(&artifact()).unwrap();
    let mut lines = Vec::new();
    store.export(&mut lines).unwrap();
    let line: &'static [u8] = Box::leak(lines.into_boxed_slice());
    store.delete_spec("S").unwrap();
    let import = std::panic::AssertUnwindSafe(|| {
        let mut stream = std::io::BufReader::new(Broken(line));
        store.import(&mut stream, consensus_store::ImportOptions::default())
    });
    assert!(std::panic::catch_unwind(import).is_err());
    // Nothing was imported, and nobody is kept off.
    assert_eq!(store.count_artifacts("S").unwrap(), 0);
    raw(&path).execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
    store.store_artifact(&artifact()).unwrap();
}
