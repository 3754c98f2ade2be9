//! Values as SQL literals that give the very same value back, whatever reads them.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;

/// A value as SQL. Text that a terminal or a shell could spoil is written as its bytes.
pub(super) fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        // SQLite has no word for infinity; what is too large for a double is one.
        ValueRef::Real(value) if value.is_infinite() => {
            if value > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => format!("CAST({} AS TEXT)", blob(bytes)),
        },
        ValueRef::Blob(bytes) => blob(bytes),
    }
}

fn blob(bytes: &[u8]) -> String {
    let mut shown = "x'".to_owned();
    for byte in bytes {
        let _ = write!(shown, "{byte:02x}");
    }
    shown + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_gives_the_same_value_back() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for value in [
            ValueRef::Null,
            ValueRef::Integer(i64::MIN),
            ValueRef::Integer(i64::MAX),
            ValueRef::Real(0.1),
            ValueRef::Real(7.0),
            ValueRef::Real(1e300),
            ValueRef::Real(f64::NEG_INFINITY),
            ValueRef::Text(b""),
            ValueRef::Text(b"it's"),
            ValueRef::Text(b"a\0b\n"),
            ValueRef::Text(b"\xff"),
            ValueRef::Blob(b""),
            ValueRef::Blob(b"\0\xff"),
        ] {
            conn.query_row(&format!("SELECT {}", literal(value)), [], |row| {
                assert_eq!(row.get_ref(0)?, value);
                Ok(())
            })
            .unwrap();
        }
    }
}
