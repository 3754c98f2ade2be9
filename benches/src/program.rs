//! Programs that write in processes of their own, and what they felt.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::database::Result;
use crate::stats::percentile;

/// What a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// An artifact, to the old tables of the consensus store.
    Artifact,
    /// An output, to the new ones.
    Output,
    /// A transaction that reads first, and then writes an artifact.
    ReadFirst,
    /// A client, to the table of the peers.
    Client,
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// One write.
#[derive(Debug, Clone, Copy)]
pub struct Write {
    /// When it began, in seconds since 1970.
    pub at: f64,
    /// How long it took.
    pub ms: f64,
    /// Whether it was made.
    pub made: bool,
}

/// Programs at work.
#[derive(Debug)]
pub struct Programs {
    children: Vec<Child>,
    times: Vec<PathBuf>,
    stop: PathBuf,
}

impl Programs {
    /// Starts so many of them, each of which writes at this interval, and lets them begin.
    pub fn start(path: &Path, kind: Kind, number: usize, every: Duration) -> Result<Programs> {
        let program = std::env::current_exe()?;
        let kind = clap::ValueEnum::to_possible_value(&kind).map(|kind| kind.get_name().to_owned());
        Programs::start_with(path, number, |stop, times| {
            let mut command = Command::new(&program);
            command.arg("writer").args([path, stop, times]).args(&kind);
            command.arg(every.as_micros().to_string());
            command
        })
    }

    /// The same for another program, which is told its stop file and where its times go.
    pub fn start_with(
        path: &Path,
        number: usize,
        command: impl Fn(&Path, &Path) -> Command,
    ) -> Result<Programs> {
        let stop = path.with_extension("stop");
        let times: Vec<PathBuf> =
            (0..number).map(|n| path.with_extension(format!("times-{n}"))).collect();
        let children = times
            .iter()
            .map(|times| Ok(command(&stop, times).spawn()?))
            .collect::<Result<Vec<Child>>>()?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(Programs { children, times, stop })
    }

    /// Ends them.
    pub fn finish(mut self) -> Result<Vec<Write>> {
        std::fs::write(&self.stop, "")?;
        for child in &mut self.children {
            if !child.wait()?.success() {
                return Err("a program that was to write has failed".into());
            }
        }
        std::fs::remove_file(&self.stop)?;
        let mut writes = Vec::new();
        for times in &self.times {
            writes.extend(std::fs::read_to_string(times)?.lines().filter_map(parse));
            std::fs::remove_file(times)?;
        }
        Ok(writes)
    }
}

fn parse(line: &str) -> Option<Write> {
    let mut words = line.split(' ');
    let mut number = || words.next()?.parse::<f64>().ok();
    Some(Write { at: number()?, ms: number()?, made: number()? > 0.0 })
}

/// What programs felt for some time.
#[derive(Debug, Clone, Default)]
pub struct Felt {
    /// Writes that were tried.
    pub tried: usize,
    /// Those that failed.
    pub failed: usize,
    times: Vec<f64>,
}

impl Felt {
    /// Of the writes that were under way in this time.
    pub fn between(writes: &[Write], from: f64, until: f64) -> Felt {
        let under_way = |w: &&Write| w.at < until && w.at + w.ms / 1000.0 > from;
        let writes: Vec<&Write> = writes.iter().filter(under_way).collect();
        Felt {
            tried: writes.len(),
            failed: writes.iter().filter(|w| !w.made).count(),
            times: writes.iter().filter(|w| w.made).map(|w| w.ms).collect(),
        }
    }

    /// Takes another time's writes in.
    pub fn add(&mut self, other: Felt) {
        self.tried += other.tried;
        self.failed += other.failed;
        self.times.extend(other.times);
    }

    /// The milliseconds below which this share of the writes took.
    pub fn percentile(&self, share: f64) -> f64 {
        percentile(&mut self.times.clone(), share)
    }

    /// The longest.
    pub fn worst(&self) -> f64 {
        self.percentile(1.0)
    }

    /// Percent of the writes that failed.
    pub fn failed_percent(&self) -> f64 {
        100.0 * self.failed as f64 / self.tried.max(1) as f64
    }
}
