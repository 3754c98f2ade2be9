//! A statement's tree, with the place of every name in it, and what is wrong with one that can't
//! be parsed.

use turso_parser::ast::{Expr, Name, Stmt};
use turso_parser::error::Error;
use turso_parser::token::TokenType;

use super::fault::{Checked, Fault};
use super::parser::{self, Failure, MAX_NESTING};
use super::tokens::{Statement, Token};
use crate::migration::parsed::Location;
use crate::migration::refuse;

/// Begins the position in a marked name. No keyboard types it, and a name that
/// has it all the same only loses its exact place.
const MARK: char = '\u{1}';

/// Names that mean something to the parser as they stand, so they aren't marked.
const MEANINGFUL: [&str; 6] = ["true", "false", "array", "rowid", "stored", "strict"];

/// A statement, parsed.
pub(super) struct Parsed {
    /// As written: what the engine is given.
    pub(super) plain: Stmt,
    /// The same tree with the position of each name appended to the name: what
    /// is checked, since the tree itself has no positions. Read its names only
    /// through [`name`] and [`place`].
    pub(super) marked: Stmt,
}

/// Parses one statement.
pub(super) fn parse(statement: &Statement<'_>) -> Checked<Parsed> {
    check_nesting(statement)?;
    let (start, end) = statement.span();
    let plain = run(statement, &statement.text[start..end])?;
    // Quoting a name doesn't change what is parsed. Should it do so once all the
    // same, what is lost is the exact place in a message.
    let marked = run(statement, &marked_text(statement)).unwrap_or_else(|_| plain.clone());
    Ok(Parsed { plain, marked })
}

/// The name, without the mark.
pub(super) fn name(name: &Name) -> &str {
    name.as_str().rsplit_once(MARK).map_or(name.as_str(), |(name, _)| name)
}

/// An expression as text, without the marks.
pub(super) fn unmarked(expr: &Expr) -> String {
    let marked = expr.to_string();
    let mut parts = marked.split(MARK);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    text.to_ascii_lowercase()
}

/// The token that a name was read from.
pub(super) fn token<'s, 'a>(statement: &'s Statement<'a>, marked: &Name) -> Option<&'s Token<'a>> {
    let start = marked.as_str().rsplit_once(MARK).and_then(|(_, at)| at.parse::<usize>().ok());
    match start {
        Some(start) => statement.tokens.iter().find(|token| token.start == start),
        // A keyword that serves as a name: the first one is the best guess.
        None => statement
            .tokens
            .iter()
            .find(|token| token.word().is_some_and(|word| word.eq_ignore_ascii_case(name(marked)))),
    }
}

/// Where a name stands.
pub(super) fn place(statement: &Statement<'_>, marked: &Name) -> Location {
    statement.place(token(statement, marked))
}

fn check_nesting(statement: &Statement<'_>) -> Checked {
    let mut depth = 0_usize;
    for token in &statement.tokens {
        match token.kind {
            TokenType::TK_LP => depth += 1,
            TokenType::TK_RP => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(refuse::too_deep(statement.place(Some(token)), MAX_NESTING));
        }
    }
    Ok(())
}

/// The statement with every name quoted and its position appended.
fn marked_text(statement: &Statement<'_>) -> String {
    let (mut from, end) = statement.span();
    let mut marked = String::with_capacity((end - from) * 2);
    for token in &statement.tokens {
        let name = match token.word() {
            Some(word) if may_be_marked(token) => word,
            _ => continue,
        };
        marked.push_str(&statement.text[from..token.start]);
        marked.push_str(&format!("\"{}{MARK}{}\"", name.replace('"', "\"\""), token.start));
        from = token.end();
    }
    marked.push_str(&statement.text[from..end]);
    marked
}

fn may_be_marked(token: &Token<'_>) -> bool {
    // To the parser, a name in brackets after an expression is a subscript.
    // Quoted, it would become an alias: another tree than the plain one.
    token.kind == TokenType::TK_ID
        && !token.text.starts_with('[')
        && !MEANINGFUL.iter().any(|word| token.is(word))
}

fn run(statement: &Statement<'_>, sql: &str) -> Checked<Stmt> {
    parser::parse_here(sql).map_err(|failure| match failure {
        Failure::Syntax(error, offset) => explain(statement, &error, offset),
        Failure::TooDeep => refuse::too_deep(statement.at(), MAX_NESTING),
        // An EXPLAIN was refused by its first word, and an empty statement is none.
        Failure::Unreadable => refuse::unreadable(Some(statement.at())),
        Failure::NoThread(error) => refuse::no_thread(&error),
    })
}

fn explain(statement: &Statement<'_>, error: &Error, offset: usize) -> Fault {
    let (start, end) = statement.span();
    match error {
        Error::ParseUnexpectedToken { parsed_offset, token_text, .. } => {
            let at = statement.lines.locate(start + parsed_offset.offset());
            refuse::syntax(at, format!("near `{token_text}`: syntax error"))
        }
        Error::ParseUnexpectedEOF => refuse::syntax(
            statement.lines.locate(end),
            "the statement ends before it is complete".to_owned(),
        ),
        error => {
            let message = match error {
                Error::Custom(message) | Error::ParseError(message) => message.clone(),
                error => error.to_string(),
            };
            match column_counts(&message) {
                Some((values, columns)) => {
                    let select = statement.outermost().find(|token| {
                        matches!(token.kind, TokenType::TK_SELECT | TokenType::TK_VALUES)
                    });
                    refuse::column_count(statement.place(select), columns, values)
                }
                None => refuse::syntax(statement.lines.locate(start + offset), message),
            }
        }
    }
}

/// The parser compares the INSERT's columns with those of its SELECT, and says
/// so in words without a place: `2 values for 3 columns`.
fn column_counts(message: &str) -> Option<(usize, usize)> {
    let (values, columns) = message.strip_suffix(" columns")?.split_once(" values for ")?;
    Some((values.parse().ok()?, columns.parse().ok()?))
}
