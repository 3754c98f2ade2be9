//! A process that was started, and its end.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Outcome, signal};

/// A process that was started, with all that it starts in turn. Dropping it kills
/// them.
#[derive(Debug)]
pub struct Running {
    child: Child,
    what: String,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
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

    /// Sends a signal to the process.
    pub fn signal(&self, what: Signal) {
        signal(self.pid(), what);
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
        let _ = outcome.exits(3);
    }

    #[test]
    #[should_panic(expected = "runs after")]
    fn waiting_ends() {
        let _ = Running::spawn(Command::new("sleep").arg("60")).wait(Duration::from_millis(20));
    }
}
