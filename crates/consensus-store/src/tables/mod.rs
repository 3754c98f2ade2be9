//! Every operation, once for each side: [`of`] gives that of a side.

pub(crate) mod new;
pub(crate) mod old;
mod row;
mod sql;

use cutover::Side;

use self::new::New;
use self::old::Old;
use self::row::Read;
use crate::artifact::{Artifact, NewArtifact};
use crate::connection::Connection;
use crate::fault::Step;
use crate::reports::{Deleted, StageSummary, Totals};
use crate::stage::Stage;
use crate::synthesis::{NewSynthesis, Synthesis};

/// The tables of a side.
pub(crate) trait Tables: Writes + Reads + Removes {}

impl Tables for Old {}
impl Tables for New {}

/// The tables of a side.
pub(crate) fn of(side: Side) -> &'static dyn Tables {
    match side {
        Side::Old => &Old,
        Side::New => &New,
    }
}

/// What writes. Each gives the id that its caller gets.
pub(crate) trait Writes {
    fn store_artifact(&self, conn: &Connection, artifact: &NewArtifact<'_>) -> Step<i64>;
    fn store_synthesis(&self, conn: &Connection, synthesis: &NewSynthesis<'_>) -> Step<i64>;
}

/// What reads. Rows come with the latest first.
pub(crate) trait Reads {
    fn artifacts(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Artifact>>;
    fn latest_synthesis(
        &self,
        conn: &Connection,
        spec_id: &str,
        stage: &Stage,
    ) -> Step<Option<Synthesis>>;
    fn syntheses(&self, conn: &Connection, spec_id: &str, stage: &Stage) -> Step<Vec<Synthesis>>;
    fn count_artifacts(&self, conn: &Connection, spec_id: &str) -> Step<u64>;
    fn specs(&self, conn: &Connection) -> Step<Vec<String>>;
    fn summaries(&self, conn: &Connection) -> Step<Vec<StageSummary>>;
    fn totals(&self, conn: &Connection) -> Step<Totals>;
}

/// What deletes; without a stage in all stages of a spec.
pub(crate) trait Removes {
    fn delete_artifacts(
        &self,
        conn: &Connection,
        spec_id: &str,
        stage: Option<&Stage>,
    ) -> Step<u64>;
    fn delete_all(&self, conn: &Connection, spec_id: &str, stage: Option<&Stage>) -> Step<Deleted>;
    /// Deletes what is older among the next rows.
    fn prune(&self, conn: &Connection, rows: Rows, next: Next) -> Step<Pruned>;
}

/// What is pruned.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows {
    Artifacts,
    Syntheses,
}

/// The next rows to be pruned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    /// Those with larger ids.
    pub(crate) after: i64,
    /// So many.
    pub(crate) rows: i64,
    /// Only what was made before.
    pub(crate) older_than_ms: i64,
}

/// What pruning came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pruned {
    pub(crate) deleted: u64,
    /// The id it came to; `None` at the end.
    pub(crate) until: Option<i64>,
}
