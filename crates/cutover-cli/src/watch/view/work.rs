//! Work under way: how far, how fast, how long still, why it waits; what operators have asked
//! for, and who is at work.

use cli_kit::progress::rounded;
use cli_kit::render::{count, seconds};
use cutover::{Snapshot, WorkStatus};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::text::{width, wrap};
use super::{Sight, panel};
use crate::commands::status::{asked_for, backfill, left};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let title = sight.snapshot.work.as_ref().map_or("work", |work| work.work.as_str());
    panel(frame, area, title, &lines(sight, area.width), sight.theme);
}

pub(super) fn lines(sight: &Sight, columns: u16) -> Vec<Line<'static>> {
    let columns = usize::from(columns);
    let (seen, theme) = (&*sight.snapshot, sight.theme);
    let (done, total) = far(seen);
    let mut lines = vec![bar(done, total, columns, sight)];
    let labelled = |label: &str, text: &str| {
        let mut rows = wrap(text, columns.saturating_sub(10), 0).into_iter();
        let first = Line::from(vec![
            Span::styled(format!("{label:10}"), theme.warn()),
            Span::raw(rows.next().unwrap_or_default()),
        ]);
        let rest = rows.map(|row| Line::from(format!("{:10}{row}", "")));
        std::iter::once(first).chain(rest).collect::<Vec<_>>()
    };
    let how = seen.work.as_ref().map_or_else(|| idle(sight), how);
    lines.extend(wrap(&how, columns, 2).into_iter().map(Line::from));
    if let Some(waiting) = seen.work.as_ref().and_then(|work| work.waiting) {
        lines.extend(labelled("waits", waiting.reason()));
    }
    if let Some(lease) = &seen.lease {
        let text = format!(
            "{} on {} (pid {}), running {}",
            lease.actor, lease.host, lease.pid, lease.doing
        );
        lines.extend(labelled("operator", &text));
    }
    if let Some(gone) = &seen.gone {
        lines.extend(labelled("operator", &left(gone)));
    }
    if let Some(asked) = asked_for(&seen.control) {
        lines.extend(labelled("asked", &asked));
    }
    lines
}

/// What the bar shows: the work, or without any the backfill.
fn far(seen: &Snapshot) -> (u64, u64) {
    match &seen.work {
        Some(work) => (work.done, work.total),
        None if seen.backfill.complete => (1, 1),
        None => (seen.backfill.done, seen.backfill.total),
    }
}

fn bar(done: u64, total: u64, columns: usize, sight: &Sight) -> Line<'static> {
    let percent = (done.min(total) * 100).checked_div(total).unwrap_or(0);
    let figure = match total {
        0 => "  0 %".to_owned(),
        _ => format!("{percent:>3} %"),
    };
    let room = columns.saturating_sub(width(&figure) + 3);
    let filled = usize::try_from(percent).unwrap_or(100) * room / 100;
    Line::from(vec![
        Span::raw("["),
        Span::styled("█".repeat(filled), sight.theme.chart()),
        Span::styled("░".repeat(room.saturating_sub(filled)), sight.theme.dim()),
        Span::raw("] "),
        Span::styled(figure, sight.theme.bold()),
    ])
}

/// How it goes, in one line.
fn how(work: &WorkStatus) -> String {
    let mut out = format!("{} of {}", count(work.done), count(work.total));
    if let Some(rate) = work.rows_per_second {
        out += &format!(", {} rows/s", count(rounded(rate)));
    }
    if let Some(eta) = work.eta_seconds {
        out += &format!(", {} to go", seconds(eta));
    }
    if work.chunk_rows > 0 {
        let chunk = seconds(work.chunk_ms / 1e3);
        out += &format!("; last chunk {} in {chunk}", count(work.chunk_rows));
    }
    out
}

fn idle(sight: &Sight) -> String {
    let work = match sight.under_way {
        // Told at once: what others see of it is a look later, and short work is not seen.
        Some(order) => format!("{order} is under way in this process"),
        None => "no work is under way".to_owned(),
    };
    format!("{work}; backfill {}", backfill(&sight.snapshot))
}
