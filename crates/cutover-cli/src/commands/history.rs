//! `cutover history`: what was done, when and by whom.

use cli_kit::exit::{Exit, Failure};
use cli_kit::render::{BOLD, DIM, line};
use cutover::JournalEntry;
use serde_json::Value;

use super::Call;
use crate::target::Choice;

pub(crate) fn run(call: &Call<Choice>) -> Result<Exit, Failure> {
    let engine = call.open()?;
    let all = engine.migrations()?;
    let several = matches!(call.migration, Choice::Only) && all.len() > 1;
    let names = if several { all } else { vec![call.migration.pick(&engine)?] };
    let mut entries = Vec::new();
    for name in &names {
        entries.extend(engine.history(name)?);
    }
    entries.sort_by_key(|entry| entry.id);
    call.output.result(&entries, |_| render(&entries, several))?;
    Ok(Exit::Done)
}

/// A line an entry, with the migration's name where there are several.
fn render(entries: &[JournalEntry], several: bool) -> String {
    let mut out = String::new();
    let names = width(entries, |entry| &entry.migration);
    let actors = width(entries, |entry| &entry.actor);
    let events = width(entries, |entry| &entry.event);
    for entry in entries {
        let JournalEntry { id, at, actor, event, before, after, detail, .. } = entry;
        let phases =
            if before == after { after.to_string() } else { format!("{before} → {after}") };
        let migration = match several {
            true => format!("{:names$}  ", entry.migration),
            false => String::new(),
        };
        line!(
            out,
            "{DIM}{id:>4}{DIM:#}  {at}  {migration}{actor:actors$}  {BOLD}{event:events$}{BOLD:#}  {phases}"
        );
        let figures = figures(detail);
        if !figures.is_empty() {
            line!(out, "      {DIM}{figures}{DIM:#}");
        }
    }
    out
}

fn width(entries: &[JournalEntry], field: fn(&JournalEntry) -> &String) -> usize {
    entries.iter().map(|entry| field(entry).chars().count()).max().unwrap_or(0)
}

/// What the engine notes for its own forecasts.
const FOR_FORECASTS: [&str; 1] = ["rows_per_second_at_work"];

/// The plain figures of an event; what is nested is for `--json`.
pub(crate) fn figures(detail: &Value) -> String {
    let Some(detail) = detail.as_object() else { return String::new() };
    let plain: Vec<_> = detail
        .iter()
        .filter(|(name, _)| !FOR_FORECASTS.contains(&name.as_str()))
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some(format!("{name} {text}")),
            Value::Number(_) | Value::Bool(_) => Some(format!("{name} {value}")),
            _ => None,
        })
        .collect();
    plain.join(", ")
}
