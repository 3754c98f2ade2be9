//! From what was typed to the command that does it.

use std::process::ExitCode;

use cli_kit::exit::{Exit, Failure};
use cli_kit::output::Output;
use cli_kit::paste::Paste;
use cli_kit::spelling::Spelling;
use cutover::{
    AbortOptions, AdvanceOptions, ForgetOptions, FuzzOptions, Pace, Request, StartOptions,
};

use super::args::{
    AbortArgs, AdvanceArgs, BackfillArgs, CheckArgs, ForgetArgs, Operate, RollbackArgs, StartArgs,
    VerifyArgs,
};
use super::commands::MigrateCommand;
use crate::commands::{
    Call, abort, advance, backfill, check, forget, history, plan, repair, rollback, start, status,
    steer, verify,
};
use crate::serve;
use crate::target::{Choice, Chooses, Defines, Definition, Subject};
use crate::watch;

impl<F: Defines, R: Chooses, N: Chooses> MigrateCommand<F, R, N> {
    /// Runs the command, prints its result or why there is none, and gives the exit
    /// code.
    pub fn run(&self, spelling: &'static Spelling) -> ExitCode {
        match self {
            Self::Check(CheckArgs { fuzz, seed, on }) => {
                let fuzz = fuzz.map(|statements| FuzzOptions {
                    statements,
                    // Short enough to be typed again.
                    seed: seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
                });
                define(on, None, spelling, |call| check::run(fuzz, call))
            }
            Self::Plan(on) => define(on, None, spelling, plan::run),
            Self::Start(StartArgs { no_backfill, fast, hooks, by: Operate { on, actor } }) => {
                let options = StartOptions { no_backfill: *no_backfill, pace: pace(*fast) };
                define(on, actor.as_deref(), spelling, |call| start::run(options, hooks, call))
            }
            Self::Backfill(BackfillArgs { fast, by: Operate { on, actor } }) => {
                choose(on, actor.as_deref(), spelling, |call| backfill::run(pace(*fast), call))
            }
            Self::Verify(VerifyArgs { follow, differences, by: Operate { on, actor } }) => {
                let differences = differences.as_deref();
                choose(on, actor.as_deref(), spelling, |call| {
                    verify::run(*follow, differences, call)
                })
            }
            Self::Repair(Operate { on, actor }) => {
                choose(on, actor.as_deref(), spelling, repair::run)
            }
            Self::Advance(AdvanceArgs {
                to,
                yes,
                backup,
                vacuum,
                when_told,
                quiet_for,
                require_restarted,
                hooks,
                by: Operate { on, actor },
            }) => {
                let options = AdvanceOptions {
                    to: *to,
                    confirmed: *yes,
                    backup: backup.clone(),
                    vacuum: *vacuum,
                    when_told: *when_told,
                    quiet_for: *quiet_for,
                    require_restarted: *require_restarted,
                };
                choose(on, actor.as_deref(), spelling, |call| advance::run(&options, hooks, call))
            }
            Self::Rollback(RollbackArgs { to, hooks, by: Operate { on, actor } }) => {
                choose(on, actor.as_deref(), spelling, |call| rollback::run(*to, hooks, call))
            }
            Self::Abort(AbortArgs { yes, hooks, by: Operate { on, actor } }) => {
                let options = AbortOptions { confirmed: *yes };
                choose(on, actor.as_deref(), spelling, |call| abort::run(options, hooks, call))
            }
            Self::Pause(by) => steer(Some(Request::Pause), by, spelling),
            Self::Resume(by) => steer(Some(Request::Resume), by, spelling),
            Self::Postpone(by) => steer(Some(Request::Postpone), by, spelling),
            Self::Unpostpone(by) => steer(Some(Request::Unpostpone), by, spelling),
            Self::Pace(args) => steer(args.request(), &args.by, spelling),
            Self::Status(on) => choose(on, None, spelling, status::run),
            Self::Watch(Operate { on, actor }) => {
                choose(on, actor.as_deref(), spelling, watch::run)
            }
            Self::Serve(args) => match args.setup() {
                Ok(setup) => {
                    let Operate { on, actor } = &args.by;
                    choose(on, actor.as_deref(), spelling, |call| serve::run(&setup, call))
                }
                Err(failure) => Output::new(Paste::new(spelling, None), false).ended(Err(failure)),
            },
            Self::History(on) => choose(on, None, spelling, history::run),
            Self::Forget(ForgetArgs { drop_kept, yes, by: Operate { on, actor } }) => {
                let options = ForgetOptions { drop_kept: *drop_kept, confirmed: *yes };
                choose(on, actor.as_deref(), spelling, |call| forget::run(options, call))
            }
        }
    }
}

/// Asks something of the work on a migration.
fn steer<R: Chooses>(
    request: Option<Request>,
    Operate { on, actor }: &Operate<R>,
    spelling: &'static Spelling,
) -> ExitCode {
    choose(on, actor.as_deref(), spelling, |call| steer::run(request, call))
}

/// Runs a command on a migration from its definition.
fn define(
    on: &impl Defines,
    actor: Option<&str>,
    spelling: &'static Spelling,
    work: impl FnOnce(&Call<Definition>) -> Result<Exit, Failure>,
) -> ExitCode {
    let migration = on.definition();
    let mut paste = Paste::new(spelling, on.named_db());
    if let Definition::File(file) = &migration {
        paste.file = Some(file.display().to_string());
    }
    run(on, migration, actor, paste, work)
}

/// Runs a command on a migration that was started.
fn choose(
    on: &impl Chooses,
    actor: Option<&str>,
    spelling: &'static Spelling,
    work: impl FnOnce(&Call<Choice>) -> Result<Exit, Failure>,
) -> ExitCode {
    let migration = on.choice();
    let mut paste = Paste::new(spelling, on.named_db());
    if let Choice::Named(name) = &migration {
        paste.migration = Some(name.clone());
    }
    run(on, migration, actor, paste, work)
}

fn run<M>(
    on: &impl Subject,
    migration: M,
    actor: Option<&str>,
    paste: Paste,
    work: impl FnOnce(&Call<M>) -> Result<Exit, Failure>,
) -> ExitCode {
    let output = Output::new(paste, on.json());
    output.ended(on.db().and_then(|db| {
        work(&Call { db, migration, actor: actor.map(str::to_owned), output: output.clone() })
    }))
}

fn pace(fast: bool) -> Pace {
    if fast { Pace::Fast } else { Pace::Gentle }
}
