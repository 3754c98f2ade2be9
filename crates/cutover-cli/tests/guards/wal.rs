//! The write-ahead log during long work, beside readers that are processes of their own.
//!
//! What is promised: the log holds no more than its limit, what the work writes between two
//! checkpoints (half of the limit), and what programs write themselves. What is moved here is
//! many times that, and a log that nobody bounds holds all of it as long as somebody reads an
//! old snapshot.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use cutover::{Engine, Error, Event, Migration, Options, Pace, StartOptions, Watch};
use rusqlite::Connection;
use testkit::program::Dialogue;

use super::bench::{Bench, MIGRATION};
use crate::scene::rows;

const LIMIT: u64 = 1 << 20;

/// The limit, what the work writes between two checkpoints, and as much again for the writer.
const BOUND: u64 = 3 * LIMIT;

/// So low that any machine would write many times that in the time between two checkpoints.
const LOW_LIMIT: u64 = 128 << 10;

/// A Python program that reads: it opens a snapshot, and holds it until it is told.
struct Reader(Dialogue);

const READER: &str = r#"
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
for line in sys.stdin:
    conn.execute(line)
    if line.startswith("BEGIN"):
        conn.execute("SELECT count(*) FROM notes").fetchall()
    print(flush=True)
"#;

impl Reader {
    fn open(db: &Path) -> Self {
        Self(Dialogue::python(READER, &[db]))
    }

    fn does(&mut self, sql: &str) {
        self.0.ask(sql);
    }
}

/// Looks at the log's size all the time.
struct Meter {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Meter {
    fn start(db: &Path) -> Self {
        let mut log = db.as_os_str().to_owned();
        log.push("-wal");
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, seen) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(std::fs::metadata(&log).map_or(0, |m| m.len()), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { stop, peak, thread }
    }

    fn peak(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.peak.load(Ordering::Relaxed)
    }
}

/// Counts how often the work says that it waits.
struct Waits(usize);

impl Watch for Waits {
    fn event(&mut self, event: &Event) {
        if let Event::Waiting { log_bytes } = event {
            assert!(*log_bytes > LOW_LIMIT);
            self.0 += 1;
        }
    }

    fn interrupted(&mut self) -> bool {
        false
    }
}

/// An engine that waits for readers as long as a test may take.
fn engine(bench: &Bench) -> Engine {
    limited(bench, LIMIT, Duration::from_secs(60))
}

fn limited(bench: &Bench, limit: u64, patience: Duration) -> Engine {
    let mut options = Options::default();
    options.log_limit_bytes = limit;
    options.log_patience = patience;
    options.keep_free_bytes = 0;
    Engine::open(&bench.db(), options).unwrap()
}

/// 15,000 notes, about 15 MB in the new tables; started, and not filled.
fn started() -> Bench {
    let bench = Bench::new("PRAGMA journal_mode = WAL", 15_000, 1_000);
    let migration = Migration::parse("split", MIGRATION).unwrap();
    let options = StartOptions { no_backfill: true, ..Default::default() };
    let mut engine = engine(&bench);
    engine.start(&migration, options, &mut cutover::Silent).unwrap();
    bench
}

/// An old program that writes now and then, until it is told to stop; gives how often.
fn writer(db: &Path, stop: Arc<AtomicBool>) -> JoinHandle<u64> {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(Duration::from_secs(20)).unwrap();
    conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
    std::thread::spawn(move || {
        let mut n = 0_i64;
        while !stop.load(Ordering::Relaxed) {
            conn.execute("UPDATE notes SET title = ?1 WHERE id = ?2", (n, n % 15_000 + 1)).unwrap();
            n += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        n.unsigned_abs()
    })
}

/// A program that takes a snapshot, holds it until somebody has to wait for it, takes another
/// one as soon as the work goes on, and leaves in the end.
struct ComesAndGoes {
    state: Arc<AtomicU8>,
    thread: JoinHandle<()>,
}

/// How often it comes back. Each time the work has to wait anew.
const VISITS: usize = 8;

const NEEDED_BY_NOBODY: u8 = 0;
const WAITED_FOR: u8 = 1;
const OVER: u8 = 2;

impl ComesAndGoes {
    fn start(db: &Path) -> Self {
        let mut reader = Reader::open(db);
        reader.does("BEGIN");
        let state = Arc::new(AtomicU8::new(NEEDED_BY_NOBODY));
        let told = Arc::clone(&state);
        let until = move |wanted: u8| {
            while ![wanted, OVER].contains(&told.load(Ordering::SeqCst)) {
                std::thread::sleep(Duration::from_millis(1));
            }
            told.load(Ordering::SeqCst) != OVER
        };
        let thread = std::thread::spawn(move || {
            for _ in 0..VISITS {
                if !until(WAITED_FOR) {
                    return;
                }
                reader.does("COMMIT");
                until(NEEDED_BY_NOBODY);
                reader.does("BEGIN");
            }
            until(WAITED_FOR);
        });
        Self { state, thread }
    }

    fn leave(self) {
        self.state.store(OVER, Ordering::SeqCst);
        self.thread.join().unwrap();
    }
}

/// Tells that program what the work tells us.
struct Told<'a> {
    reader: &'a ComesAndGoes,
    waits: usize,
}

impl Watch for Told<'_> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Waiting { .. } => {
                self.waits += 1;
                self.reader.state.store(WAITED_FOR, Ordering::SeqCst);
            }
            Event::Advanced { .. } => self.reader.state.store(NEEDED_BY_NOBODY, Ordering::SeqCst),
            _ => {}
        }
    }
}

#[test]
fn the_log_stays_bounded_beside_readers_that_come_and_go() {
    let bench = started();
    let stop = Arc::new(AtomicBool::new(false));
    let writes = writer(&bench.db(), Arc::clone(&stop));
    let meter = Meter::start(&bench.db());
    let reader = ComesAndGoes::start(&bench.db());
    let mut watch = Told { reader: &reader, waits: 0 };
    let filled = engine(&bench).backfill("split", Pace::Gentle, &mut watch).unwrap();
    let (waits, peak) = (watch.waits, meter.peak());
    reader.leave();
    stop.store(true, Ordering::Relaxed);
    let writes = writes.join().unwrap();
    assert!(filled.complete);
    assert!(waits > VISITS, "the reader was in the way {waits} times");
    assert!(peak < BOUND, "the log had {peak} bytes, after {waits} waits and {writes} writes");
    let moved = bench.number("SELECT sum(length(body)) FROM texts");
    assert!(moved > 3 * BOUND, "{moved} bytes say nothing about a bound of {BOUND}");
    assert!(writes > 0);
    // The full re-derivation, by SQLite alone.
    let differing = rows(
        &bench.open(),
        "SELECT n.id FROM notes n LEFT JOIN heads h ON h.id = n.id LEFT JOIN texts t ON t.id = n.id
         WHERE h.title IS NOT n.title OR t.body IS NOT n.body",
    );
    assert!(differing.is_empty(), "{differing:?}");
}

#[test]
fn a_reader_that_stays_stops_the_backfill_and_not_the_programs() {
    let bench = started();
    let mut reader = Reader::open(&bench.db());
    reader.does("BEGIN");
    let meter = Meter::start(&bench.db());
    let mut watch = Waits(0);
    let error = limited(&bench, LOW_LIMIT, Duration::from_millis(300))
        .backfill("split", Pace::Fast, &mut watch)
        .unwrap_err();
    assert!(matches!(error, Error::LogHeld { .. }), "{error}");
    assert_eq!(error.kind(), cutover::ErrorKind::Busy);
    assert_eq!(watch.0, 1, "a wait is told once");
    let peak = meter.peak();
    assert!(peak < 3 * LOW_LIMIT, "the log had {peak} bytes");
    bench.sql("INSERT INTO notes (title, body) VALUES ('still', 'writing')");
    let mut again = engine(&bench);
    let status = again.snapshot("split").unwrap();
    assert!(status.lease.is_none() && status.backfill.done > 0 && !status.backfill.complete);
    reader.does("COMMIT");
    assert!(again.backfill("split", Pace::Fast, &mut cutover::Silent).unwrap().complete);
    assert!(again.verify("split", Pace::Fast, &mut cutover::Silent).unwrap().ok);
}

#[test]
fn emptying_the_old_tables_keeps_the_log_short() {
    let bench = started();
    bench.exits(0, "backfill --db app.db");
    bench.exits(0, "advance --to new-only --db app.db");
    bench.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    // Open all the while, so that the log is there to be looked at.
    let _held = bench.open();
    let meter = Meter::start(&bench.db());
    let retire = cutover::AdvanceOptions { confirmed: true, ..Default::default() };
    engine(&bench).advance("split", &retire, &mut cutover::Silent).unwrap();
    let peak = meter.peak();
    // A deleted row is written with the page that it was on, and the list of free pages.
    assert!(peak < 2 * BOUND, "the log had {peak} bytes");
    assert_eq!(bench.number("SELECT count(*) FROM texts"), 15_000);
}
