//! The book's page of commands, written from the definition of the command line. A test holds
//! the page to it:
//!
//! ```sh
//! REFERENCE=renew cargo test -p cutover-cli --lib reference   # writes it anew
//! ```

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command};

use crate::cli;

const PAGE: &str = "../../docs/src/reference/commands.md";

const HEAD: &str = "\
<!-- Written from the program's definition; to renew it:
     REFERENCE=renew cargo test -p cutover-cli --lib reference -->

# Commands

What `cutover COMMAND --help` says of each. The database may also be named by the environment
variable `CUTOVER_DB`. Words that have a page of their own: [phases](../phases.md), [exit
codes](exit-codes.md), [JSON](json.md).
";

#[test]
fn the_book_says_what_the_program_does() {
    let mut program = cli::definition();
    program.build();
    let mut page = HEAD.to_owned();
    contents(&program, &mut page);
    for command in program.get_subcommands() {
        section(command, &mut page);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var("REFERENCE").is_ok_and(|wish| wish == "renew") {
        std::fs::write(&file, &page).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == page, "{} is stale; its first lines say how to renew it", file.display());
}

fn contents(program: &Command, page: &mut String) {
    page.push_str("\n| command | does |\n|---|---|\n");
    for command in program.get_subcommands() {
        let name = command.get_name();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "| [`{name}`](#{name}) | {about} |").unwrap();
    }
}

fn section(command: &Command, page: &mut String) {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(page, "\n## {}\n\n{about}\n\n```text\n{usage}\n```\n", command.get_name()).unwrap();
    for arg in command.get_arguments() {
        if arg.get_id() != "help" && !arg.is_hide_set() {
            item(arg, page);
        }
    }
    if let Some(more) = command.get_after_help() {
        writeln!(page, "\n```text\n{}\n```", more.to_string().trim_end()).unwrap();
    }
}

fn item(arg: &Arg, page: &mut String) {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    // A paragraph below the first belongs to the same item of the list.
    let help = help.replace("\n\n", "\n\n  ");
    write!(page, "- `{arg}`: {help}").unwrap();
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if arg.get_action().takes_values() && !values.is_empty() {
        write!(page, " ({})", values.join(", ")).unwrap();
    }
    if let ([default], true) = (arg.get_default_values(), arg.get_action().takes_values()) {
        write!(page, " [default: {}]", default.to_string_lossy()).unwrap();
    }
    if let Some(name) = arg.get_env() {
        write!(page, " [environment: {}]", name.to_string_lossy()).unwrap();
    }
    page.push('\n');
}
