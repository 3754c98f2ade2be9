//! Notes of what changes while a gate verifies.
//!
//! A gate compares every row, in many short reads, while programs go on writing.
//! What they touch in the meantime is noted, for both directions, and compared
//! again: the last of it inside the transaction that switches, when nobody can
//! write. Without this a row could go wrong between the comparison and the switch.

use super::dirty::{Rows, touched};
use super::names::Names;
use super::object::{Kind, Object};
use super::procedure::scope_columns;
use super::sql::{ident, idents, join};
use super::target::Target;

/// The tables that hold the notes and the triggers that write them. `suffix`
/// keeps the two directions apart where both have a target of the same name.
pub(crate) fn notes(targets: &[Target], names: Names) -> Vec<Object> {
    let mut objects: Vec<Object> = targets.iter().map(|target| table(target, names)).collect();
    for target in targets {
        for (position, (source, leaf)) in target.leaves().enumerate() {
            for (event, row) in [("insert", "NEW"), ("update", "NEW"), ("update_old", "OLD"), ("delete", "OLD")] {
                if let Some(scopes) = touched(source, leaf, Rows::Trigger(row)) {
                    let what = format!("touch_{}_{position}_{event}", target.table.name);
                    objects.push(trigger(target, names, &what, event, &leaf.table, &scopes));
                }
            }
        }
        for (event, row) in [("insert", "NEW"), ("update", "NEW"), ("update_old", "OLD"), ("delete", "OLD")] {
            let scopes = format!("SELECT {}", idents(&format!("{row}."), &target.scope));
            let what = format!("touch_{}_own_{event}", target.table.name);
            objects.push(trigger(target, names, &what, event, &target.table.name, &scopes));
        }
    }
    objects
}

fn table(target: &Target, names: Names) -> Object {
    let name = names.touched(&target.table.name);
    let columns = scope_columns(target).join(", ");
    let sql = format!("CREATE TABLE {} (n INTEGER PRIMARY KEY, {columns}, UNIQUE ({columns}))", ident(&name));
    Object::new(Kind::Table, name, sql)
}

fn trigger(target: &Target, names: Names, what: &str, event: &str, on: &str, scopes: &str) -> Object {
    let name = names.trigger(what, on);
    let table = ident(&names.touched(&target.table.name));
    let columns = scope_columns(target);
    let same = join(&columns, " AND ", |column| format!("n.{column} IS v.{column}"));
    let event = event.trim_end_matches("_old").to_uppercase();
    let sql = format!(
        "CREATE TRIGGER {} AFTER {event} ON {} BEGIN\n  \
         INSERT INTO {table} ({list}) SELECT * FROM (SELECT {nulls} WHERE 0 UNION {scopes}) AS v \
         WHERE NOT EXISTS (SELECT 1 FROM {table} AS n WHERE {same});\nEND",
        ident(&name),
        ident(on),
        list = columns.join(", "),
        nulls = join(&columns, ", ", |column| format!("NULL AS {column}")),
    );
    Object::new(Kind::Trigger, name, sql)
}
