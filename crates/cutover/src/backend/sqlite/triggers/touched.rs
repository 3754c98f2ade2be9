//! Notes of what changes while a gate verifies.
//!
//! A gate compares every row, in many short reads, while programs go on writing.
//! What they touch in the meantime is noted, for both directions, and compared
//! again: the last of it inside the transaction that switches, when nobody can
//! write. Without this a row could go wrong between the comparison and the switch.

use super::dialect::trigger;
use crate::derive::dirty::{Rows, touched};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{ident, idents, join, text};
use crate::derive::target::{Target, read_tables, scope_columns};
use crate::schema::{Catalog, Column, Table};

/// The tables that hold the notes and the triggers that write them: one trigger a
/// table and event, for all targets of both directions.
pub(crate) fn notes<'a>(targets: impl Iterator<Item = &'a Target>, names: Names) -> Vec<Object> {
    let targets: Vec<&Target> = targets.collect();
    let mut objects = vec![table(targets.iter().copied(), names.touched())];
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
            let own = names.trigger(&format!("touch_{event}"), name);
            let event = format!("AFTER {}", event.to_uppercase());
            objects.push(trigger(own, &event, name, None, &statements));
        }
    }
    objects
}

/// Notes of what a mirror that is brought up to date lacks by now: the scopes that writes to
/// the tables its mappings read have touched. A program's statement is never refused for them.
///
/// A REPLACE fires no DELETE trigger for the rows that it removes, so their scopes are noted
/// before it.
pub(crate) fn stale(targets: &[Target], names: Names, catalog: &Catalog) -> Vec<Object> {
    let mut objects = vec![table(targets.iter(), names.stale())];
    for (side, name) in read_tables(targets) {
        let replaced = catalog.table(side, &name).map_or_else(Vec::new, replaced);
        let replaced: Vec<Rows<'_>> = replaced.iter().map(|rows| Rows::Where(rows)).collect();
        let (new, old) = (Rows::Trigger("NEW"), Rows::Trigger("OLD"));
        for (what, event, rows) in [
            ("stale_replacing", "BEFORE INSERT", &replaced[..]),
            ("stale_moving", "BEFORE UPDATE", &replaced),
            ("stale_insert", "AFTER INSERT", &[new]),
            ("stale_update", "AFTER UPDATE", &[new, old]),
            ("stale_delete", "AFTER DELETE", &[old]),
        ] {
            objects.extend(notes_of(targets, names, (what, event), &name, rows));
        }
    }
    objects
}

/// A trigger that notes which scopes of the targets such rows of a table touch.
fn notes_of(
    targets: &[Target],
    names: Names,
    (what, event): (&str, &str),
    name: &str,
    rows: &[Rows<'_>],
) -> Option<Object> {
    let mut notes = Vec::new();
    for target in targets {
        let table = names.stale();
        for rows in rows {
            let scopes = read_by(target, name, *rows);
            notes.extend(scopes.map(|scopes| note(target, &table, &scopes)));
        }
    }
    if notes.is_empty() {
        return None;
    }
    Some(trigger(names.trigger(what, name), event, name, None, &notes))
}

/// Conditions for the rows `x` of a table that a row `NEW` may replace. Some of them are none
/// it replaces, which does no harm.
fn replaced(table: &Table) -> Vec<String> {
    let value = |name: &String| {
        let new = format!("NEW.{}", ident(name));
        // NULL becomes the default, but only after this trigger.
        match table.column(name).filter(|column| column.not_null) {
            Some(Column { default: Some(default), .. }) => format!("ifnull({new}, {default})"),
            _ => new,
        }
    };
    let mut all: Vec<String> = table
        .uniques
        .iter()
        .chain(&table.partial_uniques)
        .map(|unique| {
            join(&unique.columns, " AND ", |name| format!("x.{} = {}", ident(name), value(name)))
        })
        .collect();
    if !table.without_rowid && table.rowid_alias.is_none() {
        all.push(format!("x.{0} = NEW.{0}", table.rowid()));
    }
    all
}

/// One table for the notes of all targets: a gate with hundreds of targets makes and drops it
/// while it holds writers off.
fn table<'a>(targets: impl Iterator<Item = &'a Target>, name: String) -> Object {
    let widest = targets.map(scope_columns).max_by_key(Vec::len).unwrap_or_default();
    let columns = join(&widest, "", |column| format!(", {column}"));
    let sql = format!(
        "CREATE TABLE {} (n INTEGER PRIMARY KEY, target TEXT NOT NULL{columns}, \
         UNIQUE (target{columns}))",
        ident(&name)
    );
    Object::table(name, sql)
}

/// The condition for the notes of one target.
pub(crate) fn of(target: &Target) -> String {
    format!("target = {}", text(&target.table.name))
}

/// Notes the scopes of one target that a row of a table touches: as what the mapping
/// reads, and as what it fills.
fn statements(target: &Target, names: Names, changed: &str, row: &str) -> Vec<String> {
    let own = (target.table.name == changed)
        .then(|| format!("SELECT {}", idents(&format!("{row}."), &target.scope)));
    let table = names.touched();
    read_by(target, changed, Rows::Trigger(row))
        .chain(own)
        .map(|scopes| note(target, &table, &scopes))
        .collect()
}

/// Queries that give the scopes which rows of a table touch as what the mapping reads.
fn read_by<'t>(
    target: &'t Target,
    changed: &'t str,
    rows: Rows<'t>,
) -> impl Iterator<Item = String> + 't {
    target
        .leaves()
        .filter(move |(_, leaf)| leaf.table == changed)
        .filter_map(move |(source, leaf)| touched(source, leaf, rows))
}

/// Writes scopes into a table of notes, each once.
pub(crate) fn note(target: &Target, table: &str, scopes: &str) -> String {
    let columns = scope_columns(target);
    let same = join(&columns, " AND ", |column| format!("n.{column} IS v.{column}"));
    let nulls = join(&columns, ", ", |column| format!("NULL AS {column}"));
    let (table, list) = (ident(table), columns.join(", "));
    format!(
        "INSERT INTO {table} (target, {list}) SELECT {name}, {values} \
         FROM (SELECT {nulls} WHERE 0 UNION {scopes}) AS v \
         WHERE NOT EXISTS (SELECT 1 FROM {table} AS n WHERE n.{of} AND {same})",
        name = text(&target.table.name),
        values = join(&columns, ", ", |column| format!("v.{column}")),
        of = of(target),
    )
}
