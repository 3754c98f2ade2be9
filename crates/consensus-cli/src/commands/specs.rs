//! `consensus specs`: what there is of each spec and stage.

use clap::Args;
use cli_kit::{Exit, Failure, Output, output};
use consensus_store::{CreatedAt, StageSummary};

use super::failed;
use crate::listing::Listing;
use crate::table::{number, table, word};

/// List the specs and stages, and what is stored of each
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus specs
  consensus specs --json | jq -r '.[].spec_id'

A table on a terminal, JSON elsewhere: an array of objects with the keys
spec_id, stage, artifacts, syntheses, runs and latest_ms.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let summaries = args.listing.place.read()?.summaries().map_err(failed)?;
    if summaries.is_empty() {
        let help = output.paste().own("put artifact --help");
        output::note(&format!("the store is empty; `{help}` shows how to start"));
    }
    output.result(&summaries, |_| render(&summaries))?;
    Ok(Exit::Done)
}

fn render(summaries: &[StageSummary]) -> String {
    if summaries.is_empty() {
        return String::new();
    }
    let rows = summaries
        .iter()
        .map(|summary| {
            let latest = summary.latest_ms.map_or(CreatedAt::Missing, CreatedAt::Millis);
            vec![
                word(&summary.spec_id),
                word(summary.stage.as_str()),
                number(summary.artifacts),
                number(summary.syntheses),
                number(summary.runs),
                word(&latest.to_string()),
            ]
        })
        .collect();
    table(&["spec", "stage", "artifacts", "syntheses", "runs", "latest (UTC)"], rows, 3)
}
