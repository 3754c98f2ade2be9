//! Callers on many threads, commits they share, tasks of a runtime.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use consensus_store::{
    AsyncStore, Compact, Error, NewArtifact, NewSynthesis, Options, Stage, Store, Synchronous,
};
use cutover::Phase;
use rusqlite::types::Value;

use crate::store::support::{Files, go, raw, values};

const CALLERS: i64 = 16;

#[test]
fn an_acknowledged_write_is_committed() {
    let files = Files::new();
    for phase in [Phase::Legacy, Phase::DualWrite, Phase::NewOnly] {
        let path = files.legacy(&format!("{phase}.db"), 50);
        go(&path, phase);
        let store = Store::open(&path).unwrap();
        let ids: Vec<i64> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let (store, path) = (&store, &path);
                    scope.spawn(move || {
                        let other = raw(path);
                        let table = if phase < Phase::WriteNew {
                            "consensus_artifacts"
                        } else {
                            "agent_outputs"
                        };
                        let sql = format!("SELECT count(*) FROM {table} WHERE id = ?1");
                        (0..10)
                            .map(|n| {
                                let artifact = NewArtifact::new(
                                    "S",
                                    Stage::Plan,
                                    "claude",
                                    format!("{caller} {n}"),
                                );
                                let id = store.store_artifact(&artifact).unwrap();
                                // Another connection sees only what is committed.
                                let there: i64 =
                                    other.query_row(&sql, [id], |row| row.get(0)).unwrap();
                                assert_eq!(there, 1);
                                id
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        });
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 160, "{phase}");
        assert_eq!(store.count_artifacts("S").unwrap(), 160, "{phase}");
    }
}

/// Writes that wait for a lock together are committed together: the log of a database
/// marks each commit, and there are fewer of them than writes.
#[test]
fn writes_that_wait_share_a_commit() {
    let files = Files::new();
    let path = files.path("store.db");
    let store = Store::open(&path).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let left = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for n in 0..CALLERS {
            let (store, left) = (&store, &left);
            scope.spawn(move || {
                let artifact = NewArtifact::new("S", Stage::Plan, "claude", n.to_string());
                left.fetch_add(1, Ordering::SeqCst);
                store.store_artifact(&artifact).unwrap();
            });
        }
        while left.load(Ordering::SeqCst) < CALLERS.unsigned_abs() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // They are on their way into the queue; none can be done.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(store.count_artifacts("S").unwrap(), 0);
        other.execute_batch("ROLLBACK").unwrap();
    });
    assert_eq!(store.count_artifacts("S").unwrap(), CALLERS.unsigned_abs());
    let commits = commits(&path);
    // One of the file's making, one of the caller that came first and waited with the
    // connection in its hand, one or two of all the others.
    assert!(commits <= 6, "{commits} commits for {CALLERS} writes");
}

/// The commits in a database's log: each frame of the log whose header has a size of the
/// database in it ends one (SQLite's file format, section 4.1).
fn commits(path: &std::path::Path) -> usize {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let log = std::fs::read(wal).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let page = number(8) as usize;
    (32..log.len())
        .step_by(24 + page)
        .filter(|frame| number(frame + 4) != 0)
        // Frames of an earlier lap of the log have other salts.
        .filter(|frame| log[frame + 8..frame + 16] == log[16..24])
        .count()
}

#[test]
fn a_write_that_fails_takes_no_other_along() {
    let files = Files::new();
    let path = files.legacy("store.db", 0);
    let store = Store::open(&path).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let results: Vec<(i64, Result<i64, Error>)> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let store = &store;
                scope.spawn(move || {
                    let mut artifact = NewArtifact::new("S", Stage::Plan, "claude", n.to_string());
                    if n % 4 == 0 {
                        // The old tables have no place for it.
                        artifact = artifact.model_version("m");
                    }
                    (n, store.store_artifact(&artifact))
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        other.execute_batch("ROLLBACK").unwrap();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for (n, result) in &results {
        match result {
            Ok(id) => {
                assert_ne!(n % 4, 0);
                let sql = format!("SELECT content_json FROM consensus_artifacts WHERE id = {id}");
                assert_eq!(values(&path, &sql), [vec![Value::Text(n.to_string())]]);
            }
            Err(error) => {
                assert_eq!(n % 4, 0);
                assert!(matches!(error, Error::NoPlace { .. }), "{error:?}");
            }
        }
    }
    assert_eq!(store.count_artifacts("S").unwrap(), 12);
}

#[test]
fn longer_work_is_let_in_between_shared_commits() {
    let files = Files::new();
    let store = Store::open(files.path("store.db")).unwrap();
    let deleted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (store, deleted) = (&store, &deleted);
            scope.spawn(move || {
                // As long as the other has not come to its end, and then no more.
                while deleted.load(Ordering::SeqCst) < 20 {
                    let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
                    store.store_artifact(&artifact).unwrap();
                }
            });
        }
        for _ in 0..20 {
            store.delete_spec("S").unwrap();
            deleted.fetch_add(1, Ordering::SeqCst);
        }
    });
}

#[test]
fn more_readers_than_connections_wait_their_turn() {
    let files = Files::new();
    let options = Options::default().readers(2).synchronous(Synchronous::Full);
    let store = Store::open_with(files.path("store.db"), options).unwrap();
    store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(store.query_artifacts("S", &Stage::Plan).unwrap().len(), 1);
                }
            });
        }
    });
}

#[test]
fn what_was_left_with_the_writer_is_committed_when_the_store_is_dropped() {
    let files = Files::new();
    let path = files.path("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let store = AsyncStore::from(Store::open(&path).unwrap());
        for _ in 0..50 {
            let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
            let write = store.store_artifact(artifact);
            // Polled once, which leaves the write with the writer, and then given up.
            let _ = tokio::time::timeout(Duration::ZERO, write).await;
        }
    });
    let count = Store::open(&path).unwrap().count_artifacts("S").unwrap();
    assert_eq!(count, 50);
}

/// A runtime of one thread would stand still if a call blocked it.
#[test]
fn a_call_that_waits_does_not_block_the_runtime() {
    let files = Files::new();
    let path = files.path("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let store = AsyncStore::open(&path).await.unwrap();
        let other = raw(&path);
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
        let synthesis = NewSynthesis::new("S", Stage::Plan, "#", "ok");
        // Only this same thread can release the lock they wait for.
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(store.count_artifacts("S").await.unwrap(), 0);
            other.execute_batch("ROLLBACK").unwrap();
        };
        let (first, second, third, ()) = tokio::join!(
            store.store_artifact(artifact.clone()),
            store.store_synthesis(synthesis),
            store.delete_spec("OTHER"),
            release
        );
        first.unwrap();
        second.unwrap();
        third.unwrap();
        assert_eq!(store.count_artifacts("S").await.unwrap(), 1);
    });
}

#[test]
fn tasks_answer_as_threads_do() {
    let files = Files::new();
    let path = files.legacy("store.db", 60);
    go(&path, Phase::ReadNew);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let store = AsyncStore::open(&path).await.unwrap();
        let mut tasks = Vec::new();
        for n in 0..CALLERS {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let artifact = NewArtifact::new("S", Stage::Plan, "claude", n.to_string());
                store.store_artifact(artifact.run_id("r")).await.unwrap()
            }));
        }
        let mut ids = BTreeSet::new();
        for task in tasks {
            assert!(ids.insert(task.await.unwrap()));
        }
        let blocking = store.blocking();
        let found = store.query_artifacts("S", &Stage::Plan).await.unwrap();
        assert_eq!(found, blocking.query_artifacts("S", &Stage::Plan).unwrap());
        assert_eq!(found.iter().map(|found| found.id).collect::<BTreeSet<_>>(), ids);
        assert_eq!(store.list_specs().await.unwrap(), blocking.list_specs().unwrap());
        assert_eq!(store.summaries().await.unwrap(), blocking.summaries().unwrap());
        assert_eq!(store.delete_stage_artifacts("S", &Stage::Plan).await.unwrap(), 16);
    });
}

#[test]
fn space_is_given_back() {
    let files = Files::new();
    let old = files.legacy("old.db", 0);
    for path in [files.path("new.db"), old] {
        let store = Store::open(&path).unwrap();
        let response = "r".repeat(20_000);
        for n in 0..200 {
            let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}")
                .response_text(&*response)
                .created_at_ms(n);
            store.store_artifact(&artifact).unwrap();
        }
        let full = store.stats().unwrap();
        assert_eq!(store.prune(150).unwrap().artifacts, 150);
        let emptied = store.stats().unwrap();
        assert!(emptied.free_bytes > full.file_bytes / 2, "{emptied:?}");
        let how = if full.auto_vacuum == "incremental" {
            Compact::Incremental
        } else {
            assert_eq!(store.compact(Compact::Incremental).unwrap(), 0);
            Compact::Full
        };
        assert!(store.compact(how).unwrap() > full.file_bytes / 2);
        let compact = store.stats().unwrap();
        assert_eq!(compact.free_bytes, 0);
        assert!(std::fs::metadata(&path).unwrap().len() < full.file_bytes / 2);
        assert_eq!(store.query_artifacts("S", &Stage::Plan).unwrap().len(), 50);
        assert_eq!(values(&path, "PRAGMA integrity_check"), [vec![Value::Text("ok".into())]]);
    }
}
