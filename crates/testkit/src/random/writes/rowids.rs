//! The rowid by its own names: SQLite fires no `UPDATE OF id` for them.

use super::Kind;
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::random::statement::Writer;
use crate::random::table::{KeyKind, names};
use crate::sql::quoted;

pub(super) const KIND: Kind = Kind { feature: Feature::Rowids, percent: 8, write };

fn write(writer: &mut Writer<'_>) -> Option<Vec<String>> {
    let table = writer.table;
    if table.without_rowid {
        return None;
    }
    let name = ["rowid", "oid", "_rowid_"][writer.rng.usize(..3)];
    let value = Domain::Number.literal(writer.rng, false);
    let (clause, into) = (writer.clause(), quoted(&table.name));
    if writer.rng.u8(..3) > 0 {
        let set = match writer.rng.u8(..4) {
            0 => format!("{name} = {name} + 1"),
            1 => format!("{name} = -{name}"),
            _ => format!("{name} = {value}"),
        };
        let condition = match writer.rng.u8(..3) {
            0 => format!("{name} = {}", Domain::Number.literal(writer.rng, false)),
            1 => writer.key_is(),
            _ => format!("{name} = (SELECT min({name}) FROM {into})"),
        };
        return Some(vec![format!("UPDATE {clause}{into} SET {set} WHERE {condition}")]);
    }
    // Where a column is the rowid, its value is given under the other name.
    let aliased = table.key_kind != KeyKind::Plain;
    let columns: Vec<_> = table
        .columns
        .iter()
        .filter(|column| !(aliased && table.key.contains(&column.name)))
        .collect();
    let list: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let values = writer.values(&columns);
    if list.is_empty() {
        return Some(vec![format!("INSERT {clause}INTO {into} ({name}) VALUES ({value})")]);
    }
    Some(vec![format!(
        "INSERT {clause}INTO {into} ({name}, {}) VALUES ({value}, {values})",
        names(&list)
    )])
}
