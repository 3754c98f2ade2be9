//! SELECTs, with what a mapping may have in them.

use super::expr::{Compound, Expr, Sorted, Window};
use super::name::Name;
use crate::phase::Side;

/// A SELECT, possibly compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    /// Its WITH clause.
    pub(crate) members: Vec<Member>,
    pub(crate) first: Part,
    pub(crate) rest: Vec<(Compound, Part)>,
    pub(crate) order_by: Vec<Sorted>,
}

impl Select {
    pub(crate) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        std::iter::once(&mut self.first).chain(self.rest.iter_mut().map(|(_, part)| part))
    }
}

/// A member of a WITH clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) columns: Vec<Name>,
    pub(crate) select: Select,
    pub(crate) reads_itself: bool,
}

/// One part of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Select(Box<Core>),
    /// VALUES, which no mapping may read.
    Values,
}

/// A SELECT without what holds for a whole compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Core {
    pub(crate) distinct: bool,
    pub(crate) columns: Vec<ResultColumn>,
    pub(crate) from: Vec<Joined>,
    pub(crate) filter: Option<Expr>,
    pub(crate) group_by: Vec<Expr>,
    pub(crate) having: Option<Expr>,
    pub(crate) windows: Vec<(Name, Window)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResultColumn {
    /// An expression, with the alias that the author gave it.
    Expr(Expr, Option<Name>),
    Star,
    TableStar(Name),
}

/// An item of a FROM clause, and how it is joined to those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) kind: JoinKind,
    pub(crate) item: From,
    pub(crate) constraint: Option<Constraint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    /// A comma, JOIN or INNER JOIN; also the first item's.
    Inner,
    Cross,
    Left,
    /// RIGHT and FULL.
    Right,
    Natural,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// A table of a side, or a member of a WITH clause.
    Table {
        side: Option<Side>,
        name: Name,
        alias: Option<Name>,
    },
    Call {
        function: Name,
        args: Vec<Expr>,
        alias: Option<Name>,
    },
    Select {
        select: Box<Select>,
        alias: Option<Name>,
    },
    /// A join in parentheses, which no mapping may have.
    Parens,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constraint {
    On(Expr),
    Using(Vec<Name>),
}
