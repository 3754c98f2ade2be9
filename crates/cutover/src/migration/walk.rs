//! Walks over the parser's trees.
//!
//! `turso_parser` has no visitor for a SELECT. The macro in this file gives the
//! direct children of a node; everything else is built on them. It is written
//! once and made twice, for shared and for mutable trees: two hand-written copies
//! would drift apart, and a table reference that only one of them finds is a row
//! that isn't kept in step.
//!
//! The order is that of the text wherever the tree allows it, so that the first
//! thing found is the first thing written.

use turso_parser::ast::{
    CommonTableExpr, Expr, FrameBound, FromClause, FunctionTail, JoinConstraint, OneSelect, Over,
    ResultColumn, Select, SelectTable, SortedColumn, Window,
};

/// Whether a walk over an expression also enters the SELECTs in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subqueries {
    /// The expressions of subqueries are visited too.
    Enter,
    /// A subquery is left alone; the expression that holds it is visited.
    Skip,
}

/// Calls `f` for an expression and everything in it, inner expressions first,
/// so `f` may replace an expression without its replacement being visited.
pub(crate) fn visit_exprs_mut(
    expr: &mut Expr,
    subqueries: Subqueries,
    f: &mut dyn FnMut(&mut Expr),
) {
    exprs_mut(NodeMut::Expr(expr), subqueries, f);
}

/// Calls `f` for every expression of a SELECT, inner expressions first. With
/// [`Subqueries::Skip`] only for those of the SELECT's own clauses (the ON
/// conditions and table function arguments of its FROM clause among them).
pub(crate) fn visit_select_exprs_mut(
    select: &mut Select,
    subqueries: Subqueries,
    f: &mut dyn FnMut(&mut Expr),
) {
    select_children_mut(select, &mut |node| exprs_mut(node, subqueries, f));
}

fn exprs_mut(node: NodeMut<'_>, subqueries: Subqueries, f: &mut dyn FnMut(&mut Expr)) {
    match node {
        NodeMut::Expr(expr) => {
            mutable::expr(expr, &mut |node| exprs_mut(node, subqueries, f));
            f(expr);
        }
        NodeMut::Select(select) => {
            if subqueries == Subqueries::Enter {
                visit_select_exprs_mut(select, subqueries, f);
            }
        }
        NodeMut::Table(table) => {
            mutable::table(table, &mut |node| exprs_mut(node, subqueries, f));
        }
    }
}

/// Gives the direct children of a SELECT: the bodies of its CTEs, the expressions
/// of its clauses and the items of its FROM clauses.
///
/// There is none for a shared tree: the reader needs to know which clause a child
/// is from, and goes through a SELECT itself.
fn select_children_mut<'a>(select: &'a mut Select, f: &mut dyn FnMut(NodeMut<'a>)) {
    let Select { with, body, order_by, limit } = select;
    for CommonTableExpr { select, .. } in with.iter_mut().flat_map(|with| &mut with.ctes) {
        f(NodeMut::Select(select));
    }
    mutable::one_select(&mut body.select, f);
    for compound in &mut body.compounds {
        mutable::one_select(&mut compound.select, f);
    }
    for column in order_by {
        f(NodeMut::Expr(&mut column.expr));
    }
    if let Some(limit) = limit {
        f(NodeMut::Expr(&mut limit.expr));
        if let Some(offset) = &mut limit.offset {
            f(NodeMut::Expr(offset));
        }
    }
}

/// A child of a node, borrowed.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// An item of a FROM clause.
    Table(&'a SelectTable),
    /// A subquery.
    Select(&'a Select),
}

/// A child of a node, to be changed.
#[derive(Debug)]
pub(crate) enum NodeMut<'a> {
    /// An expression.
    Expr(&'a mut Expr),
    /// An item of a FROM clause.
    Table(&'a mut SelectTable),
    /// A subquery, or the body of a CTE.
    Select(&'a mut Select),
}

macro_rules! children {
    ($Node:ident $(, $mut:tt)?) => {
        /// Gives the direct children of one part of a compound SELECT.
        pub(crate) fn one_select<'a>(select: &'a $($mut)? OneSelect, f: &mut dyn FnMut($Node<'a>)) {
            let (columns, from, where_clause, group_by, windows) = match select {
                OneSelect::Values(rows) => {
                    rows.into_iter().for_each(|row| exprs(row, f));
                    return;
                }
                OneSelect::Select {
                    distinctness: _, columns, from, where_clause, group_by, window_clause,
                } => (columns, from, where_clause, group_by, window_clause),
            };
            for column in columns {
                if let ResultColumn::Expr(expr, _) = column {
                    f($Node::Expr(expr));
                }
            }
            if let Some(from) = from {
                from_clause(from, f);
            }
            exprs(where_clause, f);
            if let Some(group_by) = group_by {
                exprs(&$($mut)? group_by.exprs, f);
                exprs(&$($mut)? group_by.having, f);
            }
            for definition in windows {
                window(&$($mut)? definition.window, f);
            }
        }

        /// Gives the direct children of an item of a FROM clause.
        pub(crate) fn table<'a>(table: &'a $($mut)? SelectTable, f: &mut dyn FnMut($Node<'a>)) {
            match table {
                SelectTable::Table(..) => {}
                SelectTable::TableCall(_, arguments, _) => exprs(arguments, f),
                SelectTable::Select(select, _) => f($Node::Select(select)),
                SelectTable::Sub(from, _) => from_clause(from, f),
            }
        }

        fn from_clause<'a>(from: &'a $($mut)? FromClause, f: &mut dyn FnMut($Node<'a>)) {
            f($Node::Table(&$($mut)? from.select));
            for join in &$($mut)? from.joins {
                f($Node::Table(&$($mut)? join.table));
                if let Some(JoinConstraint::On(condition)) = &$($mut)? join.constraint {
                    f($Node::Expr(condition));
                }
            }
        }

        /// Gives each expression of a list, or of an optional clause.
        fn exprs<'a>(
            list: impl IntoIterator<Item = &'a $($mut)? Box<Expr>>,
            f: &mut dyn FnMut($Node<'a>),
        ) {
            list.into_iter().for_each(|expr| f($Node::Expr(expr)));
        }

        fn sorted<'a>(columns: &'a $($mut)? Vec<SortedColumn>, f: &mut dyn FnMut($Node<'a>)) {
            for column in columns {
                f($Node::Expr(&$($mut)? column.expr));
            }
        }

        fn window<'a>(window: &'a $($mut)? Window, f: &mut dyn FnMut($Node<'a>)) {
            exprs(&$($mut)? window.partition_by, f);
            sorted(&$($mut)? window.order_by, f);
            if let Some(frame) = &$($mut)? window.frame_clause {
                bound(&$($mut)? frame.start, f);
                if let Some(end) = &$($mut)? frame.end {
                    bound(end, f);
                }
            }
        }

        fn bound<'a>(bound: &'a $($mut)? FrameBound, f: &mut dyn FnMut($Node<'a>)) {
            if let FrameBound::Following(expr) | FrameBound::Preceding(expr) = bound {
                f($Node::Expr(expr));
            }
        }

        fn tail<'a>(tail: &'a $($mut)? FunctionTail, f: &mut dyn FnMut($Node<'a>)) {
            exprs(&$($mut)? tail.filter_clause, f);
            if let Some(Over::Window(over)) = &$($mut)? tail.over_clause {
                window(over, f);
            }
        }

        /// Gives the direct children of an expression.
        pub(crate) fn expr<'a>(expr: &'a $($mut)? Expr, f: &mut dyn FnMut($Node<'a>)) {
            match expr {
                Expr::Binary(left, _, right) => exprs([left, right], f),
                Expr::Between { lhs, start, end, .. } => exprs([lhs, start, end], f),
                Expr::Case { base, when_then_pairs, else_expr } => {
                    exprs(base, f);
                    for (when, then) in when_then_pairs {
                        exprs([when, then], f);
                    }
                    exprs(else_expr, f);
                }
                Expr::FunctionCall { args, order_by, within_group, filter_over, .. } => {
                    exprs(args, f);
                    sorted(order_by, f);
                    sorted(within_group, f);
                    tail(filter_over, f);
                }
                Expr::FunctionCallStar { filter_over, .. } => tail(filter_over, f),
                Expr::Like { lhs, rhs, escape, .. } => {
                    exprs([lhs, rhs], f);
                    exprs(escape, f);
                }
                Expr::InList { lhs, rhs: list, .. } | Expr::InTable { lhs, args: list, .. } => {
                    exprs([lhs], f);
                    exprs(list, f);
                }
                Expr::InSelect { lhs, rhs, .. } => {
                    exprs([lhs], f);
                    f($Node::Select(rhs));
                }
                Expr::Exists(select) | Expr::Subquery(select) => f($Node::Select(select)),
                Expr::Cast { expr: inner, .. }
                | Expr::Collate(inner, _)
                | Expr::FieldAccess { base: inner, .. }
                | Expr::IsNull(inner)
                | Expr::NotNull(inner)
                | Expr::Unary(_, inner) => exprs([inner], f),
                Expr::Parenthesized(list) | Expr::Array { elements: list } => exprs(list, f),
                Expr::Raise(_, inner) | Expr::SubqueryResult { lhs: inner, .. } => exprs(inner, f),
                Expr::Subscript { base, index } => exprs([base, index], f),
                Expr::Column { .. }
                | Expr::Default
                | Expr::DoublyQualified(..)
                | Expr::Id(_)
                | Expr::Literal(_)
                | Expr::Name(_)
                | Expr::Qualified(..)
                | Expr::Register(_)
                | Expr::RowId { .. }
                | Expr::Variable(_) => {}
            }
        }
    };
}

/// The children in a tree that is only read.
pub(crate) mod shared {
    use super::{
        Expr, FrameBound, FromClause, FunctionTail, JoinConstraint, Node, OneSelect, Over,
        ResultColumn, SelectTable, SortedColumn, Window,
    };

    children!(Node);
}

/// The children in a tree that is changed.
mod mutable {
    use super::{
        Expr, FrameBound, FromClause, FunctionTail, JoinConstraint, NodeMut, OneSelect, Over,
        ResultColumn, SelectTable, SortedColumn, Window,
    };

    children!(NodeMut, mut);
}
