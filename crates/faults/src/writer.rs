//! An application that writes in this process, which the loss of power takes along.
//! It knows nothing of migrations: it opens the database as its SQLite does by default,
//! so every commit of its own is synced before it is acknowledged.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::orders::Writing;

/// A writer at work.
#[derive(Debug)]
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Begins to write.
#[must_use]
pub fn begin(db: &Path, writing: &Writing) -> Option<Writer> {
    let stop = Arc::new(AtomicBool::new(false));
    let (db, writing, stopped) = (db.to_owned(), writing.clone(), Arc::clone(&stop));
    let thread = std::thread::spawn(move || {
        let mut acknowledged = File::create(&writing.acknowledged).expect("a place for the log");
        let mut conn = Connection::open(&db).expect("the database");
        conn.busy_timeout(Duration::from_secs(10)).expect("a timeout");
        // As the log tells the twin.
        conn.execute_batch("PRAGMA foreign_keys = OFF").expect("a pragma");
        let mut n = 0;
        while !stopped.load(Ordering::Relaxed) {
            n += 1;
            // What fails has come to nothing; the next one is tried.
            if let Ok(seq) = write(&mut conn, &writing, n) {
                writeln!(acknowledged, "{seq}").expect("room for a line");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    });
    Some(Writer { stop, thread })
}

impl Writer {
    /// Ends after the write at hand.
    pub fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A writer that has ended already is seen by what it did not write.
        let _ = self.thread.join();
    }
}

/// One write and its line in the log, to whichever side takes it.
fn write(conn: &mut Connection, writing: &Writing, n: usize) -> rusqlite::Result<i64> {
    let number = (10_000 + n).to_string();
    let old = writing.old[n % writing.old.len()].replace("{n}", &number);
    let (new, twin) = &writing.new[n % writing.new.len()];
    let (new, twin) = (new.replace("{n}", &number), twin.replace("{n}", &number));
    commit(conn, "old", &old, None).or_else(|_| commit(conn, "new", &new, Some(&twin)))
}

fn commit(
    conn: &mut Connection,
    side: &str,
    sql: &str,
    twin: Option<&str>,
) -> rusqlite::Result<i64> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    if side == "old" && transaction.changes() == 0 {
        // No trigger sees an UPDATE or a DELETE that finds no row, so the frozen tables can't
        // refuse it. What was written since is on the new side.
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    transaction.execute(
        "INSERT INTO workload_log (writer, side, sql, twin_sql, foreign_keys, recursive_triggers) \
         VALUES ('inside', ?1, ?2, ?3, 0, 0)",
        params![side, sql, twin],
    )?;
    let seq = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(seq)
}
