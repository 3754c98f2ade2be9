//! Walks over the parser's trees.
//!
//! `turso_parser` has no visitor for a SELECT. The three functions at the bottom
//! of this file give the direct children of a node; everything else is built on
//! them. They are written once, by a macro, for shared and for mutable trees:
//! two hand-written copies would drift apart, and a table reference that only
//! one of them finds is a row that isn't kept in step.
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

/// Calls `f` for every item of every FROM clause, at every depth: also in
/// subqueries, in expressions and in the bodies of CTEs.
///
/// Inner items come before the item that holds them, so `f` may replace an item
/// without its replacement being visited.
///
/// `x IN table` is an expression, not an item of a FROM clause: the reader
/// refuses it.
pub(crate) fn visit_tables_mut(select: &mut Select, f: &mut dyn FnMut(&mut SelectTable)) {
    select_children_mut(select, &mut |node| tables_mut(node, f));
}

fn tables_mut(node: NodeMut<'_>, f: &mut dyn FnMut(&mut SelectTable)) {
    match node {
        NodeMut::Expr(expr) => expr_children_mut(expr, &mut |node| tables_mut(node, f)),
        NodeMut::Select(select) => visit_tables_mut(select, f),
        NodeMut::Cte(cte) => visit_tables_mut(&mut cte.select, f),
        NodeMut::Table(table) => {
            table_children_mut(table, &mut |node| tables_mut(node, f));
            f(table);
        }
    }
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
            expr_children_mut(expr, &mut |node| exprs_mut(node, subqueries, f));
            f(expr);
        }
        NodeMut::Select(select) | NodeMut::Cte(CommonTableExpr { select, .. }) => {
            if subqueries == Subqueries::Enter {
                visit_select_exprs_mut(select, subqueries, f);
            }
        }
        NodeMut::Table(table) => {
            table_children_mut(table, &mut |node| exprs_mut(node, subqueries, f));
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
    /// A member of a WITH clause.
    Cte(&'a CommonTableExpr),
}

/// A child of a node, to be changed.
#[derive(Debug)]
pub(crate) enum NodeMut<'a> {
    /// An expression.
    Expr(&'a mut Expr),
    /// An item of a FROM clause.
    Table(&'a mut SelectTable),
    /// A subquery.
    Select(&'a mut Select),
    /// A member of a WITH clause.
    Cte(&'a mut CommonTableExpr),
}

macro_rules! children {
    (
        $Node:ident, $select:ident, $table:ident, $expr:ident,
        $one_select:ident, $from:ident, $sorted:ident, $tail:ident, $window:ident
        $(, $mut:tt)?
    ) => {
        /// Gives the direct children of a SELECT: the members of its WITH clause,
        /// the expressions of its clauses and the items of its FROM clauses.
        pub(crate) fn $select<'a>(select: &'a $($mut)? Select, f: &mut dyn FnMut($Node<'a>)) {
            if let Some(with) = &$($mut)? select.with {
                for cte in &$($mut)? with.ctes {
                    f($Node::Cte(cte));
                }
            }
            $one_select(&$($mut)? select.body.select, f);
            for compound in &$($mut)? select.body.compounds {
                $one_select(&$($mut)? compound.select, f);
            }
            $sorted(&$($mut)? select.order_by, f);
            if let Some(limit) = &$($mut)? select.limit {
                f($Node::Expr(&$($mut)? limit.expr));
                if let Some(offset) = &$($mut)? limit.offset {
                    f($Node::Expr(offset));
                }
            }
        }

        /// Gives the direct children of one part of a compound SELECT.
        pub(crate) fn $one_select<'a>(select: &'a $($mut)? OneSelect, f: &mut dyn FnMut($Node<'a>)) {
            let (columns, from, where_clause, group_by, window_clause) = match select {
                OneSelect::Values(rows) => {
                    for value in rows.into_iter().flatten() {
                        f($Node::Expr(value));
                    }
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
                $from(from, f);
            }
            if let Some(condition) = where_clause {
                f($Node::Expr(condition));
            }
            if let Some(group_by) = group_by {
                for expr in &$($mut)? group_by.exprs {
                    f($Node::Expr(expr));
                }
                if let Some(having) = &$($mut)? group_by.having {
                    f($Node::Expr(having));
                }
            }
            for definition in window_clause {
                $window(&$($mut)? definition.window, f);
            }
        }

        fn $from<'a>(from: &'a $($mut)? FromClause, f: &mut dyn FnMut($Node<'a>)) {
            f($Node::Table(&$($mut)? from.select));
            for join in &$($mut)? from.joins {
                f($Node::Table(&$($mut)? join.table));
                if let Some(JoinConstraint::On(condition)) = &$($mut)? join.constraint {
                    f($Node::Expr(condition));
                }
            }
        }

        /// Gives the direct children of an item of a FROM clause.
        pub(crate) fn $table<'a>(
            table: &'a $($mut)? SelectTable,
            f: &mut dyn FnMut($Node<'a>),
        ) {
            match table {
                SelectTable::Table(..) => {}
                SelectTable::TableCall(_, arguments, _) => {
                    for argument in arguments {
                        f($Node::Expr(argument));
                    }
                }
                SelectTable::Select(select, _) => f($Node::Select(select)),
                SelectTable::Sub(from, _) => $from(from, f),
            }
        }

        fn $sorted<'a>(
            columns: &'a $($mut)? Vec<SortedColumn>,
            f: &mut dyn FnMut($Node<'a>),
        ) {
            for column in columns {
                f($Node::Expr(&$($mut)? column.expr));
            }
        }

        fn $window<'a>(window: &'a $($mut)? Window, f: &mut dyn FnMut($Node<'a>)) {
            for expr in &$($mut)? window.partition_by {
                f($Node::Expr(expr));
            }
            $sorted(&$($mut)? window.order_by, f);
            if let Some(frame) = &$($mut)? window.frame_clause {
                if let FrameBound::Following(expr) | FrameBound::Preceding(expr) =
                    &$($mut)? frame.start
                {
                    f($Node::Expr(expr));
                }
                if let Some(FrameBound::Following(expr) | FrameBound::Preceding(expr)) =
                    &$($mut)? frame.end
                {
                    f($Node::Expr(expr));
                }
            }
        }

        fn $tail<'a>(tail: &'a $($mut)? FunctionTail, f: &mut dyn FnMut($Node<'a>)) {
            if let Some(filter) = &$($mut)? tail.filter_clause {
                f($Node::Expr(filter));
            }
            if let Some(Over::Window(window)) = &$($mut)? tail.over_clause {
                $window(window, f);
            }
        }

        /// Gives the direct children of an expression.
        pub(crate) fn $expr<'a>(expr: &'a $($mut)? Expr, f: &mut dyn FnMut($Node<'a>)) {
            match expr {
                Expr::Binary(left, _, right) => {
                    f($Node::Expr(left));
                    f($Node::Expr(right));
                }
                Expr::Between { lhs, start, end, .. } => {
                    f($Node::Expr(lhs));
                    f($Node::Expr(start));
                    f($Node::Expr(end));
                }
                Expr::Case { base, when_then_pairs, else_expr } => {
                    if let Some(base) = base {
                        f($Node::Expr(base));
                    }
                    for (when, then) in when_then_pairs {
                        f($Node::Expr(when));
                        f($Node::Expr(then));
                    }
                    if let Some(otherwise) = else_expr {
                        f($Node::Expr(otherwise));
                    }
                }
                Expr::FunctionCall { args, order_by, within_group, filter_over, .. } => {
                    for argument in args {
                        f($Node::Expr(argument));
                    }
                    $sorted(order_by, f);
                    $sorted(within_group, f);
                    $tail(filter_over, f);
                }
                Expr::FunctionCallStar { filter_over, .. } => $tail(filter_over, f),
                Expr::Like { lhs, rhs, escape, .. } => {
                    f($Node::Expr(lhs));
                    f($Node::Expr(rhs));
                    if let Some(escape) = escape {
                        f($Node::Expr(escape));
                    }
                }
                Expr::InList { lhs, rhs: list, .. } | Expr::InTable { lhs, args: list, .. } => {
                    f($Node::Expr(lhs));
                    for expr in list {
                        f($Node::Expr(expr));
                    }
                }
                Expr::InSelect { lhs, rhs, .. } => {
                    f($Node::Expr(lhs));
                    f($Node::Select(rhs));
                }
                Expr::Exists(select) | Expr::Subquery(select) => f($Node::Select(select)),
                Expr::Cast { expr: inner, .. }
                | Expr::Collate(inner, _)
                | Expr::FieldAccess { base: inner, .. }
                | Expr::IsNull(inner)
                | Expr::NotNull(inner)
                | Expr::Unary(_, inner)
                | Expr::Raise(_, Some(inner))
                | Expr::SubqueryResult { lhs: Some(inner), .. } => f($Node::Expr(inner)),
                Expr::Parenthesized(exprs) | Expr::Array { elements: exprs } => {
                    for expr in exprs {
                        f($Node::Expr(expr));
                    }
                }
                Expr::Subscript { base, index } => {
                    f($Node::Expr(base));
                    f($Node::Expr(index));
                }
                Expr::Column { .. }
                | Expr::Default
                | Expr::DoublyQualified(..)
                | Expr::Id(_)
                | Expr::Literal(_)
                | Expr::Name(_)
                | Expr::Qualified(..)
                | Expr::Raise(_, None)
                | Expr::Register(_)
                | Expr::RowId { .. }
                | Expr::SubqueryResult { lhs: None, .. }
                | Expr::Variable(_) => {}
            }
        }
    };
}

children!(
    Node,
    select_children,
    table_children,
    expr_children,
    one_select_children,
    from_clause,
    sorted_columns,
    function_tail,
    window
);
children!(
    NodeMut,
    select_children_mut,
    table_children_mut,
    expr_children_mut,
    one_select_children_mut,
    from_clause_mut,
    sorted_columns_mut,
    function_tail_mut,
    window_mut,
    mut
);
