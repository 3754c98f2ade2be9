//! What was done, when and by whom; the newest last.

use cutover::JournalEntry;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::{cut, width};
use super::{Sight, section};
use crate::commands::history::figures;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight, scrolled: usize) {
    let entries = &sight.journal;
    let rows = usize::from(area.height.saturating_sub(1));
    let end = entries.len().saturating_sub(scrolled).max(rows.min(entries.len()));
    let shown = &entries[end.saturating_sub(rows)..end];
    let title = if shown.len() == entries.len() {
        "journal".to_owned()
    } else {
        format!("journal {}–{end} of {}", end - shown.len() + 1, entries.len())
    };
    let below = section(frame, area, &title, sight.theme);
    let columns = usize::from(area.width);
    let events = shown.iter().map(|entry| width(&entry.event)).max().unwrap_or(0);
    let lines: Vec<_> = shown.iter().map(|entry| line(entry, events, columns, sight)).collect();
    frame.render_widget(Paragraph::new(lines), below);
}

fn line(entry: &JournalEntry, events: usize, columns: usize, sight: &Sight) -> Line<'static> {
    let JournalEntry { at, actor, event, before, after, detail, .. } = entry;
    let phases = if before == after { after.to_string() } else { format!("{before} → {after}") };
    // With the day: a journal spans weeks.
    let at = at.get(..19).unwrap_or(at).replace('T', " ");
    let head = format!("{at}Z  {event:events$}  {phases}  ");
    let rest = format!("by {actor}  {}", figures(detail));
    Line::from(vec![
        Span::raw(cut(&head, columns)),
        Span::styled(cut(rest.trim_end(), columns.saturating_sub(width(&head))), sight.theme.dim()),
    ])
}
