//! The live view of an old table: its rows, in its shape, right in every phase.

use super::derived::{Part, Place, derived};
use super::names::Names;
use super::sql::{ident, idents, join};
use super::target::Target;
use crate::phase::Side;

/// The statement that creates the live view of a backward target: it reads the old table
/// itself where that is authoritative or the mirror not complete, else the new tables alone.
pub(crate) fn view(target: &Target, reads: Side) -> String {
    let table = &target.table;
    let shape: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let columns = idents("", &shape);
    let body = match reads {
        Side::Old => format!("SELECT {columns} FROM {}", ident(&table.name)),
        Side::New => {
            let values = join(&shape, ", ", |column| {
                if target.columns.contains(column) {
                    format!("d.{0} AS {0}", ident(column))
                } else {
                    format!("NULL AS {}", ident(column))
                }
            });
            format!("SELECT {values} FROM ({}) AS d", derived(target, Place::LIVE, Part::All))
        }
    };
    format!("CREATE VIEW {} ({columns}) AS {body}", ident(&Names::live(&table.known_as)))
}
