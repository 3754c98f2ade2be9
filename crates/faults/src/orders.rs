//! What is to happen and where, and what did: plain data between a test and the program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The environment variable that holds the [`Orders`] as JSON.
pub const VARIABLE: &str = "FAULTY_CUTOVER";

/// What one run of the program is to meet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// The database. Its file and those that SQLite puts beside it are the disk's; all
    /// others are scratch.
    pub db: PathBuf,
    /// Where the [`Report`] is written: when the fault strikes, and at the end.
    pub report: PathBuf,
    /// What happens. None: the points are only counted.
    pub fault: Option<Fault>,
    /// The disk says that it has synced, and has not.
    pub lying: bool,
    /// The application that writes meanwhile.
    pub writing: Option<Writing>,
}

/// Something that happens at one point, or at each from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The kind of point.
    pub point: Point,
    /// At which of them, counted from 1.
    pub n: u64,
    /// Whether it goes on failing after that.
    pub lasting: bool,
    /// What happens.
    pub effect: Effect,
}

/// Where something may happen: just before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Point {
    /// A statement begins, or a trigger's program; on any connection, of scratch
    /// databases too.
    Statement,
    /// A statement has made another [`STEPS`](crate::statements::STEPS) steps.
    Steps,
    /// A file of the database is opened.
    Open,
    /// A file of the database is read.
    Read,
    /// A file of the database is written.
    Write,
    /// A file of the database is cut.
    Truncate,
    /// A file of the database is synced.
    Sync,
    /// A file of the database is deleted.
    Delete,
    /// A piece of the wal-index is mapped.
    ShmMap,
    /// Anything of the above in a scratch file.
    Scratch,
    /// The command is done, the process has not ended yet.
    End,
}

impl Point {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::Statement,
        Self::Steps,
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Truncate,
        Self::Sync,
        Self::Delete,
        Self::ShmMap,
        Self::Scratch,
        Self::End,
    ];
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// `kill -9`
    Kill,
    /// SIGSTOP; whoever sends SIGCONT lets it go on as if nothing had been.
    Stop,
    /// The statement is interrupted. At [`Point::Steps`] only.
    Interrupt,
    /// The operation fails and does nothing.
    Error,
    /// There is no room: what would make a file longer fails half-way.
    Full,
    /// The process is killed, and what was not synced survives only in part.
    PowerLoss {
        /// What of it does.
        survives: Survives,
        /// Decides where there is a choice.
        seed: u64,
    },
}

/// What a loss of power leaves of the writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Survives {
    /// Nothing.
    Nothing,
    /// Some, in no order.
    Some,
    /// Some, and one of them as far as a sector's end inside of it.
    Torn,
}

/// An application that writes while the command runs. It logs each write in the same
/// transaction, as the testkit's writers do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Writing {
    /// A file that gets the `seq` of every acknowledged write, one a line.
    pub acknowledged: PathBuf,
    /// Statements on the old tables; `{n}` becomes a number that differs each time.
    pub old: Vec<String>,
    /// Statements on the new tables, each with the twin's.
    pub new: Vec<(String, String)>,
}

/// What a run met.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// How many points of each kind it came to.
    pub met: BTreeMap<Point, u64>,
    /// The fault, once for each time it struck.
    pub struck: Vec<String>,
    /// Which statements were a `COMMIT`.
    pub commits: Vec<u64>,
}

impl Report {
    /// How many points of this kind the run came to.
    #[must_use]
    pub fn count(&self, point: Point) -> u64 {
        self.met.get(&point).copied().unwrap_or(0)
    }
}
