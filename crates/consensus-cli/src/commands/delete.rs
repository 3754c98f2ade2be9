//! `consensus delete`: deletes what there is of a spec.

use clap::Args;
use cli_kit::render::counted;
use cli_kit::{Exit, Failure, Output};
use consensus_store::{Deleted, Stage, Store};
use serde::Serialize;

use super::failed;
use crate::confirm::confirm;
use crate::place::Place;

/// Delete what is stored of a spec
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus delete --spec S-1
  consensus delete --spec S-1 --artifacts-only
  consensus delete --spec S-1 --stage spec-plan --yes

It asks first. Where there is no terminal to ask on it needs --yes, and is
refused without (exit code 3, nothing deleted).")]
pub(crate) struct Arguments {
    /// The spec
    #[arg(long, value_name = "ID")]
    spec: String,
    /// Only this stage
    #[arg(long)]
    stage: Option<String>,
    /// Only the artifacts; the syntheses stay
    #[arg(long)]
    artifacts_only: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What was deleted.
#[derive(Debug, Serialize)]
struct Counts {
    artifacts: u64,
    syntheses: u64,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let store = args.place.change()?;
    let there = args.there(&store)?;
    if there.artifacts + there.syntheses > 0 {
        confirm(args.yes, &format!("delete {} of {}", amounts(&there), args.subject()))?;
    }
    let deleted = args.delete(&store)?;
    output
        .result(&deleted, |_| format!("deleted {} of {}\n", amounts(&deleted), args.subject()))?;
    Ok(Exit::Done)
}

impl Arguments {
    /// What is about to be deleted.
    fn there(&self, store: &Store) -> Result<Counts, Failure> {
        let mut there = Counts { artifacts: 0, syntheses: 0 };
        let stage = self.stage.as_deref().map(Stage::from);
        for summary in store.summaries().map_err(failed)? {
            if summary.spec_id == self.spec && stage.as_ref().is_none_or(|s| *s == summary.stage) {
                there.artifacts += summary.artifacts;
                there.syntheses += if self.artifacts_only { 0 } else { summary.syntheses };
            }
        }
        Ok(there)
    }

    fn delete(&self, store: &Store) -> Result<Counts, Failure> {
        let stage = self.stage.as_deref().map(Stage::from);
        if self.artifacts_only {
            let artifacts = match stage {
                Some(stage) => store.delete_stage_artifacts(&self.spec, &stage),
                None => store.delete_spec_artifacts(&self.spec),
            };
            return Ok(Counts { artifacts: artifacts.map_err(failed)?, syntheses: 0 });
        }
        let deleted = match stage {
            Some(stage) => store.delete_stage(&self.spec, &stage),
            None => store.delete_spec(&self.spec),
        };
        let Deleted { artifacts, syntheses, .. } = deleted.map_err(failed)?;
        Ok(Counts { artifacts, syntheses })
    }

    fn subject(&self) -> String {
        match &self.stage {
            Some(stage) => format!("spec {}, stage {stage}", self.spec),
            None => format!("spec {}", self.spec),
        }
    }
}

fn amounts(Counts { artifacts, syntheses }: &Counts) -> String {
    let syntheses = match syntheses {
        1 => "1 synthesis".to_owned(),
        n => format!("{} syntheses", cli_kit::render::count(*n)),
    };
    format!("{} and {syntheses}", counted(*artifacts, "artifact"))
}
