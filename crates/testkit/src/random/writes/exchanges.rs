//! Unique values that change places: exchanged over a third one, exchanged in one statement,
//! shifted along, taken over from a row that goes.

use super::Kind;
use crate::random::spec::Feature;
use crate::random::statement::Writer;
use crate::sql::quoted;

pub(super) const KIND: Kind = Kind { feature: Feature::Exchanges, percent: 6, write };

fn write(writer: &mut Writer<'_>) -> Option<Vec<String>> {
    let table = writer.table;
    let keys: Vec<&Vec<String>> = std::iter::once(&table.key).chain(&table.uniques).collect();
    let key = keys[writer.rng.usize(..keys.len())];
    let column = table.column(&key[key.len() - 1])?;
    let (into, name) = (quoted(&table.name), quoted(&column.name));
    let (one, other) = (writer.value(column), writer.value(column));
    let third = match column.kind {
        "INTEGER" | "REAL" | "NUMERIC" => "-4711",
        "BLOB" => "x'0badcafe'",
        _ => "'aside'",
    };
    let set =
        |to: &str, from: &str| format!("UPDATE {into} SET {name} = {to} WHERE {name} IS {from}");
    Some(match writer.rng.u8(..4) {
        0 => vec![set(third, &one), set(&one, &other), set(&other, third)],
        1 => {
            let clause = writer.clause();
            vec![format!(
                "UPDATE {clause}{into} SET {name} = CASE WHEN {name} IS {one} THEN {other} ELSE {one} END \
                 WHERE {name} IN ({one}, {other})"
            )]
        }
        2 if writer.has(Feature::ManyRows) && column.kind == "INTEGER" => {
            let clause = writer.clause();
            let step = ["+ 1", "- 1"][writer.rng.usize(..2)];
            vec![format!("UPDATE {clause}{into} SET {name} = {name} {step}")]
        }
        2 => vec![format!("UPDATE OR REPLACE {into} SET {name} = {one} WHERE {name} IS {other}")],
        _ => vec![format!("DELETE FROM {into} WHERE {name} IS {one}"), set(&one, &other)],
    })
}
