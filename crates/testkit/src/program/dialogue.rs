//! A program that answers each line with a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{Signal, signal};

/// A program that answers each line with a line. Dropping it kills it.
#[derive(Debug)]
pub struct Dialogue {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Dialogue {
    /// Starts a program.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    pub fn with(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdin = child.stdin.take().expect("its input is a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { child, stdin, stdout }
    }

    /// Starts a Python script.
    #[must_use]
    pub fn python(script: &str, arguments: &[&std::path::Path]) -> Self {
        Self::with(Command::new("python3").args(["-c", script]).args(arguments))
    }

    /// Sends it a signal, waits for its end, and gives its exit code.
    ///
    /// # Panics
    /// If it can't be waited for.
    #[must_use]
    pub fn end(mut self, what: Signal) -> Option<i32> {
        signal(self.child.id(), what);
        self.child.wait().expect("a child to wait for").code()
    }

    /// Says a line, and gives the answer without its line break.
    ///
    /// # Panics
    /// If the program has ended.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}").expect("a program that reads");
        self.hear()
    }

    /// The next line that the program says.
    ///
    /// # Panics
    /// If the program has ended.
    #[track_caller]
    pub fn hear(&mut self) -> String {
        let mut answer = String::new();
        let bytes = self.stdout.read_line(&mut answer).expect("a program that answers");
        assert_ne!(bytes, 0, "the program has ended");
        answer.trim_end_matches('\n').to_owned()
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
