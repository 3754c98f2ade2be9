//! Other processes, and their sudden end.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A process that was started, with all that it starts in turn. Dropping it kills
/// them.
#[derive(Debug)]
pub struct Running {
    child: Child,
    what: String,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// How a process ended, and what it said.
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
    /// Panics unless the process exited with 0; gives its standard output.
    #[must_use]
    pub fn success(self) -> String {
        self.expect_code(0).stdout
    }

    /// Panics unless the process exited with this code.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(
            self.code == Some(code),
            "exit code {:?}, not {code}\nstdout:\n{}\nstderr:\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Running {
    /// Starts a process in a group of its own.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        let what = format!("{command:?}");
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Self { child, what, stdout, stderr }
    }

    /// Ends the process and all it started, at whatever instruction they are
    /// (`kill -9`), and waits until they are gone.
    pub fn kill(mut self) -> Outcome {
        self.end()
    }

    /// As [`kill`](Self::kill), to be called once.
    pub(crate) fn end(&mut self) -> Outcome {
        self.kill_group();
        let status = self.child.wait().expect("a child to wait for");
        self.outcome(status)
    }

    /// Lets the process run for a while, then [kills](Self::kill) it.
    pub fn kill_after(self, time: Duration) -> Outcome {
        std::thread::sleep(time);
        self.kill()
    }

    /// Waits for the process to end by itself. Panics, and kills it, when that takes
    /// longer than `timeout`.
    pub fn wait(mut self, timeout: Duration) -> Outcome {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                return self.outcome(status);
            }
            if Instant::now() > deadline {
                let what = self.what.clone();
                let said = self.kill();
                panic!(
                    "{what} runs after {timeout:?}\nstdout:\n{}\nstderr:\n{}",
                    said.stdout, said.stderr
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the process has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child to wait for").is_none()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn outcome(&mut self, status: ExitStatus) -> Outcome {
        let text = |reader: Option<JoinHandle<Vec<u8>>>| {
            let bytes =
                reader.map(|reader| reader.join().expect("a reader that ends")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        Outcome { code: status.code(), stdout, stderr }
    }

    fn kill_group(&self) {
        // The group is the child's own, so its id is free only once the child was
        // waited for: this cannot hit another process.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill_group();
            let _ = self.child.wait();
        }
    }
}

/// Reads a pipe as it fills, so that the process never waits for us.
fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// The `cutover` binary at work on one database.
#[derive(Debug, Clone)]
pub struct Cutover {
    binary: PathBuf,
    db: PathBuf,
}

impl Cutover {
    /// `binary` is `env!("CARGO_BIN_EXE_cutover")` in the tests of the crate that has
    /// it.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, db: &Path) -> Self {
        Self { binary: binary.into(), db: db.to_owned() }
    }

    /// The binary that `CUTOVER_BIN` names.
    #[must_use]
    pub fn from_env(db: &Path) -> Self {
        let binary = std::env::var_os("CUTOVER_BIN").expect("CUTOVER_BIN names the cutover binary");
        Self::new(binary, db)
    }

    /// Starts a command; the database is given by `CUTOVER_DB`.
    #[must_use]
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        Running::spawn(
            Command::new(&self.binary)
                .args(arguments)
                .env("CUTOVER_DB", &self.db)
                .env("NO_COLOR", "1"),
        )
    }

    /// Runs a command to its end. Panics after two minutes.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.spawn(arguments).wait(Duration::from_secs(120))
    }
}

/// Copies a program so that it can be started at once. `cp` does it: a process that another thread
/// of ours starts meanwhile would inherit our open file, and the kernel starts no program that
/// somebody has open for writing ("Text file busy").
///
/// # Panics
/// If it can't be copied.
pub fn copy_program(from: &Path, to: &Path) {
    let done = Command::new("cp").arg(from).arg(to).status().expect("cp runs");
    assert!(done.success(), "cp {} {}", from.display(), to.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_process_takes_its_children_with_it() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("alive");
        let script =
            format!("(while true; do echo x >> '{}'; sleep 0.01; done) & wait", file.display());
        let running = Running::spawn(Command::new("sh").args(["-c", &script]));
        while !file.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(running.kill().code, None);
        std::thread::sleep(Duration::from_millis(30));
        let length = std::fs::metadata(&file).unwrap().len();
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), length);
    }

    #[test]
    fn what_a_process_says_is_kept() {
        let outcome =
            Running::spawn(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]))
                .wait(Duration::from_secs(10));
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
        let _ = outcome.expect_code(3);
    }

    #[test]
    #[should_panic(expected = "runs after")]
    fn waiting_ends() {
        let _ = Running::spawn(Command::new("sleep").arg("60")).wait(Duration::from_millis(20));
    }
}
