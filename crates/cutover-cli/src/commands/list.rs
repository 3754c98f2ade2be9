//! `cutover list`: the migrations that a database holds.

use cli_kit::exit::{Exit, Failure};
use cli_kit::output::Output;
use cli_kit::render::{BOLD, DIM, GOOD, line};
use cutover::{Listed, ListedState};
use serde::Serialize;

use super::options;

/// What `--json` prints.
#[derive(Serialize)]
struct List {
    migrations: Vec<Listed>,
}

pub(crate) fn run(db: &std::path::Path, output: &Output) -> Result<Exit, Failure> {
    let engine = cutover::Engine::open_to_read(db, options()?)?;
    let list = List { migrations: engine.list()? };
    output.result(&list, |_| render(&list.migrations, &db.display().to_string()))?;
    Ok(Exit::Done)
}

fn render(migrations: &[Listed], db: &str) -> String {
    let mut out = String::new();
    if migrations.is_empty() {
        line!(out, "{db} holds no migration");
    }
    let names = width(migrations.iter().map(|one| one.migration.as_str()));
    let phases = width(migrations.iter().map(|one| one.phase.name()));
    for Listed { migration, phase, since, state, .. } in migrations {
        let phase = phase.name();
        let state = match state {
            ListedState::UnderWay => format!("{GOOD}under way{GOOD:#}"),
            ListedState::Retired => format!("{DIM}over{DIM:#}"),
            _ => format!("{DIM}aborted{DIM:#}"),
        };
        line!(out, "{BOLD}{migration:names$}{BOLD:#}  {phase:phases$}  since {since}  {state}");
    }
    out
}

/// As wide as the widest of them.
pub(crate) fn width<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    words.map(|word| word.chars().count()).max().unwrap_or(0)
}
