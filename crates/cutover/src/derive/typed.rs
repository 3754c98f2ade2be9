//! The columns of a trigger's NEW and OLD, with the affinity that the table's columns have.
//!
//! They hold what the table will hold, but compare as values without a type: where the
//! column is an INTEGER, `NEW.n > '5'` compares a number with a text. A CAST gives the
//! affinity; where it would change the value, there is none to be given
//! (<https://www.sqlite.org/datatype3.html#type_conversions_prior_to_comparison>).

use super::sql::ident;
use crate::schema::Column;

/// When the CAST to a column's affinity leaves the value of `row`, NEW or OLD, as it is.
pub(crate) fn survives(row: &str, column: &Column) -> Option<String> {
    let kept = column.affinity.survives_cast()?;
    Some(format!("typeof({row}.{}) {kept}", ident(&column.name)))
}

/// Compares a column of `row` with a derived value, which is converted as it would be when
/// stored: `operator` may begin with a collation.
pub(crate) fn compared(row: &str, column: &Column, operator: &str, derived: &str) -> String {
    let value = format!("{row}.{}", ident(&column.name));
    let plain = format!("{value} {operator} +{derived}");
    match column.affinity.cast_to().zip(survives(row, column)) {
        Some((cast, survives)) => format!(
            "CASE WHEN {survives} THEN CAST({value} AS {cast}) {operator} +{derived} ELSE {plain} END"
        ),
        None => plain,
    }
}
