//! Unique indexes that are no keys: a REPLACE removes rows by them that no column's equality
//! names.

use fastrand::Rng;

use super::field::Field;
use super::spec::{Feature, Spec};
use super::table::Table;
use crate::sql::quoted;

/// What is indexed, and of which rows; `?` stands for the column.
const SHAPES: &[&str] = &[
    "(lower(?))",
    "(? COLLATE NOCASE)",
    "(? COLLATE RTRIM)",
    "(? DESC) WHERE ? > '1'",
    "(?) WHERE typeof(?) = 'text'",
    "(ifnull(?, 0))",
    "(typeof(?), ?)",
    "(length(?), upper(?)) WHERE ? IS NOT NULL",
];

/// Adds the same index to both sides, over a field that both hold as it is.
pub(crate) fn add(
    (spec, rng): (&Spec, &mut Rng),
    names: [String; 2],
    fields: &[Field],
    (old, new): (&mut Table, &mut Table),
) {
    let (wanted, which) = (spec.has(Feature::UniqueIndexes, rng, 20), rng.usize(..SHAPES.len()));
    let Some(field) = fields.iter().rfind(|field| field.is_copy()).filter(|_| wanted) else {
        return;
    };
    let [one, other] = names;
    let over = |column: &str| SHAPES[which].replace('?', &quoted(column));
    old.indexes.push((one, true, over(&field.old[0].name)));
    new.indexes.push((other, true, over(&field.new[0].name)));
}
