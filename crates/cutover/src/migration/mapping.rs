//! Reads an INSERT … SELECT.

use turso_parser::ast::{InsertBody, Name, QualifiedName, Select, Stmt};
use turso_parser::token::TokenType;

use super::fault::Checked;
use super::fractions::Conditions;
use super::known::Known;
use super::names::{self, is_reserved};
use super::select::Selects;
use super::syntax::{self, name, place};
use super::tables::Tables;
use super::tokens::Statement;
use super::withs::Withs;
use crate::migration::parsed::Mapping;
use crate::migration::{cut, lower, refuse, result, scope, unnamed};
use crate::phase::{Direction, Side};

/// Reads a statement that begins with INSERT.
pub(super) fn read(statement: &Statement<'_>, known: &mut Known) -> Checked {
    refuse_early(statement)?;
    let parsed = syntax::parse(statement)?;
    let Stmt::Insert { tbl_name, columns, body, returning, .. } = &parsed.marked else {
        return Err(refuse::unreadable(Some(statement.at())));
    };
    let (direction, target) = check_target(statement, tbl_name, known)?;
    let columns = check_columns(statement, columns, direction, &target, known)?;
    let InsertBody::Select(select, upsert) = body else {
        return Err(refuse::unreadable(Some(statement.at())));
    };
    if upsert.is_some() {
        return Err(refuse::upsert(statement.place_of(&[&["ON", "CONFLICT"]])));
    }
    if !returning.is_empty() {
        return Err(refuse::returning(statement.place_of(&[&["RETURNING"]])));
    }
    result::check(statement, select, columns.len())?;
    let tables = Tables { statement, known, direction, target: &target, old: Vec::new() };
    let mut selects = Selects { statement, tables, short: Conditions::default(), open: Vec::new() };
    selects.check(select, &Withs::default())?;
    let (old, open) = (selects.tables.old, selects.open);
    let select = plain_select(statement, parsed.plain)?;
    unnamed::check(statement, &select)?;
    let Ok(mut select) = lower::select(&select) else {
        return Err(refuse::unreadable(Some(statement.at())));
    };
    cut::cut_times(&mut select, &open);
    let scope = scope::read(statement, &columns)?;
    old.iter().for_each(|table| known.add_old_table(table));
    if direction == Direction::Backward {
        known.add_old_table(&target);
    }
    known.mappings.push(Mapping {
        direction,
        target,
        columns,
        select,
        scope,
        at: statement.at(),
        words: statement.words(),
    });
    Ok(())
}

/// Refuses what the parser reads into a tree that no longer shows it, or refuses
/// itself in fewer words.
fn refuse_early(statement: &Statement<'_>) -> Checked {
    if statement.begins(&["INSERT", "OR"]) {
        let or = statement.tokens.get(1);
        let action = statement.tokens.get(2).map_or("", |token| token.text).to_ascii_uppercase();
        return Err(refuse::conflict_clause(statement.place(or), &format!("INSERT OR {action}")));
    }
    if let Some(index) = statement.find(&["DEFAULT", "VALUES"]) {
        return Err(refuse::default_values(statement.place(statement.tokens.get(index))));
    }
    let mut outermost = statement.outermost();
    let body = outermost.find(|token| {
        matches!(token.kind, TokenType::TK_SELECT | TokenType::TK_VALUES | TokenType::TK_WITH)
    });
    match body {
        Some(values) if values.kind == TokenType::TK_VALUES => {
            Err(refuse::constant_row(statement.place(Some(values))))
        }
        _ => Ok(()),
    }
}

fn check_target(
    statement: &Statement<'_>,
    target: &QualifiedName,
    known: &Known,
) -> Checked<(Direction, String)> {
    let table = name(&target.name);
    let Some(side) = &target.db_name else {
        return Err(refuse::target_unqualified(place(statement, &target.name), table));
    };
    let at = place(statement, side);
    if let Some(alias) = &target.alias {
        return Err(refuse::target_alias(place(statement, alias)));
    }
    if is_reserved(table) {
        return Err(refuse::reserved(place(statement, &target.name), table));
    }
    match names::side(name(side)) {
        None => Err(refuse::target_elsewhere(at, name(side), table)),
        Some(Side::New) if !known.creates_table(table) => Err(refuse::not_created(at, table)),
        Some(Side::New) => Ok((Direction::Forward, table.to_owned())),
        Some(Side::Old) => Ok((Direction::Backward, table.to_owned())),
    }
}

/// Checks the INSERT's column list, and gives it.
fn check_columns(
    statement: &Statement<'_>,
    columns: &[Name],
    direction: Direction,
    target: &str,
    known: &Known,
) -> Checked<Vec<String>> {
    let side = direction.target();
    if columns.is_empty() {
        let at = statement.place(statement.tokens.get(2));
        return Err(refuse::no_columns(at, &format!("{side}.{target}")));
    }
    let declared = known.columns_of(target).filter(|_| side == Side::New);
    let mut filled: Vec<String> = Vec::new();
    for column in columns {
        let at = place(statement, column);
        let column = name(column);
        if filled.iter().any(|other| other.eq_ignore_ascii_case(column)) {
            return Err(refuse::column_twice(at, column));
        }
        if let Some(declared) = declared {
            match declared.iter().find(|known| known.name.eq_ignore_ascii_case(column)) {
                None => return Err(refuse::no_such_column(at, target, column)),
                Some(known) if known.generated => return Err(refuse::generated_column(at, column)),
                Some(_) => {}
            }
        }
        filled.push(column.to_owned());
    }
    Ok(filled)
}

fn plain_select(statement: &Statement<'_>, plain: Stmt) -> Checked<Select> {
    match plain {
        Stmt::Insert { body: InsertBody::Select(select, _), .. } => Ok(select),
        _ => Err(refuse::unreadable(Some(statement.at()))),
    }
}
