//! `query_artifacts` of five rows: after the cutover, before it, and while the reader
//! looks at both schemas.

use std::path::Path;
use std::time::Duration;

use cutover::Phase;

use benches::database::Result;

use crate::files;
use crate::ours::Ours;
use crate::raw::{Durability, Raw, Schema};
use crate::rounds::{Lane, Task, compare};
use crate::seed::{self, Old, Seed};

/// Artifacts in the database.
const ARTIFACTS: u64 = 10_000;

const NORMAL: Durability = Durability::Normal;

pub(crate) fn run(time: Duration) -> Result<()> {
    new_schema(time)?;
    legacy(time)?;
    between(time)
}

fn new_schema(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::new_schema(&file("raw.db"), ARTIFACTS, files::Maker::Store)?;
    drop(Ours::open(&file("fresh.db"), NORMAL)?);
    files::fill_new(&file("fresh.db"), ARTIFACTS)?;
    files::seed(&file("seed.db"), seed::SCHEMA, ARTIFACTS)?;
    let lanes = vec![
        lane("raw limit", Raw::new(&file("raw.db"), Schema::New, NORMAL)),
        lane("the store, a file that it made", Ours::open(&file("fresh.db"), NORMAL)?),
        lane("the store, new-only", in_phase(dir.path(), Phase::NewOnly)?),
        lane("the seed's approach", Seed::new(&file("seed.db"), Old::None, NORMAL)?),
    ];
    compare("query_artifacts, 5 rows of the new schema", lanes, time)
}

fn legacy(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::legacy(&file("raw.db"), ARTIFACTS)?;
    files::legacy(&file("ours.db"), ARTIFACTS)?;
    files::legacy(&file("seed.old.db"), ARTIFACTS)?;
    let lanes = vec![
        lane("raw limit", Raw::new(&file("raw.db"), Schema::Legacy, NORMAL)),
        lane("the store, legacy", Ours::open(&file("ours.db"), NORMAL)?),
        lane("the store, dual-write", in_phase(dir.path(), Phase::DualWrite)?),
        lane(
            "the seed's approach, fallen back",
            Seed::new(&file("seed.db"), Old::WriteAheadLog, NORMAL)?,
        ),
    ];
    compare("query_artifacts, 5 rows of the old schema", lanes, time)
}

fn between(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::new_schema(&file("raw.db"), ARTIFACTS, files::Maker::OldProgram)?;
    let lanes = vec![
        lane("raw limit, new schema alone", Raw::new(&file("raw.db"), Schema::New, NORMAL)),
        lane("the store, read-new", in_phase(dir.path(), Phase::ReadNew)?),
        lane("the store, write-new", in_phase(dir.path(), Phase::WriteNew)?),
    ];
    compare("query_artifacts, 5 rows, while both schemas are kept", lanes, time)
}

fn lane(name: &str, contender: impl crate::contender::Contender + 'static) -> Lane {
    Lane::new(name, contender, Task::query(files::runs(ARTIFACTS)))
}

fn in_phase(dir: &Path, phase: Phase) -> Result<Ours> {
    let path = dir.join(format!("{phase}.db"));
    files::legacy(&path, ARTIFACTS)?;
    files::advance(&path, phase)?;
    Ours::open(&path, NORMAL)
}
