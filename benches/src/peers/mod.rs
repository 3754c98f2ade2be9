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
    /// Only tools whose names have one of these words in them.
    only: Vec<String>,
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
    let picked = |name: &str| {
        options.only.is_empty() || options.only.iter().any(|word| name.contains(word.as_str()))
    };
    let lines: Vec<Vec<String>> = Tool::ALL
        .into_iter()
        .filter(|(name, _)| picked(name))
        .map(|(name, tool)| line(name, (0..ROUNDS).map(|_| once(tool, &tools, rows)).collect()))
        .collect();
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

#[derive(Clone, Copy)]
enum Tool {
    Cutover,
    CutoverFast,
    ByHand,
    SqliteUtils,
    Alembic,
    Reshape,
}

impl Tool {
    const ALL: [(&str, Tool); 6] = [
        ("cutover: start, advance to new-only", Tool::Cutover),
        ("cutover, --fast", Tool::CutoverFast),
        ("the 12 steps by hand", Tool::ByHand),
        ("sqlite-utils transform", Tool::SqliteUtils),
        ("Alembic, batch mode", Tool::Alembic),
        ("reshape, on PostgreSQL", Tool::Reshape),
    ];
}

/// The change by a tool, which is installed first if need be.
fn once(tool: Tool, tools: &tools::Tools, rows: u64) -> Result<Outcome> {
    match tool {
        Tool::Cutover => sqlite::run(rows, sqlite::cutover),
        Tool::CutoverFast => sqlite::run(rows, sqlite::cutover_fast),
        Tool::ByHand => sqlite::run(rows, sqlite::by_hand),
        Tool::SqliteUtils => {
            let python = tools.python()?;
            sqlite::run(rows, |path| sqlite::sqlite_utils(&python, path))
        }
        Tool::Alembic => {
            let python = tools.python()?;
            sqlite::run(rows, |path| sqlite::alembic(&python, path))
        }
        Tool::Reshape => postgres::run(rows, &tools.python()?, &tools.reshape()?),
    }
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
