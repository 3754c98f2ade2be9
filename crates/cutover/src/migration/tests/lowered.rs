//! Our tree holds all of an expression that the parser read: it prints the same, byte for byte,
//! or is refused.

use std::path::Path;

use turso_parser::ast::{self, CreateTableBody, Expr, InsertBody, Stmt};

use crate::migration::tokens::{Lines, split};
use crate::migration::walk::{Node, shared};
use crate::migration::{lower, parser};

/// Compares every expression of a text's statements; gives how many there were.
#[track_caller]
pub(super) fn all_of(text: &str) -> usize {
    let compared = parser::on_a_deep_stack(|| {
        let lines = Lines::new(text);
        let statements = split(text, &lines).statements;
        let parsed = statements.iter().filter_map(|statement| {
            let (start, end) = statement.span();
            parser::parse(&text[start..end]).ok()
        });
        parsed.map(|statement| in_statement(&statement)).sum()
    });
    compared.unwrap().unwrap_or_else(|| panic!("in {text:?}"))
}

fn in_statement(statement: &Stmt) -> usize {
    match statement {
        Stmt::Insert { body: InsertBody::Select(select, _), .. } | Stmt::Select(select) => {
            in_select(select)
        }
        Stmt::CreateView { select, .. } => in_select(select),
        Stmt::CreateIndex { columns, where_clause, .. } => {
            let columns = columns.iter().map(|column| &column.expr);
            columns.chain(where_clause).map(|expr| compare(expr)).sum()
        }
        Stmt::CreateTable {
            body: CreateTableBody::ColumnsAndConstraints { columns, .. }, ..
        } => {
            let constraints = columns.iter().flat_map(|column| &column.constraints);
            let exprs = constraints.filter_map(|named| match &named.constraint {
                ast::ColumnConstraint::Check { expr, .. }
                | ast::ColumnConstraint::Default(expr)
                | ast::ColumnConstraint::Generated { expr, .. } => Some(expr),
                _ => None,
            });
            exprs.map(|expr| compare(expr)).sum()
        }
        _ => 0,
    }
}

fn in_select(select: &ast::Select) -> usize {
    let mut compared = 0;
    for member in select.with.iter().flat_map(|with| &with.ctes) {
        compared += in_select(&member.select);
    }
    let compounds = select.body.compounds.iter().map(|compound| &compound.select);
    for part in std::iter::once(&select.body.select).chain(compounds) {
        shared::one_select(part, &mut |node| compared += in_node(&node));
    }
    compared + select.order_by.iter().map(|term| compare(&term.expr)).sum::<usize>()
}

fn in_node(node: &Node<'_>) -> usize {
    match node {
        Node::Expr(expr) => compare(expr),
        Node::Select(select) => in_select(select),
        Node::Table(table) => {
            let mut compared = 0;
            shared::table(table, &mut |node| compared += in_node(&node));
            compared
        }
    }
}

/// Compares an expression and each one in it.
fn compare(expr: &Expr) -> usize {
    let (mut compared, mut refused_inside) = (1, false);
    shared::expr(expr, &mut |node| {
        compared += in_node(&node);
        refused_inside |= matches!(node, Node::Expr(inner) if lower::expr(inner).is_err());
    });
    match lower::expr(expr) {
        Ok(ours) => assert_eq!(ours.to_string(), expr.to_string()),
        Err(_) => assert!(refused_inside || has_no_place(expr), "{expr} has a place"),
    }
    compared
}

/// What no mapping and no definition may have.
fn has_no_place(expr: &Expr) -> bool {
    match expr {
        Expr::FunctionCall { order_by, within_group, .. } => {
            !order_by.is_empty() || !within_group.is_empty()
        }
        Expr::Cast { type_name: Some(kind), .. } => kind.array_dimensions > 0,
        Expr::Binary(_, operator, _) => {
            matches!(operator, ast::Operator::ArrayContains | ast::Operator::ArrayOverlap)
        }
        _ => matches!(
            expr,
            Expr::DoublyQualified(..)
                | Expr::Raise(..)
                | Expr::Variable(_)
                | Expr::Array { .. }
                | Expr::Subscript { .. }
                | Expr::FieldAccess { .. }
                | Expr::Default
        ),
    }
}

/// The files of the repository: examples, the tests' cases, the store's migration, the book.
#[test]
fn every_file_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut files, mut compared) = (0, 0);
    let mut directories = vec![root.join("examples"), root.join("crates"), root.join("docs")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let text = || std::fs::read_to_string(&path).unwrap();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => directories.push(path),
                Some("sql") => {
                    files += 1;
                    compared += all_of(&text());
                }
                Some("md") => {
                    files += 1;
                    let text = text();
                    let blocks = text.split("```sql\n").skip(1);
                    compared += blocks
                        .filter_map(|block| block.split_once("```"))
                        .map(|(block, _)| all_of(block))
                        .sum::<usize>();
                }
                _ => {}
            }
        }
    }
    assert!(files > 60 && compared > 1_500, "{files} files, {compared} expressions");
}

#[test]
fn every_random_mapping() {
    let compared: usize = (0..300)
        .map(|seed| testkit::random::Case::new(testkit::random::Spec::new(seed)).plan.file())
        .map(|file| all_of(&file))
        .sum();
    assert!(compared > 10_000, "{compared} expressions");
}

#[test]
fn every_kind_of_expression() {
    let compared = all_of(
        "SELECT 1, 1.5e3, 0x1F, 'it''s', x'00ff' || x'' AND b, NULL, TRUE, FALSE, CURRENT_TIME,
            -a, - -a, +a, ~a, NOT a, a ISNULL, a NOTNULL, a IS NULL, a IS NOT NULL, NOT (a IS NOT b),
            a + b - c * d / e % f || g, a & b | c << d >> e, a < b, a <= b, a > b, a >= b, a = b, a == b,
            a <> b, a != b, a IS b, a IS NOT b, a AND b OR c, a -> '$.x' ->> 'y',
            a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a IN (1, 'x'), a NOT IN (), (a, b) = (1, 2),
            a LIKE 'x', a NOT LIKE 'x' ESCAPE '!', a GLOB 'x', a MATCH 'x', a NOT REGEXP 'x',
            count(*), count(DISTINCT a), sum(ALL a), max(a, b), f(), \"f g\"(a), upper([a b]),
            count(*) FILTER (WHERE a > 0), sum(a) FILTER (WHERE x'00') OVER w,
            row_number() OVER (w PARTITION BY a, b ORDER BY c DESC NULLS LAST, d ASC NULLS FIRST, e),
            sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE NO OTHERS),
            sum(a) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES),
            sum(a) OVER (GROUPS CURRENT ROW EXCLUDE GROUP), sum(a) OVER (ROWS 1 PRECEDING),
            sum(a) OVER (ORDER BY b ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE CURRENT ROW),
            CASE WHEN a THEN b END, CASE a WHEN 1 THEN x'00' WHEN 2 THEN b ELSE c END,
            CAST(a AS TEXT), CAST(a AS VARCHAR(10)), CAST(a AS DECIMAL(10, 2)), CAST(a AS DOUBLE PRECISION),
            a COLLATE NOCASE, a COLLATE \"x y\", t.a, \"t\".\"a\"\"b\", `a`, [a b], rowid, \"select\", (a), ((a)),
            EXISTS (SELECT 1 FROM t), (SELECT max(a) FROM t), a IN (SELECT b FROM t), a NOT IN t,
            main.t.a, ?1, :a, group_concat(a ORDER BY b)
         FROM t",
    );
    assert!(compared > 200, "{compared}");
}
