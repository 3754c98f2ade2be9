//! The commands of a migration. `cutover` offers them for any migration file; another
//! program can offer them for its own database and migration.
//!
//! `commands` has them with their help, `args` their arguments, and `run` says what they do. The
//! program says what a command works on ([`Defines`](crate::Defines), [`Chooses`](crate::Chooses)).
//! Help texts are written for `cutover`; [`Spelling::help`](crate::Spelling::help) respells them
//! for another program.

mod args;
mod commands;
mod run;
mod values;

pub use self::args::{
    AdvanceArgs, BackfillArgs, CheckArgs, ForgetArgs, Operate, RollbackArgs, StartArgs,
};
pub use self::commands::MigrateCommand;
