//! Columns of subqueries that are read by a name that nobody gave them.
//!
//! To SQLite, the column of `(SELECT max(a) FROM …)` is named `max(a)`: as the
//! expression is written. The engine writes expressions out of a tree, with other
//! spaces. `"max(a)"` would then name no column, and SQLite would take it for a
//! string, without a word.

use turso_parser::ast::{As, Expr, OneSelect, ResultColumn, Select};

use super::fault::Checked;
use super::refuse;
use super::tokens::Statement;
use super::walk::{Node, shared};

/// Refuses quoted names that are the text of an expression without a name.
/// `select` is the tree without marks.
pub(super) fn check(statement: &Statement<'_>, select: &Select) -> Checked {
    let mut names = Vec::new();
    collect(select, &mut names);
    for token in statement.tokens.iter().filter(|token| token.text.starts_with(['"', '`', '['])) {
        let word = token.word().unwrap_or_default();
        if names.iter().any(|name| name.eq_ignore_ascii_case(&word)) {
            return Err(refuse::unnamed_column(statement.place(Some(token)), &word));
        }
    }
    Ok(())
}

fn collect<'a>(select: &'a Select, names: &mut Vec<&'a str>) {
    for member in select.with.iter().flat_map(|with| &with.ctes) {
        collect(&member.select, names);
    }
    let compounds = select.body.compounds.iter().map(|compound| &compound.select);
    for part in std::iter::once(&select.body.select).chain(compounds) {
        if let OneSelect::Select { columns, .. } = part {
            names.extend(columns.iter().filter_map(unnamed));
        }
        shared::one_select(part, &mut |node| collect_in(node, names));
    }
    for column in &select.order_by {
        collect_in(Node::Expr(&column.expr), names);
    }
}

fn collect_in<'a>(node: Node<'a>, names: &mut Vec<&'a str>) {
    match node {
        Node::Expr(expr) => shared::expr(expr, &mut |node| collect_in(node, names)),
        Node::Table(table) => shared::table(table, &mut |node| collect_in(node, names)),
        Node::Select(select) => collect(select, names),
    }
}

/// The text of a result column that is neither named nor a column itself.
fn unnamed(column: &ResultColumn) -> Option<&str> {
    match column {
        ResultColumn::Expr(expr, Some(As::ImplicitColumnName(name)))
            if !matches!(**expr, Expr::Id(_) | Expr::Name(_) | Expr::Qualified(..)) =>
        {
            Some(name.as_str())
        }
        _ => None,
    }
}
