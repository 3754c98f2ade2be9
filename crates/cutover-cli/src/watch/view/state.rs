//! The tables of both sides; beside them the last verification and the room there is.

use cli_kit::render::{bytes, counted, differences};
use cutover::{Snapshot, TableStatus};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{cut, time, width, wrap};
use super::{Sight, panel};
use crate::commands::status::{LARGE_LOG_BYTES, found, rows_of};

/// Below so many columns there are the tables alone.
pub(super) const TWO_COLUMNS: u16 = 60;

/// Columns of a label.
const LABEL: usize = 9;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let (left, right) = split(area);
    let tables = tables(&sight.snapshot.tables, usize::from(left.width), sight);
    panel(frame, left, "tables", &tables, sight.theme);
    if let Some(right) = right {
        let beside = beside(sight, usize::from(right.width));
        panel(frame, right, "verified, room", &beside, sight.theme);
    }
}

/// Lines that it would fill.
pub(super) fn lines(sight: &Sight, columns: u16) -> usize {
    let (_, right) = split(Rect::new(0, 0, columns, 1));
    let beside = right.map_or(0, |right| beside(sight, usize::from(right.width)).len());
    sight.snapshot.tables.len().max(beside)
}

fn split(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < TWO_COLUMNS {
        return (area, None);
    }
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)])
            .areas(area);
    (left, Some(right))
}

fn tables(tables: &[TableStatus], columns: usize, sight: &Sight) -> Vec<Line<'static>> {
    const WRITES: usize = "refuses writes".len();
    let rows = tables.iter().map(|table| rows_of(table).len()).max().unwrap_or(0);
    let longest = tables.iter().map(|table| width(&table.table)).max().unwrap_or(0);
    let names = columns.saturating_sub(4 + 1 + rows + 1 + WRITES).min(longest);
    let line = |status: &TableStatus| {
        let TableStatus { side, table, writable, .. } = status;
        let name = cut(table, names);
        let pad = " ".repeat(names.saturating_sub(width(&name)));
        let (writes, style) = if *writable {
            ("takes writes", Style::new())
        } else {
            ("refuses writes", sight.theme.dim())
        };
        Line::from(vec![
            Span::styled(format!("{:3} ", side.name()), sight.theme.dim()),
            Span::raw(format!("{name}{pad} {:>rows$} ", rows_of(status))),
            Span::styled(writes, style),
        ])
    };
    tables.iter().map(line).collect()
}

fn beside(sight: &Sight, columns: usize) -> Vec<Line<'static>> {
    let (seen, theme) = (&*sight.snapshot, sight.theme);
    let mut lines = Vec::new();
    let mut add = |label: &str, style: Style, text: &str| {
        for (i, row) in wrap(text, columns.saturating_sub(LABEL), 0).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{label:LABEL$}"), style),
                Span::raw(row),
            ]));
        }
    };
    match &seen.verification {
        Some(last) => {
            let style = if last.report.ok { theme.good() } else { theme.bad() };
            let checked = counted(last.report.checked, "row");
            add("verified", style, &format!("{} in {checked}", found(&last.report)));
            let (at, by) = (time(&last.at), &last.actor);
            add("", style, &format!("{at}, {}, by {by}", last.command));
        }
        None => add("verified", theme.dim(), "not yet"),
    }
    // Labelled more narrowly, so that it is one line at 80 columns.
    lines.extend(wrap(&format!("room {}", room(seen)), columns, 5).into_iter().map(Line::from));
    // Last, because there may be many.
    let examples = seen.verification.as_ref().map_or(&[][..], |last| &last.report.examples);
    for example in differences(examples).lines() {
        lines.extend(wrap(example.trim(), columns, 2).into_iter().map(Line::from));
    }
    lines
}

/// The database, the log and the disk.
fn room(seen: &Snapshot) -> String {
    let mut out = bytes(seen.database_bytes);
    if seen.unused_bytes > 0 {
        out += &format!(" ({} unused)", bytes(seen.unused_bytes));
    }
    out += &format!(", log {}", bytes(seen.wal_bytes));
    if seen.wal_pending_bytes >= LARGE_LOG_BYTES {
        out += " (a reader keeps it)";
    }
    if let Some(free) = seen.free_bytes {
        out += &format!(", {} free", bytes(free));
    }
    out
}
