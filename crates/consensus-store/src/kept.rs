//! A synthesis as `consensus_runs.synthesis_json` keeps it: every column of the old
//! table but those that name the run.

use rusqlite::types::ValueRef;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::stage::Stage;
use crate::synthesis::Synthesis;
use crate::time::CreatedAt;

/// The table that holds them.
pub(crate) const RUNS: &str = "consensus_runs";

/// One of the objects of the array.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct KeptSynthesis {
    pub(crate) id: i64,
    output_markdown: String,
    output_path: Option<String>,
    pub(crate) status: String,
    artifacts_count: Option<i64>,
    agreements: Option<String>,
    conflicts: Option<String>,
    pub(crate) degraded: Option<i64>,
    created_at: Value,
}

impl KeptSynthesis {
    pub(crate) fn created_at(&self) -> CreatedAt {
        match &self.created_at {
            Value::Null => CreatedAt::Missing,
            Value::String(text) => CreatedAt::from_text(text),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => CreatedAt::from_old(ValueRef::Integer(integer)),
                None => CreatedAt::Unreadable(number.to_string()),
            },
            // A number with a fraction: the whole part, and the fraction in units of 2^-62.
            Value::Array(parts) => match parts.as_slice() {
                [whole, fraction] => {
                    let part = |value: &Value| value.as_i64().unwrap_or_default() as f64;
                    let number = part(whole) + part(fraction) / (1_i64 << 62) as f64;
                    CreatedAt::Unreadable(number.to_string())
                }
                _ => CreatedAt::Unreadable(self.created_at.to_string()),
            },
            other => CreatedAt::Unreadable(other.to_string()),
        }
    }

    pub(crate) fn into_synthesis(
        self,
        spec_id: &str,
        stage: &Stage,
        run_id: Option<String>,
    ) -> Synthesis {
        let created_at = self.created_at();
        Synthesis {
            id: self.id,
            spec_id: spec_id.to_owned(),
            stage: stage.clone(),
            output_markdown: self.output_markdown,
            output_path: self.output_path,
            status: self.status,
            artifacts_count: self.artifacts_count,
            agreements: self.agreements,
            conflicts: self.conflicts,
            degraded: self.degraded.unwrap_or_default() != 0,
            run_id,
            created_at,
        }
    }
}

/// Reads one of them, or all of a run's.
pub(crate) fn parse<'t, T: Deserialize<'t>>(run: i64, text: &'t str) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|error| unexpected(run, format!("not what the store keeps there: {error}")))
}

/// The error for a run whose syntheses can't be read.
pub(crate) fn unexpected(run: i64, found: String) -> Error {
    Error::UnexpectedValue { table: RUNS, id: run, column: "synthesis_json", found }
}
