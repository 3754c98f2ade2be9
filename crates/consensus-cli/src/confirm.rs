//! Asking before something goes for good.

use std::io::{BufRead, IsTerminal};

use cli_kit::{Failure, output};

/// Returns if the user says yes to what is about to be done, such as `delete 3 rows`: on
/// the command line, or when asked on a terminal.
pub(crate) fn confirm(yes: bool, what: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Failure::refused(
            format!("this would {what}; it was not confirmed"),
            "add --yes: there is no terminal to ask in",
        ));
    }
    output::note(&format!("{what}? [y/N]"));
    let mut answer = String::new();
    // An answer that can't be read is none.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::refused("not confirmed; nothing was deleted", "answer y, or add --yes")),
    }
}
