//! The arguments of the commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use cutover::{Phase, Vacuum};

use super::values::{duration, phase, stall, vacuum};
use crate::hooks::HookArgs;
use crate::target::Subject;

/// The arguments of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs<S: Subject> {
    /// Also drop the rows kept for the migration, which exist nowhere else (needs `--yes`)
    #[arg(long)]
    pub(crate) drop_kept: bool,
    /// Confirm that these rows are deleted for good
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// What a command works on and who operates: on every command that takes the lease.
#[derive(Debug, Args)]
pub struct Operate<S: Subject> {
    #[command(flatten)]
    pub(crate) on: S,
    /// Who operates, for the history and for a second operator to see [default: your login name]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs<S: Subject> {
    /// Try N random writes on a scratch copy, and compare after each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) fuzz: Option<u64>,
    /// Repeat the random writes of an earlier run [default: new ones each time]
    #[arg(long, value_name = "S", requires = "fuzz")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) on: S,
}

/// The arguments of `start`.
#[derive(Debug, Args)]
pub struct StartArgs<S: Subject> {
    /// Don't fill the new tables; `cutover backfill` does it later
    #[arg(long)]
    pub(crate) no_backfill: bool,
    /// Fill as fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long, conflicts_with = "no_backfill")]
    pub(crate) fast: bool,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `backfill`.
#[derive(Debug, Args)]
pub struct BackfillArgs<S: Subject> {
    /// As fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long)]
    pub(crate) fast: bool,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `advance`.
#[derive(Debug, Args)]
pub struct AdvanceArgs<S: Subject> {
    /// How far to go
    #[arg(long, value_name = "PHASE", value_parser = phase())]
    pub(crate) to: Option<Phase>,
    /// Confirm that the old tables are dropped for good (needed to enter `retired`)
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write a copy of the database here before the old tables are dropped
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    /// Return the space of the old tables to the disk
    ///
    /// In small steps beside other writers, if the database has auto_vacuum=INCREMENTAL.
    /// Otherwise it says what a full VACUUM would cost; `--vacuum full` runs one, and writers
    /// wait until it ends. Works in `retired` too.
    #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "incremental",
        value_parser = vacuum())]
    pub(crate) vacuum: Option<Vacuum>,
    /// Verify, keep everything verified, and switch on `unpostpone`, from any terminal
    ///
    /// Until then writes stay on their side, and only what they touch is compared again.
    #[arg(long)]
    pub(crate) when_told: bool,
    /// Go on only if the old tables have not been written for so long: 90s, 10m, 1h
    ///
    /// Refused while the last write to them is younger; it is known to the minute. From
    /// write-both to write-new it is 10m unless you say otherwise; 0 goes on.
    #[arg(long, value_name = "DURATION", value_parser = duration())]
    pub(crate) quiet_for: Option<Duration>,
    /// Refuse while a process has the file open that started before write-new
    ///
    /// For new-only and retired. `retired` tells of such processes in any case.
    #[arg(long)]
    pub(crate) require_restarted: bool,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs<S: Subject> {
    /// How far to go
    #[arg(long, value_name = "PHASE", value_parser = phase())]
    pub(crate) to: Option<Phase>,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `abort`.
#[derive(Debug, Args)]
pub struct AbortArgs<S: Subject> {
    /// Abort although the new tables hold rows that exist nowhere else; these are kept
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs<S: Subject> {
    /// Then compare what programs write, until Ctrl-C
    ///
    /// Only what changed is compared again. It holds the lease, and each write costs a note.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Write every row that differs to a file, one JSON object per line
    ///
    /// The result shows only the first few. The directions are compared one after the other.
    #[arg(long, value_name = "FILE", conflicts_with = "follow")]
    pub(crate) differences: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `pace`.
#[derive(Debug, Args)]
pub struct PaceArgs<S: Subject> {
    /// Hold writers off for about this many milliseconds at a time
    #[arg(long, value_name = "MS", value_parser = stall())]
    pub(crate) stall: Option<Duration>,
    /// At most N rows a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows_per_second: Option<u64>,
    /// Chunks of a few milliseconds, with pauses for writers between them
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second"])]
    pub(crate) gentle: bool,
    /// As fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second", "gentle"])]
    pub(crate) fast: bool,
    /// Each command's own options apply
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second", "gentle", "fast"])]
    pub(crate) own: bool,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}
