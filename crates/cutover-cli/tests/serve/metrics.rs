//! Prometheus' format and names, and that the figures are the snapshot's.

use std::collections::{HashMap, HashSet};

use super::support::{Served, run};

/// What ends a name, by the unit or the kind of what it counts.
const ENDS: [&str; 3] = ["_seconds", "_bytes", "_total"];

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
    let units = samples.keys().filter(|it| ENDS.iter().any(|end| it.ends_with(end))).count();
    assert!(units >= 8, "{units}");
}
