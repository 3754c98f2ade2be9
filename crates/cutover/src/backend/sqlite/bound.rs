//! SQL on a row of a target whose values are bound in the order of the target's columns.

use rusqlite::CachedStatement;

use crate::backend::sqlite::value::Value;
use crate::derive::sql::{equality, ident, join};
use crate::derive::target::Target;

/// The parameter that holds a column's value.
pub(crate) fn parameter(target: &Target, column: &str) -> String {
    let position = target.columns.iter().position(|name| name == column);
    format!("?{}", position.map_or(0, |position| position + 1))
}

/// `a = ?1 AND b IS ?2 …`: the row has the bound values in these columns. `prefix` is such as `t.`.
pub(crate) fn equals(target: &Target, prefix: &str, columns: &[String]) -> String {
    join(columns, " AND ", |column| {
        let operator = equality(&target.table, column);
        format!("{prefix}{} {operator} {}", ident(column), parameter(target, column))
    })
}

/// `c = ?3, …`: the row gets the bound values outside its key.
pub(crate) fn assigned(target: &Target) -> String {
    let values: Vec<&String> = target.values().collect();
    join(&values, ", ", |column| format!("{} = {}", ident(column), parameter(target, column)))
}

/// Binds values in the order of the target's columns, as far as the statement has parameters.
pub(super) fn bind<'v>(
    statement: &mut CachedStatement<'_>,
    values: impl IntoIterator<Item = &'v Value>,
) -> rusqlite::Result<()> {
    for (position, value) in values.into_iter().take(statement.parameter_count()).enumerate() {
        statement.raw_bind_parameter(position + 1, value)?;
    }
    Ok(())
}
