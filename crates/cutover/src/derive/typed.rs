//! The columns of a trigger's NEW, with the affinity that the table's columns have.
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

/// When that CAST leaves NEW's value as it is: not where it is a text in a column for
/// numbers, which is no number, nor a blob.
pub(crate) fn survives(column: &Column) -> Option<String> {
    let class = format!("typeof(NEW.{})", ident(&column.name));
    match column.affinity {
        Affinity::Text => Some(format!("{class} <> 'blob'")),
        Affinity::Integer | Affinity::Numeric | Affinity::Real => {
            Some(format!("{class} NOT IN ('text', 'blob')"))
        }
        Affinity::Blob => None,
    }
}
