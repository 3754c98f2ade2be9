//! Which table and column of the new side takes the place of which of the old one, by what the
//! mappings themselves say. Pure.
//!
//! Only mappings that go row by row pair tables: a new table of distinct values has no
//! constraint that could be compared with one of the rows they come from.

use crate::backend::sqlite::catalog::definition::condition_of;
use crate::derive::query::term::Term;
use crate::derive::query::trace::trace;
use crate::derive::query::{Leaf, What};
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::model::build::Model;
use crate::phase::Side;
use crate::schema::{Check, Column, Table};
use crate::tree::Expr;

/// A new table whose rows are those of an old one, or that has its name.
#[derive(Debug)]
pub(crate) struct Pair<'m> {
    pub(crate) old: &'m Table,
    pub(crate) new: &'m Table,
    pub(crate) columns: Vec<Counterpart>,
    /// New columns that hold one value for all rows of the old table.
    pub(crate) constants: Vec<String>,
    /// Whether every row of the old table has one in the new: no filter, no join.
    pub(crate) whole: bool,
}

/// A column of each side of which one gives the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counterpart {
    pub(crate) old: String,
    pub(crate) new: String,
    /// Whether the way forward passes the value on as it is.
    pub(crate) forth: bool,
    /// Whether the backward mapping does.
    pub(crate) back: bool,
}

impl Counterpart {
    fn is_bare(&self) -> bool {
        self.forth || self.back
    }
}

/// Every pair, in the order of the old tables and then of the new ones.
pub(crate) fn pairs(model: &Model) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    for old in model.old_tables() {
        for new in model.new_tables() {
            pairs.extend(pair(model, old, new));
        }
    }
    pairs
}

fn pair<'m>(model: &'m Model, old: &'m Table, new: &'m Table) -> Option<Pair<'m>> {
    let mut columns: Vec<Counterpart> = Vec::new();
    let mut constants = Vec::new();
    let mut whole = true;
    let forward = model.forward.iter().find(|target| target.table.name == new.name)?;
    for source in &forward.sources {
        for leaf in source.query.leaves() {
            if leaf.side == Side::Old && leaf.table == old.name && is_row_wise(source, leaf, old) {
                whole &= is_whole(source);
                constants.extend(same_for_all(forward, source));
                for (column, term) in terms(forward, source, leaf) {
                    if let Some((old, forth)) = origin(&term) {
                        columns.push(Counterpart { old, new: column, forth, back: false });
                    }
                }
            }
        }
    }
    let in_place = old.shared && new.known_as.eq_ignore_ascii_case(&old.known_as);
    if columns.is_empty() && !in_place {
        return None;
    }
    // A column of the old table that the backward mapping takes as it is from the new one.
    for target in model.backward.iter().filter(|target| target.table.name == old.name) {
        for source in &target.sources {
            for leaf in source.query.leaves() {
                if leaf.side == Side::New
                    && leaf.table == new.name
                    && is_row_wise(source, leaf, new)
                {
                    for (column, term) in terms(target, source, leaf) {
                        if let Some((new, back)) = origin(&term) {
                            columns.push(Counterpart { old: column, new, forth: false, back });
                        }
                    }
                }
            }
        }
    }
    // Generated columns are in no list. Their names say what they are.
    for column in &old.columns {
        let same = new.column(&column.name);
        if let Some(same) = same.filter(|same| column.generated || same.generated) {
            let (old, new) = (column.name.clone(), same.name.clone());
            columns.push(Counterpart { old, new, forth: true, back: true });
        }
    }
    Some(Pair { old, new, columns: merged(columns), constants, whole })
}

/// Each two columns once.
fn merged(columns: Vec<Counterpart>) -> Vec<Counterpart> {
    let mut found: Vec<Counterpart> = Vec::new();
    for column in columns {
        let known =
            found.iter_mut().find(|other| other.old == column.old && other.new == column.new);
        match known {
            Some(known) => {
                known.forth |= column.forth;
                known.back |= column.back;
            }
            None => found.push(column),
        }
    }
    found.sort_by_key(|column| !column.is_bare());
    found
}

/// The columns of the target that a mapping gives a constant.
fn same_for_all(target: &Target, source: &Source) -> Vec<String> {
    let constant = |position: usize| {
        trace(&source.query, position)
            .is_some_and(|terms| terms.iter().all(|term| term.leaf.is_none()))
    };
    let columns = target.columns.iter().enumerate();
    columns.filter(|(position, _)| constant(*position)).map(|(_, name)| name.clone()).collect()
}

/// The columns of the target that come from one leaf, each with what it is made of.
fn terms(target: &Target, source: &Source, leaf: &Leaf) -> Vec<(String, Term)> {
    let mut found = Vec::new();
    for (position, column) in target.columns.iter().enumerate() {
        let terms = trace(&source.query, position).unwrap_or_default();
        let own = terms.into_iter().filter(|term| term.leaf == Some(leaf.number));
        found.extend(own.map(|term| (column.clone(), term)));
    }
    found
}

/// The one column that a term reads, and whether it is that column as it is.
fn origin(term: &Term) -> Option<(String, bool)> {
    if let Some(column) = term.bare() {
        return Some((column.to_owned(), true));
    }
    let mut columns: Vec<String> = Vec::new();
    term.expr.visit(&mut |expr| {
        if let Expr::Name(name) = expr {
            columns.push(name.as_str().to_owned());
        }
    });
    columns.dedup();
    match columns.as_slice() {
        [only] => Some((only.clone(), false)),
        _ => None,
    }
}

/// Whether the scope holds a whole key of the leaf's table: a row of one is a row of the other.
fn is_row_wise(source: &Source, leaf: &Leaf, table: &Table) -> bool {
    source.paths.iter().any(|terms| {
        let bare: Vec<&str> = terms
            .iter()
            .filter(|term| term.leaf == Some(leaf.number))
            .filter_map(Term::bare)
            .collect();
        table.uniques.iter().any(|key| {
            key.columns.iter().all(|part| bare.iter().any(|b| b.eq_ignore_ascii_case(part)))
        })
    })
}

fn is_whole(source: &Source) -> bool {
    source.query.arms().all(|arm| {
        let lone = matches!(arm.from.as_slice(), [only] if matches!(only.what, What::Leaf(_)));
        lone && arm.filter.is_none() && arm.group_by.is_empty() && arm.having.is_none()
    })
}

impl Pair<'_> {
    /// The new column that takes the place of an old one: as it is where `bare`.
    pub(crate) fn new_of(&self, old: &str, bare: bool) -> Option<&str> {
        self.columns
            .iter()
            .find(|column| column.old.eq_ignore_ascii_case(old) && (column.is_bare() || !bare))
            .map(|column| column.new.as_str())
    }

    /// The old column in whose place a new one is.
    pub(crate) fn old_of(&self, new: &str, bare: bool) -> Option<&str> {
        self.columns
            .iter()
            .find(|column| column.new.eq_ignore_ascii_case(new) && (column.is_bare() || !bare))
            .map(|column| column.old.as_str())
    }

    /// The new columns of some old ones, if all have one.
    pub(crate) fn all_new(&self, old: &[String]) -> Option<Vec<String>> {
        old.iter().map(|column| self.new_of(column, false).map(str::to_owned)).collect()
    }

    /// The old columns of some new ones, if all have one.
    pub(crate) fn all_old(&self, new: &[String]) -> Option<Vec<String>> {
        new.iter().map(|column| self.old_of(column, false).map(str::to_owned)).collect()
    }

    /// An expression over the old table's columns as one over the new table's, in a form that
    /// can be compared; none if one of the columns is not passed on as it is.
    pub(crate) fn translated(&self, check: &Check) -> Option<String> {
        rewritten(check, self.old, |column| self.new_of(column, true).map(str::to_owned))
    }

    /// Whether two generated columns are made by the same expression; none if that can't be told.
    pub(crate) fn generated_alike(&self, old: &Column, new: &Column) -> Option<bool> {
        let read = |column: &Column| column.expression.as_deref().and_then(condition_of);
        let (was, is) = (read(old)?, read(new)?);
        Some(self.translated(&was)? == self.as_compared(&is)?)
    }

    /// An expression over the new table's columns in the same form.
    pub(crate) fn as_compared(&self, check: &Check) -> Option<String> {
        rewritten(check, self.new, |column| Some(column.to_owned()))
    }
}

/// The expression with the columns of `table` under other names, which `names` gives.
fn rewritten(
    check: &Check,
    table: &Table,
    names: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut expr = check.expr.clone();
    let mut whole = true;
    expr.visit_mut(&mut |part| {
        if let Expr::Name(name) = &*part
            && let Some(column) = table.column(name.as_str())
        {
            match names(&column.name) {
                Some(name) => *part = Expr::name(&name),
                None => whole = false,
            }
        }
    });
    whole.then(|| folded(&expr.to_string()))
}

/// In small letters, but for texts: keywords and functions have no case.
fn folded(sql: &str) -> String {
    let mut inside = false;
    sql.chars()
        .map(|c| {
            inside ^= c == '\'';
            if inside { c } else { c.to_ascii_lowercase() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_have_case() {
        assert_eq!(folded("LOWER(\"A\") <> 'X''Y' AND B"), "lower(\"a\") <> 'X''Y' and b");
    }
}
