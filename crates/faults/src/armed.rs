//! Counting the points a program comes to, and striking at the right one.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

use crate::disk::Disk;
use crate::orders::{Effect, Fault, Orders, Point, Report, Survives, VARIABLE};
use crate::{statements, vfs};

static ARMED: OnceLock<Armed> = OnceLock::new();

/// The orders, and how far they are carried out.
struct Armed {
    orders: Orders,
    met: [AtomicU64; Point::ALL.len()],
    struck: Mutex<Vec<String>>,
    commits: Mutex<Vec<u64>>,
    /// Whoever changes a file of the database holds it, so that at a loss of power no
    /// write is half in the model and half in the file.
    disk: Mutex<Disk>,
}

/// Why an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// For no reason it could know.
    Error,
    /// There is no room.
    Full,
}

/// Reads the orders from the environment and prepares SQLite for them. Without orders
/// the program is what it always is. Gives the orders.
///
/// # Errors
///
/// If the orders can't be read, or SQLite does not accept the shim.
pub fn arm() -> Result<Option<&'static Orders>, String> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(None) };
    let orders: Orders = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let watched = matches!(orders.fault, Some(Fault { effect: Effect::PowerLoss { .. }, .. }));
    let lying = orders.lying;
    let armed = Armed {
        orders,
        met: Point::ALL.map(|_| AtomicU64::new(0)),
        struck: Mutex::default(),
        commits: Mutex::default(),
        disk: Mutex::new(Disk::new(watched, lying)),
    };
    let armed = ARMED.get_or_init(|| armed);
    vfs::register()?;
    statements::register()?;
    Ok(Some(&armed.orders))
}

/// The last point, and the report.
pub fn end() {
    if ARMED.get().is_some() {
        let _ = meet(Point::End, &mut disk(), || "the end".to_owned());
        report();
    }
}

/// Whether a path is one of the database's files.
pub(crate) fn is_of_database(path: &Path) -> bool {
    let Some(armed) = ARMED.get() else { return false };
    let (path, db) = (path.as_os_str(), armed.orders.db.as_os_str());
    path.as_encoded_bytes().starts_with(db.as_encoded_bytes())
}

/// The disk, for as long as an operation on it takes.
pub(crate) fn disk() -> MutexGuard<'static, Disk> {
    static NONE: OnceLock<Mutex<Disk>> = OnceLock::new();
    lock(
        ARMED.get().map_or_else(
            || NONE.get_or_init(|| Mutex::new(Disk::new(false, false))),
            |it| &it.disk,
        ),
    )
}

/// Counts a point. Gives why it fails, if it does; does not return if it is the last
/// one of this process.
pub(crate) fn meet(
    point: Point,
    disk: &mut Disk,
    what: impl FnOnce() -> String,
) -> Option<Failure> {
    let armed = ARMED.get()?;
    let n = armed.met[point as usize].fetch_add(1, Ordering::SeqCst) + 1;
    let fault = armed.orders.fault?;
    if fault.point != point || n < fault.n || (n > fault.n && !fault.lasting) {
        return None;
    }
    // The disk is full for what needs room, and only if that is asked; what fails says
    // so itself.
    if fault.effect != Effect::Full {
        strike(&format!("{point:?} {n}: {}", what()));
    }
    match fault.effect {
        Effect::Error | Effect::Interrupt => Some(Failure::Error),
        Effect::Full => Some(Failure::Full),
        Effect::Kill => die(),
        Effect::Stop => {
            let _ = kill_process(getpid(), Signal::STOP);
            None
        }
        Effect::PowerLoss { survives, seed } => lose_power(disk, survives, seed),
    }
}

/// Notes that the fault has struck, where a test can see it whatever comes after.
pub(crate) fn strike(what: &str) {
    if let Some(armed) = ARMED.get() {
        lock(&armed.struck).push(what.to_owned());
        report();
    }
}

/// Notes that the statement met last is a COMMIT.
pub(crate) fn note_commit() {
    if let Some(armed) = ARMED.get() {
        let n = armed.met[Point::Statement as usize].load(Ordering::SeqCst);
        lock(&armed.commits).push(n);
    }
}

fn report() {
    let Some(armed) = ARMED.get() else { return };
    let met = Point::ALL.map(|point| (point, armed.met[point as usize].load(Ordering::SeqCst)));
    let report = Report {
        met: met.into_iter().filter(|(_, count)| *count > 0).collect(),
        struck: lock(&armed.struck).clone(),
        commits: lock(&armed.commits).clone(),
    };
    let text = serde_json::to_string(&report).expect("a report is plain data");
    std::fs::write(&armed.orders.report, text).expect("the test gave a place for the report");
}

fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    // The signal arrives before this does.
    std::process::abort()
}

fn lose_power(disk: &Disk, survives: Survives, seed: u64) -> ! {
    for (path, content) in disk.after_loss(survives, seed) {
        match content {
            Some(content) => std::fs::write(path, content),
            None => std::fs::remove_file(path).or(Ok(())),
        }
        .expect("the database's files can be written");
    }
    // Shared memory is gone with the machine.
    if let Some(armed) = ARMED.get() {
        let mut shm = armed.orders.db.clone().into_os_string();
        shm.push("-shm");
        let _ = std::fs::remove_file(shm);
    }
    die()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
