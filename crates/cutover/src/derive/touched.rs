//! Notes of what changes while a gate verifies.
//!
//! A gate compares every row, in many short reads, while programs go on writing.
//! What they touch in the meantime is noted, for both directions, and compared
//! again: the last of it inside the transaction that switches, when nobody can
//! write. Without this a row could go wrong between the comparison and the switch.

use super::dirty::{Rows, touched};
use super::names::Names;
use super::object::Object;
use super::procedure::scope_columns;
use super::sql::{ident, idents, join};
use super::target::Target;

/// The tables that hold the notes and the triggers that write them: one trigger a
/// table and event, for all targets of both directions.
pub(crate) fn notes<'a>(targets: impl Iterator<Item = &'a Target>, names: Names) -> Vec<Object> {
    let targets: Vec<&Target> = targets.collect();
    let mut objects: Vec<Object> = targets.iter().map(|target| table(target, names)).collect();
    let mut watched: Vec<&str> = Vec::new();
    for target in &targets {
        let read = target.leaves().map(|(_, leaf)| leaf.table.as_str());
        for name in read.chain([target.table.name.as_str()]) {
            if !watched.contains(&name) {
                watched.push(name);
            }
        }
    }
    for name in watched {
        for (event, rows) in
            [("insert", &["NEW"][..]), ("update", &["NEW", "OLD"]), ("delete", &["OLD"])]
        {
            let statements: Vec<String> = targets
                .iter()
                .flat_map(|target| rows.iter().flat_map(|row| statements(target, names, name, row)))
                .collect();
            let trigger = names.trigger(&format!("touch_{event}"), name);
            let sql = format!(
                "CREATE TRIGGER {} AFTER {} ON {} BEGIN\n  {};\nEND",
                ident(&trigger),
                event.to_uppercase(),
                ident(name),
                statements.join(";\n  ")
            );
            objects.push(Object::trigger(trigger, name, sql));
        }
    }
    objects
}

fn table(target: &Target, names: Names) -> Object {
    let name = names.touched(&target.table.name);
    let columns = scope_columns(target).join(", ");
    let sql = format!(
        "CREATE TABLE {} (n INTEGER PRIMARY KEY, {columns}, UNIQUE ({columns}))",
        ident(&name)
    );
    Object::table(name, sql)
}

/// Notes the scopes of one target that a row of a table touches: as what the mapping
/// reads, and as what it fills.
fn statements(target: &Target, names: Names, changed: &str, row: &str) -> Vec<String> {
    let read = target
        .leaves()
        .filter(|(_, leaf)| leaf.table == changed)
        .filter_map(|(source, leaf)| touched(source, leaf, Rows::Trigger(row)));
    let own = (target.table.name == changed)
        .then(|| format!("SELECT {}", idents(&format!("{row}."), &target.scope)));
    let table = ident(&names.touched(&target.table.name));
    let columns = scope_columns(target);
    let same = join(&columns, " AND ", |column| format!("n.{column} IS v.{column}"));
    let nulls = join(&columns, ", ", |column| format!("NULL AS {column}"));
    let list = columns.join(", ");
    read.chain(own)
        .map(|scopes| {
            format!(
                "INSERT INTO {table} ({list}) SELECT * FROM (SELECT {nulls} WHERE 0 UNION {scopes}) AS v \
                 WHERE NOT EXISTS (SELECT 1 FROM {table} AS n WHERE {same})"
            )
        })
        .collect()
}
