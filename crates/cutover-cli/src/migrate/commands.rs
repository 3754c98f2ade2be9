//! The commands, and their help.

use clap::Subcommand;

use super::args::{
    AbortArgs, AdvanceArgs, BackfillArgs, CheckArgs, ForgetArgs, Operate, PaceArgs, RollbackArgs,
    StartArgs, VerifyArgs,
};
use crate::serve::ServeArgs;
use crate::target::{Chooses, Defines};

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
Phases: legacy → dual-write → read-new → write-new → new-only → retired;
between read-new and write-new, if it is asked for: write-both

Examples:
  cutover advance --db app.db
  cutover advance --to write-both --db app.db
  cutover advance --to new-only --db app.db
  cutover advance --quiet-for 1h --db app.db
  cutover advance --when-told --db app.db   # verify, then wait for
  cutover unpostpone --db app.db            # this, from any terminal
  cutover advance --to retired --yes --backup before-retire.db --db app.db

From write-both on every row is verified first, both ways, and the step is
refused (exit code 3, nothing changed) if anything differs. From write-new on it
is refused while a program is there that announced that it knows only the old
tables, and out of write-both while old programs wrote in the last ten minutes.
Every step but the last can be undone:
  cutover rollback --db app.db")]
    Advance(AdvanceArgs<R>),

    /// Go one phase back, or as far as named, losing nothing
    #[command(after_help = "\
Phases: legacy → dual-write → read-new → write-new → new-only → retired;
between read-new and write-new, if it is asked for: write-both

Examples:
  cutover rollback --db app.db
  cutover rollback --to write-both --db app.db
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

`cutover advance` to write-both, write-new or new-only is refused until:
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
