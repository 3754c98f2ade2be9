//! What no longer fits, what is allowed, what a rollback would take, what is blocked and why, and
//! who still writes.

use cli_kit::render::counted;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Sight;
use super::text::wrap;
use crate::commands::status::rollback_forecast;
use crate::commands::writers::writers;

/// Columns of a label.
const LABEL: usize = 10;

pub(super) fn lines(sight: &Sight, columns: u16) -> Vec<Line<'static>> {
    let (seen, theme) = (&*sight.snapshot, sight.theme);
    let columns = usize::from(columns).saturating_sub(LABEL);
    let mut lines = Vec::new();
    let mut add = |label: &str, style: Style, text: &str| {
        for (i, row) in wrap(text, columns, 0).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{label:LABEL$}"), style),
                Span::raw(row),
            ]));
        }
    };
    for drift in &seen.drift {
        add("drift", theme.warn(), &drift.reason);
        add("  fix", theme.dim(), &sight.paste.fix(&drift.fix));
    }
    if !seen.allowed.is_empty() {
        add("allowed", theme.good(), &seen.allowed.join(", "));
    }
    if let Some(forecast) = &seen.rollback {
        add("rollback", theme.dim(), &rollback_forecast(forecast));
    }
    for blocked in &seen.blocked {
        add("blocked", theme.warn(), &format!("{}: {}", blocked.action, blocked.reason));
        if !blocked.fix.is_empty() {
            add("  fix", theme.dim(), &sight.paste.fix(&blocked.fix));
        }
    }
    add("writers", theme.dim(), &writers(seen));
    for kept in &seen.kept {
        let text = format!("{} of {} in {}", counted(kept.rows, "row"), kept.table, kept.kept_in);
        add("kept", theme.warn(), &text);
    }
    lines
}
