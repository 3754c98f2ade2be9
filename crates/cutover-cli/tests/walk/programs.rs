//! The eight programs: four that know the old tables, four that know the new ones. All of them
//! try to write all the time.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use testkit::program::Running;

use crate::walk::scene::{PROGRAMS, Scene};

struct Program {
    owner: i64,
    incarnation: u64,
    running: Running,
    stop_file: PathBuf,
}

pub(crate) struct Programs {
    seed: u64,
    all: Vec<Program>,
    killed: u64,
}

impl Programs {
    pub(crate) fn start(scene: &Scene, seed: u64) -> Self {
        std::fs::write(scene.path("program.py"), include_str!("program.py")).unwrap();
        let all = (1..=PROGRAMS).map(|owner| spawn(scene, seed, owner, 0)).collect();
        Self { seed, all, killed: 0 }
    }

    /// Whether one has found something wrong: none ends by itself.
    pub(crate) fn look(&mut self) -> Result<(), String> {
        let ended = self.all.iter_mut().position(|program| !program.running.is_running());
        let Some(ended) = ended else { return Ok(()) };
        let outcome = self.all.swap_remove(ended).running.wait(Duration::from_secs(1));
        Err(format!("{}{}", outcome.stdout, outcome.stderr))
    }

    /// Kills one at whatever instruction it is, and begins it again.
    pub(crate) fn kill_one(&mut self, scene: &Scene, rng: &mut Rng) {
        let at = rng.usize(..self.all.len());
        let Program { owner, incarnation, running, .. } = self.all.swap_remove(at);
        let _ = running.kill();
        self.killed += 1;
        self.all.push(spawn(scene, self.seed, owner, incarnation + 1));
    }

    /// Lets them end after the transaction at hand; gives how many were killed.
    pub(crate) fn stop(self) -> Result<u64, String> {
        for program in &self.all {
            std::fs::write(&program.stop_file, "").unwrap();
        }
        for program in self.all {
            let outcome = program.running.wait(Duration::from_secs(60));
            if outcome.code != Some(0) {
                return Err(format!("{}{}", outcome.stdout, outcome.stderr));
            }
        }
        Ok(self.killed)
    }
}

fn spawn(scene: &Scene, seed: u64, owner: i64, incarnation: u64) -> Program {
    let stop_file = scene.path("stop");
    let config = json!({
        "db": scene.db(),
        "diary": scene.diary(owner),
        "stop_file": stop_file,
        "owner": owner,
        "side": if owner <= PROGRAMS / 2 { "old" } else { "new" },
        "seed": seed,
        "incarnation": incarnation,
        "pause_ms": 0,
    });
    let file = scene.path(&format!("program-{owner}.json"));
    std::fs::write(&file, config.to_string()).unwrap();
    let running = Running::spawn(Command::new("python3").arg(scene.path("program.py")).arg(&file));
    Program { owner, incarnation, running, stop_file }
}
