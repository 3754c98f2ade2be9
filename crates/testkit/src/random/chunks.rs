//! Rows for several chunks of a pass, whose key parts cross: one part goes up while the other
//! goes round, so that a range of the one holds rows of every value of the other.

use fastrand::Rng;

use super::domain::Domain;
use super::table::Table;
use crate::sql::quoted;

/// More than a chunk holds at first.
const ROWS: u32 = 700;

/// One statement that fills a table; what a constraint refuses is left out.
pub(super) fn rows(rng: &mut Rng, table: &Table) -> String {
    let table = table.written();
    let values: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let in_key = table.key.contains(&column.name);
            match column.domain {
                Domain::Number if in_key => format!("i * 37 % {} + 1", ROWS + 1),
                Domain::Number | Domain::Integer => format!("i * {} % 211", rng.u8(1..9)),
                Domain::Word | Domain::Text if table.key == [column.name.clone()] => {
                    "'k' || (i * 37 % 997)".to_owned()
                }
                Domain::Word => {
                    let (one, other) =
                        (column.domain.literal(rng, false), column.domain.literal(rng, false));
                    format!(
                        "CASE i % 5 WHEN 0 THEN {one} WHEN 1 THEN {other} ELSE 'w' || i % 5 END"
                    )
                }
                Domain::Text => "'text ' || i".to_owned(),
                Domain::Blob if in_key => "CAST('b' || i AS BLOB)".to_owned(),
                Domain::Real => "i / 4 + 0.125".to_owned(),
                _ => {
                    let (one, other) =
                        (column.domain.literal(rng, false), column.domain.literal(rng, false));
                    format!("iif(i % 3, {one}, {other})")
                }
            }
        })
        .collect();
    format!(
        "INSERT OR IGNORE INTO {} ({}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < {ROWS}) SELECT {} FROM n",
        quoted(&table.name),
        table.column_list(),
        values.join(", ")
    )
}
