//! One case for each class of migration, one file each.
//!
//! | case | its rows | what makes it hard |
//! |---|---|---|
//! | [`row_wise`] | one to one, other types | a second unique key to REPLACE by; the application's own triggers |
//! | [`split`] | one to two | a child table whose foreign key cascades |
//! | [`merge`] | two tables to one | two mappings fill one table; WITHOUT ROWID |
//! | [`join`] | two meet in one | one product's change reaches many orders; dangling ids |
//! | [`normalize`] | many share one | surrogate keys; the last one gone takes the shared row with it |
//! | [`filter`] | one to one of two | a change moves a row from table to table |
//! | [`window`] | one to one, with its place | one change moves all its neighbours |
//! | [`in_place`] | one to one, under the same name | what else names the tables; swapped names |
//! | [`consensus`] | the consensus store | all of it, and megabytes of text |

pub mod consensus;
pub mod filter;
pub mod in_place;
pub mod join;
pub mod merge;
pub mod normalize;
pub mod row_wise;
pub mod split;
pub mod window;

use fastrand::Rng;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::case::Case;

/// Every case.
pub const ALL: &[Case] = &[
    row_wise::CASE,
    split::CASE,
    merge::CASE,
    join::CASE,
    normalize::CASE,
    filter::CASE,
    window::CASE,
    in_place::CASE,
    consensus::CASE,
];

/// Texts that careless code breaks, among ordinary ones.
const TEXTS: &[&str] = &[
    "",
    "it's",
    "\"quoted\"",
    "007",
    "1e3",
    "0",
    "NULL",
    " space ",
    "Ünïcödé",
    "e\u{301}",
    "👩🏽‍💻",
    "line\nline",
    "tab\t\u{1}\u{1f}\u{7f}",
    "back\\slash",
    "{brace}",
    "%_*[?",
    "-- no comment",
];

/// Few enough to be shared by many rows; some differ in letter case only.
const WORDS: &[&str] =
    &["Paris", "paris", "PARIS", "Köln", "Oslo", "São Paulo", "", "x", "O'Hare", "北京"];

fn in_transaction(
    conn: &Connection,
    work: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction = conn.unchecked_transaction()?;
    work()?;
    transaction.commit()
}

/// A text that no other row has.
fn distinct(rng: &mut Rng, n: u64) -> String {
    match usize::try_from(n) {
        Ok(n) if n < TEXTS.len() => TEXTS[n].to_owned(),
        _ => format!("{} {n}", TEXTS[rng.usize(..TEXTS.len())]),
    }
}

fn text(rng: &mut Rng) -> String {
    match rng.u8(..10) {
        0 => TEXTS[rng.usize(..TEXTS.len())].to_owned(),
        // Longer than a page.
        1 if rng.u8(..10) == 0 => "long ".repeat(1_200),
        _ => (0..rng.usize(1..6)).map(|_| word(rng)).collect::<Vec<_>>().join(" "),
    }
}

fn maybe_text(rng: &mut Rng) -> Option<String> {
    (rng.u8(..6) > 0).then(|| text(rng))
}

fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.usize(..WORDS.len())]
}

/// A value of any storage class.
fn anything(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => Value::Null,
        1 => Value::Integer(rng.i64(..)),
        2 => Value::Real(f64::from(rng.i32(-4_000..4_000)) / 8.0 + 0.062_5),
        3 => Value::Blob(vec![rng.u8(..), 0, rng.u8(..)]),
        4 => Value::Text("7".to_owned()),
        _ => Value::Text(text(rng)),
    }
}
