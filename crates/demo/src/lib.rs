//! `cutover demo`: a whole migration of a throw-away consensus store, with programs at work.
//!
//! The engine runs in this process. Writers and readers are processes of their own, started by
//! [`run`] under an argument that [`child_process`] recognises.
//!
//! | module | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `acts` | the steps, in order |
//! | `story` | prints each step as it happens |
//! | `legacy` | makes the databases |
//! | `crew` | starts, counts and stops the processes |
//! | `job` | one such process: its job, its reports |
//! | `writer`, `new_writer`, `reader` | what a process does |
//! | `log` | the writes that were acknowledged |
//! | `canary` | rows that no writer touches and every reader must find |
//! | `twin`, `compare` | what the rows should be, and whether they are |
//! | `proof` | the result |

mod acts;
mod args;
mod canary;
mod compare;
mod crew;
mod job;
mod legacy;
mod log;
mod new_writer;
mod proof;
mod reader;
mod story;
mod twin;
mod writer;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cli_kit::Paste;
use cli_kit::exit::{Doing, Exit, Failure};
use cli_kit::output::{self, Output};
use cli_kit::progress::{interrupted, listen_to_interrupts};
use tempfile::TempDir;

pub use args::DemoArgs;
use legacy::{Databases, enough_space};

/// Does a demo process's job, if this process is one.
pub fn child_process() -> Option<ExitCode> {
    // Not `args()`: it panics at an argument that is not UTF-8, as a path may be.
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next().and_then(|job| job.into_string().ok())) {
        (Some(mark), Some(job)) if mark == job::MARK => Some(job::run(&job)),
        _ => None,
    }
}

/// Runs the demo, and prints what was proved.
pub fn run(args: &DemoArgs, paste: Paste) -> ExitCode {
    let output = Output::new(paste, args.json);
    output.ended(play(args, &output))
}

fn play(args: &DemoArgs, output: &Output) -> Result<Exit, Failure> {
    listen_to_interrupts();
    // Processes of the demo are told the path in a line of text.
    if let Some(keep) = args.keep.as_deref().filter(|keep| keep.to_str().is_none()) {
        return Err(Failure::unusable(
            format!("--keep {}: the demo needs a path in UTF-8", keep.display()),
            "name another directory",
        ));
    }
    let place = Place::new(args.keep.as_deref())?;
    enough_space(place.dir(), args.rows)?;
    let databases = Databases::new(place.dir())?;
    let proof = acts::play(args, &databases).map_err(|failure| {
        // The engine's word for it speaks of work that goes on: a demo doesn't.
        if interrupted() { Failure::plain("the demo was stopped") } else { failure }
    })?;
    output.result(&proof, |_| format!("\n{}", proof.render()))?;
    if proof.ok {
        if let Some(dir) = &args.keep {
            output::note(&format!("\nthe databases are in {}", dir.display()));
        }
        Ok(Exit::Done)
    } else {
        let dir = place.keep();
        output::note(&format!("\nkept, to be looked at: the databases in {}", dir.display()));
        Ok(Exit::Failed)
    }
}

/// Where the databases are made.
#[derive(Debug)]
enum Place {
    /// Removed with everything in it when the demo ends.
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        match keep {
            Some(dir) => {
                std::fs::create_dir_all(dir).doing(|| format!("making {}", dir.display()))?;
                Ok(Self::Kept(dir.to_owned()))
            }
            None => tempfile::Builder::new()
                .prefix("cutover-demo-")
                .tempdir()
                .map(Self::Temporary)
                .doing(|| "making a temporary directory (TMPDIR names where)".into()),
        }
    }

    fn dir(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(dir) => dir,
        }
    }

    /// Leaves everything where it is.
    fn keep(self) -> PathBuf {
        match self {
            Self::Temporary(dir) => dir.keep(),
            Self::Kept(dir) => dir,
        }
    }
}
