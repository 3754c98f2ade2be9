//! Whether calls get slower as the file grows, beyond what the raw limit does.

use std::time::Duration;

use cutover::Phase;

use benches::database::Result;
use benches::report::table;

use crate::contender::Feed;
use crate::files;
use crate::ours::Ours;
use crate::raw::{Durability, Raw, Schema};
use crate::rounds::{CALLS, Lane, Task, race};

const NORMAL: Durability = Durability::Normal;

/// Rounds of writes at most, so that the smallest file stays a small one.
const WRITE_ROUNDS: usize = 4_000 / CALLS;

/// What one work takes at one size.
struct Figure {
    work: &'static str,
    artifacts: u64,
    /// Medians of the raw limit and of ours, in microseconds.
    raw: f64,
    ours: f64,
    ratio: f64,
}

pub(crate) fn run(time: Duration, million: bool) -> Result<()> {
    let mut sizes = vec![1_000, 100_000];
    sizes.extend(million.then_some(1_000_000));
    let mut figures = Vec::new();
    for artifacts in sizes {
        figures.extend(new_schema(artifacts, time)?);
        figures.push(dual_write(artifacts, time)?);
    }
    figures.sort_by_key(|figure| (figure.work, figure.artifacts));
    let mut lines = Vec::new();
    for group in figures.chunk_by(|a, b| a.work == b.work) {
        lines.extend(group.iter().map(|figure| line(figure, &group[0])));
    }
    let columns = [
        "",
        "artifacts",
        "raw limit, median µs",
        "the store, median µs",
        "to the raw limit",
        "raw limit to its first",
        "the store to its first",
    ];
    table("Calls as the file grows, one caller", &columns, &lines);
    Ok(())
}

fn line(figure: &Figure, smallest: &Figure) -> Vec<String> {
    vec![
        figure.work.to_owned(),
        figure.artifacts.to_string(),
        format!("{:.1}", figure.raw),
        format!("{:.1}", figure.ours),
        format!("{:.2}×", figure.ratio),
        format!("{:.2}×", figure.raw / smallest.raw),
        format!("{:.2}×", figure.ours / smallest.ours),
    ]
}

fn new_schema(artifacts: u64, time: Duration) -> Result<[Figure; 2]> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::new_schema(&file("raw.db"), artifacts, files::Maker::Store)?;
    drop(Ours::open(&file("ours.db"), NORMAL)?);
    files::fill_new(&file("ours.db"), artifacts)?;
    let lanes = |task: &dyn Fn() -> Task| -> Result<[Lane; 2]> {
        let raw = Raw::new(&file("raw.db"), Schema::New, NORMAL);
        let ours = Ours::open(&file("ours.db"), NORMAL)?;
        Ok([Lane::new("", raw, task()), Lane::new("", ours, task())])
    };
    // Reads first: the writes go to stages that are read.
    let reads = lanes(&|| Task::query(files::runs(artifacts)))?;
    let writes = lanes(&|| Task::Store(Feed::into_specs("s", files::specs(artifacts))))?;
    let most = (time, usize::MAX);
    Ok([
        measure("query_artifacts, new schema", artifacts, reads, most)?,
        measure("store_artifact, new schema", artifacts, writes, (time, WRITE_ROUNDS))?,
    ])
}

fn dual_write(artifacts: u64, time: Duration) -> Result<Figure> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    files::legacy(&file("raw.db"), artifacts)?;
    files::legacy(&file("ours.db"), artifacts)?;
    files::advance(&file("ours.db"), Phase::DualWrite)?;
    let feed = || Task::Store(Feed::into_specs("s", files::specs(artifacts)));
    let raw = Raw::new(&file("raw.db"), Schema::Legacy, NORMAL);
    let lanes =
        [Lane::new("", raw, feed()), Lane::new("", Ours::open(&file("ours.db"), NORMAL)?, feed())];
    measure("store_artifact, dual-write", artifacts, lanes, (time, WRITE_ROUNDS))
}

fn measure(
    work: &'static str,
    artifacts: u64,
    mut lanes: [Lane; 2],
    (time, rounds): (Duration, usize),
) -> Result<Figure> {
    race(&mut lanes, time, rounds)?;
    let [raw, ours] = &lanes;
    let ratio = ours.ratio(raw);
    Ok(Figure { work, artifacts, raw: raw.micros(), ours: ours.micros(), ratio })
}
