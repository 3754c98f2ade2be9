//! The commands of a migration. `cutover` offers them for any migration file; another
//! program can offer them for its own database and migration.
//!
//! The arguments are here, what the commands do is in `run`. The program says what a command
//! works on ([`Defines`], [`Chooses`]). Help texts are written for `cutover`;
//! [`Spelling::help`](crate::Spelling::help) respells them for another program.

mod run;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use cutover::{Limits, Pace, Phase, Request, Vacuum};

use crate::hooks::HookArgs;
use crate::serve::ServeArgs;
use crate::target::{Chooses, Defines, Subject};

/// The commands. `F` is what `check`, `plan` and `start` work on, before the database has
/// the migration; `R` what the other commands work on; `N` what `forget` works on, which
/// needs the migration's name.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand<F: Defines, R: Chooses, N: Chooses> {
    /// Prove on the real data that no row is lost; changes nothing
    #[command(after_help = "\
Examples:
  cutover check split-address.sql --db app.db
  cutover check split-address.sql --db app.db --fuzz 10000

It carries every old row forward and back and compares, finds what can't be kept
in step and which indexes are missing, and says how long the migration will take.
With --fuzz it also tries random writes on a scratch copy, in both directions.
Exit code 3 if the migration can't be started. Then:
  cutover start split-address.sql --db app.db")]
    Check(CheckArgs<F>),

    /// Show every statement that each step would run; changes nothing
    #[command(after_help = "\
Example:
  cutover plan split-address.sql --db app.db | less

Nothing is run. To begin:
  cutover start split-address.sql --db app.db")]
    Plan(F),

    /// Check, keep both schemas in step from now on, and fill the new one
    #[command(after_help = "\
Examples:
  cutover start split-address.sql --db app.db
  cutover start split-address.sql --db app.db --no-backfill  # fill it later

Old programs keep writing as before. `cutover abort` undoes everything. When the
backfill is complete:
  cutover advance --db app.db")]
    Start(StartArgs<F>),

    /// Fill the new tables, from where an earlier backfill stopped
    #[command(after_help = "\
Example:
  cutover backfill --db app.db

Ctrl-C stops at the end of a chunk and loses nothing: the next backfill resumes.
`cutover pause` pauses it from another terminal. Then:
  cutover advance --db app.db")]
    Backfill(BackfillArgs<R>),

    /// Compare every row of both schemas, both ways
    #[command(after_help = "\
Examples:
  cutover verify --db app.db
  cutover verify --follow --db app.db   # then compare what programs write

Exit code 1 if it finds differences. To fix the mirror:
  cutover repair --db app.db")]
    Verify(VerifyArgs<R>),

    /// Compare, and fix the mirror where it differs
    #[command(after_help = "\
Example:
  cutover repair --db app.db

Only the mirror is changed, never the side that writes enter. Then check again:
  cutover verify --db app.db")]
    Repair(Operate<R>),

    /// Go one phase on, or as far as named
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover advance --db app.db
  cutover advance --to new-only --db app.db
  cutover advance --when-told --db app.db   # verify, then wait for
  cutover unpostpone --db app.db            # this, from any terminal
  cutover advance --to retired --yes --backup before-retire.db --db app.db

From write-new on every row is verified first, both ways, and the step is
refused (exit code 3, nothing changed) if anything differs. Every step but the
last can be undone:
  cutover rollback --db app.db")]
    Advance(AdvanceArgs<R>),

    /// Go one phase back, or as far as named, losing nothing
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover rollback --db app.db
  cutover rollback --to dual-write --db app.db

From new-only the old tables are brought up to date first. Retiring cannot be
undone. To leave the migration, from dual-write:
  cutover abort --db app.db")]
    Rollback(RollbackArgs<R>),

    /// Pause the work under way, in any process
    #[command(after_help = "\
Example:
  cutover pause --db app.db

A backfill stops at the end of its chunk and keeps what it did; a new one waits
too. Both schemas stay in step. Then:
  cutover resume --db app.db")]
    Pause(Operate<R>),

    /// Resume paused work
    #[command(after_help = "\
Example:
  cutover resume --db app.db

Its progress:
  cutover status --db app.db")]
    Resume(Operate<R>),

    /// Show or set the pace of all work, in any process
    #[command(after_help = "\
Examples:
  cutover pace --db app.db             # show it
  cutover pace --stall 1 --db app.db   # chunks of a millisecond
  cutover pace --stall 5 --rows-per-second 2000 --db app.db
  cutover pace --fast --db app.db
  cutover pace --own --db app.db       # each command's own options

Work under way follows after its current chunk. To pause it:
  cutover pause --db app.db")]
    Pace(PaceArgs<R>),

    /// Forbid the switch to the other side until further notice
    #[command(after_help = "\
Example:
  cutover postpone --db app.db

`cutover advance` to write-new or new-only is refused until:
  cutover unpostpone --db app.db")]
    Postpone(Operate<R>),

    /// Allow a postponed cutover
    #[command(after_help = "\
Example:
  cutover unpostpone --db app.db

`cutover advance --when-told`, if it waits, switches at once. Otherwise:
  cutover advance --db app.db")]
    Unpostpone(Operate<R>),

    /// Leave the migration: back to the old schema alone
    ///
    /// Removes every table, view, index and trigger of cutover; the history stays. Rows that
    /// only the new tables hold are kept in `_cutover_kept_` tables, and need `--yes`.
    #[command(after_help = "\
Example:
  cutover abort --db app.db

From dual-write or read-new. From later phases, first:
  cutover rollback --to dual-write --db app.db")]
    Abort(AbortArgs<R>),

    /// Show the phase of a migration, and what to type next
    ///
    /// Also what is allowed now, what is blocked, and why.
    #[command(after_help = "\
Example:
  cutover status --db app.db

It only reads, and works while another operator does. Its last lines say what to
type next. What was done so far:
  cutover history --db app.db")]
    Status(R),

    /// Watch a migration in the terminal, and control it with keys
    ///
    /// Shows progress, writes and stalls, the verification, the gates and the journal. Each key
    /// asks before it does anything. In a pipe or with --json it prints `status`.
    #[command(after_help = "\
Examples:
  cutover watch --db app.db
  cutover watch --db app.db --actor mei
  NO_COLOR=1 cutover watch --db app.db

`?` shows the keys. A backfill or verification started here runs in this process:
quitting stops it at the end of its chunk, and loses nothing. The same in a
browser:
  cutover serve --db app.db")]
    Watch(Operate<R>),

    /// Show a migration on a live web page; with --control, control it there
    #[command(after_help = "\
Examples:
  cutover serve --db app.db
  cutover serve --control --db app.db          # with buttons
  cutover serve --listen 127.0.0.1:0 --db app.db

Serves the page, a JSON API under /api/v1 (described by /api/v1/openapi.json) and
Prometheus metrics on /metrics. Without --control it is read-only. Ctrl-C stops
it. The same, once, in the terminal:
  cutover status --db app.db")]
    Serve(ServeArgs<R>),

    /// Show what was done, when and by whom
    #[command(after_help = "\
Example:
  cutover history --db app.db

The phase now:
  cutover status --db app.db")]
    History(R),

    /// Remove what a retired or aborted migration left in the database
    ///
    /// Removes the views under the old tables' names, the live views, its record and its
    /// history. After the last migration nothing of cutover is left in the database.
    #[command(after_help = "\
Examples:
  cutover forget split-address --db app.db
  cutover forget split-address --drop-kept --yes --db app.db

After this, a late program of the old schema finds nothing under the old name, and
may create a table there. The history, which is removed too:
  cutover history --db app.db")]
    Forget(ForgetArgs<N>),
}

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

impl<S: Subject> PaceArgs<S> {
    /// The request, if there is one.
    fn request(&self) -> Option<Request> {
        let Self { stall, rows_per_second, gentle, fast, own, .. } = self;
        let limits = Limits { stall: *stall, rows_per_second: *rows_per_second };
        match (gentle, fast, own) {
            (true, ..) => Some(Request::Pace(Some(Pace::Gentle))),
            (_, true, _) => Some(Request::Pace(Some(Pace::Fast))),
            (.., true) => Some(Request::Pace(None)),
            _ if limits == Limits::default() => None,
            _ => Some(Request::Pace(Some(Pace::Limited(limits)))),
        }
    }
}

/// Milliseconds, from a tenth of one to a minute.
fn stall() -> impl clap::builder::TypedValueParser<Value = Duration> {
    use clap::builder::{StringValueParser, TypedValueParser};
    StringValueParser::new().try_map(|text| {
        let ms: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        if (0.1..=60_000.0).contains(&ms) {
            Ok(Duration::from_secs_f64(ms / 1000.0))
        } else {
            Err(format!("{text} is not in 0.1..=60000"))
        }
    })
}

/// Phases as values that help shows and typos are matched against.
fn phase() -> impl clap::builder::TypedValueParser<Value = Phase> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Phase::ALL.map(Phase::name)).try_map(|name| name.parse::<Phase>())
}

/// How space is returned to the disk.
fn vacuum() -> impl clap::builder::TypedValueParser<Value = Vacuum> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["incremental", "full"]).map(|how| match how.as_str() {
        "full" => Vacuum::Full,
        _ => Vacuum::Incremental,
    })
}
