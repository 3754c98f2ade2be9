//! How a program spells the commands of a migration.

use clap::Command;
use clap::builder::{Resettable, StyledStr};

/// How a program spells the commands of a migration. Help texts and the engine's
/// hints spell them as `cutover` does.
#[derive(Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The program's name.
    pub program: &'static str,
    /// What stands between the program and the command.
    pub prefix: &'static str,
    /// The environment variable that names the database.
    pub db_variable: &'static str,
    /// Whether the user names the migration: the file that defines it, or its name.
    pub names_migration: bool,
}

/// How `cutover` itself spells them.
pub static CUTOVER: Spelling =
    Spelling { program: "cutover", prefix: "", db_variable: "CUTOVER_DB", names_migration: true };

/// The file and the database of the examples that help shows.
const EXAMPLE_FILE: &str = " split-address.sql";
const EXAMPLE_NAME: &str = " split-address";
const EXAMPLE_DB: &str = " --db app.db";

impl Spelling {
    /// A command and its arguments, as words.
    pub fn command(&self, words: &str) -> String {
        let prefix = if self.prefix.is_empty() { "" } else { " " };
        format!("{}{prefix}{} {words}", self.program, self.prefix)
    }

    /// Respells the help texts of the commands of a migration.
    #[must_use]
    pub fn help(&self, commands: Command) -> Command {
        let text = |text: Option<&StyledStr>| match text {
            Some(text) => Resettable::Value(self.text(&text.to_string()).into()),
            None => Resettable::Reset,
        };
        let (about, long_about) = (text(commands.get_about()), text(commands.get_long_about()));
        let after_help = text(commands.get_after_help());
        commands
            .about(about)
            .long_about(long_about)
            .after_help(after_help)
            .mut_args(|arg| {
                let help = text(arg.get_help());
                arg.help(help)
            })
            .mut_subcommands(|command| self.help(command))
    }

    fn text(&self, text: &str) -> String {
        if *self == CUTOVER {
            return text.to_owned();
        }
        let text = match self.names_migration {
            true => text.to_owned(),
            false => text.replace(EXAMPLE_FILE, "").replace(EXAMPLE_NAME, ""),
        };
        text.replace(EXAMPLE_DB, "").replace("cutover ", &self.command(""))
    }
}
