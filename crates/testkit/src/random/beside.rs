//! What the application has beside the tables that are moved: triggers on them, views of
//! them, and tables that refer to them.

use super::builder::plain;
use super::domain::Domain;
use super::mapping::Plan;
use super::names::Names;
use super::spec::{Feature, Spec};
use super::table::{Clauses, Column, Foreign, KeyKind, Table};
use crate::sql::quoted;

/// The application's own table, which its triggers write to.
pub const LOG: &str = "app_log";

/// Whether both sides know a table's key under the same names: what refers to the one can
/// refer to the other.
fn key_stays(plan: &Plan, old: &Table) -> bool {
    plan.new
        .iter()
        .filter(|new| new.name == old.name)
        .any(|new| new.key == old.key || new.uniques.contains(&old.key))
}

/// Triggers on the old tables, which write to the log.
pub(super) fn triggers(spec: &Spec, plan: &Plan) -> Vec<String> {
    let mut rng = spec.stream("triggers");
    let mut triggers = Vec::new();
    for (n, table) in plan.old.iter().enumerate() {
        for (event, row) in [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")] {
            if !spec.has(Feature::Triggers, &mut rng, 15) {
                continue;
            }
            // Where the table changes in place, its trigger goes over to the new one.
            let known = !plan.shares(&table.name)
                || plan
                    .new
                    .iter()
                    .any(|new| new.name == table.name && new.column(&table.key[0]).is_some());
            let which = if known {
                format!(" || quote({row}.{})", quoted(&table.key[0]))
            } else {
                String::new()
            };
            triggers.push(format!(
                "CREATE TRIGGER app_{n}_{event} AFTER {event} ON {} BEGIN \
                 INSERT INTO {LOG} (what) VALUES ('{event} '{which}); END",
                quoted(&table.name),
            ));
        }
    }
    triggers.extend(refusals(spec, plan));
    triggers
}

/// Whether the application's triggers refuse rows on a table that is to be the mirror: there
/// they would fire for the sync, which `check` says of them.
pub(super) fn refuses_apart(spec: &Spec, plan: &Plan) -> bool {
    !refusals(spec, plan).is_empty()
}

/// Triggers on the old tables that refuse rows, or pass over them.
fn refusals(spec: &Spec, plan: &Plan) -> Vec<String> {
    let mut rng = spec.stream("refusals");
    let mut triggers = Vec::new();
    for (n, table) in plan.old.iter().enumerate() {
        let event = ["INSERT", "UPDATE", "DELETE"][rng.usize(..3)];
        let raise =
            ["RAISE(IGNORE)", "RAISE(FAIL, 'no')", "RAISE(ABORT, 'no')", "RAISE(ROLLBACK, 'no')"]
                [rng.usize(..4)];
        let at = rng.usize(..table.key.len());
        let Some(column) = table.column(&table.key[at]) else { continue };
        let value = column.domain.literal(&mut rng, false);
        if spec.has(Feature::Refusals, &mut rng, 8) {
            let row = if event == "DELETE" { "OLD" } else { "NEW" };
            triggers.push(format!(
                "CREATE TRIGGER app_{n}_refuses BEFORE {event} ON {} WHEN {row}.{} = {value} BEGIN \
                 SELECT {raise}; END",
                quoted(&table.name),
                quoted(&column.name)
            ));
        }
    }
    triggers
}

/// Views of tables that change in place: name and definition.
pub(super) fn views(spec: &Spec, plan: &Plan) -> Vec<(String, String)> {
    let mut rng = spec.stream("views");
    let mut views = Vec::new();
    for (n, table) in plan.old.iter().enumerate() {
        if spec.has(Feature::Triggers, &mut rng, 20) && key_stays(plan, table) {
            let key: Vec<Column> =
                table.key.iter().filter_map(|name| table.column(name)).cloned().collect();
            let name = format!("app_view_{n}");
            let create = format!(
                "CREATE VIEW {name} AS SELECT {} FROM {} AS t",
                plain(&key, "t").join(", "),
                quoted(&table.name)
            );
            views.push((name, create));
        }
    }
    views
}

/// Tables that are not moved and refer to one that changes in place.
pub(super) fn referring(spec: &Spec, plan: &Plan, names: &mut Names) -> Vec<Table> {
    let mut rng = spec.stream("referring");
    let mut tables = Vec::new();
    for table in &plan.old {
        let action =
            ["", "ON DELETE CASCADE", "ON DELETE SET NULL ON UPDATE CASCADE"][rng.usize(..3)];
        if !spec.has(Feature::ForeignKeys, &mut rng, 30) || !key_stays(plan, table) {
            continue;
        }
        let id = Column::new(names.fresh("id"), "INTEGER", Domain::Number);
        let refers: Vec<Column> = table
            .key
            .iter()
            .filter_map(|name| table.column(name))
            .map(|column| Column {
                name: names.fresh("ref"),
                not_null: false,
                default: None,
                ..column.clone()
            })
            .collect();
        let foreign = Foreign {
            columns: refers.iter().map(|column| column.name.clone()).collect(),
            table: table.name.clone(),
            parent: table.key.clone(),
            action,
        };
        tables.push(Table {
            name: names.fresh("app"),
            key: vec![id.name.clone()],
            columns: [vec![id], refers].concat(),
            key_kind: KeyKind::Rowid,
            uniques: Vec::new(),
            foreign: vec![foreign],
            checks: Vec::new(),
            strict: false,
            without_rowid: false,
            indexes: Vec::new(),
            clauses: Clauses::default(),
        });
    }
    tables
}
