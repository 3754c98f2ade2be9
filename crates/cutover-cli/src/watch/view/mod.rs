//! Draws what is seen. One file a panel; a panel is lines of text wherever it can be.

mod charts;
mod dialog;
mod gates;
mod header;
mod journal;
mod keys;
mod state;
mod text;
mod work;

use std::sync::Arc;

use cli_kit::paste::Paste;
use cli_kit::render::counted;
use cutover::{JournalEntry, Snapshot};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph};

use super::app::App;
use super::layout::{self, Panel, Wants};
use crate::monitor::poller::Point;

/// Everything that is drawn from, besides what keys have led to.
#[derive(Debug)]
pub(crate) struct Sight {
    /// The last look that succeeded.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Why the last one failed, if it did.
    pub(crate) error: Option<String>,
    /// The last hour.
    pub(crate) points: Vec<Point>,
    /// What was done, oldest first.
    pub(crate) journal: Arc<Vec<JournalEntry>>,
    /// What this process is at.
    pub(crate) under_way: Option<&'static str>,
    /// Completes the commands that are suggested.
    pub(crate) paste: Paste,
    /// How things look.
    pub(crate) theme: Theme,
}

/// How things look. Nothing is said by colour alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    /// Whether there may be colours.
    pub(crate) colour: bool,
}

impl Theme {
    fn coloured(self, colour: Color) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        if self.colour { bold.fg(colour) } else { bold }
    }

    pub(crate) fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    pub(crate) fn warn(self) -> Style {
        self.coloured(Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red)
    }

    pub(crate) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Bars and charts.
    pub(crate) fn chart(self) -> Style {
        if self.colour { Style::new().fg(Color::Cyan) } else { Style::new() }
    }
}

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame<'_>, sight: &Sight, app: &App) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let [panels, keys] = Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    let gates = gates::lines(sight, area.width);
    let rows = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(1);
    let wants = Wants {
        work: rows(work::lines(sight, area.width).len()),
        state: rows(state::lines(sight, area.width)),
        gates: rows(gates.len()),
        journal: rows(sight.journal.len()),
    };
    let plan = layout::plan(panels.height, wants);
    let areas =
        Layout::vertical(plan.rows.iter().map(|(_, rows)| Constraint::Length(*rows))).split(panels);
    for ((kind, _), area) in plan.rows.iter().zip(areas.iter()) {
        match kind {
            Panel::Header => header::draw(frame, *area, sight),
            Panel::Work => work::draw(frame, *area, sight),
            Panel::Charts => charts::draw(frame, *area, sight),
            Panel::State => state::draw(frame, *area, sight),
            Panel::Gates => {
                panel(frame, *area, "gates", &gates, sight.theme);
            }
            Panel::Journal => journal::draw(frame, *area, sight, app.scrolled),
        }
    }
    keys::draw(frame, keys, sight, &plan.left_out);
    if let Some(open) = &app.dialog {
        dialog::draw(frame, area, sight, open);
    }
}

/// A panel's title, as a rule above it; gives what is below.
fn section(frame: &mut Frame<'_>, area: Rect, title: &str, theme: Theme) -> Rect {
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(theme.dim())
        .title(Line::from(format!(" {title} ")).style(theme.bold()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// A panel of lines. Its title says how many there is no room for: a row of its own for that
/// would cost one more.
fn panel(frame: &mut Frame<'_>, area: Rect, title: &str, lines: &[Line<'static>], theme: Theme) {
    let rows = usize::from(area.height.saturating_sub(1));
    let title = match lines.len().saturating_sub(rows) {
        0 => title.to_owned(),
        hidden => format!("{title}, {} below", counted(hidden as u64, "line")),
    };
    let below = section(frame, area, &title, theme);
    frame
        .render_widget(Paragraph::new(lines.iter().take(rows).cloned().collect::<Vec<_>>()), below);
}
