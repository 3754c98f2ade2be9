//! Values as SQLite stores them: their order, whether two are the same, and how
//! they are shown.

use crate::schema::Affinity;
use std::cmp::Ordering;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};

/// A value that is kept for longer than the row it was read from. A text is bytes, because
/// SQLite's may hold bytes that are not UTF-8, in keys as well.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        })
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.into()))
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(value) => Self::Integer(*value),
            Value::Real(value) => Self::Real(*value),
            Value::Text(bytes) => Self::Text(bytes),
            Value::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// SQLite's order of values with BINARY collation: NULL, numbers, texts, blobs
/// (<https://www.sqlite.org/datatype3.html#sort_order>).
pub(crate) fn order(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    use ValueRef::{Blob, Integer, Null, Real, Text};
    match (left, right) {
        (Integer(a), Integer(b)) => a.cmp(&b),
        (Real(a), Real(b)) => reals(a, b),
        (Integer(a), Real(b)) => integer_with_real(a, b),
        (Real(a), Integer(b)) => integer_with_real(b, a).reverse(),
        (Text(a), Text(b)) | (Blob(a), Blob(b)) => a.cmp(b),
        (Null, Null) => Ordering::Equal,
        _ => class(left).cmp(&class(right)),
    }
}

/// SQLite stores no NaN, and calls 0.0 and -0.0 equal.
fn reals(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

fn class(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    }
}

/// Exact: an integer beyond 2^53 is not rounded on the way.
fn integer_with_real(integer: i64, real: f64) -> Ordering {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if real >= TWO_63 {
        return Ordering::Less;
    }
    if real < -TWO_63 {
        return Ordering::Greater;
    }
    // In range now, so the conversion only cuts the fraction off.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    let whole = real.trunc() as i64;
    integer.cmp(&whole).then_with(|| reals(0.0, real.fract()))
}

/// Whether two values are the same, value and storage class. 0.0 and -0.0 are not.
pub(crate) fn same(left: ValueRef<'_>, right: ValueRef<'_>) -> bool {
    match (left, right) {
        (ValueRef::Real(a), ValueRef::Real(b)) => a.to_bits() == b.to_bits(),
        (ValueRef::Integer(_), ValueRef::Real(_)) | (ValueRef::Real(_), ValueRef::Integer(_)) => {
            false
        }
        _ => order(left, right) == Ordering::Equal,
    }
}

/// Whether a column of this affinity, given `derived`, would store `stored`. `None`
/// where only SQLite itself can say (it converts numbers to texts and back).
pub(crate) fn stored_as(
    derived: ValueRef<'_>,
    affinity: Affinity,
    stored: ValueRef<'_>,
) -> Option<bool> {
    use ValueRef::{Blob, Integer, Null, Real, Text};
    if matches!(derived, Null | Blob(_)) {
        return Some(same(derived, stored));
    }
    match (affinity, derived) {
        (Affinity::Blob, _)
        | (Affinity::Text, Text(_))
        | (Affinity::Integer | Affinity::Numeric, Integer(_)) => Some(same(derived, stored)),
        // Stored as the integer 0 is, without its sign.
        (Affinity::Real, Real(value)) => Some(same(Real(value + 0.0), stored)),
        #[expect(clippy::cast_precision_loss, reason = "what SQLite does as well")]
        (Affinity::Real, Integer(value)) => Some(same(Real(value as f64), stored)),
        (Affinity::Text, Integer(value)) => Some(same(Text(value.to_string().as_bytes()), stored)),
        (Affinity::Integer | Affinity::Numeric, Real(value)) => {
            Some(whole(value).map_or_else(|| same(derived, stored), |n| same(Integer(n), stored)))
        }
        _ => None,
    }
}

/// The integer as which a numeric column stores a real, where it does: the two largest
/// in size are left as they are, since reals beyond them round to the same
/// (<https://www.sqlite.org/datatype3.html#type_affinity>).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "compared with what it came from"
)]
fn whole(real: f64) -> Option<i64> {
    let integer = real as i64;
    (integer as f64 == real && integer > i64::MIN && integer < i64::MAX).then_some(integer)
}

/// A value with its storage class to be seen: `7`, `7.0`, `'7'`, `x'07'`, `NULL`.
pub(crate) fn show(value: ValueRef<'_>) -> String {
    /// Longer texts are cut: a counter-example is read by people.
    const SHOWN: usize = 120;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let cut: String = text.chars().take(SHOWN).collect();
            let rest = if cut.len() < text.len() {
                format!("… ({} bytes)", bytes.len())
            } else {
                String::new()
            };
            format!("'{}'{rest}", cut.replace('\'', "''"))
        }
        ValueRef::Blob(bytes) => {
            use std::fmt::Write as _;
            let mut shown = "x'".to_owned();
            for byte in bytes.iter().take(SHOWN / 2) {
                let _ = write!(shown, "{byte:02x}");
            }
            if bytes.len() > SHOWN / 2 {
                format!("{shown}'… ({} bytes)", bytes.len())
            } else {
                shown + "'"
            }
        }
    }
}

/// A value as JSON, for keys in reports; blobs as SQL literals.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(value) => (*value).into(),
        Value::Real(value) => (*value).into(),
        Value::Text(text) => String::from_utf8_lossy(text).into(),
        blob @ Value::Blob(_) => show(blob.into()).into(),
    }
}

/// Whether a column of this affinity stores a key as one of another class, which does not come
/// in the order of the derived keys, and may be that of another row.
pub(crate) fn changes_class(affinity: Affinity, value: &Value) -> bool {
    match (affinity, value) {
        (Affinity::Text, Value::Integer(_) | Value::Real(_)) => true,
        (Affinity::Integer | Affinity::Numeric | Affinity::Real, Value::Text(text)) => {
            std::str::from_utf8(text).is_ok_and(|text| text.trim().parse::<f64>().is_ok())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_sqlites() {
        let values = [
            Value::Null,
            Value::Real(-1e30),
            Value::Integer(i64::MIN),
            Value::Integer(-1),
            Value::Real(-0.5),
            Value::Integer(0),
            Value::Real(0.0),
            Value::Real(-0.0),
            Value::Real(0.5),
            Value::Integer((1 << 53) + 1),
            Value::Integer(i64::MAX),
            Value::Real(1e30),
            Value::Text(Vec::new()),
            Value::Text("A".into()),
            Value::Text("a".into()),
            Value::Text(vec![b'a', 0, 0xff]),
            Value::Text(vec![0xff]),
            Value::Blob(vec![0]),
        ];
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        for a in &values {
            for b in &values {
                let theirs: i64 = conn
                    .query_row("SELECT CASE WHEN ?1 IS ?2 THEN 0 WHEN n = 1 THEN -1 ELSE 1 END FROM
                        (SELECT n FROM (SELECT 1 AS n, ?1 AS v UNION ALL SELECT 2, ?2) ORDER BY v LIMIT 1)",
                        rusqlite::params![a, b], |row| row.get(0))
                    .unwrap();
                let ours = order(a.into(), b.into());
                assert_eq!(ours as i64, theirs, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_stored_value_is_told_as_sqlite_stores_it() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (t TEXT, n NUMERIC, i INTEGER, r REAL, b)").unwrap();
        let affinities =
            [Affinity::Text, Affinity::Numeric, Affinity::Integer, Affinity::Real, Affinity::Blob];
        for value in [
            Value::Null,
            Value::Integer(7),
            Value::Real(7.0),
            Value::Real(7.5),
            Value::Real(1e300),
            Value::Real(-0.0),
            Value::Real(-9_223_372_036_854_775_808.0),
            Value::Real(9_223_372_036_854_775_808.0),
            Value::Real(9_007_199_254_740_993.0),
            Value::Text("007".into()),
            Value::Text("x".into()),
            Value::Text(vec![0xff, b'7']),
            Value::Blob(b"7".to_vec()),
            Value::Integer(i64::MAX),
        ] {
            conn.execute("DELETE FROM t", []).unwrap();
            conn.execute("INSERT INTO t VALUES (?1, ?1, ?1, ?1, ?1)", [&value]).unwrap();
            conn.query_row("SELECT * FROM t", [], |row| {
                for (position, affinity) in affinities.into_iter().enumerate() {
                    let stored = row.get_ref(position)?;
                    let told = stored_as((&value).into(), affinity, stored);
                    assert_ne!(told, Some(false), "{value:?} {affinity:?} {stored:?}");
                    assert_ne!(
                        stored_as((&value).into(), affinity, ValueRef::Integer(8)),
                        Some(true)
                    );
                    // The same number in the other class is another value.
                    let other = match stored {
                        #[expect(clippy::cast_precision_loss, reason = "any real will do")]
                        ValueRef::Integer(n) => ValueRef::Real(n as f64),
                        #[expect(clippy::cast_possible_truncation, reason = "any integer will do")]
                        ValueRef::Real(r) => ValueRef::Integer(r as i64),
                        _ => continue,
                    };
                    let told = stored_as((&value).into(), affinity, other);
                    assert_ne!(told, Some(true), "{value:?} {affinity:?} {other:?}");
                }
                Ok(())
            })
            .unwrap();
        }
    }
}
