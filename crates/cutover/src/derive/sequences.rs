//! Sequences of ids, carried from the side that gave them out to the one that will.
//!
//! AUTOINCREMENT promises that an id is never given out twice, also that of a row that is
//! gone. A mirror's own sequence knows only the ids that came to it; a row that was inserted
//! and deleted before it could, or while nothing kept the mirror, left no trace there.

use super::query::trace::trace;
use super::sql::{join, text};
use super::target::Target;
use crate::schema::Catalog;

/// Statements that raise each target's sequence to those of the tables its ids come from.
pub(crate) fn sequences(targets: &[Target], catalog: &Catalog) -> Vec<String> {
    targets.iter().flat_map(|target| carried(target, catalog)).collect()
}

fn carried(target: &Target, catalog: &Catalog) -> Vec<String> {
    let sources = givers(target, catalog);
    if sources.is_empty() {
        return Vec::new();
    }
    let name = text(&target.table.name);
    let given = format!(
        "SELECT max(seq) FROM sqlite_sequence WHERE name IN ({})",
        join(&sources, ", ", |source| text(source))
    );
    vec![
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {name}, 0 \
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = {name})"
        ),
        format!(
            "UPDATE sqlite_sequence SET seq = max(seq, ifnull(({given}), 0)) WHERE name = {name}"
        ),
    ]
}

/// The tables whose AUTOINCREMENT ids are the target's.
fn givers(target: &Target, catalog: &Catalog) -> Vec<String> {
    let alias = target.columns.iter().position(|column| target.table.is_rowid_alias(column));
    let Some(position) = alias.filter(|_| target.table.autoincrement) else { return Vec::new() };
    let mut tables: Vec<String> = Vec::new();
    for source in &target.sources {
        let leaves = source.query.leaves();
        for term in trace(&source.query, position).unwrap_or_default() {
            let giver = leaves
                .iter()
                .find(|leaf| Some(leaf.number) == term.leaf)
                .and_then(|leaf| catalog.table(leaf.side, &leaf.table))
                .filter(|table| table.autoincrement)
                .filter(|table| term.bare().is_some_and(|column| table.is_rowid_alias(column)));
            if let Some(table) = giver.filter(|table| !tables.contains(&table.name)) {
                tables.push(table.name.clone());
            }
        }
    }
    tables
}
