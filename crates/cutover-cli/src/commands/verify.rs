//! `cutover verify`: compares every row of both schemas, both ways.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use cli_kit::exit::{Doing as _, Exit, Failure};
use cli_kit::progress::Progress;
use cli_kit::render::{self, verification};
use cutover::{Difference, Event, Pace, VerifyReport, Watch};

use super::{Call, what_next};
use crate::target::Choice;

pub(crate) fn run(
    follow: bool,
    differences: Option<&Path>,
    call: &Call<Choice>,
) -> Result<Exit, Failure> {
    let mut engine = call.operate()?;
    let name = call.migration.pick(&engine)?;
    let mut progress = Progress::new(call.output.paste());
    let report = match differences {
        _ if follow => engine.verify_on(&name, Pace::Gentle, &mut progress)?,
        None => engine.verify(&name, Pace::Gentle, &mut progress)?,
        Some(path) => {
            let mut listing = Listing::begin(path, progress)?;
            let report = engine.verify(&name, Pace::Gentle, &mut listing)?;
            listing.finish(path)?;
            report
        }
    };
    let filled = engine.is_filled(&name).unwrap_or(true);
    let next = what_next(&engine, &name);
    call.output.result(&report, |paste| {
        summary(&report, filled, differences) + &render::next(&next, paste)
    })?;
    Ok(if report.ok { Exit::Done } else { Exit::Failed })
}

fn summary(report: &VerifyReport, filled: bool, differences: Option<&Path>) -> String {
    let mut out = verification(report);
    if !filled {
        out += "only the rows filled so far were compared, and one way: the backfill is not \
             complete\n";
    }
    if let Some(path) = differences.filter(|_| !report.ok) {
        out += &format!("all of them are in {}, one JSON object per line\n", path.display());
    }
    out
}

/// Writes every difference down as it is found.
struct Listing {
    progress: Progress,
    out: BufWriter<File>,
    /// The first failure. The verification goes no further then.
    failed: Option<io::Error>,
}

impl Listing {
    fn begin(path: &Path, progress: Progress) -> Result<Self, Failure> {
        let file = File::create(path).doing(|| format!("creating {}", path.display()))?;
        Ok(Self { progress, out: BufWriter::new(file), failed: None })
    }

    fn finish(mut self, path: &Path) -> Result<(), Failure> {
        let flushed = self.out.flush();
        self.failed.map_or(flushed, Err).doing(|| format!("writing {}", path.display()))
    }
}

impl Watch for Listing {
    fn event(&mut self, event: &Event) {
        self.progress.event(event);
    }

    fn wants_differences(&self) -> bool {
        true
    }

    fn difference(&mut self, difference: &Difference) {
        if self.failed.is_some() {
            return;
        }
        let line = serde_json::to_string(difference).map_err(io::Error::from);
        if let Err(error) = line.and_then(|line| writeln!(self.out, "{line}")) {
            self.failed = Some(error);
        }
    }

    fn interrupted(&mut self) -> bool {
        self.progress.interrupted()
    }
}
