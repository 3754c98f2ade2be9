//! Tables, and members of WITH clauses.

use super::select::{Normaliser, Recursion, Result};
use crate::derive::flaw::Flaw;
use crate::derive::query::recursion::is_plain_step;
use crate::derive::query::shape::{Leaf, Query, What};
use crate::phase::Side;
use crate::tree::{Member, Name};

impl Normaliser<'_> {
    /// A table of a side, or a member of a WITH clause.
    pub(super) fn named(&mut self, side: Option<Side>, name: &Name) -> Result<(What, Vec<String>)> {
        let bare = name.as_str();
        let Some(side) = side else { return self.member(bare) };
        let Some(table) = self.catalog.table(side, bare) else {
            let (reason, fix) = self.catalog.missing(side, bare);
            return Err(Flaw::mismatch(self.mapping, bare, reason, fix));
        };
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let leaf =
            Leaf { number: self.leaves, side, table: table.name.clone(), columns: columns.clone() };
        self.leaves += 1;
        Ok((What::Leaf(leaf), columns))
    }

    /// What a bare name stands for: the step before, or a member of a WITH clause.
    fn member(&mut self, bare: &str) -> Result<(What, Vec<String>)> {
        if let Some(open) = &self.recursion
            && open.shown.eq_ignore_ascii_case(bare)
        {
            return Ok((What::Step(open.name.clone()), open.columns.clone()));
        }
        let position =
            self.members.iter().rposition(|member| member.name.as_str().eq_ignore_ascii_case(bare));
        let Some(position) = position else {
            return Err(Flaw::mismatch(
                self.mapping,
                bare,
                format!("no table {bare}"),
                "qualify it with old. or new.",
            ));
        };
        let member = self.members[position].clone();
        // A member sees those before it, not itself.
        let hidden = self.members.split_off(position);
        let names: Vec<String> =
            member.columns.iter().map(|column| column.as_str().to_owned()).collect();
        let names = (!names.is_empty()).then_some(names.as_slice());
        let query = if member.reads_itself {
            self.recursive(&member, names)
        } else {
            self.select(&member.select, names)
        };
        self.members.extend(hidden);
        let query = query?;
        let columns = query.names();
        Ok((What::Query(Box::new(query)), columns))
    }

    /// A member that reads itself; the file's own check has seen that it does so in its last
    /// arm alone.
    fn recursive(&mut self, member: &Member, names: Option<&[String]>) -> Result<Query> {
        self.size.enter(self.mapping)?;
        let select = &member.select;
        let outer = self.members.len();
        self.members.extend(select.members.iter().cloned());
        let first = self.arm(&select.first, names)?;
        let columns = first.names();
        let name = format!("r{}", self.aliases);
        self.aliases += 1;
        let mut rest = Vec::new();
        for (position, (operator, part)) in select.rest.iter().enumerate() {
            let own = (position + 1 == select.rest.len()).then(|| Recursion {
                shown: member.name.as_str().to_owned(),
                name: name.clone(),
                columns: columns.clone(),
            });
            let is_step = own.is_some();
            let outer = std::mem::replace(&mut self.recursion, own);
            let arm = self.arm(part, Some(&columns));
            self.recursion = outer;
            let arm = arm?;
            if is_step && !is_plain_step(&arm) {
                return Err(self.cant(
                    member.name.as_str(),
                    "a step of a recursive query that aggregates, or reads a subquery, can't be kept in step",
                    "join the tables themselves in it, and aggregate outside of it",
                ));
            }
            rest.push((*operator, arm));
        }
        self.members.truncate(outer);
        self.size.leave();
        Ok(Query { first, rest, order_by: Vec::new(), order: Vec::new(), recursion: Some(name) })
    }
}
