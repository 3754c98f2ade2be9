//! What a CREATE TABLE statement says and no pragma tells: its CHECK constraints and the
//! expressions of its generated columns. What can't be parsed gives none.

use turso_parser::ast::{
    Cmd, ColumnConstraint, ColumnDefinition, CreateTableBody, Expr, NamedTableConstraint, Stmt,
    TableConstraint,
};
use turso_parser::parser::Parser;

use crate::migration::walk::{Subqueries, visit_exprs_mut};
use crate::schema::Check;

/// The CHECK constraints: an early answer to what SQLite itself enforces.
pub(crate) fn checks(sql: &str) -> Vec<Check> {
    let Some((columns, constraints)) = parsed(sql) else { return Vec::new() };
    let of_columns = columns.iter().flat_map(|column| &column.constraints).filter_map(|named| {
        match &named.constraint {
            ColumnConstraint::Check { expr, .. } => Some(&**expr),
            _ => None,
        }
    });
    let of_table = constraints.iter().filter_map(|named| match &named.constraint {
        TableConstraint::Check { expr, .. } => Some(&**expr),
        _ => None,
    });
    of_columns.chain(of_table).map(condition).collect()
}

/// The generated columns, each with its expression over columns that are not generated: one
/// may be made from another, never in a circle.
pub(crate) fn generated(sql: &str) -> Vec<(String, Check)> {
    let Some((columns, _)) = parsed(sql) else { return Vec::new() };
    let expressions: Vec<(String, Expr)> = columns
        .iter()
        .filter_map(|column| {
            let expr = column.constraints.iter().find_map(|named| match &named.constraint {
                ColumnConstraint::Generated { expr, .. } => Some((**expr).clone()),
                _ => None,
            })?;
            Some((column.col_name.as_str().to_owned(), unqualified(expr)))
        })
        .collect();
    let resolved = expressions.iter().map(|(name, expr)| {
        let mut expr = expr.clone();
        // As many rounds as there are columns: no chain is longer.
        for _ in &expressions {
            visit_exprs_mut(&mut expr, Subqueries::Skip, &mut |part| {
                let (Expr::Id(named) | Expr::Name(named)) = &*part else { return };
                let other =
                    expressions.iter().find(|(name, _)| name.eq_ignore_ascii_case(named.as_str()));
                if let Some((_, other)) = other {
                    *part = Expr::Parenthesized(vec![Box::new(other.clone())]);
                }
            });
        }
        (name.clone(), condition(&expr))
    });
    resolved.collect()
}

/// The indexed expressions and the WHERE of a CREATE INDEX statement, a column among them as
/// the expression that it is.
pub(crate) fn index(sql: &str) -> Option<(Vec<Check>, Option<Check>)> {
    let parsed = std::panic::catch_unwind(|| Parser::new(sql.as_bytes()).next_cmd());
    let Ok(Ok(Some(Cmd::Stmt(Stmt::CreateIndex { columns, where_clause, .. })))) = parsed else {
        return None;
    };
    let parts = columns.iter().map(|column| condition(&column.expr)).collect();
    Some((parts, where_clause.map(|expr| condition(&expr))))
}

/// Whether a constraint says ON CONFLICT REPLACE. The words stand nowhere else but in a
/// comment or a name, and to take a constraint for one that does costs a needless look.
pub(crate) fn replaces(sql: &str) -> bool {
    let upper = sql.to_ascii_uppercase();
    upper.contains("CONFLICT") && upper.contains("REPLACE")
}

/// An expression over a table's columns.
pub(crate) fn condition(expr: &Expr) -> Check {
    let mut expr = unqualified(expr.clone());
    let mut columns = Vec::new();
    visit_exprs_mut(&mut expr, Subqueries::Skip, &mut |expr| {
        if let Expr::Id(name) | Expr::Name(name) = expr {
            columns.push(name.as_str().to_owned());
        }
    });
    Check { sql: expr.to_string(), expr, columns }
}

/// `t.a` is `a`: there is no other table whose column it could be.
fn unqualified(mut expr: Expr) -> Expr {
    visit_exprs_mut(&mut expr, Subqueries::Skip, &mut |expr| {
        if let Expr::Qualified(_, column) = expr {
            *expr = Expr::Name(column.clone());
        }
    });
    expr
}

fn parsed(sql: &str) -> Option<(Vec<ColumnDefinition>, Vec<NamedTableConstraint>)> {
    let parsed = std::panic::catch_unwind(|| Parser::new(sql.as_bytes()).next_cmd());
    let Ok(Ok(Some(Cmd::Stmt(Stmt::CreateTable { body, .. })))) = parsed else { return None };
    match body {
        CreateTableBody::ColumnsAndConstraints { columns, constraints, .. } => {
            Some((columns, constraints))
        }
        CreateTableBody::AsSelect(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_columns_are_told_by_what_is_stored() {
        let sql =
            "CREATE TABLE t (a INT, b AS (c + 1) STORED, c INT GENERATED ALWAYS AS (t.a * 2))";
        let told: Vec<_> =
            generated(sql).into_iter().map(|(name, from)| (name, from.sql, from.columns)).collect();
        let of = |name: &str, sql: &str| (name.to_owned(), sql.to_owned(), vec!["a".to_owned()]);
        assert_eq!(told, [of("b", "(a * 2) + 1"), of("c", "a * 2")]);
    }
}
