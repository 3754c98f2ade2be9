//! The WITH clauses that are in force where a table is named.

use turso_parser::ast::{CommonTableExpr, Name, With};

use super::syntax::name;

/// The WITH clauses in force at some depth, innermost first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Withs<'e> {
    with: Option<&'e With>,
    /// The member whose body this is: reading itself, it would be recursive.
    open: Option<&'e Name>,
    outer: Option<&'e Withs<'e>>,
}

/// What a bare table name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning<'e> {
    /// A member of a WITH clause.
    Member(&'e CommonTableExpr),
    /// The member in whose own body the name stands, of a clause that says RECURSIVE:
    /// the rows that the step before gave.
    Step,
    /// The same without that word.
    Itself,
    /// A table.
    Table,
}

impl<'e> Withs<'e> {
    /// Within a SELECT that begins with this WITH clause.
    pub(super) fn within(with: Option<&'e With>, outer: &'e Self) -> Self {
        Self { with, open: None, outer: Some(outer) }
    }

    /// Within the body of a member of the innermost WITH clause.
    pub(super) fn body_of(&self, member: &'e CommonTableExpr) -> Self {
        Self { open: Some(&member.tbl_name), ..*self }
    }

    /// What a bare table name means here. As in SQLite, a member is seen in the
    /// bodies of all members of its clause, also of those before it, and hides
    /// what is further out.
    pub(super) fn meaning(&self, table: &str) -> Meaning<'e> {
        let same = |other: &Name| name(other).eq_ignore_ascii_case(table);
        let members = self.with.map_or(&[][..], |with| &with.ctes);
        match members.iter().find(|member| same(&member.tbl_name)) {
            Some(_) if self.open.is_some_and(same) => match self.with {
                Some(With { recursive: true, .. }) => Meaning::Step,
                _ => Meaning::Itself,
            },
            Some(member) => Meaning::Member(member),
            None => self.outer.map_or(Meaning::Table, |outer| outer.meaning(table)),
        }
    }
}
