//! Tables for people, and text that is safe to print on a terminal.

use std::borrow::Cow;

use cli_kit::render;
use comfy_table::{
    Cell, CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Row, Table, TableStyle,
};
use terminal_size::Width;

/// Two blanks between columns and a line below the header.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// Where no terminal says how wide it is.
const USUAL_WIDTH: u16 = 100;

/// Characters of a text that may be needed to fill its cell.
const ENOUGH: usize = 400;

/// A table as wide as the terminal, each row on as many lines as `height` allows.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<Cell>>, height: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_truncation_indicator("…")
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .set_header(header.iter().map(Cell::new).collect::<Vec<_>>());
    for row in rows {
        let mut row = Row::from(row);
        row.max_height(height);
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// A number, grouped and to the right.
pub(crate) fn number(n: u64) -> Cell {
    Cell::new_owned(render::count(n)).set_alignment(CellAlignment::Right)
}

/// A short text, such as a name.
pub(crate) fn word(text: &str) -> Cell {
    Cell::new_owned(one_line(text))
}

/// The beginning of a text, on one line: what doesn't fit into its cell is cut off.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(ENOUGH).map(visible));
        if line.len() > ENOUGH {
            break;
        }
    }
    line
}

/// A whole text, safe to print. What agents say may hold escape sequences, which a
/// terminal would obey.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if plain(c) { c } else { visible(c) }).collect::<String>().into()
}

/// Control characters as their pictures.
fn visible(c: char) -> char {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn width() -> u16 {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
    match terminal_size::terminal_size_of(std::io::stdout()) {
        Some((Width(width), _)) if width > 0 => width,
        _ => columns().unwrap_or(USUAL_WIDTH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\tc"), "a␛[2Jb␍\n\tc");
        assert_eq!(one_line("a\u{1b}]0;x\u{7}\n\n  b\u{9b}"), "a␛]0;x␇ b\u{fffd}");
        assert!(matches!(printable("plain\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_taken() {
        let long = "word ".repeat(1_000_000);
        assert!(one_line(&long).len() < ENOUGH + 10);
        assert!(one_line(&"x".repeat(1_000_000)).len() < ENOUGH + 10);
    }
}
