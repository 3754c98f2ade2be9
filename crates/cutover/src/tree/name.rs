//! Names, and how they are written.

use std::fmt;

/// A name in a statement. Two are equal if they name the same, however they are quoted.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    value: String,
    written: String,
}

impl Name {
    /// A name, quoted.
    pub(crate) fn quoted(value: &str) -> Self {
        Self { value: value.to_owned(), written: ident(value) }
    }

    /// A name that needs no quotes, such as `NEW` or that of a function.
    pub(crate) fn plain(value: &str) -> Self {
        Self { value: value.to_owned(), written: value.to_owned() }
    }

    /// A name that was read, and how it is to be written.
    pub(crate) fn read(value: &str, written: String) -> Self {
        Self { value: value.to_owned(), written }
    }

    /// What it names, without quotes.
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// A name as SQL: quoted, whatever it contains.
pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
