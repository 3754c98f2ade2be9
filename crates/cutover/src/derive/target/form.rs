//! How the rows of a target follow the source's.

use super::direct::direct;
use super::hub::Direct;
use super::table::{Form, Target};
use super::totals::totals;
use crate::derive::dirty::own_terms;
use crate::derive::query::givers::givers;
use crate::phase::Direction;
use crate::schema::{Catalog, Table};

pub(super) fn form(target: &Target, catalog: &Catalog) -> Form {
    if !target.single || !suits(target, catalog) {
        return Form::Derived;
    }
    if let Some(direct) = direct(target, catalog) {
        return Form::RowByRow(direct);
    }
    if is_presence(target, catalog) {
        return Form::Presence;
    }
    totals(target, catalog).map_or(Form::Derived, |totals| Form::Totals(Box::new(totals)))
}

impl Target {
    /// How its rows come from one row each, whatever its table would make of a write.
    pub(crate) fn one_row_each(&self, catalog: &Catalog) -> Option<Direct> {
        if self.single { direct(self, catalog) } else { None }
    }
}

/// Whether the target's table allows it: nothing there hides or changes a write, and the key is
/// all that its rows can conflict on.
fn suits(target: &Target, catalog: &Catalog) -> bool {
    let table = &target.table;
    let same_columns = target.keyed_by_scope() && target.scope_is_in_key();
    // The new tables stand among the old ones, and have no foreign keys while they are the mirror.
    let is_new = |table: &Table| catalog.new.iter().any(|new| new.name == table.name);
    // Of an old table others may hang, which go or stay with its rows.
    let referred = target.direction == Direction::Backward
        && catalog.old.iter().filter(|other| !is_new(other)).any(|other| {
            other.foreign_keys.iter().any(|foreign| {
                foreign.table.eq_ignore_ascii_case(&table.name)
                    || foreign.table.eq_ignore_ascii_case(&table.known_as)
            })
        });
    let exact = |part: &String| {
        table.column(part).is_some_and(|column| column.is_binary() && !column.affinity.keeps_all())
    };
    same_columns
        && target.key.columns.iter().all(exact)
        && !referred
        && !target.has_other_keys()
        && table.triggers.is_empty()
        && table.checks.iter().all(|check| target.can_ask(check))
        && (!table.has_checks || !table.checks.is_empty())
}

/// Whether a row is its key alone, and each table that gives rows tells the key of each.
fn is_presence(target: &Target, catalog: &Catalog) -> bool {
    let in_key =
        |name: &String| target.key.columns.iter().any(|part| part.eq_ignore_ascii_case(name));
    let tells = |(source, leaf): (&_, &crate::derive::query::Leaf)| {
        let table = catalog.table(leaf.side, &leaf.table);
        let stored = |name: &str| {
            table.and_then(|table| table.column(name)).is_some_and(|column| !column.generated)
        };
        leaf.side == target.direction.source()
            && own_terms(source, leaf)
                .is_some_and(|terms| terms.iter().all(|term| term.bare().is_some_and(stored)))
    };
    target.columns.iter().all(in_key)
        && target.leaves().all(tells)
        && target.keyed_by_scope()
        && target.scope_is_in_key()
        && matches!(target.sources.as_slice(), [only] if givers(&only.query).is_some())
}
