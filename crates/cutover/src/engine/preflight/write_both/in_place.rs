//! Tables that change in place: two tables can't have one name, so old and new programs can't
//! both find theirs.

use crate::derive::sql::ident;
use crate::model::build::Model;
use crate::phase::Phase;
use crate::report::Problem;

pub(super) fn in_place(model: &Model) -> Vec<Problem> {
    let problem = |name: &str| {
        let renamed = format!("{name}_new");
        Problem::new(
            format!(
                "{name} changes in place: old and new programs can't both have a table of that name"
            ),
            format!(
                "give the new table a name of its own, such as {renamed}, or go without {}; after \
                 retired the name is one ALTER TABLE {} RENAME TO {}",
                Phase::WriteBoth,
                ident(&renamed),
                ident(name)
            ),
        )
    };
    let shared = model.new_tables().filter(|table| table.shared);
    shared.map(|table| problem(&table.known_as)).collect()
}
