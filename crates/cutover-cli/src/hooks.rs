//! Hooks: the user's programs that run before a transition, and may refuse it, or after it.
//! Each gets the output of `status --json` on its standard input.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use clap::Args;
use cli_kit::output::note;
use cli_kit::progress::interrupted;
use cutover::{Event, Look, Phase, Snapshot, Verdict, Watch};

/// The hooks of a command that makes transitions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Hooks")]
pub(crate) struct HookArgs {
    /// Run FILE before each transition; unless it exits with 0, the transition is refused
    ///
    /// It runs when everything else allows the transition, with the output of `status --json`
    /// on its standard input, and CUTOVER_HOOK=before, CUTOVER_FROM, CUTOVER_TO,
    /// CUTOVER_MIGRATION and CUTOVER_DB in its environment. Programs keep writing meanwhile.
    #[arg(long = "before-hook", value_name = "FILE")]
    pub(crate) before: Vec<PathBuf>,
    /// Run FILE after each transition; a failure is reported, and changes nothing
    #[arg(long = "after-hook", value_name = "FILE")]
    pub(crate) after: Vec<PathBuf>,
}

/// Passes the engine's events on to another watch, and runs hooks.
#[derive(Debug)]
pub(crate) struct Hooked<W> {
    watch: W,
    args: HookArgs,
    asked: Option<Asked>,
    notified: Vec<Notified>,
}

/// A hook that was told of a transition. It was made, whatever comes after.
#[derive(Debug)]
struct Notified {
    file: PathBuf,
    child: Child,
}

/// The hooks that are asked about one transition.
#[derive(Debug)]
struct Asked {
    to: Phase,
    /// How many of them have agreed.
    agreed: usize,
    running: Option<Running>,
}

/// A hook that is asked. It does not outlive the question.
#[derive(Debug)]
struct Running {
    file: PathBuf,
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl<W: Watch> Hooked<W> {
    pub(crate) fn new(watch: W, args: &HookArgs) -> Self {
        Self { watch, args: args.clone(), asked: None, notified: Vec::new() }
    }

    /// Whether none of the hooks that were told of the last transition is at work.
    fn have_heard(&mut self) -> bool {
        self.notified.retain_mut(|running| match running.child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                say_if_failed(&running.file, status);
                false
            }
            Err(_) => false,
        });
        self.notified.is_empty()
    }
}

/// Whatever became of the command, the hooks that were told are waited for.
impl<W> Drop for Hooked<W> {
    fn drop(&mut self) {
        for Notified { file, mut child } in std::mem::take(&mut self.notified) {
            let status = loop {
                match child.try_wait() {
                    Ok(None) if interrupted() => break None,
                    Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                    Ok(status) => break status,
                    Err(_) => break None,
                }
            };
            match status {
                Some(status) => say_if_failed(&file, status),
                None => note(&format!("the hook {} is still running", file.display())),
            }
        }
    }
}

impl<W: Watch> Watch for Hooked<W> {
    fn event(&mut self, event: &Event) {
        self.watch.event(event);
    }

    fn before(&mut self, to: Phase, look: Look<'_>) -> cutover::Result<Verdict> {
        if !self.have_heard() {
            return Ok(Verdict::Wait);
        }
        let asked = match self.asked.take().filter(|asked| asked.to == to) {
            Some(asked) => asked,
            None => Asked { to, agreed: 0, running: None },
        };
        let asked = self.asked.insert(asked);
        loop {
            let Some(running) = &mut asked.running else {
                let Some(file) = self.args.before.get(asked.agreed) else {
                    self.asked = None;
                    return Ok(Verdict::Go);
                };
                let snapshot = look()?;
                match start(file, "before", snapshot.phase, to, &snapshot) {
                    Ok(child) => asked.running = Some(Running { file: file.clone(), child }),
                    Err(error) => return Ok(stop(file, &format!("can't be run: {error}"))),
                }
                continue;
            };
            match running.child.try_wait() {
                Ok(None) => return Ok(Verdict::Wait),
                Ok(Some(status)) if status.success() => {
                    asked.agreed += 1;
                    asked.running = None;
                }
                Ok(Some(status)) => {
                    let verdict = stop(&running.file, &format!("said no ({status})"));
                    self.asked = None;
                    return Ok(verdict);
                }
                Err(error) => return Ok(stop(&running.file, &error.to_string())),
            }
        }
    }

    fn after(&mut self, from: Phase, look: Look<'_>) {
        if self.args.after.is_empty() {
            return;
        }
        let snapshot = match look() {
            Ok(snapshot) => snapshot,
            Err(error) => return note(&format!("the hooks could not be run: {error}")),
        };
        for file in &self.args.after {
            match start(file, "after", from, snapshot.phase, &snapshot) {
                Ok(child) => self.notified.push(Notified { file: file.clone(), child }),
                Err(error) => note(&format!("the hook {} can't be run: {error}", file.display())),
            }
        }
    }

    fn interrupted(&mut self) -> bool {
        self.watch.interrupted()
    }
}

fn stop(file: &Path, what: &str) -> Verdict {
    Verdict::Stop { reason: format!("the hook {} {what}", file.display()) }
}

fn say_if_failed(file: &Path, status: ExitStatus) {
    if !status.success() {
        note(&format!("the hook {} failed ({status}); the transition was made", file.display()));
    }
}

fn start(
    file: &Path,
    when: &str,
    from: Phase,
    to: Phase,
    snapshot: &Snapshot,
) -> std::io::Result<Child> {
    // A file beside us is meant, not a program on the PATH.
    let named =
        if file.components().count() == 1 { Path::new(".").join(file) } else { file.into() };
    let mut child = Command::new(named)
        .env("CUTOVER_HOOK", when)
        .env("CUTOVER_FROM", from.name())
        .env("CUTOVER_TO", to.name())
        .env("CUTOVER_MIGRATION", &snapshot.migration)
        .env("CUTOVER_DB", &snapshot.database)
        .stdin(Stdio::piped())
        // What it prints is for the operator; our standard output is for our result.
        .stdout(std::io::stderr())
        .spawn()?;
    let text = serde_json::to_vec(snapshot).unwrap_or_default();
    if let Some(mut stdin) = child.stdin.take() {
        // A hook that reads nothing must not hold us up, and one that ends early is none of
        // our business.
        std::thread::spawn(move || stdin.write_all(&text));
    }
    Ok(child)
}
