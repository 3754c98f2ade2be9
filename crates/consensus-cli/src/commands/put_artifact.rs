//! `consensus put artifact`: stores what an agent said.

use std::path::PathBuf;

use clap::Args;
use cli_kit::{Exit, Failure, Output};
use consensus_store::{NewArtifact, Stage};
use serde::Serialize;

use super::{failed, note_unknown};
use crate::input;
use crate::place::Place;

/// Store what an agent said
///
/// Prints the id under which it is stored.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus put artifact --spec S-1 --stage spec-plan --agent claude answer.json
  consensus put artifact --spec S-1 --stage spec-plan --agent gpt --run-id r7 -
  echo '{}' |
  consensus put artifact --spec S-1 --stage spec-plan --agent gemini

The store is made if it is missing.")]
pub(crate) struct Arguments {
    /// The content, usually JSON; standard input if it is `-` or absent
    #[arg(value_name = "CONTENT_FILE")]
    content: Option<PathBuf>,
    /// The spec it belongs to
    #[arg(long, value_name = "ID")]
    spec: String,
    /// The stage of the work on it, such as spec-plan
    #[arg(long)]
    stage: String,
    /// The agent
    #[arg(long, value_name = "NAME")]
    agent: String,
    /// The run it belongs to; you choose the name
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// The agent's whole response, from this file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
    /// The agent's whole response
    #[arg(long, value_name = "TEXT", conflicts_with = "response")]
    response_text: Option<String>,
    /// The model that the agent used; the old tables have no column for it
    #[arg(long, value_name = "VERSION")]
    model: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
}

impl Arguments {
    /// Whether the content and the response would both come from standard input.
    pub(crate) fn reads_stdin_twice(&self) -> bool {
        self.response.as_deref().is_some_and(|file| input::is_stdin(Some(file)))
            && input::is_stdin(self.content.as_deref())
    }
}

/// What was stored.
#[derive(Debug, Serialize)]
pub(super) struct Stored {
    pub(super) id: i64,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let stage = Stage::from(args.stage.as_str());
    note_unknown(&stage);
    let content = input::text(args.content.as_deref())?;
    let response = match &args.response {
        Some(file) => Some(input::text(Some(file))?),
        None => args.response_text.clone(),
    };
    let mut artifact = NewArtifact::new(&args.spec, stage, &args.agent, content);
    artifact.response_text = response.map(Into::into);
    artifact.run_id = args.run_id.as_deref().map(Into::into);
    artifact.model_version = args.model.as_deref().map(Into::into);
    let id = args.place.write()?.store_artifact(&artifact).map_err(failed)?;
    output.result(&Stored { id }, |_| format!("{id}\n"))?;
    Ok(Exit::Done)
}
