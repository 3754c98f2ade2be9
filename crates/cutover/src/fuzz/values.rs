//! The generator's values: mostly those that the tables hold, so that writes meet rows and each
//! other, and sometimes an odd one.

use fastrand::Rng;

use super::world::{Field, Written};

/// Values that careless code breaks. What is no literal gives the same value each time.
const ODD: &[&str] = &[
    "NULL",
    "''",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740993",
    "0.5",
    "7.0",
    "0.0",
    "-0.0",
    "-0.0",
    "'-0.0'",
    "1e300",
    "'7'",
    "'007'",
    "' 7 '",
    "'1e3'",
    "x''",
    "x'00ff'",
    "'a'",
    "'A'",
    "'it''s'",
    "'Ünïcödé'",
    "'NULL'",
    "'%_'",
    "'2024-02-30 12:00:00'",
    "'{\"a\": 1}'",
    "CAST(x'610062' AS TEXT)",
    "CAST(x'ff' AS TEXT)",
    "hex(zeroblob(700))",
];

/// The same for a rowid. The largest integer is not among them: the row after it would
/// get a random one, another in each database.
const ODD_ROWIDS: &[&str] =
    &["NULL", "0", "-1", "4611686018427387904", "9007199254740993", "'7'", "7.0", "'x'"];

/// How far from the ordinary the values of a statement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddness {
    Ordinary,
    /// One value in three is odd.
    Mixed,
    Odd,
}

impl Oddness {
    pub(super) fn any(rng: &mut Rng) -> Self {
        match rng.u8(..10) {
            0..7 => Self::Ordinary,
            7..9 => Self::Mixed,
            _ => Self::Odd,
        }
    }

    fn strikes(self, rng: &mut Rng) -> bool {
        match self {
            Self::Ordinary => rng.u8(..25) == 0,
            Self::Mixed => rng.u8(..3) == 0,
            Self::Odd => rng.u8(..6) > 0,
        }
    }
}

/// A value for a column of a table.
pub(super) fn value(rng: &mut Rng, table: &Written, field: &Field, oddness: Oddness) -> String {
    if oddness.strikes(rng) {
        return odd(rng, table, field);
    }
    if field.stands_in && rng.u8(..8) == 0 {
        return "NULL".to_owned();
    }
    match rng.choice(&field.values) {
        Some(value) if rng.u8(..10) < 6 => value.clone(),
        _ => plain(rng, field),
    }
}

fn odd(rng: &mut Rng, table: &Written, field: &Field) -> String {
    let odd = if field.is_rowid { ODD_ROWIDS } else { ODD };
    let other = &table.columns[rng.usize(..table.columns.len())];
    match rng.choice(&other.values) {
        Some(value) if !field.is_rowid && rng.u8(..4) == 0 => value.clone(),
        _ => odd[rng.usize(..odd.len())].to_owned(),
    }
}

/// A value for a rowid that has no column.
pub(super) fn rowid(rng: &mut Rng, oddness: Oddness) -> String {
    let odd = oddness.strikes(rng);
    if odd {
        ODD_ROWIDS[rng.usize(..ODD_ROWIDS.len())].to_owned()
    } else {
        rng.u8(1..60).to_string()
    }
}

/// A value of the column's own type, out of few: different statements often choose the same.
fn plain(rng: &mut Rng, field: &Field) -> String {
    match field.affinity {
        _ if field.is_rowid => rng.u8(1..60).to_string(),
        affinity if affinity.is_real() => format!("{}.25", rng.u8(..20)),
        affinity if affinity.is_numeric() => rng.u8(..20).to_string(),
        _ => format!("'v{}'", rng.u8(..12)),
    }
}
