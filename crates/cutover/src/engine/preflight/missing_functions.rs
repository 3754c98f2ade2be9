//! Tables that need what only the application has: a collation or a function that it defines.

use super::rehearsal::writes;
use crate::backend::sqlite::Db;
use crate::derive::target::Target;
use crate::model::build::Model;
use crate::phase::Side;
use crate::report::Problem;
use crate::schema::Table;

/// The tables that SQLite alone can't read or write, each with what it lacks.
pub(crate) fn missing_functions(db: &Db, model: &Model) -> Vec<Problem> {
    read_tables(model).into_iter().filter_map(|table| beyond_us(db, table)).collect()
}

/// The old tables that some mapping reads or fills.
fn read_tables(model: &Model) -> Vec<&Table> {
    let targets = || model.forward.iter().chain(&model.backward);
    let leaves = targets().flat_map(Target::leaves).filter(|(_, leaf)| leaf.side == Side::Old);
    let mut tables: Vec<&Table> = model.old_tables().collect();
    for table in leaves.filter_map(|(_, leaf)| model.catalog.old.get(&leaf.table)) {
        if !tables.iter().any(|known| known.name == table.name) {
            tables.push(table);
        }
    }
    tables
}

/// Whether reading or writing a table needs what only the application has: a collation or a
/// function that it defines itself, in the table, an index or a trigger of its.
fn beyond_us(db: &Db, table: &Table) -> Option<Problem> {
    let known = ["BINARY", "NOCASE", "RTRIM"];
    let name = &table.known_as;
    let fix = "leave this table out of the migration, or remove that from the table";
    let foreign = |collation: &str| !known.iter().any(|own| own.eq_ignore_ascii_case(collation));
    if let Some(column) = table.columns.iter().find(|column| foreign(&column.collation)) {
        let (column, collation) = (&column.name, &column.collation);
        let reason =
            format!("{name}.{column} has the collation {collation}, which is not SQLite's");
        return Some(Problem::new(reason, fix));
    }
    let statements = writes(table, &table.name);
    let error = statements.iter().find_map(|sql| db.prepares(sql).err())?;
    Some(Problem::new(format!("{name} can't be written by cutover: {error}"), fix))
}
