//! What may be typed: the commands, their flags and their help. Nothing else.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand};
use cutover::Phase;

/// Moves a live SQLite database to another schema while programs keep writing.
///
/// A migration is one SQL file that says how the new rows come from the old ones
/// and the old from the new. From it cutover keeps both schemas in step inside
/// the writers' own transactions, fills the new one, verifies every row, switches,
/// and can go back, losing nothing, until the old schema is retired.
#[derive(Debug, Parser)]
#[command(
    name = "cutover",
    version,
    arg_required_else_help = true,
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = "\
See it work, on a throw-away database:
  cutover demo

Then on yours, in this order:
  cutover new split --db app.db --table clients   # writes split.sql: edit it
  cutover check split.sql --db app.db             # proves no row can be lost
  cutover start split.sql --db app.db             # both schemas in step now
  cutover advance --db app.db                     # one phase on
  cutover status --db app.db                      # where it is, what is next

Exit codes: 0 done, 1 failed, 2 usage, 3 refused (nothing changed), 4 busy,
5 the migration file or the database is not what the command needs."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    New(NewArgs),
    Check(CheckArgs),
    Plan(PlanArgs),
    Start(StartArgs),
    Backfill(BackfillArgs),
    Verify(VerifyArgs),
    Repair(RepairArgs),
    Advance(AdvanceArgs),
    Rollback(RollbackArgs),
    Abort(AbortArgs),
    Status(StatusArgs),
    History(HistoryArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// The database, on every command that works on one.
#[derive(Debug, Args)]
pub(crate) struct Database {
    /// The SQLite database file
    #[arg(long, value_name = "PATH", env = "CUTOVER_DB", hide_env_values = true)]
    pub(crate) db: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which of a database's migrations is meant.
#[derive(Debug, Args)]
pub(crate) struct Pick {
    /// The migration, where the database holds several
    #[arg(long, value_name = "NAME")]
    pub(crate) migration: Option<String>,
}

/// Who operates, on every command that takes the lease.
#[derive(Debug, Args)]
pub(crate) struct Operator {
    /// Who operates, for the history and for a second operator to see [default: your login name]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

/// See the whole story on a throw-away database
///
/// Makes a legacy consensus database, starts writer processes that know nothing
/// of cutover and readers of the live views, takes it through every phase with a
/// rollback in the middle, and compares the result, row for row, with a twin
/// database that got the same writes without any of cutover's machinery.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cutover demo                         # about a minute
  cutover demo --rows 10000            # a few seconds less
  cutover demo --keep /tmp/demo        # keep the databases and look at them")]
pub(crate) struct DemoArgs {
    /// Artifacts in the legacy database
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..=50_000_000))]
    pub(crate) rows: u64,
    /// Writer processes at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) writers: u64,
    /// Make the databases in this directory and leave them there
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Makes the same database and the same sequence of writes in each writer
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print what was proved as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Write a migration file to edit, from the live schema
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover new split-address --db app.db --table clients --table orders

Then edit split-address.sql and type:
  cutover check split-address.sql --db app.db")]
pub(crate) struct NewArgs {
    /// The migration's name
    pub(crate) name: String,
    /// An old table to migrate; give it once for each
    #[arg(long = "table", value_name = "TABLE", required = true, num_args = 1..)]
    pub(crate) tables: Vec<String>,
    /// The file to write; it must not exist yet [default: NAME.sql]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// Prove on the real data that nothing can be lost; changes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover check split-address.sql --db app.db

It carries every old row forward and back and compares, looks for what can't be
kept in step and for indexes that are missing, and says what the migration will
cost. Exit code 3 if something stands in the way. Then:
  cutover start split-address.sql --db app.db")]
pub(crate) struct CheckArgs {
    /// The migration file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// Show every statement each step would run; changes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover plan split-address.sql --db app.db | less")]
pub(crate) struct PlanArgs {
    /// The migration file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// Check, then keep both schemas in step, and fill the new one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cutover start split-address.sql --db app.db
  cutover start split-address.sql --db app.db --no-backfill  # fill it later

Nothing stops: old programs write on as before. `cutover abort` undoes it all.
Then, when the backfill is complete:
  cutover advance --db app.db")]
pub(crate) struct StartArgs {
    /// The migration file
    pub(crate) file: PathBuf,
    /// Leave filling the new tables to `cutover backfill`
    #[arg(long)]
    pub(crate) no_backfill: bool,
    /// Fill as fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long, conflicts_with = "no_backfill")]
    pub(crate) fast: bool,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Fill the new tables, going on where it stopped
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover backfill --db app.db

Ctrl-C stops at the end of a chunk and loses nothing: the next call goes on.")]
pub(crate) struct BackfillArgs {
    /// As fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long)]
    pub(crate) fast: bool,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Compare every row of both schemas, both ways
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover verify --db app.db

Exit code 1 if it finds differences; `cutover repair` applies them.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Compare, and bring the mirror in step where it differs
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover repair --db app.db

The side that writes enter is never changed, only the one kept in step with it.")]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Go one phase on, or as far as named
#[derive(Debug, Args)]
#[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover advance --db app.db
  cutover advance --to new-only --db app.db
  cutover advance --to retired --yes --backup before-retire.db --db app.db

From write-new on every row is verified first, both ways, and the step is
refused (exit code 3, nothing changed) if anything differs. Every step but the
last can be undone by `cutover rollback`.")]
pub(crate) struct AdvanceArgs {
    /// How far to go
    #[arg(long, value_name = "PHASE", value_parser = phase())]
    pub(crate) to: Option<Phase>,
    /// Confirm that the old tables go for good (needed to enter `retired`)
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write a copy of the database here before the old tables go
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Go one phase back, or as far as named, losing nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover rollback --db app.db
  cutover rollback --to dual-write --db app.db

From new-only the old tables are brought up to date first. The way back from
dual-write is `cutover abort`; from retired there is none.")]
pub(crate) struct RollbackArgs {
    /// How far to go
    #[arg(long, value_name = "PHASE", value_parser = phase())]
    pub(crate) to: Option<Phase>,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Leave the migration: back to the old schema alone
///
/// Every table, view, index and trigger of cutover's is removed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover abort --db app.db

From dual-write or read-new. From later phases, first:
  cutover rollback --to dual-write --db app.db")]
pub(crate) struct AbortArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Show where a migration stands, and what to type next
///
/// Also what is allowed now, and what is blocked and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover status --db app.db

It only reads, and works while another operator is at work.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
}

/// Show what was done, when and by whom
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover history --db app.db")]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) pick: Pick,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(cutover completions bash)
  cutover completions zsh > ~/.zfunc/_cutover
  cutover completions fish > ~/.config/fish/completions/cutover.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cutover man > cutover.1 && man ./cutover.1")]
pub(crate) struct ManArgs {}

/// Phases as values that help shows and typos are matched against.
fn phase() -> impl clap::builder::TypedValueParser<Value = Phase> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Phase::ALL.map(Phase::name)).try_map(|name| name.parse::<Phase>())
}

/// Reads the command line. Help and usage errors come back as clap's error.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    Cli::try_parse().map_err(|mut error| {
        if lacks_database(&error) {
            let tip = "name the database with --db PATH, or set CUTOVER_DB=PATH";
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        error
    })
}

fn lacks_database(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::MissingRequiredArgument
        && matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::Strings(names))
            if names.iter().any(|name| name.starts_with("--db")))
}

/// The command line as data, for completions and the manual page.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::definition().debug_assert();
    }
}
