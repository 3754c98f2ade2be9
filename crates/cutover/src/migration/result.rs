//! What a mapping's SELECT gives: one value for each column of the INSERT.

use turso_parser::ast::{OneSelect, ResultColumn, Select};
use turso_parser::token::TokenType;

use super::fault::Checked;
use super::syntax::place;
use super::tokens::{Statement, Token};
use crate::migration::parsed::Location;
use crate::migration::refuse;

/// Checks the outermost SELECT, but not what it reads. `columns` is how many
/// the INSERT fills.
pub(super) fn check(statement: &Statement<'_>, select: &Select, columns: usize) -> Checked {
    let limit = statement.tokens.iter().find(|token| token.kind == TokenType::TK_LIMIT);
    if limit.is_some() {
        return Err(refuse::limit(statement.place(limit)));
    }
    // In the text, the parts of a compound begin where they do in the tree.
    let mut starts = statement
        .outermost()
        .filter(|token| matches!(token.kind, TokenType::TK_SELECT | TokenType::TK_VALUES));
    let compounds = select.body.compounds.iter().map(|compound| &compound.select);
    for part in std::iter::once(&select.body.select).chain(compounds) {
        check_part(statement, part, statement.place(starts.next()), columns)?;
    }
    if select.order_by.is_empty() {
        return Ok(());
    }
    let order = statement.outermost().find(|token| token.kind == TokenType::TK_ORDER);
    Err(refuse::order_by(statement.place(order)))
}

fn check_part(statement: &Statement<'_>, part: &OneSelect, at: Location, filled: usize) -> Checked {
    let OneSelect::Select { columns, from: Some(_), .. } = part else {
        return Err(refuse::constant_row(at));
    };
    for column in columns {
        match column {
            ResultColumn::Star => return Err(refuse::star(star(statement))),
            ResultColumn::TableStar(table) => return Err(refuse::star(place(statement, table))),
            ResultColumn::Expr(..) => {}
        }
    }
    if columns.len() == filled {
        Ok(())
    } else {
        Err(refuse::column_count(at, filled, columns.len()))
    }
}

/// The first `*` that stands for columns: a factor has a value before it.
fn star(statement: &Statement<'_>) -> Location {
    let begins_a_column = |token: &Token<'_>| {
        matches!(
            token.kind,
            TokenType::TK_SELECT | TokenType::TK_DISTINCT | TokenType::TK_ALL | TokenType::TK_COMMA
        )
    };
    let pairs = statement.outermost().zip(statement.outermost().skip(1));
    let mut stars =
        pairs.filter(|(before, token)| token.kind == TokenType::TK_STAR && begins_a_column(before));
    statement.place(stars.next().map(|(_, star)| star))
}
