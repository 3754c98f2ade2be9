//! Quoting: the only way names and texts get into a statement.

/// A name as SQL: quoted, whatever it contains.
pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(ident("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(idents("t.", &["a", "b c"]), "t.\"a\", t.\"b c\"");
    }
}
