//! The command line of `cutover`: commands, flags and help. The commands of a migration
//! are in `migrate`; how `cutover` names the database and the migration is here.

use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand};
use cli_kit::exit::Failure;

use crate::migrate::MigrateCommand;
use crate::target::{Choice, Chooses, Defines, Definition, Subject};

/// What there is to try first.
#[cfg(feature = "demo")]
const FIRST: &str = "\
See it work on a throw-away database:
  cutover demo

Then on yours, in this order:
";
#[cfg(not(feature = "demo"))]
const FIRST: &str = "On a database, in this order:\n";

/// From nothing to a migration under way.
const STEPS: &str = "  cutover new split --db app.db --table clients   # writes split.sql: edit it
  cutover check split.sql --db app.db             # prove that no row is lost
  cutover start split.sql --db app.db             # keep both schemas in step
  cutover advance --db app.db                     # go one phase on
  cutover status --db app.db                      # the phase, and what is next

Exit codes: 0 done, 1 failed, 2 usage, 3 refused (nothing changed), 4 busy,
5 the migration file or the database is not what the command needs.";

/// Changes the schema of a live SQLite database while programs keep writing.
///
/// A migration is one SQL file that says how the new rows come from the old ones
/// and the old from the new. cutover keeps both schemas in step inside the writers'
/// own transactions, fills the new tables, verifies every row, and switches. Until
/// the old schema is retired, every step can be undone without losing a row.
#[derive(Debug, Parser)]
#[command(
    name = "cutover",
    version,
    arg_required_else_help = true,
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = format!("{FIRST}{STEPS}")
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "demo")]
    Demo(demo::DemoArgs),
    New(NewArgs),
    #[command(flatten)]
    Migrate(MigrateCommand<InFile, Started, Named>),
    List(ListArgs),
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

/// A migration that a file defines, and the database it is for.
#[derive(Debug, Args)]
pub(crate) struct InFile {
    /// The migration file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// A migration that was started in a database.
#[derive(Debug, Args)]
pub(crate) struct Started {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The migration, if the database holds several
    #[arg(long, value_name = "NAME")]
    pub(crate) migration: Option<String>,
}

/// A migration by its name alone.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The migration
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) database: Database,
}

/// List the migrations of a database
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cutover list --db app.db

The phase of one of them, and what to type next:
  cutover status --migration split-address --db app.db")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) database: Database,
}

impl Subject for InFile {
    fn db(&self) -> Result<PathBuf, Failure> {
        Ok(self.database.db.clone())
    }

    fn named_db(&self) -> Option<&Path> {
        Some(&self.database.db)
    }

    fn json(&self) -> bool {
        self.database.json
    }
}

impl Defines for InFile {
    fn definition(&self) -> Definition {
        Definition::File(self.file.clone())
    }
}

impl Subject for Started {
    fn db(&self) -> Result<PathBuf, Failure> {
        Ok(self.database.db.clone())
    }

    fn named_db(&self) -> Option<&Path> {
        Some(&self.database.db)
    }

    fn json(&self) -> bool {
        self.database.json
    }
}

impl Subject for Named {
    fn db(&self) -> Result<PathBuf, Failure> {
        Ok(self.database.db.clone())
    }

    fn named_db(&self) -> Option<&Path> {
        Some(&self.database.db)
    }

    fn json(&self) -> bool {
        self.database.json
    }
}

impl Chooses for Named {
    fn choice(&self) -> Choice {
        Choice::Named(self.name.clone())
    }
}

impl Chooses for Started {
    fn choice(&self) -> Choice {
        self.migration.clone().map_or(Choice::Only, Choice::Named)
    }
}

/// Write a migration file to edit, from the live schema
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cutover new retype --db app.db --table clients              # changes in place
  cutover new split-address --db app.db --table clients orders --as people sales

Then edit split-address.sql and type:
  cutover check split-address.sql --db app.db")]
pub(crate) struct NewArgs {
    /// The migration's name
    pub(crate) name: String,
    /// An old table to migrate; repeatable
    #[arg(long = "table", value_name = "TABLE", required = true, num_args = 1..)]
    pub(crate) tables: Vec<String>,
    /// The new table's name, one for each table; without it the tables change in place
    #[arg(long = "as", value_name = "NEW_NAME", num_args = 1..)]
    pub(crate) renamed: Vec<String>,
    /// The file to write; it must not exist yet [default: NAME.sql]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: Database,
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
    use clap::{Command, Parser};

    #[test]
    fn the_command_line_is_well_formed() {
        super::definition().debug_assert();
    }

    /// The commands that a help text shows, as they would be typed.
    fn shown(command: &Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let line = |line: &str| {
            let typed = line.split(['#', '|', '>', '&']).next().unwrap_or_default();
            let typed = typed.trim().trim_start_matches("source <(").trim_end_matches(')');
            typed.strip_prefix("cutover ").map(|_| typed.to_owned())
        };
        help.lines().filter(|line| line.starts_with("  ")).filter_map(line).collect()
    }

    #[test]
    fn every_command_that_help_shows_can_be_typed() {
        let program = super::definition();
        let mut checked = 0;
        for command in program.get_subcommands().chain([&program]) {
            for line in shown(command) {
                let parsed = super::Cli::try_parse_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{}: {line}: {}", command.get_name(), parsed.unwrap_err());
                checked += 1;
            }
        }
        assert!(checked > 30, "{checked}");
    }

    /// A newcomer reads one command's help and knows the next one.
    #[test]
    fn every_command_that_is_a_step_says_what_to_type_next() {
        for command in super::definition().get_subcommands() {
            let name = command.get_name();
            let others =
                shown(command).iter().any(|line| !line.starts_with(&format!("cutover {name}")));
            assert!(
                others || ["completions", "man"].contains(&name),
                "{name} names no next command"
            );
        }
    }
}
