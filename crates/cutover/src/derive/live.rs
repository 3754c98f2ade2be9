//! The live view of an old table: its rows, in its shape, right in every phase.

use super::derived::{Part, Place, derived};
use super::names::Names;
use super::sql::{ident, idents, join};
use super::target::Target;
use crate::phase::Side;
use crate::schema::{Affinity, Column};

/// The value of a generated column, as the table would store it.
fn generated(column: &Column, expression: &str) -> String {
    let converted = match column.affinity {
        Affinity::Text => {
            "CASE WHEN typeof(v) IN ('integer', 'real') THEN CAST(v AS TEXT) ELSE v END"
        }
        Affinity::Real => "CASE typeof(v) WHEN 'integer' THEN CAST(v AS REAL) ELSE v END",
        Affinity::Integer | Affinity::Numeric => {
            "CASE WHEN typeof(v) = 'real' AND v = CAST(v AS INTEGER) THEN CAST(v AS INTEGER) \
             WHEN typeof(v) = 'text' AND CAST(CAST(v AS NUMERIC) AS TEXT) = v THEN CAST(v AS NUMERIC) \
             ELSE v END"
        }
        Affinity::Blob => return format!("({expression})"),
    };
    format!("(SELECT {converted} FROM (SELECT {expression} AS v))")
}

/// The statement that creates the live view of a backward target: it reads the old table
/// itself where that is authoritative or the mirror not complete, else the new tables alone.
pub(crate) fn view(target: &Target, reads: Side) -> String {
    let table = &target.table;
    let shape: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let columns = idents("", &shape);
    let body = match reads {
        Side::Old => format!("SELECT {columns} FROM {}", ident(&table.name)),
        Side::New => {
            let values = join(&table.columns, ", ", |column| {
                let name = ident(&column.name);
                match &column.expression {
                    Some(expression) => format!("{} AS {name}", generated(column, expression)),
                    None => format!("d.{name} AS {name}"),
                }
            });
            format!("SELECT {values} FROM ({}) AS d", derived(target, Place::LIVE, Part::All))
        }
    };
    format!("CREATE VIEW {} ({columns}) AS {body}", ident(&Names::live(&table.known_as)))
}
