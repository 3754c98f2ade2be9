//! Several agents work on a spec, each a thread that stores its output as it gets it; one
//! more program reads all the while, through a store of its own; at the end the outputs
//! are brought together.
//!
//! ```text
//! cargo run -p consensus-store --example agents            # a throw-away store
//! cargo run -p consensus-store --example agents -- my.db   # this one
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use consensus_store::{Artifact, NewArtifact, NewSynthesis, Options, Result, Stage, Store};

const SPEC: &str = "SPEC-42";
const AGENTS: [&str; 4] = ["claude", "gemini", "gpt", "qwen"];

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--read", path, run] => return Ok(read(Path::new(path), run)?),
        [path] => work(Path::new(path))?,
        _ => {
            let dir = tempfile::tempdir()?;
            work(&dir.path().join("consensus.db"))?;
        }
    }
    Ok(())
}

/// The tool: it lets its agents work on a spec, and makes one plan of what they say.
fn work(path: &Path) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(path)?;
    // Who runs it says which run it is; its time of day wouldn't do.
    let run = format!("run-{}", std::process::id());
    let mut reader = start_reader(path, &run)?;
    std::thread::scope(|scope| {
        let agents: Vec<_> =
            AGENTS.iter().map(|agent| scope.spawn(|| answer(&store, agent, &run))).collect();
        agents.into_iter().try_for_each(|agent| match agent.join() {
            Ok(stored) => stored.map(|id| println!("an agent's output is stored: {id}")),
            Err(_) => {
                println!("an agent gave up");
                Ok(())
            }
        })
    })?;
    let outputs = outputs_of(&store, &run)?;
    let text = synthesise(&outputs);
    let synthesis = NewSynthesis::new(SPEC, Stage::Plan, text, "ok")
        .artifacts_count(i64::try_from(outputs.len())?)
        .degraded(outputs.len() < AGENTS.len())
        .run_id(run.as_str());
    store.store_synthesis(&synthesis)?;
    reader.wait()?;
    Ok(())
}

/// An agent: it thinks, and stores what it thought.
fn answer(store: &Store, agent: &str, run: &str) -> Result<i64> {
    std::thread::sleep(Duration::from_millis(30 * agent.len() as u64));
    let content = format!(r#"{{"agent": "{agent}", "steps": ["read", "change", "test"]}}"#);
    let artifact = NewArtifact::new(SPEC, Stage::Plan, agent, content)
        .response_text(format!("I am {agent}. First I read the code, then …"))
        .run_id(run);
    store.store_artifact(&artifact)
}

fn outputs_of(store: &Store, run: &str) -> Result<Vec<Artifact>> {
    let mut outputs = store.query_artifacts(SPEC, &Stage::Plan)?;
    outputs.retain(|output| output.run_id.as_deref() == Some(run));
    Ok(outputs)
}

/// What a real tool would ask a model for.
fn synthesise(outputs: &[Artifact]) -> String {
    let mut text = String::from("# Plan\n");
    for output in outputs {
        text.push_str(&format!("\n- {}: {}", output.agent_name, output.content_json));
    }
    text
}

/// This same program, as one that only reads.
fn start_reader(path: &Path, run: &str) -> std::io::Result<Child> {
    let program: PathBuf = std::env::current_exe()?;
    Command::new(program).arg("--read").arg(path).arg(run).spawn()
}

/// The reader: it waits for the synthesis of a run, and tells what it sees on the way.
fn read(path: &Path, run: &str) -> Result<()> {
    let store = Store::open_with(path, Options::default().read_only(true))?;
    let mut seen = 0;
    loop {
        let outputs = outputs_of(&store, run)?;
        if outputs.len() > seen {
            seen = outputs.len();
            println!("  the reader sees {seen} of {}", AGENTS.len());
        }
        let latest = store.query_latest_synthesis(SPEC, &Stage::Plan)?;
        if let Some(latest) = latest.filter(|latest| latest.run_id.as_deref() == Some(run)) {
            println!("  the reader sees the plan:\n{}", latest.output_markdown);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
