//! The live view of an old table: its rows, in its shape, right in every phase.

use super::derived::{Part, Place, derived};
use super::names::Names;
use super::object::Object;
use super::query::{Arm, Query, What};
use super::sql::{ident, idents, join};
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::phase::Side;
use crate::schema::{Catalog, Column};
use crate::tree::Expr;

/// A value as a column of the table would store it
/// (<https://www.sqlite.org/datatype3.html#type_affinity>).
fn as_stored(column: &Column, expression: &str) -> String {
    let Some(converted) = column.affinity.stored() else { return format!("({expression})") };
    format!("(SELECT {converted} FROM (SELECT {expression} AS v))")
}

/// Whether a result column gives only what the column would store as it is: values of a
/// column that converts what is written to it in the same way.
fn is_stored_so(query: &Query, position: usize, column: &Column, catalog: &Catalog) -> bool {
    let passes_on = |arm: &Arm| {
        let Some(Expr::Column(alias, name)) = arm.columns.get(position).map(|o| &o.expr) else {
            return false;
        };
        let item = arm.from.iter().find(|item| item.alias == alias.as_str());
        match item.map(|item| &item.what) {
            Some(What::Leaf(leaf)) => catalog
                .table(leaf.side, &leaf.table)
                .and_then(|table| table.column(name.as_str()))
                .is_some_and(|found| found.affinity.stores_like(column.affinity)),
            Some(What::Query(inner)) => inner
                .position(name.as_str())
                .is_some_and(|position| is_stored_so(inner, position, column, catalog)),
            _ => false,
        }
    };
    column.affinity.keeps_all() || query.arms().all(passes_on)
}

/// `value AS column, …`
fn named(columns: &[Column], value: &dyn Fn(&Column) -> String) -> String {
    join(columns, ", ", |column| format!("{} AS {}", value(column), ident(&column.name)))
}

/// The live view of a backward target: it reads the old table
/// itself where that is authoritative or the mirror not complete, else the new tables alone.
pub(crate) fn view(target: &Target, reads: Side, catalog: &Catalog) -> Object {
    view_as(Names::live(&target.table.known_as), target, reads, catalog)
}

/// As [`view`], under another name.
pub(crate) fn view_as(name: String, target: &Target, reads: Side, catalog: &Catalog) -> Object {
    let table = &target.table;
    let shape: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let columns = idents("", &shape);
    let body = match reads {
        Side::Old => format!("SELECT {columns} FROM {}", ident(&table.name)),
        Side::New => {
            let as_it_is = |column: &Column| {
                let given = target.columns.iter().position(|given| *given == column.name);
                given.is_some_and(|position| {
                    let so =
                        |source: &Source| is_stored_so(&source.query, position, column, catalog);
                    target.sources.iter().all(so)
                })
            };
            // As it is, an index of the new table still finds it.
            let value = |column: &Column| {
                let given = format!("d.{}", ident(&column.name));
                if as_it_is(column) { given } else { as_stored(column, &given) }
            };
            let derived = derived(target, Place::LIVE, Part::All);
            let stored = || table.columns.iter().filter(|column| column.expression.is_none());
            if stored().count() == table.columns.len() || stored().all(as_it_is) {
                let value = |column: &Column| match &column.expression {
                    Some(expression) => as_stored(column, expression),
                    None => value(column),
                };
                format!("SELECT {} FROM ({derived}) AS d", named(&table.columns, &value))
            } else {
                // What is generated is made from values as they are stored.
                let given: Vec<Column> = stored().cloned().collect();
                let stored = format!("SELECT {} FROM ({derived}) AS d", named(&given, &value));
                let value = |column: &Column| match &column.expression {
                    Some(expression) => as_stored(column, expression),
                    None => format!("d.{}", ident(&column.name)),
                };
                format!("SELECT {} FROM ({stored}) AS d", named(&table.columns, &value))
            }
        }
    };
    let sql = format!("CREATE VIEW {} ({columns}) AS {body}", ident(&name));
    Object::view(name, sql)
}
