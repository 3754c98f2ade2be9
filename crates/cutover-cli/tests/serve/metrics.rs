//! Prometheus' format and names, and that the figures are the snapshot's.

use std::collections::{HashMap, HashSet};
use std::process::Stdio;

use super::support::{Served, command, run, started};

/// Each sample's value by its name and labels. Panics where the format isn't kept.
fn parse(text: &str) -> HashMap<String, f64> {
    let (mut helped, mut typed) = (HashSet::new(), HashMap::new());
    let mut samples = HashMap::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.') && helped.insert(name.to_owned()), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(matches!(kind, "gauge" | "counter"), "{line}");
            assert!(helped.contains(name), "{line}");
            assert!(typed.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(name.starts_with("cutover_"), "{line}");
            assert!(name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{line}");
            let kind = typed.get(name).unwrap_or_else(|| panic!("{line} has no type"));
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            for other in ["_ms", "_mib", "_percent"] {
                assert!(!name.ends_with(other), "{line} is in no base unit");
            }
            let earlier = samples.insert(series.to_owned(), value.parse().unwrap());
            assert!(earlier.is_none(), "{line} twice");
        }
    }
    for name in typed.keys() {
        assert!(
            samples.keys().any(|it| it.split('{').next() == Some(name)),
            "{name} has no sample"
        );
    }
    samples
}

#[test]
fn the_format_is_prometheus_and_the_figures_are_the_snapshots() {
    let served = Served::new("");
    run(&served.dir, "backfill");
    run(&served.dir, "verify");
    run(&served.dir, "advance");
    let seen = served.until("read-new", |seen| seen["phase"] == "read-new");
    let answer = served.get("/metrics").is(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let samples = parse(&answer.body);
    let number = |pointer: &str| seen.pointer(pointer).unwrap().as_f64().unwrap();
    for (series, value) in [
        ("cutover_up", 1.0),
        ("cutover_phase{phase=\"read-new\"}", 1.0),
        ("cutover_phase{phase=\"dual-write\"}", 0.0),
        ("cutover_backfill_complete", 1.0),
        ("cutover_paused", 0.0),
        ("cutover_table_rows{schema=\"old\",table=\"clients\"}", 2000.0),
        ("cutover_table_rows{schema=\"new\",table=\"addresses\"}", 2000.0),
        ("cutover_table_writable{schema=\"old\",table=\"clients\"}", 1.0),
        ("cutover_table_writable{schema=\"new\",table=\"addresses\"}", 0.0),
        ("cutover_verification_differences{kind=\"missing\"}", 0.0),
        ("cutover_verification_checked_rows", number("/verification/report/checked")),
        ("cutover_verification_duration_seconds", number("/verification/seconds")),
        ("cutover_database_bytes", number("/database_bytes")),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
}

/// The book names every family, with its labels.
#[test]
fn the_book_lists_every_metric() {
    let book = include_str!("../../../../docs/src/serve.md");
    let served = Served::on(started(60_000), "");
    run(&served.dir, "pace --rows-per-second 6000");
    let mut backfill = command(&served.dir, "backfill").stdout(Stdio::null()).spawn().unwrap();
    served.until("rows pass", |seen| seen["work"]["done"].as_u64() > Some(0));
    let under_way = parse(&served.get("/metrics").body);
    run(&served.dir, "pace --fast");
    assert!(backfill.wait().unwrap().success());
    run(&served.dir, "advance --to write-new");
    served.until("write-new", |seen| seen["phase"] == "write-new");
    let after = parse(&served.get("/metrics").body);
    let series: HashSet<_> = under_way.keys().chain(after.keys()).collect();
    assert!(series.len() > 40, "{series:?}");
    for series in series {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels: Vec<_> =
            labels.split(',').filter_map(|it| Some(it.split_once('=')?.0)).collect();
        let listed = match labels.as_slice() {
            [] => format!("`{name}`"),
            labels => format!("`{name}{{{}}}`", labels.join(",")),
        };
        assert!(book.contains(&listed), "docs/src/serve.md lacks {listed}");
    }
}
