//! The commands of a migration, as any program offers them: `cutover` on any file,
//! and a program that has a database and a migration of its own on these.
//!
//! What may be typed is here, what is done then in `run`; what a command works on is for
//! the program to say ([`Defines`], [`Chooses`]). Help texts are written as `cutover`
//! spells them; [`Spelling::help`](crate::Spelling::help) respells them for another
//! program.

mod run;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cutover::{Phase, Vacuum};

use crate::target::{Chooses, Defines, Subject};

/// The commands. `F` says what `check`, `plan` and `start` work on, before the
/// database knows the migration; `R` what the others do, once it runs.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand<F: Defines, R: Chooses> {
    /// Prove on the real data that nothing can be lost; changes nothing
    #[command(after_help = "\
Examples:
  cutover check split-address.sql --db app.db
  cutover check split-address.sql --db app.db --fuzz 10000

It carries every old row forward and back and compares, looks for what can't be
kept in step and for indexes that are missing, and says what the migration will
cost. With --fuzz it also tries random writes on a scratch copy, in both
directions. Exit code 3 if something stands in the way. Then:
  cutover start split-address.sql --db app.db")]
    Check(CheckArgs<F>),

    /// Show every statement each step would run; changes nothing
    #[command(after_help = "\
Example:
  cutover plan split-address.sql --db app.db | less")]
    Plan(F),

    /// Check, then keep both schemas in step, and fill the new one
    #[command(after_help = "\
Examples:
  cutover start split-address.sql --db app.db
  cutover start split-address.sql --db app.db --no-backfill  # fill it later

Nothing stops: old programs write on as before. `cutover abort` undoes it all.
Then, when the backfill is complete:
  cutover advance --db app.db")]
    Start(StartArgs<F>),

    /// Fill the new tables, going on where it stopped
    #[command(after_help = "\
Example:
  cutover backfill --db app.db

Ctrl-C stops at the end of a chunk and loses nothing: the next call goes on.")]
    Backfill(BackfillArgs<R>),

    /// Compare every row of both schemas, both ways
    #[command(after_help = "\
Example:
  cutover verify --db app.db

Exit code 1 if it finds differences; `cutover repair` applies them.")]
    Verify(Operate<R>),

    /// Compare, and bring the mirror in step where it differs
    #[command(after_help = "\
Example:
  cutover repair --db app.db

The side that writes enter is never changed, only the one kept in step with it.")]
    Repair(Operate<R>),

    /// Go one phase on, or as far as named
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover advance --db app.db
  cutover advance --to new-only --db app.db
  cutover advance --to retired --yes --backup before-retire.db --db app.db

From write-new on every row is verified first, both ways, and the step is
refused (exit code 3, nothing changed) if anything differs. Every step but the
last can be undone by `cutover rollback`.")]
    Advance(AdvanceArgs<R>),

    /// Go one phase back, or as far as named, losing nothing
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover rollback --db app.db
  cutover rollback --to dual-write --db app.db

From new-only the old tables are brought up to date first. The way back from
dual-write is `cutover abort`; from retired there is none.")]
    Rollback(RollbackArgs<R>),

    /// Leave the migration: back to the old schema alone
    ///
    /// Every table, view, index and trigger of cutover's is removed.
    #[command(after_help = "\
Example:
  cutover abort --db app.db

From dual-write or read-new. From later phases, first:
  cutover rollback --to dual-write --db app.db")]
    Abort(Operate<R>),

    /// Show where a migration stands, and what to type next
    ///
    /// Also what is allowed now, and what is blocked and why.
    #[command(after_help = "\
Example:
  cutover status --db app.db

It only reads, and works while another operator is at work.")]
    Status(R),

    /// Show what was done, when and by whom
    #[command(after_help = "\
Example:
  cutover history --db app.db")]
    History(R),
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
    /// The random writes of an earlier run [default: others each time]
    #[arg(long, value_name = "S", requires = "fuzz")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) on: S,
}

/// The arguments of `start`.
#[derive(Debug, Args)]
pub struct StartArgs<S: Subject> {
    /// Leave filling the new tables to `cutover backfill`
    #[arg(long)]
    pub(crate) no_backfill: bool,
    /// Fill as fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long, conflicts_with = "no_backfill")]
    pub(crate) fast: bool,
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
    /// Confirm that the old tables go for good (needed to enter `retired`)
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write a copy of the database here before the old tables go
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    /// Give back to the disk what the old tables took
    ///
    /// In small steps beside other writers, where the database has auto_vacuum=INCREMENTAL;
    /// else it says what a full VACUUM would cost. `--vacuum full` runs one: writers are held
    /// off for its whole length. Works in `retired` too.
    #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "incremental",
        value_parser = vacuum())]
    pub(crate) vacuum: Option<Vacuum>,
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
    pub(crate) by: Operate<S>,
}

/// Phases as values that help shows and typos are matched against.
fn phase() -> impl clap::builder::TypedValueParser<Value = Phase> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Phase::ALL.map(Phase::name)).try_map(|name| name.parse::<Phase>())
}

/// How space is given back.
fn vacuum() -> impl clap::builder::TypedValueParser<Value = Vacuum> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["incremental", "full"]).map(|how| match how.as_str() {
        "full" => Vacuum::Full,
        _ => Vacuum::Incremental,
    })
}
