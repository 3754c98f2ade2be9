//! Values that compare equal to those that were there and are not the same: another letter
//! case, spaces at the end, 7 and 7.0, zero with a sign.

use super::Kind;
use crate::random::spec::Feature;
use crate::random::statement::Writer;
use crate::sql::quoted;

pub(super) const KIND: Kind = Kind { feature: Feature::Alike, percent: 6, write };

/// A text made of any bytes need not be UTF-8: what holds bytes stays as it is.
const CHANGES: &[&str] = &[
    "iif(typeof(?) = 'blob', ?, upper(?))",
    "iif(typeof(?) = 'blob', ?, lower(?))",
    "iif(typeof(?) = 'blob', ?, ? || ' ')",
    "iif(typeof(?) = 'blob', ?, rtrim(?))",
    "iif(typeof(?) = 'blob', ?, CAST(? AS TEXT))",
    "CAST(? AS REAL)",
    "CAST(? AS INTEGER)",
    "CAST(? AS BLOB)",
    "iif(typeof(?) IN ('integer', 'real') AND ? = 0, -0.0, ?)",
    "iif(typeof(?) IN ('integer', 'real') AND ? = 0, 0.0, ?)",
];

fn write(writer: &mut Writer<'_>) -> Option<Vec<String>> {
    let table = writer.table;
    let column = &table.columns[writer.rng.usize(..table.columns.len())];
    let (name, clause) = (quoted(&column.name), writer.clause());
    let change = CHANGES[writer.rng.usize(..CHANGES.len())].replace('?', &name);
    let (key, one) = (writer.key_is(), writer.rng.u8(..3) > 0);
    let condition = if one { format!(" WHERE {key}") } else { String::new() };
    let many = one || writer.has(Feature::ManyRows);
    many.then(|| {
        vec![format!("UPDATE {clause}{} SET {name} = {change}{condition}", quoted(&table.name))]
    })
}
