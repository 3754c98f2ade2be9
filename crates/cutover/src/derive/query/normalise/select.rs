//! SELECTs and their parts.

use super::visible::{Names, Visible};
use super::windows;
use crate::derive::flaw::Flaw;
use crate::derive::query::aggregates::{contains_aggregate, outside_of_groups};
use crate::derive::query::shape::{Arm, Output, Query};
use crate::derive::query::size::Size;
use crate::migration::Mapping;
use crate::schema::Catalog;
use crate::tree::{Core, Expr, Literal, Member, Part, Select, Sorted};

pub(super) type Result<T> = std::result::Result<T, Flaw>;

/// The mapping's SELECT, its result columns named by the target's columns.
pub(in crate::derive) fn normalise(mapping: &Mapping, catalog: &Catalog) -> Result<Query> {
    let mut normaliser = Normaliser {
        mapping,
        catalog,
        leaves: 0,
        aliases: 0,
        size: Size::default(),
        members: Vec::new(),
        read: Vec::new(),
        recursion: None,
    };
    normaliser.select(&mapping.select, Some(&mapping.columns))
}

pub(super) struct Normaliser<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) catalog: &'a Catalog,
    pub(super) leaves: usize,
    pub(super) aliases: usize,
    pub(super) size: Size,
    /// The members of WITH clauses in scope, innermost last.
    pub(super) members: Vec<Member>,
    /// What the arm that was read last reads.
    pub(super) read: Vec<Visible>,
    /// The recursive member whose last arm is being read.
    pub(super) recursion: Option<Recursion>,
}

/// A recursive member in its own last arm.
pub(super) struct Recursion {
    /// The name the author knows it by.
    pub(super) shown: String,
    /// The unique name it was given.
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

impl Normaliser<'_> {
    pub(super) fn select(&mut self, select: &Select, names: Option<&[String]>) -> Result<Query> {
        self.size.enter(self.mapping)?;
        let query = self.select_within(select, names);
        self.size.leave();
        query
    }

    pub(super) fn select_within(
        &mut self,
        select: &Select,
        names: Option<&[String]>,
    ) -> Result<Query> {
        let outer = self.members.len();
        self.members.extend(select.members.iter().cloned());
        let first = self.arm(&select.first, names)?;
        let order = self.order(&select.order_by, &first)?;
        let shown = first.names();
        let mut rest = Vec::new();
        for (operator, part) in &select.rest {
            rest.push((*operator, self.arm(part, Some(&shown))?));
        }
        self.members.truncate(outer);
        // In a FROM-subquery the order matters only to what aggregates the rows
        // in their order; terms are result columns by name or number there.
        let order_by = select
            .order_by
            .iter()
            .map(|term| match &term.expr {
                Expr::Column(_, column) => {
                    let expr = Expr::Name(column.clone());
                    Sorted { expr, ..term.clone() }.to_string()
                }
                _ => term.to_string(),
            })
            .collect();
        Ok(Query { first, rest, order_by, order, recursion: None })
    }

    /// ORDER BY terms over what an arm reads: a number or a result column's name stands for
    /// that column.
    fn order(&self, terms: &[Sorted], arm: &Arm) -> Result<Vec<Expr>> {
        let result =
            |name: &str| arm.columns.iter().find(|output| output.name.eq_ignore_ascii_case(name));
        let of_result = |expr: &Expr| match expr {
            Expr::Literal(Literal::Number(number)) => {
                number.parse().ok().and_then(|n: usize| arm.columns.get(n.wrapping_sub(1)))
            }
            Expr::Name(name) => result(name.as_str()),
            _ => None,
        };
        let names = Names { visible: &self.read, results: &arm.columns, windows: &[] };
        terms
            .iter()
            .map(|term| match of_result(&term.expr) {
                Some(output) => Ok(output.expr.clone()),
                None => self.expr(&term.expr, &names),
            })
            .collect()
    }

    pub(super) fn arm(&mut self, part: &Part, names: Option<&[String]>) -> Result<Arm> {
        let Part::Select(core) = part else {
            return Err(self.flaw(
                "VALUES",
                "VALUES is not a table that can be kept in step",
                "select from a table",
            ));
        };
        if core.from.is_empty() {
            return Err(self.flaw(
                "SELECT",
                "this SELECT reads no table, so there is nothing to keep it in step with",
                "select from a table",
            ));
        }
        let (items, visible) = self.from(&core.from)?;
        let bare = Names { visible: &visible, results: &[], windows: &core.windows };
        let outputs = self.outputs(&core.columns, &bare, names)?;
        let full = Names { visible: &visible, results: &outputs, windows: &core.windows };
        let filter = core.filter.as_ref().map(|expr| self.expr(expr, &full)).transpose()?;
        let (group_by, having) = self.group_by(core, &full)?;
        if !group_by.is_empty() {
            self.no_row_is_picked(&outputs, &group_by)?;
        }
        let aggregates = outputs.iter().any(|output| contains_aggregate(&output.expr));
        self.read = visible;
        Ok(Arm {
            distinct: core.distinct,
            partitions: outputs
                .iter()
                .flat_map(|output| windows::partitions(&output.expr))
                .collect(),
            columns: outputs,
            from: items,
            filter,
            group_by,
            having,
            aggregates,
        })
    }

    /// Refuses columns beside an aggregate that are not grouped by.
    fn no_row_is_picked(&self, outputs: &[Output], group_by: &[Expr]) -> Result<()> {
        let picked = |output: &&Output| {
            !contains_aggregate(&output.expr) && outside_of_groups(&output.expr, group_by).is_some()
        };
        let Some(output) = outputs.iter().find(picked) else { return Ok(()) };
        Err(self.cant(
            &output.name,
            &format!(
                "{} is neither grouped by nor aggregated: which row of the group it comes from is not determined",
                output.name
            ),
            "add it to GROUP BY, or aggregate it with min() or max()",
        ))
    }

    fn group_by(&self, core: &Core, names: &Names<'_>) -> Result<(Vec<Expr>, Option<Expr>)> {
        let exprs = core
            .group_by
            .iter()
            .map(|expr| match expr {
                Expr::Literal(Literal::Number(number)) => {
                    let position: usize = number.parse().unwrap_or(0);
                    names.results.get(position.wrapping_sub(1)).map_or_else(
                        || {
                            Err(self.flaw(
                                number,
                                format!("GROUP BY {number}: there is no such result column"),
                                "name the column",
                            ))
                        },
                        |output| Ok(output.expr.clone()),
                    )
                }
                expr => self.expr(expr, names),
            })
            .collect::<Result<_>>()?;
        let having = core.having.as_ref().map(|expr| self.expr(expr, names)).transpose()?;
        Ok((exprs, having))
    }

    pub(super) fn flaw(&self, word: &str, reason: impl Into<String>, fix: &str) -> Flaw {
        Flaw::mismatch(self.mapping, word, reason, fix)
    }

    pub(super) fn cant(&self, word: &str, reason: &str, fix: &str) -> Flaw {
        Flaw::cant_keep(self.mapping, word, reason, fix)
    }
}
