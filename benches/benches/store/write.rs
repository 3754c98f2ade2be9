//! `store_artifact` by one caller: in the new schema, and while both are kept.

use std::path::Path;
use std::time::Duration;

use cutover::Phase;

use benches::database::Result;

use crate::contender::Feed;
use crate::files::{self, Maker};
use crate::ours::Ours;
use crate::raw::{Durability, Raw, Schema};
use crate::rounds::{Lane, Task, compare};
use crate::seed::{Old, Seed};

/// Artifacts in a database that has been in use.
const ARTIFACTS: u64 = 10_000;

const NORMAL: Durability = Durability::Normal;

pub(crate) fn run(time: Duration) -> Result<()> {
    fresh(time)?;
    after_cutover(time)?;
    dual_write(time)?;
    write_new(time)
}

fn fresh(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::new_schema(&file("raw.db"), 0, Maker::Store)?;
    files::new_schema(&file("plain.db"), 0, Maker::OldProgram)?;
    let lanes = vec![
        lane("raw limit", Raw::new(&file("raw.db"), Schema::New, NORMAL)),
        lane("raw limit, without auto_vacuum", Raw::new(&file("plain.db"), Schema::New, NORMAL)),
        lane("the store", Ours::open(&file("ours.db"), NORMAL)?),
        lane("the seed's approach", Seed::new(&file("seed.db"), Old::None, NORMAL)?),
    ];
    compare("store_artifact, a file that the store made, one caller", lanes, time)
}

fn after_cutover(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let raw = new_schema(dir.path())?;
    let ours = in_phase(dir.path(), "ours.db", Phase::NewOnly)?;
    let lanes = vec![lane("raw limit", raw), lane("the store, new-only", ours)];
    compare("store_artifact after a cutover, one caller", lanes, time)
}

fn dual_write(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::legacy(&file("raw.db"), ARTIFACTS)?;
    files::legacy(&file("legacy.db"), ARTIFACTS)?;
    let lanes = vec![
        lane("raw limit, legacy schema alone", Raw::new(&file("raw.db"), Schema::Legacy, NORMAL)),
        lane("the store, legacy", Ours::open(&file("legacy.db"), NORMAL)?),
        lane("the store, dual-write", in_phase(dir.path(), "dual.db", Phase::DualWrite)?),
        lane(
            "the seed's approach, all in WAL",
            Seed::new(&file("kind.db"), Old::WriteAheadLog, NORMAL)?,
        ),
        lane(
            "the seed's approach, rollback journal for the old schema",
            Seed::new(&file("seed.db"), Old::RollbackJournal, NORMAL)?,
        ),
    ];
    compare("store_artifact while writes enter the old schema, one caller", lanes, time)
}

fn write_new(time: Duration) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let raw = new_schema(dir.path())?;
    let ours = in_phase(dir.path(), "ours.db", Phase::WriteNew)?;
    let lanes = vec![lane("raw limit, new schema alone", raw), lane("the store, write-new", ours)];
    compare("store_artifact while old tables follow the new, one caller", lanes, time)
}

fn lane(name: &str, contender: impl crate::contender::Contender + 'static) -> Lane {
    Lane::new(name, contender, Task::Store(Feed::new("")))
}

fn new_schema(dir: &Path) -> Result<Raw> {
    let path = dir.join("raw.db");
    files::new_schema(&path, ARTIFACTS, Maker::OldProgram)?;
    Ok(Raw::new(&path, Schema::New, NORMAL))
}

fn in_phase(dir: &Path, name: &str, phase: Phase) -> Result<Ours> {
    let path = dir.join(name);
    files::legacy(&path, ARTIFACTS)?;
    files::advance(&path, phase)?;
    Ours::open(&path, NORMAL)
}
