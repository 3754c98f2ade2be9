//! Members of a WITH RECURSIVE clause that read themselves.
//!
//! Which rows such a member gives can be told scope by scope only if each step reads the
//! rows of the step before once, in its own FROM clause, and joins them with nothing that
//! asks for what is not there. Whether the steps stay within one scope is asked later, by
//! `derive`, which knows the columns.

use turso_parser::ast::{
    CommonTableExpr, CompoundOperator, FromClause, JoinOperator, JoinType, OneSelect, SelectTable,
};

use super::fault::Checked;
use super::refuse;
use super::syntax::{name, place};
use super::tokens::Statement;
use super::walk::{Node, shared};

/// Whether a member reads itself.
pub(super) fn reads_itself(member: &CommonTableExpr) -> bool {
    let mut readings = 0;
    count(Node::Select(&member.select), name(&member.tbl_name), &mut readings);
    readings > 0
}

/// Refuses a member that reads itself otherwise than step by step.
pub(super) fn check(statement: &Statement<'_>, member: &CommonTableExpr) -> Checked {
    let own = name(&member.tbl_name);
    let mut readings = 0;
    count(Node::Select(&member.select), own, &mut readings);
    if readings == 0 {
        return Ok(());
    }
    let body = &member.select.body;
    let step = body.compounds.last().map(|last| &last.select);
    let direct = step.is_some_and(|step| match step {
        OneSelect::Select { from: Some(from), group_by: None, distinctness: None, .. } => {
            reads_directly(from, own)
        }
        _ => false,
    });
    let unions = body
        .compounds
        .iter()
        .all(|part| matches!(part.operator, CompoundOperator::Union | CompoundOperator::UnionAll));
    if readings == 1 && direct && unions && member.select.order_by.is_empty() {
        return Ok(());
    }
    Err(refuse::recursion(place(statement, &member.tbl_name), own))
}

/// Whether the items of a FROM clause are joined with no LEFT, and the member is one.
fn reads_directly(from: &FromClause, own: &str) -> bool {
    let is_own = |table: &SelectTable| match table {
        SelectTable::Table(table, ..) => table.db_name.is_none() && is(name(&table.name), own),
        _ => false,
    };
    let inner = from.joins.iter().all(|join| match join.operator {
        JoinOperator::TypedJoin(Some(kind)) => !kind.contains(JoinType::LEFT),
        _ => true,
    });
    inner && (is_own(&from.select) || from.joins.iter().any(|join| is_own(&join.table)))
}

/// Counts the bare tables of that name at every depth, whatever each of them means.
fn count(node: Node<'_>, own: &str, readings: &mut usize) {
    match node {
        Node::Expr(expr) => shared::expr(expr, &mut |node| count(node, own, readings)),
        Node::Table(table) => {
            if let SelectTable::Table(table, ..) = table {
                *readings += usize::from(table.db_name.is_none() && is(name(&table.name), own));
            }
            shared::table(table, &mut |node| count(node, own, readings));
        }
        Node::Select(select) => {
            for member in select.with.iter().flat_map(|with| &with.ctes) {
                count(Node::Select(&member.select), own, readings);
            }
            let compounds = select.body.compounds.iter().map(|compound| &compound.select);
            for part in std::iter::once(&select.body.select).chain(compounds) {
                shared::one_select(part, &mut |node| count(node, own, readings));
            }
            for column in &select.order_by {
                count(Node::Expr(&column.expr), own, readings);
            }
        }
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
