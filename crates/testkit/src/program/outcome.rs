//! How a program ended.

use std::process::{Child, Output};

/// How a program ended, and what it printed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Of a program that was run to its end.
    #[must_use]
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Waits for a program whose output goes to pipes.
    #[must_use]
    pub fn ended(child: Child) -> Self {
        Self::of(child.wait_with_output().expect("a child to wait for"))
    }

    /// Panics unless the program exited with 0; gives its standard output.
    #[must_use]
    #[track_caller]
    pub fn success(self) -> String {
        self.exits(0).stdout
    }

    /// Panics unless the program exited with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(
            self.code == Some(code),
            "exit code {:?}, not {code}\nstdout:\n{}\nstderr:\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Its standard output as JSON. Panics if it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    /// Its standard output as the number that it printed, alone on a line.
    #[must_use]
    #[track_caller]
    pub fn number(&self) -> i64 {
        let number = self.stdout.strip_suffix('\n').and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("not one number: {:?}", self.stdout))
    }

    /// The commands of `program` that the output suggests to type next, without the program.
    #[must_use]
    pub fn suggested(&self, program: &str) -> Vec<String> {
        self.stdout
            .lines()
            .filter_map(|line| line.trim().split_once(&format!("/{program} ")))
            .filter(|(path, _)| path.starts_with('/'))
            .map(|(_, words)| words.to_owned())
            .collect()
    }
}
