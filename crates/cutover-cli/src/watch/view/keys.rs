//! The last line: the keys, or what there is no room for.

use cutover::Request;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Sight;
use super::state::TWO_COLUMNS;
use super::text::{cut, width};
use crate::monitor::offered::offered;
use crate::monitor::runner::Order;
use crate::watch::layout::Panel;

/// With fewer columns, what is left out takes the room of nearly all keys.
const TIGHT: usize = 60;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight, left_out: &[Panel]) {
    let columns = usize::from(area.width);
    let left_out = absent(left_out, area.width);
    let room = columns.saturating_sub(left_out.as_deref().map_or(0, |text| width(text) + 1));
    let keys = keys(sight);
    let gap = |gap: usize| keys.iter().map(|(_, what)| 2 + width(what) + gap).sum::<usize>();
    let wide = gap(2) <= room + 2;
    // What is left out is worth more than keys that `?` tells as well.
    let mut keys = if gap(1) <= room + 1 { &keys[..] } else { &keys[keys.len() - 2..] };
    if left_out.is_some() && columns < TIGHT {
        keys = &[("?", "q")];
    }
    let mut spans = Vec::new();
    for (key, what) in keys {
        spans.push(Span::styled(*key, sight.theme.bold()));
        spans.push(Span::raw(format!(" {what}{}", if wide { "  " } else { " " })));
    }
    if let Some(text) = left_out {
        spans.push(Span::styled(cut(&text, columns), sight.theme.warn()));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The keys that do something now. The last two are always there.
fn keys(sight: &Sight) -> Vec<(&'static str, &'static str)> {
    let key = |order: Order| match order {
        Order::Ask(Request::Pause) => ("p", "pause"),
        Order::Ask(Request::Resume) => ("r", "resume"),
        Order::Ask(Request::Pace(_)) => ("s", "pace"),
        Order::Ask(Request::Postpone) => ("x", "postpone"),
        Order::Ask(Request::Unpostpone) => ("x", "unpostpone"),
        Order::Backfill => ("f", "fill"),
        Order::Verify => ("v", "verify"),
        Order::Advance => ("a", "advance"),
        Order::Rollback => ("b", "back"),
    };
    let orders = offered(&sight.snapshot, sight.under_way.is_some());
    orders.into_iter().map(key).chain([("?", "help"), ("q", "leave")]).collect()
}

/// What there is no room for, if there is anything.
fn absent(left_out: &[Panel], columns: u16) -> Option<String> {
    let mut names: Vec<String> = left_out.iter().map(Panel::to_string).collect();
    if columns < TWO_COLUMNS {
        names.push("verified".to_owned());
    }
    (!names.is_empty()).then(|| format!("left out: {}", names.join(", ")))
}
