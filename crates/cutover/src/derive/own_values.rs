//! Whether a column holds a value of its own, which no mapping gave it.

use super::sql::{ident, text};
use crate::schema::Column;

/// Whether a column of a row holds something that nobody would have put there: not its default.
/// One that is another value each time can't be told from what a program wrote, where programs
/// have written. `row` stands before the column's name: nothing, or such as `x.`.
pub(crate) fn holds(column: &Column, row: &str, written: bool) -> Option<String> {
    let name = format!("{row}{}", ident(&column.name));
    // SQLite takes a default in double quotes for a text.
    let unquoted = |default: &String| match default.strip_prefix('"') {
        Some(rest) => text(&rest.trim_end_matches('"').replace("\"\"", "\"")),
        None => default.clone(),
    };
    match column.default.as_ref().map(unquoted) {
        None => Some(format!("{name} IS NOT NULL")),
        Some(default) if varies(&default) => written.then(|| format!("{name} IS NOT NULL")),
        Some(default) => Some(format!(
            "({name} COLLATE BINARY IS NOT ({default}) OR typeof({name}) = 'blob' AND typeof({default}) <> 'blob')"
        )),
    }
}

fn varies(default: &str) -> bool {
    let upper = default.trim().to_uppercase();
    upper.starts_with("CURRENT_") || upper.contains('(')
}
