//! What SQLite means when it says that a database is corrupt: not only a damaged file is called
//! so, but also one whose schema holds a statement that it can't read, and a virtual table that
//! does not agree with the table it indexes.

use rusqlite::{Error, ErrorCode, ffi};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Corrupt {
    /// A table, an index, a view or a trigger that SQLite can't read.
    Object { name: String, says: String },
    /// The index of a virtual table.
    VirtualTable,
    /// An index of a table.
    Index,
    /// The file.
    File,
}

/// What is wrong, if this is such an error.
pub(crate) fn corrupt(error: &Error) -> Option<Corrupt> {
    let Error::SqliteFailure(failure, message) = error else { return None };
    if failure.code != ErrorCode::DatabaseCorrupt {
        return None;
    }
    if let Some((name, says)) = message.as_deref().and_then(unreadable_object) {
        return Some(Corrupt::Object { name: name.to_owned(), says: says.to_owned() });
    }
    Some(match failure.extended_code {
        ffi::SQLITE_CORRUPT_VTAB => Corrupt::VirtualTable,
        ffi::SQLITE_CORRUPT_INDEX => Corrupt::Index,
        _ => Corrupt::File,
    })
}

/// The object of the schema that SQLite can't read, and why not, from its message
/// `malformed database schema (NAME) - REASON`. Nothing where the reason is that the object's
/// pages are not where they should be: that is a damaged file.
#[must_use]
pub fn unreadable_object(message: &str) -> Option<(&str, &str)> {
    let (name, says) = message.strip_prefix("malformed database schema (")?.split_once(") - ")?;
    let of_pages = ["invalid rootpage", "orphan index", "unsupported file format"];
    (!of_pages.contains(&says)).then_some((name, says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_statement_is_an_object_that_cant_be_read() {
        let of = |message| unreadable_object(message);
        assert_eq!(
            of("malformed database schema (a (b)) - near \"x\": syntax error"),
            Some(("a (b)", "near \"x\": syntax error"))
        );
        assert_eq!(of("malformed database schema (t) - invalid rootpage"), None);
        assert_eq!(of("malformed database schema (t)"), None);
        assert_eq!(of("database disk image is malformed"), None);
    }
}
