//! The commands of a migration, as any program offers them: `cutover` on any file,
//! and a program that has a database and a migration of its own on these.
//!
//! What may be typed is here, what is done then in `run`; what a command works on is for
//! the program to say ([`Defines`], [`Chooses`]). Help texts are written as `cutover`
//! spells them; [`Spelling::help`](crate::Spelling::help) respells them for another
//! program.

mod run;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use cutover::{Limits, Pace, Phase, Request, Vacuum};

use crate::hooks::HookArgs;
use crate::serve::ServeArgs;
use crate::target::{Chooses, Defines, Subject};

/// The commands. `F` says what `check`, `plan` and `start` work on, before the
/// database knows the migration; `R` what the others do, once it runs; `N` what `forget` does,
/// which takes no migration that is not named.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand<F: Defines, R: Chooses, N: Chooses> {
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
  cutover plan split-address.sql --db app.db | less

Nothing of it is run. To begin:
  cutover start split-address.sql --db app.db")]
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

Ctrl-C stops at the end of a chunk and loses nothing: the next call goes on.
From another terminal, `cutover pause` lets it wait. Then:
  cutover advance --db app.db")]
    Backfill(BackfillArgs<R>),

    /// Compare every row of both schemas, both ways
    #[command(after_help = "\
Examples:
  cutover verify --db app.db
  cutover verify --follow --db app.db   # go on with what programs write

Exit code 1 if it finds differences. To bring the mirror in step:
  cutover repair --db app.db")]
    Verify(VerifyArgs<R>),

    /// Compare, and bring the mirror in step where it differs
    #[command(after_help = "\
Example:
  cutover repair --db app.db

The side that writes enter is never changed, only the one kept in step with it.
Then look again:
  cutover verify --db app.db")]
    Repair(Operate<R>),

    /// Go one phase on, or as far as named
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired

Examples:
  cutover advance --db app.db
  cutover advance --to new-only --db app.db
  cutover advance --when-told --db app.db   # verified, and waits for
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

From new-only the old tables are brought up to date first. From retired there is
no way back. To leave the migration, from dual-write:
  cutover abort --db app.db")]
    Rollback(RollbackArgs<R>),

    /// Let the work under way wait, in whatever process
    #[command(after_help = "\
Example:
  cutover pause --db app.db

A backfill stops at the end of its chunk and keeps what it did; one that begins
waits as well. Both schemas stay in step. Then:
  cutover resume --db app.db")]
    Pause(Operate<R>),

    /// Let paused work go on
    #[command(after_help = "\
Example:
  cutover resume --db app.db

How far it is:
  cutover status --db app.db")]
    Resume(Operate<R>),

    /// Show or set how hard all work presses, in whatever process
    #[command(after_help = "\
Examples:
  cutover pace --db app.db             # show it
  cutover pace --stall 1 --db app.db   # chunks of a millisecond
  cutover pace --stall 5 --rows-per-second 2000 --db app.db
  cutover pace --fast --db app.db
  cutover pace --own --db app.db       # as each command was told

Work under way takes it on after the chunk at hand. To let it wait:
  cutover pause --db app.db")]
    Pace(PaceArgs<R>),

    /// Keep writes where they are, whatever the gates say
    #[command(after_help = "\
Example:
  cutover postpone --db app.db

`cutover advance` to write-new or new-only is refused until:
  cutover unpostpone --db app.db")]
    Postpone(Operate<R>),

    /// Let a postponed cutover happen
    #[command(after_help = "\
Example:
  cutover unpostpone --db app.db

One that waits for it (`cutover advance --when-told`) switches at once. Else:
  cutover advance --db app.db")]
    Unpostpone(Operate<R>),

    /// Leave the migration: back to the old schema alone
    ///
    /// Every table, view, index and trigger of cutover's is removed; its history stays.
    /// What only the new tables hold is kept in `_cutover_kept_` tables, and wants `--yes`.
    #[command(after_help = "\
Example:
  cutover abort --db app.db

From dual-write or read-new. From later phases, first:
  cutover rollback --to dual-write --db app.db")]
    Abort(AbortArgs<R>),

    /// Show where a migration stands, and what to type next
    ///
    /// Also what is allowed now, and what is blocked and why.
    #[command(after_help = "\
Example:
  cutover status --db app.db

It only reads, and works while another operator is at work. Its last lines are
what to type next; what was done so far:
  cutover history --db app.db")]
    Status(R),

    /// Watch a migration on the terminal, and steer it with keys
    ///
    /// Progress, writes and stalls, the verification, the gates and the journal. Each key asks
    /// before anything is done. Where nobody watches (a pipe, --json) it is `status`.
    #[command(after_help = "\
Examples:
  cutover watch --db app.db
  cutover watch --db app.db --actor mei
  NO_COLOR=1 cutover watch --db app.db

`?` shows the keys. A backfill or verification that is begun here runs in this
process: leaving stops it at the end of its chunk, and loses nothing. The same
in a browser:
  cutover serve --db app.db")]
    Watch(Operate<R>),

    /// Show a migration on a web page, live; steer it there with --control
    #[command(after_help = "\
Examples:
  cutover serve --db app.db
  cutover serve --control --db app.db          # with buttons
  cutover serve --listen 127.0.0.1:0 --db app.db

The page, a JSON API under /api/v1 (described by /api/v1/openapi.json) and
Prometheus metrics on /metrics. Without --control nothing can be changed there.
Ctrl-C ends it. The same, once, on the terminal:
  cutover status --db app.db")]
    Serve(ServeArgs<R>),

    /// Show what was done, when and by whom
    #[command(after_help = "\
Example:
  cutover history --db app.db

Where that has led:
  cutover status --db app.db")]
    History(R),

    /// Remove what a migration that is over has left in the database
    ///
    /// The views under the old tables' names, the live views, its record and its history. With
    /// the last migration nothing of cutover's is left in the database.
    #[command(after_help = "\
Examples:
  cutover forget split-address --db app.db
  cutover forget split-address --drop-kept --yes --db app.db

Only a migration that is retired or aborted. When it is forgotten, a late program
of the old schema finds nothing under the old name any more, and may make a table
there. What was done in it, which is forgotten too:
  cutover history --db app.db")]
    Forget(ForgetArgs<N>),
}

/// The arguments of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs<S: Subject> {
    /// Drop the rows kept for the migration too: they exist nowhere else (needs `--yes`)
    #[arg(long)]
    pub(crate) drop_kept: bool,
    /// Confirm that these rows go for good
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
    /// Verify, keep everything verified, and switch as soon as `unpostpone` is said
    ///
    /// From any terminal. Until then writes stay where they are, and only what they touch is
    /// compared again.
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
    /// Leave it although the new tables hold what exists nowhere else: that is kept aside
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
    /// Go on with whatever programs write, until Ctrl-C
    ///
    /// Only what changed is compared again. It holds the lease, and costs each write a note.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Write every row that differs to a file, a JSON object a line
    ///
    /// The result itself shows the first few. The directions are compared one after the other.
    #[arg(long, value_name = "FILE", conflicts_with = "follow")]
    pub(crate) differences: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// The arguments of `pace`.
#[derive(Debug, Args)]
pub struct PaceArgs<S: Subject> {
    /// Hold writers off for about so many milliseconds at a time
    #[arg(long, value_name = "MS", value_parser = stall())]
    pub(crate) stall: Option<Duration>,
    /// Do no more than N rows a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows_per_second: Option<u64>,
    /// Chunks of a few milliseconds, and room for writers between them
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second"])]
    pub(crate) gentle: bool,
    /// As fast as the disk allows; writers may wait for tens of milliseconds
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second", "gentle"])]
    pub(crate) fast: bool,
    /// As each command was told
    #[arg(long, conflicts_with_all = ["stall", "rows_per_second", "gentle", "fast"])]
    pub(crate) own: bool,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

impl<S: Subject> PaceArgs<S> {
    /// What is asked for, if anything is.
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
        let ms: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
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

/// How space is given back.
fn vacuum() -> impl clap::builder::TypedValueParser<Value = Vacuum> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["incremental", "full"]).map(|how| match how.as_str() {
        "full" => Vacuum::Full,
        _ => Vacuum::Incremental,
    })
}
