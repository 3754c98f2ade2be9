//! The only place that prints. Data goes to stdout, everything else to stderr;
//! anstream strips colour where the stream is no terminal or NO_COLOR is set.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use cutover::ErrorKind;
use serde::Serialize;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::paste::Paste;
use crate::render;

/// How this call wants its result.
#[derive(Debug, Clone)]
pub struct Output {
    /// Whether results are printed as JSON.
    pub json: bool,
    /// What completes the commands that are suggested.
    pub paste: Paste,
}

impl Output {
    /// `paste` completes the commands that are suggested; `json` asks for results as
    /// JSON.
    #[must_use]
    pub fn new(paste: Paste, json: bool) -> Self {
        Self { json, paste }
    }

    /// What completes the commands that are suggested.
    #[must_use]
    pub fn paste(&self) -> &Paste {
        &self.paste
    }

    /// Prints a result: as JSON if that was asked for, else as text.
    ///
    /// # Errors
    ///
    /// If standard output can't be written.
    pub fn result<T: Serialize>(
        &self,
        result: &T,
        text: impl FnOnce(&Paste) -> String,
    ) -> Result<(), Failure> {
        if self.json { data(&(pretty(result)? + "\n")) } else { data(&text(&self.paste)) }
    }

    /// The exit code of a command that ended so. Prints what went wrong, if something
    /// did.
    #[must_use]
    pub fn ended(&self, result: Result<Exit, Failure>) -> ExitCode {
        match result {
            Ok(exit) => exit.into(),
            Err(failure) => self.failure(&failure),
        }
    }

    /// Prints a failure and gives its exit code.
    fn failure(&self, failure: &Failure) -> ExitCode {
        if self.json && failure.kind() == ErrorKind::Refused {
            let object = json!({
                "error": failure.message(),
                "kind": "refused",
                "fix": self.paste.fix(&failure.hint().unwrap_or_default()),
                "examples": failure.examples(),
            });
            // If even that can't be printed, the text below still is.
            let _ = pretty(&object).and_then(|text| data(&(text + "\n")));
        }
        note(&render::failure(failure, &self.paste));
        ExitCode::from(failure.code())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Failure::plain(format!("writing JSON: {error}")))
}

/// Writes to stdout. A reader that has gone away (`| head`) is no failure: the
/// command has done its work, and its exit code says how.
pub fn data(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Other {
            doing: "writing to standard output".into(),
            source: Some(Box::new(error)),
            fix: None,
        }),
        _ => Ok(()),
    }
}

/// Writes a line to stderr. There is nobody to tell if that fails.
pub fn note(line: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{line}");
}

/// Whether somebody watches stderr, so that a bar may be drawn.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether somebody is at a terminal that can show more than lines.
pub fn interactive() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !dumb
}

/// Whether colour is wanted on stdout.
pub fn coloured() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Prints help, the version or a usage error, as clap words them.
pub fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
