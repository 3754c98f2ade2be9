//! Writes and stalls of the last minutes.

use cli_kit::render::seconds;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline};

use super::{Sight, section};
use crate::monitor::poller::Point;
use crate::watch::charts::{Columns, columns};

/// Columns for the label and the figure of a row.
const LABEL: u16 = 13;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let [left, _, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)])
            .areas(area);
    writes(frame, left, sight);
    stalls(frame, right, sight);
}

fn writes(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let chart = usize::from(area.width.saturating_sub(LABEL));
    let old = columns(&sight.points, chart, |point| point.old_per_second);
    let new = columns(&sight.points, chart, |point| point.new_per_second);
    let writes = &sight.snapshot.writes;
    // One scale: the two are to be compared.
    let most = old.most().into_iter().chain(new.most()).fold(0.0, f64::max);
    let title = format!("transactions, last {}, ≤ {}", old.span(), rate(most));
    let below = section(frame, area, &title, sight.theme);
    let [first, second] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(below);
    for (area, label, now, columns) in
        [(first, "old", writes.old_per_second, &old), (second, "new", writes.new_per_second, &new)]
    {
        let now = now.map_or("–".to_owned(), rate);
        row(frame, area, &format!("{label:3} {now:>8}"), columns, most, sight);
    }
}

/// What is told is the longest of the minute before, so that a peak stays in sight for as long.
fn stalls(frame: &mut Frame<'_>, area: Rect, sight: &Sight) {
    let chart = usize::from(area.width.saturating_sub(LABEL));
    let stalls = columns(&sight.points, chart, longest);
    let title = format!("longest stall, last {}", stalls.span());
    let below = section(frame, area, &title, sight.theme);
    let now = sight.snapshot.writes.longest_stall_ms;
    let now = now.map_or("–".to_owned(), |ms| seconds(ms / 1e3));
    let most = stalls.most().unwrap_or(0.0);
    row(frame, below, &format!("{now:>12}"), &stalls, most, sight);
    if below.height > 1 && most > 0.0 {
        let label = Rect { y: below.y + 1, height: 1, width: below.width.min(LABEL), ..below };
        let text = format!("{:>12}", format!("≤ {}", seconds(most / 1e3)));
        frame.render_widget(Paragraph::new(Line::styled(text, sight.theme.dim())), label);
    }
}

fn longest(point: &Point) -> Option<f64> {
    point.longest_stall_ms
}

/// A label and its columns.
fn row(
    frame: &mut Frame<'_>,
    area: Rect,
    label: &str,
    columns: &Columns,
    most: f64,
    sight: &Sight,
) {
    let [at, chart] =
        Layout::horizontal([Constraint::Length(LABEL), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(Span::styled(label.to_owned(), sight.theme.bold())), at);
    let bars: Vec<Option<u64>> =
        columns.figures.iter().map(|figure| figure.map(|figure| scaled(figure, most))).collect();
    let chart_of = Sparkline::default().data(bars).max(SCALE).style(sight.theme.chart());
    frame.render_widget(chart_of, chart);
}

/// Bars are whole numbers.
const SCALE: u64 = 1000;

/// A figure on the scale of its chart. What is not nothing is to be seen.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "from 0 to SCALE"
)]
fn scaled(figure: f64, most: f64) -> u64 {
    if figure <= 0.0 || most <= 0.0 {
        return 0;
    }
    let least = SCALE as f64 / 8.0;
    (figure / most * SCALE as f64).clamp(least, SCALE as f64) as u64
}

/// `3.2`, `250`, `12,000`: as many digits as tell something.
fn rate(per_second: f64) -> String {
    if per_second > 0.0 && per_second < 9.95 {
        format!("{per_second:.1}/s")
    } else {
        format!("{}/s", cli_kit::render::count(cli_kit::progress::rounded(per_second)))
    }
}
