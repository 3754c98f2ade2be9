//! The live view of an old table: its rows, in its shape, right in every phase.

use super::derived::{Part, Place, derived};
use super::names::Names;
use super::sql::{ident, idents, join};
use super::target::Target;

/// What a live view reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The old table itself: it is authoritative, or the mirror is not complete.
    Old,
    /// The new tables alone.
    New,
}

/// The statement that creates the live view of a backward target.
pub(crate) fn view(target: &Target, reads: Reads) -> String {
    let table = &target.table;
    let shape: Vec<&String> = table.columns.iter().map(|column| &column.name).collect();
    let columns = idents("", &shape);
    let body = match reads {
        Reads::Old => format!("SELECT {columns} FROM {}", ident(&table.name)),
        Reads::New => {
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
    format!("CREATE VIEW {} ({columns}) AS {body}", ident(&Names::live(&table.name)))
}
