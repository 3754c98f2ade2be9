//! Text in columns: wrapped, cut, and times in short. Pure.

use ratatui::text::Span;

/// Columns a text takes on the screen.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// A text in lines of at most `most` columns, cut at spaces; a word that is wider is cut where
/// the line ends. Lines after the first begin with `indent` spaces.
pub(crate) fn wrap(text: &str, most: usize, indent: usize) -> Vec<String> {
    let indent = if indent + 8 > most { 0 } else { indent };
    let mut lines = vec![String::new()];
    let mut used = 0;
    let mut blank = true;
    for word in text.split(' ') {
        let space = usize::from(!blank);
        if !blank && used + space + width(word) > most {
            lines.push(" ".repeat(indent));
            used = indent;
        } else if !blank {
            if let Some(line) = lines.last_mut() {
                line.push(' ');
            }
            used += 1;
        }
        for letter in word.chars() {
            let wide = width(letter.encode_utf8(&mut [0; 4]));
            if used + wide > most && used > indent {
                lines.push(" ".repeat(indent));
                used = indent;
            }
            if let Some(line) = lines.last_mut() {
                line.push(letter);
            }
            used += wide;
        }
        blank = false;
    }
    lines
}

/// A text in at most `most` columns; `…` says that something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += width(letter.encode_utf8(&mut [0; 4]));
        if used > most {
            break;
        }
        out.push(letter);
    }
    if most > 0 {
        out.push('…');
    }
    out
}

/// The time of day of an RFC 3339 time in UTC.
pub(crate) fn time(at: &str) -> String {
    at.get(11..19).map_or_else(|| at.to_owned(), |time| format!("{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_spaces_and_long_words_are_cut() {
        assert_eq!(wrap("one two three", 8, 0), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 0), ["abc", "def", "gh"]);
        assert_eq!(wrap("ab 東京都", 4, 0), ["ab", "東京", "都"]);
        assert_eq!(wrap("", 4, 0), [""]);
        assert_eq!(wrap("ab", 0, 0), ["a", "b"]);
        assert_eq!(wrap("one two three", 12, 4), ["one two", "    three"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!([cut("abcd", 4), cut("abcde", 4), cut("abc", 0)], ["abcd", "abc…", ""]);
        assert_eq!(cut("東京", 3), "東…");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time("2026-01-02T03:04:05Z"), "03:04:05Z");
        assert_eq!(time("never"), "never");
    }
}
