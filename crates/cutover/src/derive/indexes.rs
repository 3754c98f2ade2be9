//! Which indexes the sync needs: one that leads with a column by which each
//! restricted or joined table is looked up.

use super::derived::{Part, Place, derived, held};
use super::dirty::{Rows, touched};
use super::group::is_odd;
use super::query::equated::equated;
use super::query::{Arm, Item, What};
use super::sql::{ident, idents};
use super::target::{Kept, Target, Total};
use crate::phase::Side;
use crate::schema::{Catalog, Table};
use crate::tree::Expr;

/// An index by which rows are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) side: Side,
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
    /// The condition of one that has a few rows alone.
    pub(crate) only: Option<String>,
}

impl Needed {
    /// What its name is made of, beside the table's.
    pub(crate) fn parts(&self) -> Vec<String> {
        self.columns.iter().cloned().chain(self.only.iter().map(|_| "odd".to_owned())).collect()
    }

    /// The rows that it has, after the table.
    pub(crate) fn rows(&self) -> String {
        self.only.as_ref().map_or_else(String::new, |only| format!(" WHERE {only}"))
    }

    /// Whether a table has it, or another that serves as well.
    pub(crate) fn is_served_by(&self, table: &Table, name: &str) -> bool {
        match self.only {
            Some(_) => table.indexes.iter().any(|index| index.name == name),
            None => {
                self.columns.iter().any(|column| table.has_index_on(std::slice::from_ref(column)))
            }
        }
    }

    /// The statement that creates it under a name.
    pub(crate) fn sql(&self, name: &str) -> String {
        format!(
            "CREATE INDEX {} ON {} ({}){}",
            ident(name),
            ident(&self.table),
            idents("", &self.columns),
            self.rows()
        )
    }
}

/// The indexes that are needed and that no table has.
pub(crate) fn missing(targets: &[Target], catalog: &Catalog) -> Vec<Needed> {
    let mut found: Vec<Needed> = Vec::new();
    let mut need = |side: Side, table: &str, columns: Vec<String>| {
        let Some(known) = catalog.table(side, table) else { return };
        let served = columns.iter().any(|column| known.has_index_on(std::slice::from_ref(column)));
        let needed = Needed { side, table: known.name.clone(), columns, only: None };
        if !served && !needed.columns.is_empty() && !found.contains(&needed) {
            found.push(needed);
        }
    };
    for target in targets {
        need(target.direction.target(), &target.table.name, target.scope.clone());
        for source in &target.sources {
            for leaf in source.query.leaves() {
                let bound =
                    source.paths.iter().flatten().filter(|term| term.leaf == Some(leaf.number));
                let columns = bound.filter_map(|term| term.bare().map(str::to_owned)).collect();
                need(leaf.side, &leaf.table, columns);
            }
            for arm in source.query.arms() {
                joined(arm, &mut need);
            }
        }
    }
    for needed in targets.iter().flat_map(|target| of_odd(target, catalog)) {
        if !found.contains(&needed) {
            found.push(needed);
        }
    }
    found
}

/// Where sums are kept without reading their groups: the rows for which that does not do.
fn of_odd(target: &Target, catalog: &Catalog) -> Vec<Needed> {
    let Some(totals) = target.totals() else { return Vec::new() };
    let Some(table) = catalog.table(totals.leaf.side, &totals.leaf.table) else {
        return Vec::new();
    };
    let key = target.sources.iter().flat_map(|source| &source.paths).flatten();
    let key: Vec<String> = key.filter_map(|term| term.bare().map(str::to_owned)).collect();
    let of_sum = |kept: &Kept| match &kept.of {
        Total::Sum { of, .. } => Some(Needed {
            side: totals.leaf.side,
            table: table.name.clone(),
            columns: [key.clone(), vec![of.clone()]].concat(),
            only: Some(is_odd(&ident(of))),
        }),
        Total::Rows | Total::Count(_) | Total::Extreme { .. } => None,
    };
    totals.kept.iter().filter_map(of_sum).collect()
}

/// A change on one side of a join leads to the rows on the other, either way.
fn joined(arm: &Arm, need: &mut dyn FnMut(Side, &str, Vec<String>)) {
    if arm.from.len() < 2 {
        return;
    }
    let conditions: Vec<&Item> = arm.from.iter().collect();
    for item in &arm.from {
        // The item's columns in its own ON, and in those of items joined to it.
        let mut columns: Vec<String> = Vec::new();
        for other in &conditions {
            let probe = Item { alias: item.alias.clone(), on: other.on.clone(), ..(*item).clone() };
            for equation in equated(&probe, arm) {
                if !columns.iter().any(|column| column == equation.column) {
                    columns.push(equation.column.to_owned());
                }
            }
        }
        descend(item, &columns, need);
    }
}

fn descend(item: &Item, columns: &[String], need: &mut dyn FnMut(Side, &str, Vec<String>)) {
    match &item.what {
        What::Leaf(leaf) => need(leaf.side, &leaf.table, columns.to_vec()),
        What::Query(query) => {
            for arm in query.arms() {
                // Through a subquery that only passes columns on.
                for inner in &arm.from {
                    let passed: Vec<String> = columns
                        .iter()
                        .filter_map(|column| {
                            let output = query
                                .first
                                .columns
                                .iter()
                                .position(|o| o.name.eq_ignore_ascii_case(column))?;
                            match &arm.columns.get(output)?.expr {
                                Expr::Column(alias, name) if alias.as_str() == inner.alias => {
                                    Some(name.as_str().to_owned())
                                }
                                _ => None,
                            }
                        })
                        .collect();
                    descend(inner, &passed, need);
                }
            }
        }
        What::Call(..) | What::Step(_) => {}
    }
}

/// The statements whose plans must not read a table from end to end, each with
/// what it serves.
pub(crate) fn explained(targets: &[Target], catalog: &Catalog) -> Vec<(String, String)> {
    let mut statements = Vec::new();
    let value = |position: usize| format!("?{}", position + 1);
    for target in targets {
        let name = &target.table.known_as;
        statements.push((
            format!("re-deriving rows of {name}"),
            derived(target, Place::LIVE, Part::Scope(&value)),
        ));
        statements.push((
            format!("finding rows of {name}"),
            held(target, Place::LIVE, Part::Scope(&value)),
        ));
        for (source, leaf) in target.leaves() {
            let table = catalog.table(leaf.side, &leaf.table);
            if let Some(sql) = touched(source, leaf, Rows::Unknown(table)) {
                statements.push((
                    format!("finding the rows of {name} that a row of {} touches", leaf.table),
                    sql,
                ));
            }
        }
    }
    statements
}
