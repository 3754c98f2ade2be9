//! The form itself: queries, their arms, and what stands in their FROM clauses.

use super::term::columns_of;
use crate::derive::sql::{ident, join};
use crate::phase::Side;
use crate::tree::{Compound, Expr};

/// A SELECT, possibly compound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) first: Arm,
    pub(crate) rest: Vec<(Compound, Arm)>,
    /// ORDER BY terms, kept as text: they matter only to order-sensitive aggregates.
    pub(crate) order_by: Vec<String>,
    /// The same, over what the first arm reads.
    pub(crate) order: Vec<Expr>,
    /// The name under which the last arm reads the rows of the step before, if the query is
    /// recursive.
    pub(crate) recursion: Option<String>,
}

/// One SELECT of a compound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arm {
    pub(crate) distinct: bool,
    pub(crate) columns: Vec<Output>,
    pub(crate) from: Vec<Item>,
    pub(crate) filter: Option<Expr>,
    pub(crate) group_by: Vec<Expr>,
    pub(crate) having: Option<Expr>,
    /// Whether it aggregates without GROUP BY: one row, whatever the source.
    pub(crate) aggregates: bool,
    /// Each window's PARTITION BY.
    pub(crate) partitions: Vec<Vec<Expr>>,
}

/// One result column and the name it is known by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    pub(crate) expr: Expr,
    pub(crate) name: String,
}

/// One FROM item, joined to those before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) alias: String,
    pub(crate) join: Join,
    pub(crate) on: Option<Expr>,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Inner,
    /// Order fixed by the author, which SQLite's planner keeps.
    Cross,
    Left,
}

/// What a FROM item is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A table.
    Leaf(Leaf),
    Query(Box<Query>),
    /// A table-valued function of columns to its left.
    Call(String, Vec<Expr>),
    /// The rows that the step before gave, in the last arm of the recursive query of that
    /// name.
    Step(String),
}

/// One occurrence of a table in a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// Its number in the mapping, from 0 in order of appearance.
    pub(crate) number: usize,
    pub(crate) side: Side,
    /// As the schema writes it.
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

/// Turns leaves into table expressions; the alias is added by the caller.
pub(crate) type RenderLeaf<'a> = &'a dyn Fn(&Leaf) -> String;

impl Query {
    /// The query that is one arm.
    pub(crate) fn of(arm: Arm) -> Self {
        Self {
            first: arm,
            rest: Vec::new(),
            order_by: Vec::new(),
            order: Vec::new(),
            recursion: None,
        }
    }

    pub(crate) fn arms(&self) -> impl Iterator<Item = &Arm> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, arm)| arm))
    }

    pub(crate) fn arms_mut(&mut self) -> impl Iterator<Item = &mut Arm> {
        std::iter::once(&mut self.first).chain(self.rest.iter_mut().map(|(_, arm)| arm))
    }

    /// The names of its result columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.first.names()
    }

    /// Where a result column stands; its name is that of the first arm.
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.first.columns.iter().position(|output| output.name.eq_ignore_ascii_case(column))
    }

    /// Every leaf, in order of appearance.
    pub(crate) fn leaves(&self) -> Vec<&Leaf> {
        self.arms()
            .flat_map(|arm| &arm.from)
            .flat_map(|item| match &item.what {
                What::Leaf(leaf) => vec![leaf],
                What::Query(query) => query.leaves(),
                What::Call(..) | What::Step(_) => Vec::new(),
            })
            .collect()
    }

    /// The columns of a leaf that it reads anywhere, each once.
    pub(crate) fn columns_of(&self, number: usize) -> Vec<String> {
        let mut columns = self.every_reference(number);
        columns.sort();
        columns.dedup();
        columns
    }

    fn every_reference(&self, number: usize) -> Vec<String> {
        let mut found = Vec::new();
        for arm in self.arms() {
            let expressions = arm
                .columns
                .iter()
                .map(|output| &output.expr)
                .chain(arm.filter.iter())
                .chain(arm.group_by.iter())
                .chain(arm.having.iter())
                .chain(arm.from.iter().filter_map(|item| item.on.as_ref()))
                .chain(arm.from.iter().flat_map(|item| match &item.what {
                    What::Call(_, args) => args.as_slice(),
                    _ => &[],
                }));
            let references: Vec<(String, String)> = expressions.flat_map(columns_of).collect();
            for item in &arm.from {
                match &item.what {
                    What::Leaf(leaf) if leaf.number == number => found.extend(
                        references
                            .iter()
                            .filter(|(alias, _)| *alias == item.alias)
                            .map(|(_, column)| column.clone()),
                    ),
                    What::Query(inner) => found.extend(inner.every_reference(number)),
                    _ => {}
                }
            }
        }
        found
    }

    /// The query as SQL.
    pub(crate) fn render(&self, leaf: RenderLeaf<'_>) -> String {
        let mut sql = self.first.render(leaf);
        for (operator, arm) in &self.rest {
            sql += &format!(" {operator} {}", arm.render(leaf));
        }
        if !self.order_by.is_empty() {
            sql += &format!(" ORDER BY {}", self.order_by.join(", "));
        }
        if let Some(name) = &self.recursion {
            let columns = join(&self.first.columns, ", ", |output| ident(&output.name));
            let name = ident(name);
            sql = format!(
                "WITH RECURSIVE {name} ({columns}) AS ({sql}) SELECT {columns} FROM {name}"
            );
        }
        sql
    }
}

impl Arm {
    /// The names of its result columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|output| output.name.clone()).collect()
    }

    fn render(&self, leaf: RenderLeaf<'_>) -> String {
        let columns =
            join(&self.columns, ", ", |Output { expr, name }| format!("{expr} AS {}", ident(name)));
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        let mut sql = format!("SELECT {distinct}{columns}");
        for (position, item) in self.from.iter().enumerate() {
            sql += match (position, item.join) {
                (0, _) => " FROM ",
                (_, Join::Inner) => " JOIN ",
                (_, Join::Cross) => " CROSS JOIN ",
                (_, Join::Left) => " LEFT JOIN ",
            };
            sql += &item.render(leaf);
        }
        if let Some(filter) = &self.filter {
            sql += &format!(" WHERE {filter}");
        }
        if !self.group_by.is_empty() {
            sql += &format!(" GROUP BY {}", join(&self.group_by, ", ", ToString::to_string));
        }
        if let Some(having) = &self.having {
            sql += &format!(" HAVING {having}");
        }
        sql
    }
}

impl Item {
    /// Whether it is, or reads, this leaf.
    pub(crate) fn holds(&self, number: usize) -> bool {
        match &self.what {
            What::Leaf(leaf) => leaf.number == number,
            What::Query(query) => query.leaves().iter().any(|leaf| leaf.number == number),
            What::Call(..) | What::Step(_) => false,
        }
    }

    fn render(&self, leaf: RenderLeaf<'_>) -> String {
        let what = match &self.what {
            What::Leaf(found) => leaf(found),
            What::Query(query) => format!("({})", query.render(leaf)),
            What::Step(name) => ident(name),
            What::Call(function, args) => {
                format!("{function}({})", join(args, ", ", ToString::to_string))
            }
        };
        let on = self.on.as_ref().map_or_else(String::new, |on| format!(" ON {on}"));
        format!("{what} AS {}{on}", ident(&self.alias))
    }
}
