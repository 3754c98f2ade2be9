//! Statements of the sync that would read a whole table at every write.

use super::rehearsal::schema_copy;
use crate::backend::sqlite::{Db, Wall, plan};
use crate::derive::indexes::explained;
use crate::error::Result;
use crate::model::build::Model;
use crate::phase::Direction;
use crate::report::Problem;

/// The sync statements that would read a whole table even with the indexes
/// above, on a schema-only copy of the database.
pub(crate) fn scans(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let copy = schema_copy(db, model)?;
    for (name, needed) in model.missing_indexes() {
        copy.batch("creating an index", &needed.sql(&name))?;
    }
    let mut problems = Vec::new();
    for (serves, sql) in
        Direction::BOTH.into_iter().flat_map(|d| explained(model.targets(d), &model.catalog))
    {
        let tables = copy.behind(Wall::Mapping, || plan::scanned(&copy, &sql))?;
        let real: Vec<&String> = tables.iter().filter(|name| !is_made_up(name)).collect();
        if !real.is_empty() {
            problems.push(Problem::new(
                format!("{serves} would read a whole table at every write: {sql}"),
                "join on columns that an index leads with, or create that index",
            ));
        }
    }
    Ok(problems)
}

/// Names in a query plan that are not tables: constant rows and nameless
/// subqueries, whose own tables have lines of their own.
pub(crate) fn is_made_up(name: &str) -> bool {
    name == "CONSTANT" || name.starts_with('(')
}
