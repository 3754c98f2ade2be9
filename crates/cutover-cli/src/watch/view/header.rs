//! The migration, its phases with the present one in brackets, since when, and which side
//! takes the writes.

use cli_kit::render::{counted, lasted, shown};
use cutover::{OldSchema, Phase, Snapshot};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::text::{cut, time, width};
use super::{Sight, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let columns = usize::from(area.width);
    let mut lines = vec![phases(sight.snapshot.phase, columns, sight.theme)];
    if area.height > 1 {
        lines.insert(0, title(&sight.snapshot, columns, sight.theme));
    }
    lines.push(match &sight.error {
        Some(error) => {
            let text = format!("the last look failed: {error}");
            Line::styled(cut(&text, columns), sight.theme.bad())
        }
        None => Line::from(cut(&stands(&sight.snapshot), columns)),
    });
    frame.render_widget(Paragraph::new(lines), area);
}

fn title(seen: &Snapshot, columns: usize, theme: Theme) -> Line<'static> {
    let clock = time(&seen.at);
    let room = columns.saturating_sub(width(&clock) + 2);
    let name = cut(&seen.migration, room);
    let database = cut(&format!("  {}", seen.database), room.saturating_sub(width(&name)));
    let gap = columns.saturating_sub(width(&name) + width(&database) + width(&clock));
    Line::from(vec![
        Span::styled(name, theme.bold()),
        Span::raw(database),
        Span::raw(" ".repeat(gap)),
        Span::styled(clock, theme.dim()),
    ])
}

/// All phases where they fit, else the present one and how many there are.
fn phases(present: Phase, columns: usize, theme: Theme) -> Line<'static> {
    let mut spans = Vec::new();
    let shown: Vec<Phase> = shown(present).collect();
    for &phase in &shown {
        if !spans.is_empty() {
            spans.push(Span::styled(" → ", theme.dim()));
        }
        spans.push(if phase == present {
            Span::styled(format!("[{phase}]"), theme.good())
        } else {
            Span::styled(phase.to_string(), theme.dim())
        });
    }
    let line = Line::from(spans);
    if line.width() <= columns {
        return line;
    }
    let at = shown.iter().position(|phase| *phase == present).unwrap_or(0) + 1;
    Line::from(vec![
        Span::styled(format!("[{present}]"), theme.good()),
        Span::styled(format!(" {at} of {}", shown.len()), theme.dim()),
    ])
}

/// `for 3 min; writes enter the old tables`, and what the old ones are where that is not it.
fn stands(seen: &Snapshot) -> String {
    let lasted = lasted(&seen.since, &seen.at).map(|it| format!(" ({it})")).unwrap_or_default();
    let old = match seen.old_schema {
        OldSchema::Written => String::new(),
        OldSchema::Mirror => "; old is kept in step".into(),
        OldSchema::Frozen { rows } => {
            format!("; old is frozen, {}", counted(rows, "row"))
        }
        OldSchema::CatchingUp { rows } => {
            format!("; old is being brought up to date, {}", counted(rows, "row"))
        }
        OldSchema::Emptying { rows } => {
            format!("; old is being emptied, {} left", counted(rows, "row"))
        }
        OldSchema::Gone => "; old is gone".into(),
    };
    // The day is worth its columns only where it is another one.
    let today = seen.since.get(..10) == seen.at.get(..10);
    let since = if today { time(&seen.since) } else { seen.since.clone() };
    format!("since {}{lasted}; writes enter {}{old}", since, seen.writes.enter)
}
