//! `consensus put synthesis`: stores what was made of the agents' outputs.

use std::path::PathBuf;

use clap::Args;
use cli_kit::{Exit, Failure, Output};
use consensus_store::{NewSynthesis, Stage};

use super::put_artifact::Stored;
use super::{failed, note_unknown};
use crate::input;
use crate::place::Place;

/// Store a synthesis of the agents' outputs
///
/// Prints the id under which it is stored: the synthesis's own in the old tables, that of
/// its run in the new ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus put synthesis --spec S-1 --stage spec-plan --status ok plan.md
  consensus put synthesis --spec S-1 --stage spec-plan --status ok --degraded -

The store is made if it is missing.")]
pub(crate) struct Arguments {
    /// The text; standard input if it is `-` or absent
    #[arg(value_name = "MARKDOWN_FILE")]
    markdown: Option<PathBuf>,
    /// The spec it belongs to
    #[arg(long, value_name = "ID")]
    spec: String,
    /// The stage of the work on it, such as spec-plan
    #[arg(long)]
    stage: String,
    /// How it went; `ok` means that the agents agreed
    #[arg(long)]
    status: String,
    /// The run it belongs to; you choose the name
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Where else the text was written; only recorded
    #[arg(long, value_name = "PATH")]
    output_path: Option<String>,
    /// The number of artifacts it is made of
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    artifacts_count: Option<i64>,
    /// What the agents agreed on
    #[arg(long, value_name = "TEXT")]
    agreements: Option<String>,
    /// What they disagreed on
    #[arg(long, value_name = "TEXT")]
    conflicts: Option<String>,
    /// Some agents were missing
    #[arg(long)]
    degraded: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let stage = Stage::from(args.stage.as_str());
    note_unknown(&stage);
    let markdown = input::text(args.markdown.as_deref())?;
    let mut synthesis = NewSynthesis::new(&args.spec, stage, markdown, &args.status);
    synthesis.run_id = args.run_id.as_deref().map(Into::into);
    synthesis.output_path = args.output_path.as_deref().map(Into::into);
    synthesis.artifacts_count = args.artifacts_count;
    synthesis.agreements = args.agreements.as_deref().map(Into::into);
    synthesis.conflicts = args.conflicts.as_deref().map(Into::into);
    synthesis.degraded = args.degraded;
    let id = args.place.write()?.store_synthesis(&synthesis).map_err(failed)?;
    output.result(&Stored { id }, |_| format!("{id}\n"))?;
    Ok(Exit::Done)
}
