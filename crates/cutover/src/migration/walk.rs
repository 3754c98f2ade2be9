//! Walks over the parser's trees.
//!
//! `turso_parser` has no visitor for a SELECT. This file gives the direct children of a node;
//! the order is that of the text wherever the tree allows it, so that the first thing found is
//! the first thing written.

use turso_parser::ast::{Expr, Select, SelectTable};

/// A child of a node.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// An item of a FROM clause.
    Table(&'a SelectTable),
    /// A subquery.
    Select(&'a Select),
}

/// The children of each kind of node.
pub(crate) mod shared {
    use turso_parser::ast::{
        Expr, FrameBound, FromClause, FunctionTail, JoinConstraint, OneSelect, Over, ResultColumn,
        SelectTable, SortedColumn, Window,
    };

    use super::Node;

    /// Gives the direct children of one part of a compound SELECT.
    pub(crate) fn one_select<'a>(select: &'a OneSelect, f: &mut dyn FnMut(Node<'a>)) {
        let (columns, from, where_clause, group_by, windows) = match select {
            OneSelect::Values(rows) => {
                rows.iter().for_each(|row| exprs(row, f));
                return;
            }
            OneSelect::Select {
                distinctness: _,
                columns,
                from,
                where_clause,
                group_by,
                window_clause,
            } => (columns, from, where_clause, group_by, window_clause),
        };
        for column in columns {
            if let ResultColumn::Expr(expr, _) = column {
                f(Node::Expr(expr));
            }
        }
        if let Some(from) = from {
            from_clause(from, f);
        }
        exprs(where_clause, f);
        if let Some(group_by) = group_by {
            exprs(&group_by.exprs, f);
            exprs(&group_by.having, f);
        }
        for definition in windows {
            window(&definition.window, f);
        }
    }

    /// Gives the direct children of an item of a FROM clause.
    pub(crate) fn table<'a>(table: &'a SelectTable, f: &mut dyn FnMut(Node<'a>)) {
        match table {
            SelectTable::Table(..) => {}
            SelectTable::TableCall(_, arguments, _) => exprs(arguments, f),
            SelectTable::Select(select, _) => f(Node::Select(select)),
            SelectTable::Sub(from, _) => from_clause(from, f),
        }
    }

    fn from_clause<'a>(from: &'a FromClause, f: &mut dyn FnMut(Node<'a>)) {
        f(Node::Table(&from.select));
        for join in &from.joins {
            f(Node::Table(&join.table));
            if let Some(JoinConstraint::On(condition)) = &join.constraint {
                f(Node::Expr(condition));
            }
        }
    }

    /// Gives each expression of a list, or of an optional clause.
    fn exprs<'a>(list: impl IntoIterator<Item = &'a Box<Expr>>, f: &mut dyn FnMut(Node<'a>)) {
        list.into_iter().for_each(|expr| f(Node::Expr(expr)));
    }

    fn sorted<'a>(columns: &'a Vec<SortedColumn>, f: &mut dyn FnMut(Node<'a>)) {
        for column in columns {
            f(Node::Expr(&column.expr));
        }
    }

    fn window<'a>(window: &'a Window, f: &mut dyn FnMut(Node<'a>)) {
        exprs(&window.partition_by, f);
        sorted(&window.order_by, f);
        if let Some(frame) = &window.frame_clause {
            bound(&frame.start, f);
            if let Some(end) = &frame.end {
                bound(end, f);
            }
        }
    }

    fn bound<'a>(bound: &'a FrameBound, f: &mut dyn FnMut(Node<'a>)) {
        if let FrameBound::Following(expr) | FrameBound::Preceding(expr) = bound {
            f(Node::Expr(expr));
        }
    }

    fn tail<'a>(tail: &'a FunctionTail, f: &mut dyn FnMut(Node<'a>)) {
        exprs(&tail.filter_clause, f);
        if let Some(Over::Window(over)) = &tail.over_clause {
            window(over, f);
        }
    }

    /// Gives the direct children of an expression.
    pub(crate) fn expr<'a>(expr: &'a Expr, f: &mut dyn FnMut(Node<'a>)) {
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
                f(Node::Select(rhs));
            }
            Expr::Exists(select) | Expr::Subquery(select) => f(Node::Select(select)),
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
}
