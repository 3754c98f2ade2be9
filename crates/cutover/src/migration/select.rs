//! What a mapping's SELECT may hold.
//!
//! Goes through every SELECT of the statement, at every depth, with the WITH
//! clauses that are in force there: whether a bare name is a table that lacks
//! its side depends on them.

use turso_parser::ast::{
    Expr, FromClause, JoinOperator, JoinType, Name, OneSelect, Operator, Select, SelectTable,
};

use super::expr::{self, Role, Times};
use super::fault::Checked;
use super::fractions::{self, Conditions};
use super::order::{self, Rows};
use super::syntax::{name, place};
use super::tables::Tables;
use super::tokens::Statement;
use super::walk::{Node, shared};
use super::withs::Withs;
use super::{names, recursion, refuse};

/// The checks of one mapping's SELECTs.
pub(super) struct Selects<'s, 'a> {
    pub(super) statement: &'s Statement<'a>,
    pub(super) tables: Tables<'s, 'a>,
    /// What the conditions around the expression say of the length of times.
    pub(super) short: Conditions,
    /// Calls whose times have to be cut.
    pub(super) open: Vec<String>,
}

impl Selects<'_, '_> {
    /// Checks a SELECT and everything in it.
    pub(super) fn check(&mut self, select: &Select, outer: &Withs<'_>) -> Checked {
        let withs = Withs::within(select.with.as_ref(), outer);
        if let Some(with) = &select.with {
            for member in &with.ctes {
                self.alias(&member.tbl_name)?;
                if with.recursive {
                    recursion::check(self.statement, member)?;
                }
                self.check(&member.select, &withs.body_of(member))?;
            }
        }
        self.part(&select.body.select, &withs)?;
        for compound in &select.body.compounds {
            self.part(&compound.select, &withs)?;
        }
        let rows = Rows::of(&select.body.select, &withs);
        select.order_by.iter().try_for_each(|column| self.expr(&column.expr, &rows, &withs))
    }

    /// Checks one part of a compound SELECT.
    fn part(&mut self, part: &OneSelect, withs: &Withs<'_>) -> Checked {
        if let OneSelect::Select { from, group_by, .. } = part {
            if let Some(from) = from {
                self.joins(from)?;
            }
            if group_by.as_ref().is_some_and(|group_by| group_by.exprs.is_empty()) {
                return Err(refuse::having_alone(self.statement.place_of(&[&["HAVING"]])));
            }
        }
        let rows = Rows::of(part, withs);
        let mut nodes = Vec::new();
        shared::one_select(part, &mut |node| nodes.push(node));
        // What a condition around a subquery says is not of the columns in it.
        let mut within = Conditions::default();
        if let OneSelect::Select { from: Some(from), .. } = part
            && let Some(only) = order::only_subquery(from, withs)
        {
            within = within.and_columns_of(only);
        }
        let around = std::mem::replace(&mut self.short, within);
        let checked = self.nodes(nodes, &rows, withs);
        self.short = around;
        checked
    }

    fn nodes(&mut self, nodes: Vec<Node<'_>>, rows: &Rows<'_>, withs: &Withs<'_>) -> Checked {
        nodes.into_iter().try_for_each(|node| match node {
            Node::Expr(expr) => self.expr(expr, rows, withs),
            Node::Table(table) => self.table(table, rows, withs),
            Node::Select(select) => self.check(select, withs),
        })
    }

    fn expr(&mut self, expr: &Expr, rows: &Rows<'_>, withs: &Withs<'_>) -> Checked {
        expr::check(self.statement, expr, Role::Derived, Times::Cut)?;
        if fractions::is_open(expr, &self.short) {
            self.open.push(fractions::spelt(expr));
        }
        order::check(self.statement, expr, rows)?;
        match expr {
            Expr::Case { base: None, when_then_pairs, else_expr } => {
                for (when, then) in when_then_pairs {
                    self.where_it_holds(when, &[when, then], rows, withs)?;
                }
                else_expr.iter().try_for_each(|or| self.expr(or, rows, withs))
            }
            Expr::Binary(left, Operator::And, right) => {
                self.where_it_holds(expr, &[left, right], rows, withs)
            }
            _ => {
                let mut nodes = Vec::new();
                shared::expr(expr, &mut |node| nodes.push(node));
                self.nodes(nodes, rows, withs)
            }
        }
    }

    /// Checks expressions whose value matters only where a condition holds.
    fn where_it_holds(
        &mut self,
        condition: &Expr,
        exprs: &[&Expr],
        rows: &Rows<'_>,
        withs: &Withs<'_>,
    ) -> Checked {
        let within = self.short.and(condition);
        let around = std::mem::replace(&mut self.short, within);
        let checked = exprs.iter().try_for_each(|expr| self.expr(expr, rows, withs));
        self.short = around;
        checked
    }

    fn table(&mut self, table: &SelectTable, rows: &Rows<'_>, withs: &Withs<'_>) -> Checked {
        let alias = match table {
            SelectTable::Table(table, alias, indexed) => {
                self.tables.check(table, indexed.as_ref(), withs)?;
                Some(alias.as_ref().map_or(&table.name, |alias| alias.name()))
            }
            SelectTable::TableCall(function, _, alias) => {
                self.tables.check_function(function)?;
                alias.as_ref().map(|alias| alias.name())
            }
            SelectTable::Select(_, alias) => alias.as_ref().map(|alias| alias.name()),
            SelectTable::Sub(from, alias) => {
                self.joins(from)?;
                alias.as_ref().map(|alias| alias.name())
            }
        };
        if let Some(alias) = alias {
            self.alias(alias)?;
        }
        let mut nodes = Vec::new();
        shared::table(table, &mut |node| nodes.push(node));
        self.nodes(nodes, rows, withs)
    }

    /// Checks the name by which columns are read: `old` and `new` are rows in a
    /// trigger.
    fn alias(&self, alias: &Name) -> Checked {
        if names::side(name(alias)).is_some() {
            return Err(refuse::named_like_a_side(place(self.statement, alias), name(alias)));
        }
        Ok(())
    }

    fn joins(&self, from: &FromClause) -> Checked {
        for join in &from.joins {
            let JoinOperator::TypedJoin(Some(kind)) = join.operator else {
                continue;
            };
            if kind.contains(JoinType::NATURAL) {
                return Err(refuse::natural_join(self.statement.place_of(&[&["NATURAL"]])));
            }
            if kind.contains(JoinType::RIGHT) {
                let at = self.statement.place_of(&[
                    &["RIGHT", "JOIN"],
                    &["RIGHT", "OUTER", "JOIN"],
                    &["FULL", "JOIN"],
                    &["FULL", "OUTER", "JOIN"],
                ]);
                let fix = "write LEFT JOIN with the tables swapped; for FULL JOIN, add the rest \
                           with UNION ALL";
                return Err(refuse::newer(at, "RIGHT and FULL JOIN", "3.39", fix));
            }
        }
        Ok(())
    }
}
