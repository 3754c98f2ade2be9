//! What a program printed in a terminal, as a picture that scales and follows the reader's light
//! or dark.
//!
//! Of the terminal's escape sequences those for bold, dim, red, green and yellow are understood;
//! the others are left out.

use std::fmt::Write as _;

/// Pixels from one line to the next.
const LINE: usize = 18;
/// Pixels that a character is wide, at the size the style asks for.
const CHARACTER: f64 = 7.9;
/// Pixels around the text, and those of the bar above it.
const MARGIN: usize = 18;
const BAR: usize = 38;

const STYLE: &str = "\
  <style>
    svg { --paper: #ffffff; --bar: #eef0f2; --ink: #1f2328; --dim: #6a737d; --good: #1a7f37; --bad: #b3261e; --warn: #8a6100; }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #161b22; --bar: #262c34; --ink: #e6edf3; --dim: #8d96a0; --good: #56d364; --bad: #ff8b80; --warn: #e3b341; }
    }
    text { font: 13px ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; fill: var(--ink); white-space: pre; }
    .paper { fill: var(--paper); stroke: var(--bar); }
    .bar { fill: var(--bar); }
    .b { font-weight: 700; } .d { fill: var(--dim); }
    .r { fill: var(--bad); } .g { fill: var(--good); } .y { fill: var(--warn); }
  </style>
";

/// How the characters that follow look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    bold: bool,
    /// A class of the style, if not the plain ink.
    ink: Option<char>,
}

impl Look {
    /// Takes on what one parameter of a sequence asks for.
    fn ask(&mut self, parameter: &str) {
        match parameter {
            "" | "0" => *self = Self::default(),
            "1" => self.bold = true,
            "2" => self.ink = Some('d'),
            "31" | "91" => self.ink = Some('r'),
            "32" | "92" => self.ink = Some('g'),
            "33" | "93" => self.ink = Some('y'),
            "39" => self.ink = None,
            _ => {}
        }
    }

    fn classes(self) -> String {
        let mut classes = String::new();
        if self.bold {
            classes.push('b');
        }
        if let Some(ink) = self.ink {
            classes.push_str(if self.bold { " " } else { "" });
            classes.push(ink);
        }
        classes
    }
}

/// The picture of what `command` printed.
#[must_use]
pub fn picture(command: &str, printed: &str) -> String {
    let lines: Vec<&str> = printed.trim_end().lines().collect();
    let columns = lines.iter().map(|line| plain(line).chars().count()).max().unwrap_or_default();
    let columns = columns.max(command.chars().count() + 2);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "some hundred pixels"
    )]
    let width = (columns as f64 * CHARACTER).ceil() as usize + 2 * MARGIN;
    let height = BAR + MARGIN + lines.len() * LINE + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n  <title id=\"title\">{}</title>\n  \
         <desc id=\"desc\">{}</desc>\n{STYLE}  <rect class=\"paper\" x=\".5\" y=\".5\" width=\"{}\" \
         height=\"{}\" rx=\"8\"/>\n  <path class=\"bar\" d=\"M0 {BAR}V8a8 8 0 0 1 8-8H{}a8 8 0 0 1 8 8V{BAR}z\"/>\n",
        escaped(command),
        escaped(&lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n")),
        width - 1,
        height - 1,
        width - 8,
    );
    text(&mut svg, 24, &format!("\u{1b}[2m$\u{1b}[0m \u{1b}[1m{command}"));
    for (n, line) in lines.iter().enumerate() {
        text(&mut svg, BAR + MARGIN + 8 + n * LINE, line);
    }
    svg.push_str("</svg>\n");
    svg
}

/// One line of text, each look in an element of its own.
fn text(svg: &mut String, y: usize, line: &str) {
    let _ = write!(svg, "  <text x=\"{MARGIN}\" y=\"{y}\" xml:space=\"preserve\">");
    for (look, part) in parts(line) {
        let part = escaped(&part);
        let _ = match look.classes().as_str() {
            "" => write!(svg, "{part}"),
            classes => write!(svg, "<tspan class=\"{classes}\">{part}</tspan>"),
        };
    }
    svg.push_str("</text>\n");
}

/// A line, cut where its look changes.
fn parts(line: &str) -> Vec<(Look, String)> {
    let mut parts = Vec::new();
    let mut look = Look::default();
    for (n, piece) in line.split('\u{1b}').enumerate() {
        let mut rest = piece;
        if n > 0 {
            let Some(end) = piece.find(|c: char| c.is_ascii_alphabetic()) else { continue };
            let (sequence, after) = piece.split_at(end + 1);
            if let Some(asked) = sequence.strip_prefix('[').and_then(|s| s.strip_suffix('m')) {
                asked.split(';').for_each(|parameter| look.ask(parameter));
            }
            rest = after;
        }
        if !rest.is_empty() {
            parts.push((look, rest.to_owned()));
        }
    }
    parts
}

fn plain(line: &str) -> String {
    parts(line).into_iter().map(|(_, part)| part).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_classes_and_text_is_escaped() {
        let svg =
            picture("prove", "\u{1b}[1mall\u{1b}[0m of \u{1b}[1m\u{1b}[32ma < b\u{1b}[0m\n\nend");
        assert!(
            svg.contains("<tspan class=\"b\">all</tspan> of <tspan class=\"b g\">a &lt; b</tspan>")
        );
        assert!(svg.contains("<desc id=\"desc\">all of a &lt; b\n\nend</desc>"));
        assert_eq!(svg.matches("<text").count(), 4);
        assert!(!svg.contains('\u{1b}'));
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        assert_eq!(plain("a\u{1b}[2Kb\u{1b}[38;5;9mc"), "abc");
    }
}
