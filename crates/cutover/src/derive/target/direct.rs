//! Targets whose rows follow the source's without being derived again.
//!
//! A row of such a target comes from one row of a *driver*, the table whose primary key is the
//! target's key, and from what is joined to it. Tables joined by that key, one row each, stand
//! beside it. All of these are *hubs*: a row of theirs says by itself which row of the target
//! it makes. So each event on a hub has a statement of its own, which takes the values from
//! the changed row. What can't be told so is read from the tables, by the mapping itself.

use super::hub::{Direct, Given, Hub, Value};
use super::nulls::may_get_null;
use super::table::{Target, contains};
use crate::derive::cascades::{cascades_onto, cascades_onto_itself};
use crate::derive::query::term::columns_of;
use crate::derive::query::{Arm, Item, Join, Leaf, What};
use crate::schema::{Catalog, Table};
use crate::tree::{Expr, Operator};

/// How the rows of a target follow, if they can.
pub(super) fn direct(target: &Target, catalog: &Catalog) -> Option<Direct> {
    let [source] = target.sources.as_slice() else { return None };
    let arm = &source.query.first;
    let row_wise = source.query.rest.is_empty()
        && source.query.recursion.is_none()
        && arm.group_by.is_empty()
        && arm.having.is_none()
        && arm.partitions.is_empty()
        && !arm.aggregates
        && !arm.distinct;
    if !row_wise {
        return None;
    }
    let leaves: Vec<(&Item, &Leaf)> = arm
        .from
        .iter()
        .map(|item| match &item.what {
            What::Leaf(leaf) => Some((item, leaf)),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let key_of = |leaf: &Leaf| key_in(target, leaf.number);
    let (driver, driving) = leaves.first()?;
    let mut hubs = Vec::new();
    for (item, leaf) in &leaves {
        let alone = leaves.iter().filter(|(_, other)| other.table == leaf.table).count() == 1;
        let Some(key) = key_of(leaf).filter(|_| alone && leaf.side == target.direction.source())
        else {
            continue;
        };
        let table = catalog.table(leaf.side, &leaf.table)?;
        let is_driver = leaf.number == driving.number;
        if !is_unique(table, &key) || !(is_driver || only_by_key(item, driver, &key)) {
            continue;
        }
        if !table.triggers.is_empty() || cascades_onto_itself(table, catalog) {
            continue;
        }
        let optional = item.join == Join::Left && !is_driver;
        let Some(gives) = gives(target, arm, item, table, optional, catalog) else { continue };
        let moving = moving(arm, item, &key);
        let goes_along = optional
            && catalog
                .table(driving.side, &driving.table)
                .is_some_and(|driver| cascades_onto(driver, table, catalog));
        hubs.push(Hub { leaf: (*leaf).clone(), key, optional, goes_along, moving, gives });
    }
    let leads = hubs.first().is_some_and(|hub| hub.leaf.number == driving.number);
    if !leads || (arm.filter.is_some() && hubs.iter().any(|hub| hub.optional)) {
        return None;
    }
    let conditional = arm.filter.is_some()
        || leaves.iter().any(|(item, leaf)| {
            item.join != Join::Left && !hubs.iter().any(|hub| hub.leaf.number == leaf.number)
        });
    Some(Direct { hubs, conditional })
}

/// The columns of a leaf that have the values of the target's key, in its order.
fn key_in(target: &Target, leaf: usize) -> Option<Vec<String>> {
    let source = &target.sources[0];
    let [terms] = source.paths.as_slice() else { return None };
    let beside = source.beside.iter().find(|(number, _)| *number == leaf);
    let terms = match beside {
        Some((_, terms)) => terms,
        None => terms,
    };
    target
        .key
        .columns
        .iter()
        .map(|part| {
            let position = target.scope.iter().position(|name| name.eq_ignore_ascii_case(part))?;
            let term = terms.get(position).filter(|term| term.leaf == Some(leaf))?;
            term.bare().map(str::to_owned)
        })
        .collect()
}

/// Whether these columns are stored, and together a key of which no part is NULL.
fn is_unique(table: &Table, key: &[String]) -> bool {
    let stored = |name: &String| {
        table.column(name).is_some_and(|column| !column.generated && column.is_binary())
            && table.never_null(name)
    };
    key.iter().all(stored)
        && table.uniques.iter().any(|unique| {
            unique.columns.len() == key.len()
                && unique.columns.iter().all(|part| contains(key, part))
        })
}

/// Whether an item is joined by equating its key with the driver's columns, and by nothing
/// else.
fn only_by_key(item: &Item, driver: &Item, key: &[String]) -> bool {
    let mut conditions: Vec<&Expr> = item.on.iter().collect();
    let mut count = 0;
    while let Some(condition) = conditions.pop() {
        match condition {
            Expr::Binary(left, Operator::And, right) => {
                conditions.extend([&**left, &**right]);
            }
            Expr::Parens(inner) if inner.len() == 1 => conditions.extend(inner),
            other => {
                count += 1;
                let read = columns_of(other);
                let both = read.len() == 2
                    && read.iter().any(|(alias, _)| *alias == driver.alias)
                    && read.iter().any(|(alias, name)| *alias == item.alias && contains(key, name));
                if !both || !matches!(other, Expr::Binary(..)) {
                    return false;
                }
            }
        }
    }
    // Each part of the key is known to be equated with one: there is room for nothing else.
    count == key.len()
}

/// The columns of an item that decide which row of the target there is and what is joined.
fn moving(arm: &Arm, item: &Item, key: &[String]) -> Vec<String> {
    let conditions = arm.filter.iter().chain(arm.from.iter().filter_map(|item| item.on.as_ref()));
    let mut found: Vec<String> = key.to_vec();
    for (alias, column) in conditions.flat_map(columns_of) {
        if alias == item.alias && !contains(&found, &column) {
            found.push(column);
        }
    }
    found
}

/// What a hub gives. `None` where its absence would be refused.
fn gives(
    target: &Target,
    arm: &Arm,
    item: &Item,
    table: &Table,
    optional: bool,
    catalog: &Catalog,
) -> Option<Vec<Given>> {
    let mut found = Vec::new();
    for (column, output) in target.columns.iter().zip(&arm.columns) {
        if contains(&target.key.columns, column) {
            continue;
        }
        let reads: Vec<String> = columns_of(&output.expr)
            .into_iter()
            .filter(|(alias, _)| *alias == item.alias)
            .map(|(_, name)| name)
            .collect();
        let own = matches!(&output.expr, Expr::Column(alias, name)
            if alias.as_str() == item.alias
                && table.column(name.as_str()).is_some_and(|column| !column.generated));
        let value = match (&output.expr, own) {
            (Expr::Column(_, name), true) => Value::Column {
                name: name.as_str().to_owned(),
                alike: table.column(name.as_str()).zip(target.column(column)).is_some_and(
                    |(from, to)| from.affinity == to.affinity && from.is_binary() && to.is_binary(),
                ),
            },
            _ => Value::Computed,
        };
        if reads.is_empty() {
            continue;
        }
        if optional && may_get_null(target, column, catalog) {
            return None;
        }
        found.push(Given { column: column.clone(), reads, value });
    }
    Some(found)
}
