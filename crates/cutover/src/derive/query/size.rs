//! How large a mapping is once its WITH clauses are written out.
//!
//! A member of a WITH clause is copied to each place that reads it, so twenty members which
//! join the one before with itself are a million tables in two kilobytes of text. What is
//! larger than this is refused while it is built, before it takes the memory.

use std::cell::Cell;
use std::collections::HashMap;

use super::shape::Query;
use crate::derive::flaw::Flaw;
use crate::migration::Mapping;
use crate::tree::{Expr, From};

/// Items of FROM clauses. SQLite joins 64 tables at most.
const TABLES: usize = 256;

/// Expressions with all their parts.
const NODES: usize = 50_000;

/// SELECTs within SELECTs.
const DEPTH: usize = 40;

/// A result column with what it is made of written out. SQLite does that with subqueries, so
/// thirty that use each other's columns twice would take all its memory.
const COLUMN: usize = 5_000;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Size {
    tables: usize,
    nodes: Cell<usize>,
    depth: usize,
    /// How large the columns of subqueries are, by the subquery's alias and the column.
    columns: HashMap<(String, String), usize>,
    /// The table that was read last, to point at.
    last: String,
}

impl Size {
    /// One more item of a FROM clause.
    pub(super) fn one_more_table(&mut self, mapping: &Mapping, item: &From) -> Result<(), Flaw> {
        if let From::Table { name, .. } = item {
            name.as_str().clone_into(&mut self.last);
        }
        self.tables += 1;
        match self.tables > TABLES {
            true => Err(self.too_large(mapping, &format!("reads more than {TABLES} tables"))),
            false => Ok(()),
        }
    }

    /// So many parts of an expression more.
    pub(super) fn grow(&self, mapping: &Mapping, nodes: usize) -> Result<(), Flaw> {
        self.nodes.set(self.nodes.get() + nodes);
        match self.nodes.get() > NODES {
            true => Err(self.too_large(mapping, &format!("has more than {NODES} expressions"))),
            false => Ok(()),
        }
    }

    /// A SELECT within another begins.
    pub(super) fn enter(&mut self, mapping: &Mapping) -> Result<(), Flaw> {
        self.depth += 1;
        match self.depth > DEPTH {
            true => Err(self.too_large(mapping, &format!("is more than {DEPTH} SELECTs deep"))),
            false => Ok(()),
        }
    }

    /// And ends.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Notes how large the columns of a subquery are.
    pub(super) fn subquery(
        &mut self,
        mapping: &Mapping,
        alias: &str,
        query: &Query,
    ) -> Result<(), Flaw> {
        for (position, output) in query.first.columns.iter().enumerate() {
            let made_of = query.arms().filter_map(|arm| arm.columns.get(position));
            let largest = made_of.map(|output| self.written_out(&output.expr)).max().unwrap_or(1);
            if largest > COLUMN {
                let what =
                    format!("has a column, {}, of more than {COLUMN} expressions", output.name);
                return Err(self.too_large(mapping, &what));
            }
            self.columns.insert((alias.to_owned(), output.name.to_lowercase()), largest);
        }
        Ok(())
    }

    fn written_out(&self, expr: &Expr) -> usize {
        if let Expr::Column(alias, column) = expr {
            let column = (alias.as_str().to_owned(), column.as_str().to_lowercase());
            return self.columns.get(&column).copied().unwrap_or(1);
        }
        let mut size = 1_usize;
        expr.children(&mut |inner| size = size.saturating_add(self.written_out(inner)));
        size
    }

    fn too_large(&self, mapping: &Mapping, what: &str) -> Flaw {
        Flaw::cant_keep(
            mapping,
            &self.last,
            format!(
                "the statement {what} once its WITH clauses and subqueries are written out where they are read"
            ),
            "read each WITH member once, or fill a new table with what is read often, and read \
             that",
        )
    }
}
