//! A window in the middle of the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::Sight;
use super::text::{cut, wrap};
use crate::watch::app::Dialog;
use crate::watch::words;

/// Columns it has at most.
const WIDE: u16 = 72;

pub(super) fn draw(frame: &mut Frame<'_>, screen: Rect, sight: &Sight, dialog: &Dialog) {
    let said = words::of(dialog, &sight.snapshot, &sight.paste);
    let columns = screen.width.min(WIDE);
    let inner = usize::from(columns.saturating_sub(4));
    let lines: Vec<_> = said.text.iter().flat_map(|text| wrap(text, inner, 0)).collect();
    let most = screen.height.saturating_sub(2);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(most);
    let area = middle(screen, columns, rows + 2);
    let hidden = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(rows);
    let above = match dialog {
        Dialog::Answer { scrolled, .. } => (*scrolled).min(hidden),
        _ => 0,
    };
    let style = match dialog {
        Dialog::Answer { outcome, .. } if outcome.ok => sight.theme.good(),
        Dialog::Answer { .. } | Dialog::Leave { .. } => sight.theme.warn(),
        _ => sight.theme.bold(),
    };
    let more = match hidden - above {
        0 => String::new(),
        more => format!(" {more} more lines,"),
    };
    let block = Block::bordered()
        .border_style(style)
        .title(Line::styled(format!(" {} ", cut(&said.title, inner)), style))
        .title_bottom(Line::from(format!("{more} {} ", said.keys)));
    let text: Vec<_> = lines.into_iter().map(|line| Line::from(format!(" {line}"))).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(text).scroll((above, 0)).block(block), area);
}

fn middle(screen: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(screen.width), rows.min(screen.height));
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}
