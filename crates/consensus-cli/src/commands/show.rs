//! `consensus show`: what was said about a spec in a stage, and what was made of it.

use std::fmt::Write;

use clap::Args;
use cli_kit::render::{BOLD, DIM, GOOD, WARN, counted};
use cli_kit::{Exit, Failure, Output, output};
use comfy_table::Cell;
use consensus_store::{Artifact, Stage, Synthesis};
use serde::Serialize;

use super::failed;
use crate::listing::Listing;
use crate::table::{number, one_line, printable, table, word};

/// Show the artifacts and the synthesis of a spec and stage
///
/// The artifacts, the latest first, and the latest synthesis.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus show --spec S-1 --stage spec-plan
  consensus show --spec S-1 --stage spec-plan --full --table | less
  consensus show --spec S-1 --stage spec-plan --json | jq '.synthesis.status'

On a terminal a table with the beginnings of the texts (--full: all of them).
Elsewhere JSON, with everything: an object with the keys spec_id, stage,
artifacts, synthesis and, with --all-syntheses, syntheses.")]
pub(crate) struct Arguments {
    /// The spec
    #[arg(long, value_name = "ID")]
    spec: String,
    /// The stage of the work on it
    #[arg(long)]
    stage: String,
    /// The whole texts, one below the other
    #[arg(long)]
    full: bool,
    /// Every synthesis, the latest first
    #[arg(long)]
    all_syntheses: bool,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    spec_id: &'a str,
    stage: &'a Stage,
    artifacts: Vec<Artifact>,
    /// The latest.
    synthesis: Option<Synthesis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syntheses: Option<Vec<Synthesis>>,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let stage = Stage::from(args.stage.as_str());
    let store = args.listing.place.read()?;
    let artifacts = store.query_artifacts(&args.spec, &stage).map_err(failed)?;
    let (synthesis, syntheses) = if args.all_syntheses {
        let all = store.query_syntheses(&args.spec, &stage).map_err(failed)?;
        (all.first().cloned(), Some(all))
    } else {
        (store.query_latest_synthesis(&args.spec, &stage).map_err(failed)?, None)
    };
    let shown = Shown { spec_id: &args.spec, stage: &stage, artifacts, synthesis, syntheses };
    if shown.artifacts.is_empty() && shown.synthesis.is_none() {
        output::note(&format!(
            "the store has nothing for spec {}, stage {stage}; `{}` lists what it has",
            args.spec,
            output.paste().own("specs")
        ));
    }
    output.result(&shown, |_| if args.full { whole(&shown) } else { short(&shown) })?;
    Ok(Exit::Done)
}

impl Shown<'_> {
    fn syntheses(&self) -> &[Synthesis] {
        self.syntheses.as_deref().unwrap_or(self.synthesis.as_slice())
    }
}

/// Tables with the beginnings of the texts.
fn short(shown: &Shown<'_>) -> String {
    let mut out = String::new();
    if !shown.artifacts.is_empty() {
        out += &artifacts(&shown.artifacts);
    }
    let syntheses = shown.syntheses();
    if !syntheses.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        out += &self::syntheses(syntheses);
    }
    out
}

fn artifacts(artifacts: &[Artifact]) -> String {
    // Most stores know no models: a column for nothing would take room from the content.
    let models = artifacts.iter().any(|artifact| artifact.model_version.is_some());
    let mut header = vec!["id", "agent", "run", "made (UTC)", "response", "content"];
    if models {
        header.insert(2, "model");
    }
    let rows = artifacts
        .iter()
        .map(|artifact| {
            let mut row = vec![
                Cell::new(artifact.id),
                word(&artifact.agent_name),
                word(artifact.run_id.as_deref().unwrap_or("-")),
                word(&artifact.created_at.to_string()),
                response(artifact),
                Cell::new_owned(one_line(&artifact.content_json)),
            ];
            if models {
                row.insert(2, word(artifact.model_version.as_deref().unwrap_or("-")));
            }
            row
        })
        .collect();
    table(&header, rows, 2)
}

/// How long the response is: in most, the content says the same in short.
fn response(artifact: &Artifact) -> Cell {
    match &artifact.response_text {
        Some(text) => number(text.chars().count() as u64),
        None => Cell::new("-"),
    }
}

fn syntheses(syntheses: &[Synthesis]) -> String {
    let rows = syntheses
        .iter()
        .map(|synthesis| {
            vec![
                Cell::new(synthesis.id),
                word(&status(synthesis)),
                word(synthesis.run_id.as_deref().unwrap_or("-")),
                word(&synthesis.created_at.to_string()),
                Cell::new_owned(one_line(&synthesis.output_markdown)),
            ]
        })
        .collect();
    table(&["id", "status", "run", "made (UTC)", "synthesis"], rows, 2)
}

fn status(synthesis: &Synthesis) -> String {
    let degraded = if synthesis.degraded { " (degraded)" } else { "" };
    format!("{}{degraded}", synthesis.status)
}

/// Every text, one below the other.
fn whole(shown: &Shown<'_>) -> String {
    let mut out = String::new();
    for artifact in &shown.artifacts {
        let Artifact { id, agent_name, content_json, response_text, .. } = artifact;
        let model = artifact.model_version.as_deref().map(|model| format!(" ({model})"));
        let head = format!("{agent_name}{}", model.unwrap_or_default());
        let made = made(artifact.run_id.as_deref(), &artifact.created_at.to_string());
        heading(&mut out, &format!("artifact {id}"), &head, &made);
        text(&mut out, "content", content_json);
        if let Some(response) = response_text {
            text(&mut out, "response", response);
        }
    }
    for synthesis in shown.syntheses() {
        let made = made(synthesis.run_id.as_deref(), &synthesis.created_at.to_string());
        heading(&mut out, &format!("synthesis {}", synthesis.id), &status(synthesis), &made);
        if let Some(count) = synthesis.artifacts_count {
            let of =
                u64::try_from(count).map_or_else(|_| count.to_string(), |n| counted(n, "artifact"));
            text(&mut out, "made of", &of);
        }
        for (name, value) in [
            ("written to", &synthesis.output_path),
            ("agreements", &synthesis.agreements),
            ("conflicts", &synthesis.conflicts),
        ] {
            if let Some(value) = value {
                text(&mut out, name, value);
            }
        }
        text(&mut out, "text", &synthesis.output_markdown);
    }
    out
}

fn made(run: Option<&str>, at: &str) -> String {
    match run {
        Some(run) => format!("{at}, run {run}"),
        None => at.to_owned(),
    }
}

fn heading(out: &mut String, what: &str, head: &str, made: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    let (head, made) = (one_line(head), one_line(made));
    let _ = writeln!(out, "{BOLD}{what}{BOLD:#}  {GOOD}{head}{GOOD:#}  {DIM}{made}{DIM:#}");
}

/// A text under its name; on the same line if it is short.
fn text(out: &mut String, name: &str, text: &str) {
    let text = printable(text);
    let text = text.trim_end_matches('\n');
    let between = if text.contains('\n') { '\n' } else { ' ' };
    let _ = writeln!(out, "{WARN}{name}:{WARN:#}{between}{text}");
}
