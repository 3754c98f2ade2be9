//! The same change by other tools, in one run: a column becomes NOT NULL, which SQLite can only
//! do by another table. A program, a process of its own, inserts 200 rows a second meanwhile and
//! waits with SQLite's `busy_timeout`, or as PostgreSQL has it wait.

mod postgres;
mod sqlite;
mod tools;

use std::path::PathBuf;

use benches::database::Result;
use benches::program::{Felt, Programs, now};
use benches::report::Report;
use benches::stats::median;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Where the other tools are installed, by pip and cargo, if they are not there.
    #[arg(long, default_value = "target/peers")]
    tools: PathBuf,
}

/// What a tool took, and what the program felt.
struct Outcome {
    seconds: f64,
    before: Felt,
    meanwhile: Felt,
    /// Rows that the program wrote and that are not there.
    lost: i64,
}

pub(crate) fn run(options: &Options, rows: u64, report: &mut Report) -> Result<()> {
    let tools = tools::Tools::at(&options.tools)?;
    let mut lines = vec![
        line("cutover: start, advance to new-only", rounds(|| sqlite::run(rows, sqlite::cutover))),
        line("cutover, --fast", rounds(|| sqlite::run(rows, sqlite::cutover_fast))),
        line("the 12 steps by hand", rounds(|| sqlite::run(rows, sqlite::by_hand))),
    ];
    lines.push(match tools.python() {
        Ok(python) => line(
            "sqlite-utils transform",
            rounds(|| sqlite::run(rows, |path| sqlite::sqlite_utils(&python, path))),
        ),
        Err(why) => absent("sqlite-utils transform", &why),
    });
    lines.push(match tools.python() {
        Ok(python) => line(
            "Alembic, batch mode",
            rounds(|| sqlite::run(rows, |path| sqlite::alembic(&python, path))),
        ),
        Err(why) => absent("Alembic, batch mode", &why),
    });
    lines.push(match (tools.python(), tools.reshape()) {
        (Ok(python), Ok(reshape)) => {
            line("reshape, on PostgreSQL", rounds(|| postgres::run(rows, &python, &reshape)))
        }
        (Err(why), _) | (_, Err(why)) => absent("reshape, on PostgreSQL", &why),
    });
    report.table(
        &format!("A column of {rows} rows becomes NOT NULL, beside 200 INSERTs a second"),
        &COLUMNS,
        &lines,
    );
    Ok(())
}

const COLUMNS: [&str; 7] = [
    "",
    "seconds",
    "longest wait, ms",
    "p99, ms",
    "a write meanwhile, to one before",
    "failed %",
    "rows lost",
];

const ROUNDS: usize = 3;

fn rounds(mut once: impl FnMut() -> Result<Outcome>) -> Result<Vec<Outcome>> {
    (0..ROUNDS).map(|_| once()).collect()
}

fn line(name: &str, outcomes: Result<Vec<Outcome>>) -> Vec<String> {
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(why) => return absent(name, &why.to_string()),
    };
    let mut seconds: Vec<f64> = outcomes.iter().map(|o| o.seconds).collect();
    let mut cost: Vec<f64> =
        outcomes.iter().map(|o| o.meanwhile.percentile(0.5) / o.before.percentile(0.5)).collect();
    let mut felt = Felt::default();
    outcomes.iter().for_each(|o| felt.add(o.meanwhile.clone()));
    vec![
        name.to_owned(),
        format!("{:.2}", median(&mut seconds)),
        format!("{:.0}", felt.worst()),
        format!("{:.1}", felt.percentile(0.99)),
        format!("{:.1}", median(&mut cost)),
        format!("{:.1}", felt.failed_percent()),
        outcomes.iter().map(|o| o.lost).sum::<i64>().to_string(),
    ]
}

fn absent(name: &str, why: &str) -> Vec<String> {
    let mut line = vec![name.to_owned(), format!("not run: {}", why.trim().replace('\n', " "))];
    line.resize(COLUMNS.len(), String::new());
    line
}

/// Lets the program write alone for a second, and then beside the change. `count` says how many
/// rows there are at the end, of `rows` at the beginning.
fn beside(
    programs: Programs,
    rows: u64,
    change: impl FnOnce() -> Result<()>,
    count: impl FnOnce() -> Result<i64>,
) -> Result<Outcome> {
    let started = now();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let began = now();
    let changed = change();
    let ended = now();
    let writes = programs.finish()?;
    changed?;
    let made = writes.iter().filter(|write| write.made).count();
    Ok(Outcome {
        seconds: ended - began,
        before: Felt::between(&writes, started, began),
        meanwhile: Felt::between(&writes, began, ended),
        lost: rows.cast_signed() + made as i64 - count()?,
    })
}
