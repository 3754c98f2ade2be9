//! Rows that refer to each other: a sample with one of them needs the other. Pure.

use crate::derive::query::{Arm, Item, What};
use crate::derive::target::Target;
use crate::model::build::Model;
use crate::phase::{Direction, Side};
use crate::schema::Table;
use crate::tree::{Expr, Operator};

/// Rows of one table refer to those of another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) child: String,
    pub(super) columns: Vec<String>,
    pub(super) parent: String,
    pub(super) keys: Vec<String>,
}

/// Foreign keys, and what the forward mappings join old tables by.
pub(super) fn links(model: &Model) -> Vec<Link> {
    let mut links = Vec::new();
    for table in model.catalog.old.iter() {
        for key in &table.foreign_keys {
            let parent = model.catalog.old.get(&key.table).and_then(Table::primary_key);
            if let Some(parent) = parent.filter(|parent| parent.columns.len() == key.columns.len())
            {
                links.push(Link {
                    child: table.name.clone(),
                    columns: key.columns.clone(),
                    parent: key.table.clone(),
                    keys: parent.columns.clone(),
                });
            }
        }
    }
    let sources = model.forward.iter().flat_map(|target| &target.sources);
    for arm in sources.flat_map(|source| source.query.arms()) {
        links.extend(arm.from.iter().flat_map(|item| joined(item, arm)));
    }
    links
}

/// What an item's ON clause equates with the columns of items before it.
fn joined(item: &Item, arm: &Arm) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let Some(parent) = old_table(&item.what) else { return links };
    let mut conditions: Vec<&Expr> = item.on.iter().chain(&arm.filter).collect();
    while let Some(condition) = conditions.pop() {
        let Expr::Binary(left, operator, right) = condition else { continue };
        match operator {
            Operator::And => conditions.extend([&**left, &**right]),
            Operator::Equals | Operator::Is => {
                for (own, other) in [(left, right), (right, left)] {
                    let (Expr::Column(alias, key), Expr::Column(from, column)) = (&**own, &**other)
                    else {
                        continue;
                    };
                    let before = arm.from.iter().take_while(|before| before.alias != item.alias);
                    let child = before
                        .filter(|before| before.alias == from.as_str())
                        .find_map(|before| old_table(&before.what));
                    if let (true, Some(child)) = (alias.as_str() == item.alias, child) {
                        add(&mut links, child, column.as_str(), parent, key.as_str());
                    }
                }
            }
            _ => {}
        }
    }
    links
}

/// One link for each pair of tables, however many columns they are joined by.
fn add(links: &mut Vec<Link>, child: &str, column: &str, parent: &str, key: &str) {
    match links.iter_mut().find(|link| link.child == child) {
        Some(link) => {
            link.columns.push(column.to_owned());
            link.keys.push(key.to_owned());
        }
        None => links.push(Link {
            child: child.to_owned(),
            columns: vec![column.to_owned()],
            parent: parent.to_owned(),
            keys: vec![key.to_owned()],
        }),
    }
}

fn old_table(what: &What) -> Option<&str> {
    match what {
        What::Leaf(leaf) if leaf.side == Side::Old => Some(&leaf.table),
        _ => None,
    }
}

/// The old tables that the migration reads or fills.
pub(super) fn mapped(model: &Model) -> Vec<&Table> {
    let read =
        |table: &Table| {
            model.forward.iter().flat_map(Target::leaves).any(|(_, leaf)| {
                leaf.side == Side::Old && leaf.table.eq_ignore_ascii_case(&table.name)
            })
        };
    let filled = |table: &Table| model.old_tables().any(|old| old.name == table.name);
    model.catalog.old.iter().filter(|table| read(table) || filled(table)).collect()
}

/// The tables of which a sample has rows: those of the migration, those that refer to
/// them, and all that these refer to.
pub(super) fn related<'m>(model: &'m Model, links: &[Link]) -> Vec<&'m Table> {
    let mut names: Vec<String> =
        mapped(model).into_iter().map(|table| table.name.to_lowercase()).collect();
    for link in links {
        if names.contains(&link.parent.to_lowercase()) {
            names.push(link.child.to_lowercase());
        }
    }
    loop {
        let parents = links.iter().filter(|link| names.contains(&link.child.to_lowercase()));
        let more: Vec<String> = parents
            .map(|link| link.parent.to_lowercase())
            .filter(|parent| !names.contains(parent))
            .collect();
        if more.is_empty() {
            break;
        }
        names.extend(more);
    }
    model.catalog.old.iter().filter(|table| names.contains(&table.name.to_lowercase())).collect()
}

/// The tables that writes of a direction enter.
pub(super) fn written(model: &Model, direction: Direction) -> Vec<&Table> {
    match direction {
        Direction::Forward => mapped(model),
        Direction::Backward => model.new_tables().collect(),
    }
}
