//! The command line of `consensus`. Each command's arguments are in its file under `commands`.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use cli_kit::Spelling;
use cutover_cli::MigrateCommand;

use crate::commands::{
    compact, delete, export, import, prune, put_artifact, put_synthesis, show, specs, stats,
};
use crate::migrating::Migrating;

/// How this program spells the commands of the migration.
pub(crate) static SPELLING: Spelling = Spelling {
    program: "consensus",
    prefix: "migrate",
    db_variable: "CONSENSUS_DB",
    names_migration: false,
};

/// Stores what agents said about a spec, and the syntheses made of it.
///
/// The store is one SQLite file, which any number of programs can use at the same time.
#[derive(Debug, Parser)]
#[command(
    name = "consensus",
    version,
    arg_required_else_help = true,
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = "\
Store what an agent said, and look at it:
  consensus put artifact --spec S-1 --stage spec-plan --agent claude answer.json
  consensus specs
  consensus show --spec S-1 --stage spec-plan

Move the store to its new tables while programs keep using it:
  consensus migrate check
  consensus migrate start
  consensus migrate status

Lists are tables in a terminal and JSON elsewhere. Results go to stdout,
everything else to stderr. The store is ~/.code/consensus_artifacts.db unless
--db PATH or CONSENSUS_DB names another.

Exit codes: 0 done, 1 failed, 2 usage, 3 refused (nothing changed), 4 busy,
5 the store or another file is not what the command needs."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store an artifact or a synthesis
    #[command(subcommand)]
    Put(Put),
    Specs(specs::Arguments),
    Show(show::Arguments),
    Stats(stats::Arguments),
    Delete(delete::Arguments),
    Prune(prune::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Compact(compact::Arguments),
    /// Move the store to its new tables while programs keep using it
    ///
    /// From `consensus_artifacts` and `consensus_synthesis` to `consensus_runs` and
    /// `agent_outputs`. Programs that know only the old tables can write until the phase
    /// write-new; every step but the last can be undone.
    #[command(
        subcommand,
        after_help = "\
In this order:
  consensus migrate check     # prove that no row is lost
  consensus migrate start     # keep both schemas in step
  consensus migrate advance   # go one phase on; status says what is next"
    )]
    Migrate(MigrateCommand<Migrating, Migrating, Migrating>),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Put {
    Artifact(put_artifact::Arguments),
    Synthesis(put_synthesis::Arguments),
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(consensus completions bash)
  consensus completions zsh > ~/.zfunc/_consensus
  consensus completions fish > ~/.config/fish/completions/consensus.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  consensus man > consensus.1 && man ./consensus.1")]
pub(crate) struct ManArgs {}

/// Reads the command line. Help and usage errors come back as clap's error.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut program = definition();
    let cli =
        Cli::from_arg_matches_mut(&mut program.try_get_matches_from_mut(std::env::args_os())?)?;
    if let Command::Put(Put::Artifact(args)) = &cli.command
        && args.reads_stdin_twice()
    {
        let text = "only one of the content and the response can come from standard input";
        return Err(program.error(ErrorKind::ArgumentConflict, text));
    }
    Ok(cli)
}

/// The command line as data, for completions and the manual page, too.
pub(crate) fn definition() -> clap::Command {
    Cli::command().mut_subcommand("migrate", |migrate| SPELLING.help(migrate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        definition().debug_assert();
    }

    /// The examples are what people type first.
    #[test]
    fn every_example_in_a_help_text_is_understood() {
        let mut tried = 0;
        each(&definition(), &mut |command| {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.contains("cutover "), "{}: {help}", command.get_name());
            for line in help.lines() {
                let Some((_, words)) = line.split_once("  consensus ") else { continue };
                let words = words.split(['#', '|', '>', '<', '&']).next().unwrap_or_default();
                let words = ["consensus"].into_iter().chain(words.split_whitespace());
                // Help breaks longer lines, and half of one can't be pasted.
                assert!(line.chars().count() <= 80, "{line}");
                tried += 1;
                if let Err(error) = definition().try_get_matches_from(words) {
                    panic!("{line}: {error}");
                }
            }
        });
        assert!(tried > 30, "{tried}");
    }

    fn each(command: &clap::Command, see: &mut impl FnMut(&clap::Command)) {
        see(command);
        for command in command.get_subcommands() {
            each(command, see);
        }
    }
}
