//! The tables, and whether an aim was met.

use std::collections::HashMap;

use benches::report::{Aimed, Report};

use super::bench::{Aim, Around, Bench};
use super::contender::Who;
use super::measure::Taken;

pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) aim: Aim,
    pub(super) taken: Vec<Taken>,
}

/// Ratios of earlier rows, by bench and row: aims that refer to them.
#[derive(Default)]
pub(super) struct Known(HashMap<(String, &'static str), f64>);

pub(super) fn name(around: Around) -> &'static str {
    match around {
        Around::Opening(_) => "opening the file, reading its schema",
        Around::AfterTransition => "first INSERT after a transition",
    }
}

pub(super) fn table(bench: &Bench, lines: &[Line], known: &mut Known, report: &mut Report) {
    let rows: Vec<Vec<String>> =
        lines.iter().map(|line| cells(line, &bench.title, known)).collect();
    let beside = if bench.beside.is_some() { "one way" } else { "by hand" };
    report.table(
        &bench.title,
        &[
            "write",
            "raw µs",
            beside,
            "cutover",
            "cutover, mean",
            "pages: raw",
            beside,
            "cutover",
            "at most",
            "",
        ],
        &rows,
    );
}

fn cells(line: &Line, title: &str, known: &mut Known) -> Vec<String> {
    let of = |who| line.taken.iter().find(|taken| taken.who == who);
    let ratio = |who| of(who).map_or("–".to_owned(), |taken| format!("{:.2}", taken.ratio));
    let beside = of(Who::ByHand).or(of(Who::OneWay));
    let pages = |taken: Option<&Taken>| match taken {
        Some(taken) if taken.frames > 0.0 => format!("{:.1}", taken.frames),
        _ => "–".to_owned(),
    };
    let ours = of(Who::Ours).map_or(f64::NAN, |taken| taken.ratio);
    known.0.insert((title.to_owned(), line.name), ours);
    let aim = match line.aim {
        Aim::None => None,
        Aim::AtMost(ratio) => Some(ratio),
        Aim::OneWay(times) => of(Who::OneWay).map(|taken| times * taken.ratio),
        Aim::Times(times, bench, row) => {
            known.0.get(&(bench.to_owned(), row)).map(|ratio| times * ratio)
        }
    };
    let aimed = aim.map(|aim| Aimed::at_most(ours, aim));
    vec![
        line.name.to_owned(),
        format!("{:.1}", of(Who::Raw).map_or(f64::NAN, |taken| taken.micros)),
        beside.map_or("–".to_owned(), |taken| format!("{:.2}", taken.ratio)),
        ratio(Who::Ours),
        of(Who::Ours).map_or("–".to_owned(), |taken| format!("{:.2}", taken.mean_ratio)),
        pages(of(Who::Raw)),
        pages(beside),
        pages(of(Who::Ours)),
        aim.map_or(String::new(), |aim| format!("{aim:.2}")),
        aimed.map_or(String::new(), |aimed| aimed.to_string()),
    ]
}
