//! Reads a migration file, statement by statement, from top to bottom.
//!
//! What a statement may name depends on those above it, so each is read against
//! what is [`Known`] so far. The first fault ends the reading.

use turso_parser::token::TokenType;

use super::fault::Checked;
use super::kind::{self, Kind};
use super::known::Known;
use super::tokens::{Lines, Statement, split};
use crate::migration::error::MigrationError;
use crate::migration::parsed::Migration;
use crate::migration::{create, mapping, parser, refuse, scope, syntax};
use crate::phase::Direction;

pub(super) fn read(name: &str, text: &str, started: bool) -> Result<Migration, MigrationError> {
    // Some editors begin a file with a byte order mark. SQLite takes it as a space.
    let statements = text.strip_prefix('\u{feff}').unwrap_or(text);
    let known = match parser::on_a_deep_stack(|| read_statements(statements, started)) {
        Ok(read) => read.unwrap_or_else(|| Err(refuse::unreadable(None))),
        Err(error) => Err(refuse::no_thread(&error)),
    };
    match known {
        Ok(known) => Ok(known.into_migration(name, text)),
        Err(fault) => Err(fault.of(name)),
    }
}

fn read_statements(text: &str, started: bool) -> Checked<Known> {
    let lines = Lines::new(text);
    if let Some(byte) = text.find('\0') {
        return Err(refuse::nul(lines.locate(byte)));
    }
    let mut known = Known::default();
    let mut split = split(text, &lines);
    for statement in &mut split.statements {
        statement.started = started;
        read_statement(statement, &mut known)?;
    }
    if let Some(fault) = split.fault {
        return Err(fault);
    }
    scope::refuse_in(&split.comments_below, &lines)?;
    check_whole(&known)?;
    Ok(known)
}

fn read_statement(statement: &Statement<'_>, known: &mut Known) -> Checked {
    let kind = kind::of(statement)?;
    check_tokens(statement)?;
    scope::refuse_in(&statement.comments_inside, statement.lines)?;
    if kind != Kind::Mapping {
        scope::refuse_above(statement)?;
    }
    match kind {
        Kind::Table => create::read_table(statement, known),
        Kind::Index => create::read_index(statement, known),
        Kind::Mapping => mapping::read(statement, known),
        Kind::Unknown => match syntax::parse(statement) {
            Err(fault) => Err(fault),
            Ok(_) => Err(refuse::unreadable(Some(statement.at()))),
        },
    }
}

/// Refuses what the tokens alone show to be wrong in any statement.
fn check_tokens(statement: &Statement<'_>) -> Checked {
    for token in &statement.tokens {
        let at = || statement.place(Some(token));
        match token.kind {
            TokenType::TK_VARIABLE => return Err(refuse::parameter(at(), token.text)),
            TokenType::TK_INTEGER | TokenType::TK_FLOAT if is_too_large(token.text) => {
                return Err(refuse::hex_too_large(at(), token.text));
            }
            TokenType::TK_INTEGER | TokenType::TK_FLOAT if token.text.contains('_') => {
                return Err(refuse::digit_separator(at(), token.text));
            }
            _ => {}
        }
    }
    // The tree doesn't show it: the parser makes it an IS or IS NOT.
    for (words, fix) in [
        (&["IS", "DISTINCT", "FROM"][..], "write IS NOT"),
        (&["IS", "NOT", "DISTINCT", "FROM"], "write IS"),
    ] {
        if statement.find(words).is_some() {
            let at = statement.place_of(&[words]);
            return Err(refuse::newer(at, &words.join(" "), "3.39", fix));
        }
    }
    Ok(())
}

/// Whether a hexadecimal number has more than the 64 bits that SQLite takes.
fn is_too_large(number: &str) -> bool {
    let digits = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.trim_start_matches('0').len() > 16)
}

fn check_whole(known: &Known) -> Checked {
    let (forward, backward) = (known.has(Direction::Forward), known.has(Direction::Backward));
    match (forward, backward) {
        (true, false) => return Err(refuse::no_backward()),
        (false, true) => return Err(refuse::no_forward()),
        (false, false) if known.tables.is_empty() => return Err(refuse::nothing_read()),
        _ => {}
    }
    if let Some((table, at)) = known.unfilled() {
        return Err(refuse::never_filled(at, table));
    }
    match known.replaced_for_good() {
        Some((table, at)) => Err(refuse::replaced_for_good(at, table)),
        None => Ok(()),
    }
}

impl Migration {
    /// Reads a migration from its text. `name` is the file's stem.
    ///
    /// # Errors
    ///
    /// The first statement that a migration file may not hold, with its place,
    /// the reason and what to do instead.
    pub fn parse(name: &str, text: &str) -> Result<Self, MigrationError> {
        read(name, text, false)
    }

    /// Reads a migration that was started: what SQLite's releases answer differently was seen
    /// to then, or an older release of this library let it through. It must be able to go on,
    /// and back.
    pub(crate) fn started(name: &str, text: &str) -> Result<Self, MigrationError> {
        read(name, text, true)
    }
}
