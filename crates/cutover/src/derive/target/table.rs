//! A table that is filled by mappings, and what is known of it without looking at a row.

use super::hub::Direct;
use super::kept::Totals;
use crate::derive::query::Leaf;
use crate::derive::source::Source;
use crate::derive::sql::{equality, ident, join};
use crate::phase::{Direction, Side};
use crate::schema::{Check, Column, ConflictKey, Keyed, Table, UniqueKey};

/// A target and everything that fills it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) direction: Direction,
    pub(crate) table: Table,
    /// The columns of the INSERT's list, named as the table names them.
    pub(crate) columns: Vec<String>,
    /// One for each mapping into this table.
    pub(crate) sources: Vec<Source>,
    pub(crate) key: UniqueKey,
    /// Columns of the target by which its rows depend on the source.
    pub(crate) scope: Vec<String>,
    /// For each column of the scope, whether some source may give NULL in it. The target
    /// itself may take none: then the row is refused, not overlooked.
    pub(crate) scope_may_be_null: Vec<bool>,
    /// Whether a scope can never hold more than one row.
    pub(crate) single: bool,
    /// Where the first mapping stands, for messages.
    pub(crate) line: usize,
    /// How its rows follow the source's.
    pub(crate) form: Form,
}

/// How a target's rows follow the source's: the trigger that a change fires knows what to write,
/// or derives it.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// The touched scopes are derived again.
    Derived,
    /// A row follows a row, with its values.
    RowByRow(Direct),
    /// A row has nothing but its key: it is there as long as something gives it.
    Presence,
    /// A row is a group, and follows by what a row of the group brings or takes away.
    Totals(Box<Totals>),
}

impl Target {
    /// The columns of the list that can differ between rows of the same key: those
    /// outside of it, and those of it in which values that are not the same compare
    /// equal ('a' and 'A' under NOCASE, 1 and 1.0 without a type).
    pub(crate) fn values(&self) -> impl Iterator<Item = &String> + Clone {
        self.columns.iter().filter(|name| {
            !contains(&self.key.columns, name)
                || self
                    .column(name)
                    .is_none_or(|column| !column.is_binary() || column.affinity.keeps_all())
        })
    }

    /// A column of the target's table. Every name here was checked to be one.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.table.column(name)
    }

    /// Whether two keys of this target can be compared with `=`.
    pub(crate) fn key_never_null(&self) -> bool {
        self.key.columns.iter().all(|column| self.table.never_null(column))
    }

    /// `t.a = d.a AND …` over the key, with IS where it may hold NULL.
    pub(crate) fn same_key(&self, left: &str, right: &str) -> String {
        join(&self.key.columns, " AND ", |column| {
            let operator = equality(&self.table, column);
            format!("{left}.{0} {operator} {right}.{0}", ident(column))
        })
    }

    /// The same target, of which each scope that a write touches is derived again.
    pub(crate) fn derived_whole(&self) -> Self {
        Self { form: Form::Derived, ..self.clone() }
    }

    /// How its rows follow others, row by row, if they do.
    pub(crate) fn row_by_row(&self) -> Option<&Direct> {
        match &self.form {
            Form::RowByRow(direct) => Some(direct),
            Form::Derived | Form::Presence | Form::Totals(_) => None,
        }
    }

    /// What it knows of the groups that are its rows, if it follows by that.
    pub(crate) fn totals(&self) -> Option<&Totals> {
        match &self.form {
            Form::Totals(totals) => Some(totals.as_ref()),
            Form::Derived | Form::Presence | Form::RowByRow(_) => None,
        }
    }

    /// Whether many rows of the source make one of its rows, with values from any of them.
    pub(crate) fn is_grouped(&self) -> bool {
        let grouped = |source: &Source| {
            source.query.arms().any(|arm| arm.aggregates || !arm.group_by.is_empty())
        };
        matches!(self.form, Form::Derived | Form::Totals(_)) && self.sources.iter().any(grouped)
    }

    /// Whether a scope's row can only have one key. Where it can have several, a row that
    /// replaces another of its own scope may leave an image behind under the other's key.
    pub(crate) fn keyed_by_scope(&self) -> bool {
        self.key.columns.iter().all(|part| contains(&self.scope, part))
    }

    /// Whether rows of the same key are of the same scope.
    pub(crate) fn scope_is_in_key(&self) -> bool {
        self.scope.iter().all(|column| contains(&self.key.columns, column))
    }

    /// The table, and that a row of it has this key, whose values are given by position.
    pub(crate) fn with_key(&self, value: &dyn Fn(usize) -> String) -> (String, String) {
        let positions: Vec<usize> = (0..self.key.columns.len()).collect();
        let same = join(&positions, " AND ", |position| {
            let column = &self.key.columns[*position];
            format!("{} {} {}", ident(column), equality(&self.table, column), value(*position))
        });
        (ident(&self.table.name), same)
    }

    /// Unique keys of the table other than the one that identifies its rows, as
    /// far as the list gives them values.
    pub(crate) fn other_uniques(&self) -> impl Iterator<Item = &UniqueKey> {
        self.table.uniques.iter().filter(|unique| {
            unique.columns != self.key.columns
                && unique.columns.iter().any(|column| contains(&self.columns, column))
        })
    }

    /// Whether rows of the table can conflict on another key than the one that identifies
    /// them. What the list gives no value for has its own: NULL, or a rowid.
    pub(crate) fn has_other_keys(&self) -> bool {
        self.other_uniques().next().is_some()
            || !self.table.partial_uniques.is_empty()
            || self.further_keys().next().is_some()
    }

    /// Keys of the table that are neither UNIQUE constraints over stored columns with their
    /// own collations nor partial indexes over such, as far as the list gives them values.
    pub(crate) fn further_keys(&self) -> impl Iterator<Item = &ConflictKey> {
        self.table.conflict_keys.iter().filter(|key| {
            let further = key.parts.iter().any(|part| match &part.value {
                Keyed::Column(name) => {
                    part.collation.is_some()
                        || self.column(name).is_some_and(|column| column.generated)
                }
                Keyed::Expression(_) => true,
            });
            let given = |name: &String| {
                contains(&self.columns, name)
                    || self.column(name).and_then(|column| column.computed.as_ref()).is_some_and(
                        |from| from.columns.iter().any(|base| contains(&self.columns, base)),
                    )
            };
            further && key.watched().iter().any(given)
        })
    }

    /// Whether a check of the table reads nothing but columns whose values are known before a
    /// row is written. A rowid that SQLite is to choose is not, and a name that is no column
    /// may be a misspelt text.
    pub(crate) fn can_ask(&self, check: &Check) -> bool {
        check.columns.iter().all(|name| {
            self.column(name).is_some()
                && (!self.table.is_rowid_alias(name) || contains(&self.columns, name))
        })
    }

    /// Every leaf of every source.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (&Source, &Leaf)> {
        self.sources
            .iter()
            .flat_map(|source| source.query.leaves().into_iter().map(move |leaf| (source, leaf)))
    }
}

pub(super) fn contains(columns: &[String], name: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

/// The tables the mappings read, each once.
pub(crate) fn read_tables(targets: &[Target]) -> Vec<(Side, String)> {
    let mut found: Vec<(Side, String)> = Vec::new();
    for (_, leaf) in targets.iter().flat_map(Target::leaves) {
        let entry = (leaf.side, leaf.table.clone());
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// `s0, s1, …`: the columns of a procedure.
pub(crate) fn scope_columns(target: &Target) -> Vec<String> {
    (0..target.scope.len()).map(|position| format!("s{position}")).collect()
}
