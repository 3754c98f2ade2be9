//! SQL as analysis sees it: expressions and SELECTs of our own, whatever parser read them.
//!
//! `migration/lower.rs` makes them from the parser's tree, and refuses what they have no place
//! for. They print as SQL again ([`print`]); [`walk`] goes through them.

mod expr;
mod name;
mod print;
mod select;
mod walk;
#[cfg(test)]
mod wall;

pub(crate) use expr::{
    Args, Bound, Call, Case, Compound, Distinctness, Exclude, Expr, Frame, FrameMode, Literal,
    Matching, Operator, Order, Over, Sorted, Test, Type, Unary, Window,
};
pub(crate) use name::{Name, ident};
pub(crate) use select::{
    Constraint, Core, From, JoinKind, Joined, Member, Part, ResultColumn, Select,
};
