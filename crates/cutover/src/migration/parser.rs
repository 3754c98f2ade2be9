//! The one place that calls the parser, so that neither a panic nor a deep text gets through.

use std::panic::catch_unwind;
use std::thread;

use turso_parser::ast::{Cmd, Stmt};
use turso_parser::error::Error;
use turso_parser::lexer::Lexer;
use turso_parser::parser::Parser;
use turso_parser::token::TokenType;

/// How deep parentheses may nest. The parser is recursive, and so is everything
/// that walks its trees. It bounds the depth of an expression itself (to 100,
/// where SQLite has 1000), but not that of a FROM clause.
pub(super) const MAX_NESTING: usize = 100;

/// The stack that the parser runs on, in bytes. Built without optimisation the
/// parser takes 100 KiB and more for each level of nesting (measured: 16 MiB for
/// the deepest statement that is accepted), and an overflow of the usual 2 MiB
/// can't be caught: it would end the process. What isn't used is never backed by
/// memory.
const STACK: usize = 64 << 20;

/// Why there is no statement.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Parentheses nest deeper than [`MAX_NESTING`].
    TooDeep,
    /// What the parser says, and the byte at which it stopped.
    Syntax(Error, usize),
    /// There is no statement, or more than the parser could take: it has `unwrap` and
    /// `unreachable!` in it.
    Unreadable,
    /// The system gave no thread.
    NoThread(std::io::Error),
}

/// Parses one statement, wherever its text comes from. A migration file's are parsed on
/// the stack that the whole file is read on: [`parse_here`].
pub(crate) fn parse(sql: &str) -> Result<Stmt, Failure> {
    if nesting(sql) > MAX_NESTING {
        return Err(Failure::TooDeep);
    }
    on_a_deep_stack(|| parse_here(sql))
        .map_err(Failure::NoThread)?
        .unwrap_or(Err(Failure::Unreadable))
}

/// Parses one statement that is known not to be too deep, on a stack that is deep enough.
pub(super) fn parse_here(sql: &str) -> Result<Stmt, Failure> {
    let parsed = catch_unwind(|| {
        let mut parser = Parser::new(sql.as_bytes());
        let command = parser.next_cmd();
        (command, parser.offset())
    });
    // A text that somebody mistyped must not end the application that embeds us. A panic still
    // prints a line, by a hook that isn't ours to change.
    match parsed {
        Ok((Ok(Some(Cmd::Stmt(parsed))), _)) => Ok(parsed),
        Ok((Err(error), offset)) => Err(Failure::Syntax(error, offset)),
        Ok((Ok(_), _)) | Err(_) => Err(Failure::Unreadable),
    }
}

/// Runs what calls the parser; none if it panicked.
pub(super) fn on_a_deep_stack<T: Send>(f: impl FnOnce() -> T + Send) -> std::io::Result<Option<T>> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("cutover-reader".to_owned()).stack_size(STACK);
        Ok(thread.spawn_scoped(scope, f)?.join().ok())
    })
}

fn nesting(sql: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for token in Lexer::new(sql.as_bytes()) {
        match token.map(|token| token.token_type) {
            Ok(TokenType::TK_LP) => depth += 1,
            Ok(TokenType::TK_RP) => depth = depth.saturating_sub(1),
            Ok(_) => {}
            // The parser says the same.
            Err(_) => break,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stack of a thread that tests run on is 2 MiB.
    #[test]
    fn a_deep_text_is_refused_or_read() {
        let trigger = |depth: usize| {
            let (open, close) = ("(SELECT * FROM ".repeat(depth), ")".repeat(depth));
            format!("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT * FROM {open}b{close}; END")
        };
        assert!(parse(&trigger(MAX_NESTING)).is_ok());
        assert!(matches!(parse(&trigger(MAX_NESTING + 1)), Err(Failure::TooDeep)));
        assert!(matches!(parse(&trigger(100_000)), Err(Failure::TooDeep)));
        let check = |depth| format!("CREATE TABLE t (a CHECK ({}a))", "CASE WHEN ".repeat(depth));
        assert!(parse(&check(100_000)).is_err());
        assert!(parse(&format!("CREATE TABLE t (a CHECK ({}a))", "NOT ".repeat(100_000))).is_err());
        assert!(parse(&format!("CREATE TABLE t (a CHECK ({}a))", "- ".repeat(100_000))).is_err());
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for text in
            ["", ";", "-- nothing", "EXPLAIN SELECT 1", "CREATE TABLE", "CREATE TABLE t (a '"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
