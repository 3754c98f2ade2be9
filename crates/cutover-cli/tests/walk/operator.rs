//! Which command comes next, and what may come of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use testkit::program::Outcome;

use crate::walk::scene::{NAME, Scene};

/// Where the walk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Out of the migration, by `abort`.
    Left,
    /// At its end.
    Retired,
}

/// Phases in which the walk must have been before it ends.
const PHASES: [&str; 5] = ["legacy", "dual-write", "read-new", "write-new", "new-only"];

/// Commands that are tried wherever the migration stands, whatever they say to it.
const ANYWHERE: &[&str] = &[
    "verify",
    "repair",
    "backfill",
    "abort",
    ABORT,
    "rollback",
    "advance",
    "pause",
    "resume",
    "postpone",
    "unpostpone",
    "pace --fast",
    "pace --gentle",
    "status --json",
    "history --json",
    "plan FILE",
    "check FILE",
    "check FILE --fuzz 40",
    "start FILE",
    "rollback --to dual-write",
];

/// Leaves the migration, whatever is only in the new tables by then.
const ABORT: &str = "abort --yes";

/// What leads on from a phase, as often as it stands here.
fn onwards(phase: &str) -> &'static [&'static str] {
    match phase {
        "legacy" => &["start FILE", "start FILE", "start FILE --fast", "start FILE --no-backfill"],
        "dual-write" => &["backfill", "advance", "advance", "verify", "repair", ABORT],
        "read-new" => &[
            "backfill",
            "advance --to write-new --yes",
            "advance --to new-only --yes",
            "rollback",
            ABORT,
        ],
        "write-new" => &[
            "advance --to new-only --yes",
            "advance --to new-only --yes",
            "rollback",
            "rollback --to dual-write",
            "verify",
        ],
        "new-only" => &[
            "rollback",
            "rollback",
            "rollback --to read-new",
            "rollback --to dual-write",
            "verify",
        ],
        _ => &["status --json"],
    }
}

pub(crate) struct Operator<'s> {
    scene: &'s Scene,
    rng: Rng,
    /// How often each command came to each exit code; `killed` where it did not come to one.
    came_to: BTreeMap<(String, String), u64>,
    entered: BTreeMap<String, u64>,
    phase: String,
    steps: u64,
}

impl fmt::Display for Operator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commands; phases entered:", self.steps)?;
        for (phase, times) in &self.entered {
            write!(f, " {phase} {times}")?;
        }
        if f.alternate() {
            for ((command, code), times) in &self.came_to {
                write!(f, "\n  {command}: exit {code}, {times} times")?;
            }
        }
        Ok(())
    }
}

impl<'s> Operator<'s> {
    pub(crate) fn new(scene: &'s Scene, seed: u64) -> Self {
        let entered = BTreeMap::from([("legacy".to_owned(), 1)]);
        let rng = Rng::with_seed(seed ^ 0x0907);
        let phase = "legacy".to_owned();
        Self { scene, rng, came_to: BTreeMap::new(), entered, phase, steps: 0 }
    }

    pub(crate) fn was_everywhere(&self) -> bool {
        PHASES.iter().all(|phase| self.entered.contains_key(*phase)) && self.entered["legacy"] > 1
    }

    /// One command, which may be killed.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        let on = onwards(&self.phase);
        let command = match self.rng.u8(..4) {
            0 => ANYWHERE[self.rng.usize(..ANYWHERE.len())],
            _ => on[self.rng.usize(..on.len())],
        };
        let killed =
            (self.rng.u8(..6) == 0).then(|| Duration::from_micros(self.rng.u64(..400_000)));
        // Nobody else would let it go on.
        let stands = command == "pause" || command == "postpone";
        self.command(command, killed)?;
        if stands {
            let undo = if command == "pause" { "resume" } else { "unpostpone" };
            self.command(undo, None)?;
        }
        Ok(())
    }

    /// Runs a command, or as much of it as comes before it is killed.
    fn command(&mut self, command: &str, killed: Option<Duration>) -> Result<(), String> {
        self.steps += 1;
        let file = self.scene.path("walk.sql");
        let words: Vec<&str> = command
            .split(' ')
            .map(|word| if word == "FILE" { file.to_str().unwrap() } else { word })
            .collect();
        let running = self.scene.cutover().spawn(&words);
        let outcome = match killed {
            Some(after) => running.kill_after(after),
            None => running.wait(Duration::from_secs(300)),
        };
        let code = outcome.code.map_or("killed".to_owned(), |code| code.to_string());
        *self.came_to.entry((command.to_owned(), code)).or_default() += 1;
        self.judge(command, &outcome)?;
        self.look()
    }

    /// What a command may come to: done, refused, busy. Anything else is a fault.
    fn judge(&self, command: &str, outcome: &Outcome) -> Result<(), String> {
        let what = || format!("{command} in {}: {}{}", self.phase, outcome.stdout, outcome.stderr);
        let missing = outcome.stderr.contains("no migration");
        match outcome.code {
            None | Some(0 | 3 | 4) => Ok(()),
            Some(5) if missing => Ok(()),
            // While a rollback from new-only is under way, or a backfill, the sides differ.
            Some(1) if command == "verify" && self.is_between() => Ok(()),
            code => Err(format!("exit {code:?}: {}", what())),
        }
    }

    /// Whether one side has yet to be brought up to the other.
    fn is_between(&self) -> bool {
        let status = self.scene.cutover().run(&["status", "--json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap_or_default();
        status["backfill"]["complete"] != true || status["phase"] == "new-only"
    }

    /// Where the migration stands now.
    fn look(&mut self) -> Result<(), String> {
        let outcome = self.scene.cutover().run(&["status", "--json"]);
        let phase = match outcome.code {
            Some(0) => {
                let status: Value =
                    serde_json::from_str(&outcome.stdout).map_err(|e| e.to_string())?;
                status["phase"].as_str().unwrap_or("legacy").to_owned()
            }
            Some(5) => "legacy".to_owned(),
            code => {
                return Err(format!("status: exit {code:?}: {}{}", outcome.stdout, outcome.stderr));
            }
        };
        if phase != self.phase {
            *self.entered.entry(phase.clone()).or_default() += 1;
            self.phase = phase;
        }
        Ok(())
    }

    /// To the end of the walk, with nobody there but us: no command may be refused for good.
    pub(crate) fn finish(&mut self, finish: Finish) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(600);
        self.command("resume", None)?;
        self.command("unpostpone", None)?;
        while Instant::now() < deadline {
            let phase = self.phase.clone();
            let command = match (finish, phase.as_str()) {
                (Finish::Left, "legacy") | (Finish::Retired, "retired") => return Ok(()),
                (Finish::Left, "dual-write" | "read-new") => ABORT,
                (Finish::Left, _) => "rollback --to dual-write",
                (Finish::Retired, "legacy") => "start FILE",
                (Finish::Retired, "new-only") => "advance --to retired --yes",
                (Finish::Retired, _) => {
                    self.command("backfill", None)?;
                    "advance --to new-only --yes"
                }
            };
            self.command(command, None)?;
        }
        Err(format!("the walk does not come to its end: it is in {}", self.phase))
    }

    /// What is left behind goes, but for rows that were set aside.
    pub(crate) fn forget(&mut self) -> Result<(), String> {
        self.command(&format!("forget {NAME}"), None)
    }
}
