//! SQLite's values, whatever they are, and how a line writes them.

use std::cell::OnceCell;
use std::io::{self, Write};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::Affinity;

/// A value as SQLite has it: its text need not be UTF-8.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Value {
    pub(super) fn borrow(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    /// The text, if it is UTF-8.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.borrow()))
    }
}

/// Whether they are the same in every bit, and of the same type.
pub(super) fn same(one: ValueRef<'_>, other: ValueRef<'_>) -> bool {
    match (one, other) {
        (ValueRef::Real(one), ValueRef::Real(other)) => one.to_bits() == other.to_bits(),
        _ => one == other,
    }
}

/// Writes a value as JSON.
pub(super) fn write(out: &mut dyn Write, value: ValueRef<'_>) -> io::Result<()> {
    match value {
        ValueRef::Null => out.write_all(b"null"),
        ValueRef::Integer(number) => write!(out, "{number}"),
        // The shortest digits that give the number back; `inf` and `-inf` have none.
        ValueRef::Real(number) => write!(out, r#"{{"$real":"{number:?}"}}"#),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(serde_json::to_writer(out, text)?),
            Err(_) => write_hex(out, "$text", bytes),
        },
        ValueRef::Blob(bytes) => write_hex(out, "$blob", bytes),
    }
}

fn write_hex(out: &mut dyn Write, tag: &str, bytes: &[u8]) -> io::Result<()> {
    write!(out, r#"{{"{tag}":""#)?;
    for byte in bytes {
        write!(out, "{byte:02x}")?;
    }
    out.write_all(br#""}"#)
}

/// The value of an object with one key, such as `{"$real":"0.5"}`; or what is wrong with it.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Value, String> {
    match tag {
        "$real" => match text.parse::<f64>() {
            Ok(number) if number.is_nan() => Err("NaN, which SQLite can't hold".to_owned()),
            Ok(number) => Ok(Value::Real(number)),
            Err(_) => Err(format!("{text:?}, which is no number")),
        },
        "$blob" | "$text" => {
            let Some(bytes) = hex(text) else {
                return Err("bytes that are not two hexadecimal digits each".to_owned());
            };
            Ok(if tag == "$blob" { Value::Blob(bytes) } else { Value::Text(bytes) })
        }
        _ => Err(format!("an object with the key {tag:?}: only $real, $blob and $text are known")),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()).collect()
}

/// A value in a message: what it is, and no more of it than a person wants to see.
pub(super) fn describe(value: ValueRef<'_>) -> String {
    const SHOWN: usize = 40;
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => format!("the whole number {number}"),
        ValueRef::Real(number) => format!("the number {number:?} ($real)"),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match text.char_indices().nth(SHOWN) {
                None => format!("the text {text:?}"),
                Some((end, _)) => {
                    format!("a text of {} bytes, {:?}…", bytes.len(), &text[..end])
                }
            }
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}

/// What the old tables make of a value by the type of its column. SQLite itself is asked.
#[derive(Debug, Default)]
pub(super) struct OldColumns {
    db: OnceCell<rusqlite::Connection>,
}

impl OldColumns {
    /// What they hold in its place, if that is something else.
    pub(super) fn instead(
        &self,
        affinity: Affinity,
        value: ValueRef<'_>,
    ) -> rusqlite::Result<Option<Value>> {
        if !may_change(affinity, value) {
            return Ok(None);
        }
        let db = match self.db.get() {
            Some(db) => db,
            None => {
                let db = rusqlite::Connection::open_in_memory()?;
                db.execute_batch("CREATE TABLE kept (text TEXT, numeric NUMERIC)")?;
                self.db.get_or_init(|| db)
            }
        };
        let column = match affinity {
            Affinity::Text => "text",
            Affinity::Numeric => "numeric",
        };
        let insert = format!("INSERT INTO kept ({column}) VALUES (?1)");
        db.prepare_cached(&insert)?.execute([ToSqlOutput::Borrowed(value)])?;
        let found: Value = db
            .prepare_cached(&format!("SELECT {column} FROM kept"))?
            .query_row((), |row| Ok(row.get_ref(0)?.into()))?;
        db.prepare_cached("DELETE FROM kept")?.execute(())?;
        Ok((!same(found.borrow(), value)).then_some(found))
    }
}

/// False for all but a few odd values; true for every value that is changed.
fn may_change(affinity: Affinity, value: ValueRef<'_>) -> bool {
    // What a number may be written with, which for SQLite ends at a NUL. A time has a colon.
    let numeric = |byte: &u8| byte.is_ascii_whitespace() || b"+-.eE\x0b0123456789".contains(byte);
    match (affinity, value) {
        (_, ValueRef::Null | ValueRef::Blob(_)) | (Affinity::Text, ValueRef::Text(_)) => false,
        (Affinity::Numeric, ValueRef::Integer(_)) => false,
        (Affinity::Numeric, ValueRef::Text(bytes)) => {
            bytes.iter().take_while(|byte| **byte != 0).all(numeric)
        }
        (_, ValueRef::Real(_)) | (Affinity::Text, ValueRef::Integer(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, value.borrow()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_value_has_one_way_to_be_written() {
        for (value, text) in [
            (Value::Null, "null"),
            (Value::Integer(i64::MIN), "-9223372036854775808"),
            (Value::Real(0.1 + 0.2), r#"{"$real":"0.30000000000000004"}"#),
            (Value::Real(1e300), r#"{"$real":"1e300"}"#),
            (Value::Real(f64::NEG_INFINITY), r#"{"$real":"-inf"}"#),
            (Value::Text(b"\0\"\xc3\xa9".to_vec()), r#""\u0000\"é""#),
            (Value::Text(b"\xff\x00".to_vec()), r#"{"$text":"ff00"}"#),
            (Value::Blob(b"\xff\x0a".to_vec()), r#"{"$blob":"ff0a"}"#),
            (Value::Blob(Vec::new()), r#"{"$blob":""}"#),
        ] {
            assert_eq!(written(&value), text);
        }
    }

    #[test]
    fn numbers_come_back_in_every_bit() {
        for number in
            [0.0, -0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 0.1, 1e16, f64::INFINITY]
        {
            let Value::Real(back) = tagged("$real", &format!("{number:?}")).unwrap() else {
                panic!("{number}");
            };
            assert_eq!(back.to_bits(), number.to_bits());
        }
    }

    #[test]
    fn the_same_is_the_same_in_every_bit() {
        for (one, other, expected) in [
            (Value::Real(0.0), Value::Real(-0.0), false),
            (Value::Real(1.0), Value::Integer(1), false),
            (Value::Text(b"1".to_vec()), Value::Blob(b"1".to_vec()), false),
            (Value::Text(b"a".to_vec()), Value::Text(b"a\0".to_vec()), false),
            (Value::Null, Value::Null, true),
            (Value::Real(0.5), Value::Real(0.5), true),
        ] {
            assert_eq!(same(one.borrow(), other.borrow()), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_told() {
        for (tag, text) in [
            ("$real", "NaN"),
            ("$real", "half"),
            ("$blob", "abc"),
            ("$blob", "é"),
            ("$text", "0x"),
            ("$date", "1"),
        ] {
            assert!(tagged(tag, text).is_err(), "{tag} {text}");
        }
    }

    /// Nothing that SQLite would change is taken for unchanged.
    #[test]
    fn columns_make_of_a_value_what_sqlite_makes_of_it() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (text TEXT, numeric NUMERIC)").unwrap();
        let texts = [
            "",
            " ",
            "1",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.",
            ".5",
            "1.5",
            "1e3",
            "1E+3",
            "1e",
            "0x10",
            "1_0",
            "inf",
            "nan",
            "1:2",
            "007",
            "9223372036854775808",
            "1\0",
            "1\0x",
            "\0",
            "x\u{0}1",
            "1\u{b}",
            "\u{c}1",
            "2025-01-01",
            "--1",
            "1e400",
            "٣",
        ];
        let numbers = [0.0, -0.0, 5.0, 0.5, 1e15, 1e17, 1e300, f64::INFINITY];
        let values = texts
            .iter()
            .map(|text| Value::Text(text.as_bytes().to_vec()))
            .chain(numbers.map(Value::Real))
            .chain([Value::Null, Value::Integer(7), Value::Blob(b"1".to_vec())]);
        let columns = OldColumns::default();
        for value in values {
            db.execute("DELETE FROM t", ()).unwrap();
            db.execute("INSERT INTO t VALUES (?1, ?1)", [&value]).unwrap();
            for (affinity, column) in [(Affinity::Text, "text"), (Affinity::Numeric, "numeric")] {
                let kept: Value = db
                    .query_row(&format!("SELECT {column} FROM t"), (), |row| {
                        Ok(row.get_ref(0)?.into())
                    })
                    .unwrap();
                let found = columns.instead(affinity, value.borrow()).unwrap();
                let found = found.as_ref().unwrap_or(&value);
                assert!(same(found.borrow(), kept.borrow()), "{value:?} {found:?} {kept:?}");
            }
        }
    }
}
