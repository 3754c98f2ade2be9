//! Cuts a migration file into statements, and knows where each word stands.
//!
//! The parser's tree has no positions, and its lexer no notion of a statement.
//! This file runs the lexer over the text once and keeps what the tree loses:
//! the place of every token, and the comments.

use turso_parser::error::Error;
use turso_parser::lexer::{Lexer, is_identifier_start};
use turso_parser::token::TokenType;

use super::fault::{Checked, Fault};
use crate::migration::parsed::Location;
use crate::migration::refuse;

/// A token of a statement, or a comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenType,
    /// As written, quotes included.
    pub(super) text: &'a str,
    /// The byte of the text at which it begins.
    pub(super) start: usize,
}

impl<'a> Token<'a> {
    /// The byte after the token.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, or this name without quotes.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The name it spells, without quotes, if it can be one. A keyword can: many
    /// are allowed as names.
    pub(super) fn word(&self) -> Option<String> {
        let first = self.text.bytes().next()?;
        let inner = || self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default();
        match first {
            b'"' => Some(inner().replace("\"\"", "\"")),
            b'`' => Some(inner().replace("``", "`")),
            b'[' => Some(inner().to_owned()),
            _ if self.kind != TokenType::TK_BLOB && is_identifier_start(first) => {
                Some(self.text.to_owned())
            }
            _ => None,
        }
    }

    /// The name it spells where SQLite reads a text for one too, as in `CREATE TABLE 'a b'`.
    pub(super) fn name(&self) -> Option<String> {
        let text = self.text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        self.word().or_else(|| text.map(|text| text.replace("''", "'")))
    }
}

/// Finds lines and columns.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The byte at which each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of a byte of the text.
    pub(super) fn locate(&self, byte: usize) -> Location {
        let line = self.starts.partition_point(|start| *start <= byte);
        Location { line, column: self.before(byte).chars().count() + 1 }
    }

    /// What stands before a byte on its line.
    pub(super) fn before(&self, byte: usize) -> &'a str {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        self.text.get(start..byte).unwrap_or_default()
    }
}

/// One statement, without its semicolon.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    /// The whole file.
    pub(super) text: &'a str,
    pub(super) lines: &'a Lines<'a>,
    /// Whether it is of a migration that was started.
    pub(super) started: bool,
    /// At least one.
    pub(super) tokens: Vec<Token<'a>>,
    /// The comments between the statement before it and its first token.
    pub(super) comments_above: Vec<Token<'a>>,
    /// The comments between its first token and its semicolon.
    pub(super) comments_inside: Vec<Token<'a>>,
}

impl<'a> Statement<'a> {
    /// Where the statement begins.
    pub(super) fn at(&self) -> Location {
        self.place(self.tokens.first())
    }

    /// Where a token stands; where the statement begins if there is none.
    pub(super) fn place(&self, token: Option<&Token<'_>>) -> Location {
        let token = token.or(self.tokens.first());
        self.lines.locate(token.map_or(0, |token| token.start))
    }

    /// The first byte of its first token and the one after its last token.
    pub(super) fn span(&self) -> (usize, usize) {
        let start = self.tokens.first().map_or(0, |token| token.start);
        (start, self.tokens.last().map_or(start, Token::end))
    }

    /// Whether its first tokens are these keywords.
    pub(super) fn begins(&self, words: &[&str]) -> bool {
        begins(&self.tokens, words)
    }

    /// Where one of these sequences of tokens first stands; where the statement
    /// begins if none does.
    pub(super) fn place_of(&self, alternatives: &[&[&str]]) -> Location {
        let found = alternatives.iter().filter_map(|words| self.find(words)).min();
        self.place(found.and_then(|index| self.tokens.get(index)))
    }

    /// Where these tokens first follow each other.
    pub(super) fn find(&self, words: &[&str]) -> Option<usize> {
        (0..self.tokens.len()).find(|from| begins(&self.tokens[*from..], words))
    }

    /// The tokens outside of all parentheses, and the outermost parentheses.
    pub(super) fn outermost(&self) -> impl Iterator<Item = &Token<'a>> {
        let mut depth = 0_usize;
        self.tokens.iter().filter(move |token| {
            let outside = depth == 0;
            match token.kind {
                TokenType::TK_LP => depth += 1,
                TokenType::TK_RP => depth = depth.saturating_sub(1),
                _ => {}
            }
            outside || depth == 0
        })
    }

    /// Every word with its place, quotes removed.
    pub(super) fn words(&self) -> Vec<(String, Location)> {
        self.tokens
            .iter()
            .filter_map(|token| Some((token.word()?, self.lines.locate(token.start))))
            .collect()
    }

    /// The text of the statement without some of its tokens. Comments stay.
    pub(super) fn text_without(&self, dropped: &[usize]) -> String {
        let (mut from, end) = self.span();
        let mut kept = String::with_capacity(end - from);
        for token in dropped.iter().filter_map(|index| self.tokens.get(*index)) {
            kept.push_str(&self.text[from..token.start]);
            from = token.end();
        }
        kept.push_str(&self.text[from..end]);
        kept
    }
}

fn begins(tokens: &[Token<'_>], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.is(word))
}

/// A file, cut into statements.
#[derive(Debug, Default)]
pub(super) struct Split<'a> {
    pub(super) statements: Vec<Statement<'a>>,
    /// The comments after the last statement.
    pub(super) comments_below: Vec<Token<'a>>,
    /// Why the text after the last statement can't be cut. Reported after the
    /// faults of the statements before it: the first fault of the file comes first.
    pub(super) fault: Option<Fault>,
}

/// Cuts a text at its semicolons. Those inside of a CREATE TRIGGER cut too: no
/// such statement is accepted, and the first one ends the reading.
pub(super) fn split<'a>(text: &'a str, lines: &'a Lines<'a>) -> Split<'a> {
    let mut split = Split::default();
    let mut tokens = Vec::new();
    let mut above = Vec::new();
    let mut inside = Vec::new();
    let mut byte = 0;
    while byte < text.len() {
        let token = match next_token(text, byte, lines) {
            Ok(token) => token,
            Err(fault) => {
                split.fault = Some(fault);
                return split;
            }
        };
        byte = token.end();
        match token.kind {
            TokenType::TK_NONE if !is_comment(&token) => {}
            TokenType::TK_NONE if tokens.is_empty() => above.push(token),
            TokenType::TK_NONE => inside.push(token),
            TokenType::TK_SEMI if tokens.is_empty() => {}
            TokenType::TK_SEMI => split.statements.push(Statement {
                text,
                lines,
                started: false,
                tokens: std::mem::take(&mut tokens),
                comments_above: std::mem::take(&mut above),
                comments_inside: std::mem::take(&mut inside),
            }),
            _ => tokens.push(token),
        }
    }
    if tokens.is_empty() {
        split.comments_below = above;
    } else {
        // Comments after the last token of a statement without a semicolon
        // count as inside: there is no next statement that they could be above.
        split.statements.push(Statement {
            text,
            lines,
            started: false,
            tokens,
            comments_above: above,
            comments_inside: inside,
        });
    }
    split
}

fn is_comment(token: &Token<'_>) -> bool {
    token.text.starts_with("--") || token.text.starts_with("/*")
}

/// The token, or the space or comment, that begins at a byte.
pub(super) fn next_token<'a>(text: &'a str, start: usize, lines: &Lines<'_>) -> Checked<Token<'a>> {
    let rest = &text[start..];
    if rest.starts_with('[') {
        return bracketed(rest, start, lines);
    }
    let mut lexer = Lexer::new(rest.as_bytes());
    let kind = match lexer.next() {
        Some(Ok(token)) => token.token_type,
        Some(Err(error)) => return Err(lexer_fault(&error, rest, lines.locate(start))),
        None => TokenType::TK_NONE,
    };
    // Not the token's own value: for some operators that is a constant, not a
    // part of the text. A token never ends inside of a character: the lexer
    // takes all bytes of a character that isn't ASCII, or none.
    let length = rest.len() - lexer.remaining().len();
    let text = rest.get(..length).filter(|text| !text.is_empty()).unwrap_or(rest);
    if text.starts_with("/*") && (text.len() < 4 || !text.ends_with("*/")) {
        // SQLite reads it as a comment up to the end of the file, and would
        // not say that every statement after it is lost.
        return Err(refuse::unclosed_comment(lines.locate(start)));
    }
    Ok(Token { kind, text, start })
}

/// `[a name]`. The lexer gives only the bracket, because to its parser it may
/// also begin a subscript; to SQLite it is always a quoted name.
fn bracketed<'a>(rest: &'a str, start: usize, lines: &Lines<'_>) -> Checked<Token<'a>> {
    match rest.find(']') {
        Some(end) => Ok(Token { kind: TokenType::TK_ID, text: &rest[..=end], start }),
        None => Err(refuse::unclosed_quote(lines.locate(start), "[")),
    }
}

fn lexer_fault(error: &Error, rest: &str, at: Location) -> Fault {
    match error {
        Error::UnterminatedLiteral { .. } if !rest.starts_with(['x', 'X']) => {
            refuse::unclosed_quote(at, rest.get(..1).unwrap_or_default())
        }
        _ => {
            let word = rest.split(char::is_whitespace).next().unwrap_or_default();
            refuse::not_a_token(at, word)
        }
    }
}
