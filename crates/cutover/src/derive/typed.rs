//! The columns of a trigger's NEW and OLD, with the affinity that the table's columns have.
//!
//! They hold what the table will hold, but compare as values without a type: where the
//! column is an INTEGER, `NEW.n > '5'` compares a number with a text. A CAST gives the
//! affinity; where it would change the value, there is none to be given
//! (<https://www.sqlite.org/datatype3.html#type_conversions_prior_to_comparison>).

use super::sql::ident;
use crate::schema::{Affinity, Column};

/// The type whose CAST gives a value the column's affinity.
pub(crate) fn cast_to(column: &Column) -> Option<&'static str> {
    match column.affinity {
        Affinity::Text => Some("TEXT"),
        // To NUMERIC, as a CAST to INTEGER would cut a fraction off.
        Affinity::Integer | Affinity::Numeric => Some("NUMERIC"),
        Affinity::Real => Some("REAL"),
        Affinity::Blob => None,
    }
}

/// When that CAST leaves the value of `row`, NEW or OLD, as it is: not where it is a text in
/// a column for numbers, which is no number, nor a blob.
pub(crate) fn survives(row: &str, column: &Column) -> Option<String> {
    let class = format!("typeof({row}.{})", ident(&column.name));
    match column.affinity {
        Affinity::Text => Some(format!("{class} <> 'blob'")),
        Affinity::Integer | Affinity::Numeric | Affinity::Real => {
            Some(format!("{class} NOT IN ('text', 'blob')"))
        }
        Affinity::Blob => None,
    }
}

/// Compares a column of `row` with a derived value, which is converted as it would be when
/// stored: `operator` may begin with a collation.
pub(crate) fn compared(row: &str, column: &Column, operator: &str, derived: &str) -> String {
    let value = format!("{row}.{}", ident(&column.name));
    let plain = format!("{value} {operator} +{derived}");
    match cast_to(column).zip(survives(row, column)) {
        Some((cast, survives)) => format!(
            "CASE WHEN {survives} THEN CAST({value} AS {cast}) {operator} +{derived} ELSE {plain} END"
        ),
        None => plain,
    }
}
