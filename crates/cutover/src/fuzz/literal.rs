//! Values as SQL literals that give the very same value back, whatever reads them.

use std::fmt::Write as _;

use crate::backend::sqlite::value::Value;

/// A value as SQL. Text that a terminal or a shell could spoil is written as its bytes.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        // SQLite has no word for infinity; what is too large for a double is one.
        Value::Real(value) if value.is_infinite() => {
            if *value > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        Value::Real(value) => format!("{value:?}"),
        Value::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => format!("CAST({} AS TEXT)", blob(bytes)),
        },
        Value::Blob(bytes) => blob(bytes),
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
    use crate::backend::sqlite::Connection;

    #[test]
    fn a_literal_gives_the_same_value_back() {
        let conn = Connection::memory().unwrap();
        for value in [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Integer(i64::MAX),
            Value::Real(0.1),
            Value::Real(7.0),
            Value::Real(1e300),
            Value::Real(f64::NEG_INFINITY),
            Value::Text(b"".to_vec()),
            Value::Text(b"it's".to_vec()),
            Value::Text(b"a\0b\n".to_vec()),
            Value::Text(b"\xff".to_vec()),
            Value::Blob(b"".to_vec()),
            Value::Blob(b"\0\xff".to_vec()),
        ] {
            let sql = format!("SELECT {}", literal(&value));
            let read: Value = conn.row(&sql, &[], |row| row.get(0)).unwrap();
            assert_eq!(read, value);
        }
    }
}
