//! Quoting: the only way names and texts get into a statement.

use crate::schema::Table;
pub(crate) use crate::tree::ident;

/// The operator by which two values of a column are compared, NULL like any other where the
/// column may hold it.
pub(crate) fn equality(table: &Table, column: &str) -> &'static str {
    if table.never_null(column) { "=" } else { "IS" }
}

/// A text as an SQL string literal.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Names as SQL, separated by commas, each behind a prefix such as `t.`.
pub(crate) fn idents<S: AsRef<str>>(prefix: &str, names: &[S]) -> String {
    join(names, ", ", |name| format!("{prefix}{}", ident(name.as_ref())))
}

/// Parts made by `f`, joined by `separator`.
pub(crate) fn join<T>(items: &[T], separator: &str, f: impl FnMut(&T) -> String) -> String {
    items.iter().map(f).collect::<Vec<_>>().join(separator)
}

/// Conditions of which one must hold. A table may have hundreds of columns, and SQLite counts
/// each OR of a row of them as a level of depth, of which it allows a thousand
/// (<https://www.sqlite.org/limits.html#max_expr_depth>): so many are put in parentheses.
pub(crate) fn any(conditions: &[String]) -> String {
    const IN_A_ROW: usize = 50;
    if conditions.len() <= IN_A_ROW {
        return conditions.join(" OR ");
    }
    let groups: Vec<String> =
        conditions.chunks(IN_A_ROW).map(|group| format!("({})", group.join(" OR "))).collect();
    any(&groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_conditions_are_no_deep_expression() {
        let few: Vec<String> = (0..3).map(|n| n.to_string()).collect();
        assert_eq!(any(&few), "0 OR 1 OR 2");
        let many: Vec<String> = (0..2_000).map(|n| format!("{n} IS NULL")).collect();
        let conn = crate::backend::sqlite::Connection::memory().unwrap();
        let sql = |condition: &str| format!("SELECT {condition}");
        assert!(conn.prepares(&sql(&many.join(" OR "))).is_err());
        assert!(conn.prepares(&sql(&any(&many))).is_ok());
    }

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(ident("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(idents("t.", &["a", "b c"]), "t.\"a\", t.\"b c\"");
    }
}
