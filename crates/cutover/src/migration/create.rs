//! Reads CREATE TABLE and CREATE INDEX.

use turso_parser::ast::{
    ColumnConstraint, ColumnDefinition, CreateTableBody, Expr, QualifiedName, SortedColumn, Stmt,
    TableConstraint,
};
use turso_parser::token::TokenType;

use super::ddl;
use super::expr::{self, Role, Times};
use super::fault::Checked;
use super::known::{Column, Known};
use super::names::{self, is_reserved};
use super::syntax::{self, name, place, token};
use super::tokens::Statement;
use super::walk::{Node, shared};
use crate::migration::parsed::{NewIndex, NewTable};
use crate::migration::refuse;
use crate::phase::Side;

/// Reads a statement that begins with CREATE TABLE.
pub(super) fn read_table(statement: &Statement<'_>, known: &mut Known) -> Checked {
    refuse_qualified(statement, TokenType::TK_REFERENCES, "REFERENCES")?;
    let parsed = syntax::parse(statement)?;
    let Stmt::CreateTable { if_not_exists, tbl_name, body, .. } = &parsed.marked else {
        return Err(refuse::unreadable(Some(statement.at())));
    };
    if *if_not_exists {
        return Err(refuse::if_not_exists(statement.place_of(&[&["IF", "NOT"]])));
    }
    check_name(statement, tbl_name, "TABLE", known)?;
    let CreateTableBody::ColumnsAndConstraints { columns, constraints, .. } = body else {
        return Err(refuse::create_as_select(statement.place_of(&[&["AS"]])));
    };
    let declared = columns
        .iter()
        .map(|column| check_column(statement, column))
        .collect::<Checked<Vec<Column>>>()?;
    for constraint in constraints {
        match &constraint.constraint {
            TableConstraint::Check { expr, .. } => check_expr(statement, expr, Role::Derived)?,
            TableConstraint::PrimaryKey { columns, .. }
            | TableConstraint::Unique { columns, .. } => check_sorted(statement, columns)?,
            TableConstraint::ForeignKey { .. } => {}
        }
    }
    let table = NewTable {
        name: name(&tbl_name.name).to_owned(),
        sql: without_side(statement, tbl_name)?,
        at: statement.at(),
    };
    known.add_table(table, declared);
    Ok(())
}

/// Reads a statement that begins with CREATE INDEX or CREATE UNIQUE INDEX.
pub(super) fn read_index(statement: &Statement<'_>, known: &mut Known) -> Checked {
    refuse_qualified(statement, TokenType::TK_ON, "ON")?;
    let parsed = syntax::parse(statement)?;
    let Stmt::CreateIndex {
        if_not_exists,
        idx_name,
        tbl_name,
        using,
        columns,
        with_clause,
        where_clause,
        ..
    } = &parsed.marked
    else {
        return Err(refuse::unreadable(Some(statement.at())));
    };
    if *if_not_exists {
        return Err(refuse::if_not_exists(statement.place_of(&[&["IF", "NOT"]])));
    }
    if let Some(module) = using {
        return Err(refuse::not_sqlite(place(statement, module), "CREATE INDEX … USING"));
    }
    if !with_clause.is_empty() {
        let at = statement.place_of(&[&["WITH", "("]]);
        return Err(refuse::not_sqlite(at, "CREATE INDEX … WITH (…)"));
    }
    check_name(statement, idx_name, "INDEX", known)?;
    if !known.creates_table(name(tbl_name)) {
        return Err(refuse::index_on_other(place(statement, tbl_name), name(tbl_name)));
    }
    check_sorted(statement, columns)?;
    if let Some(condition) = where_clause {
        check_expr(statement, condition, Role::Derived)?;
    }
    known.indexes.push(NewIndex {
        name: name(&idx_name.name).to_owned(),
        table: name(tbl_name).to_owned(),
        sql: without_side(statement, idx_name)?,
        at: statement.at(),
    });
    Ok(())
}

/// To the parser, a qualifier after ON or REFERENCES is only a syntax error.
fn refuse_qualified(statement: &Statement<'_>, kind: TokenType, after: &str) -> Checked {
    let mut fours = statement.tokens.windows(4);
    match fours.find(|tokens| tokens[0].kind == kind && tokens[2].kind == TokenType::TK_DOT) {
        Some([_, side, _, table]) => {
            Err(refuse::qualified_reference(statement.place(Some(side)), after, table.text))
        }
        _ => Ok(()),
    }
}

fn check_name(
    statement: &Statement<'_>,
    created: &QualifiedName,
    what: &str,
    known: &Known,
) -> Checked {
    let new = name(&created.name);
    let at = place(statement, &created.name);
    let Some(side) = &created.db_name else {
        return Err(refuse::create_unqualified(at, what, new));
    };
    match names::side(name(side)) {
        Some(Side::New) => {}
        Some(Side::Old) => {
            return Err(refuse::create_old(place(statement, side), what, new));
        }
        None => {
            let at = place(statement, side);
            return Err(refuse::create_elsewhere(at, what, name(side), new));
        }
    }
    if is_reserved(new) {
        return Err(refuse::reserved(at, new));
    }
    if names::side(new).is_some() {
        return Err(refuse::named_like_a_side(at, new));
    }
    if known.has_name(new) {
        return Err(refuse::created_twice(at, new));
    }
    Ok(())
}

fn check_column(statement: &Statement<'_>, column: &ColumnDefinition) -> Checked<Column> {
    if column.col_type.as_ref().is_some_and(|kind| kind.is_array()) {
        let at = place(statement, &column.col_name);
        return Err(refuse::not_sqlite(at, "an array type"));
    }
    let mut generated = false;
    for constraint in column {
        match constraint {
            ColumnConstraint::Check { expr, .. } => check_expr(statement, expr, Role::Derived)?,
            ColumnConstraint::Generated { expr, .. } => {
                generated = true;
                check_expr(statement, expr, Role::Derived)?;
            }
            ColumnConstraint::Default(expr) => check_expr(statement, expr, Role::Default)?,
            ColumnConstraint::Collate { collation_name } => {
                expr::check_collation(statement, collation_name)?;
            }
            _ => {}
        }
    }
    Ok(Column { name: name(&column.col_name).to_owned(), generated })
}

fn check_sorted(statement: &Statement<'_>, columns: &[SortedColumn]) -> Checked {
    columns.iter().try_for_each(|column| check_expr(statement, &column.expr, Role::Derived))
}

/// Checks an expression of a table's or an index's definition. SQLite itself
/// refuses subqueries there.
fn check_expr(statement: &Statement<'_>, expr: &Expr, role: Role) -> Checked {
    expr::check(statement, expr, role, Times::AsWritten)?;
    let mut inner = Vec::new();
    shared::expr(expr, &mut |node| {
        if let Node::Expr(expr) = node {
            inner.push(expr);
        }
    });
    inner.into_iter().try_for_each(|expr| check_expr(statement, expr, role))
}

/// The statement as it is run: on the database itself, without `new.`.
/// The statement as SQLite would record it.
fn without_side(statement: &Statement<'_>, created: &QualifiedName) -> Checked<String> {
    let side = created.db_name.as_ref().and_then(|side| token(statement, side));
    let index =
        side.and_then(|side| statement.tokens.iter().position(|token| token.start == side.start));
    let bare = statement.text_without(&index.map_or(Vec::new(), |index| vec![index, index + 1]));
    ddl::recorded(&bare).ok_or_else(|| refuse::unreadable(Some(statement.at())))
}
