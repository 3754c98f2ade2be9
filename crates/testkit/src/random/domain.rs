//! Which values a column gets, as SQL literals.

use fastrand::Rng;

/// What is written into a column: mostly what its mapping is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Few integers, so that statements meet.
    Number,
    /// Few texts, some of which differ in case only.
    Word,
    /// Any text.
    Text,
    /// Any integer.
    Integer,
    /// Any number with a fraction.
    Real,
    /// Bytes.
    Blob,
    /// Any storage class.
    Anything,
    /// `12.34`
    Money,
    /// `yes`, `no`
    Flag,
    /// `low`, `mid`, `high`
    Level,
    /// A date and a time.
    Time,
    /// Zero or one.
    Bit,
    /// `a` or `b`: the source of a merged row.
    Tag,
}

const WORDS: &[&str] = &["Paris", "paris", "Oslo", "O'Hare", "", "北京", "k1", "K1", "k1 "];
const TEXTS: &[&str] = &[
    "'plain'",
    "'two words'",
    "'it''s'",
    "''",
    "' lead'",
    "'trail '",
    "'007'",
    "'1e3'",
    "'line\nline'",
    "'👩🏽‍💻'",
    "'{\"a\":1}'",
    "'%_*'",
];
/// What most programs never write, and some do.
const ODD: &[&str] = &[
    "NULL",
    "''",
    "x''",
    "x'00ff'",
    "9223372036854775807",
    "-9223372036854775808",
    "9e999",
    "-9e999",
    "0.1",
    "-0.0",
    "1e15",
    "'9223372036854775808'",
    "'7'",
    "' 7 '",
    "'0x10'",
    "CAST(x'610062' AS TEXT)",
    "hex(zeroblob(2500))",
    "7.0",
    "'NULL'",
    "true",
];

impl Domain {
    /// A value, as it is written in SQL. `odd` says whether it may be one that most
    /// programs never write.
    pub fn literal(self, rng: &mut Rng, odd: bool) -> String {
        let strange = rng.u8(..100) < 4;
        let which = rng.usize(..ODD.len());
        // The largest rowid makes SQLite give out random ones, which no twin can foresee.
        let largest = self == Self::Number && ODD[which] == "9223372036854775807";
        if strange && odd && !largest {
            return ODD[which].to_owned();
        }
        let pick = |rng: &mut Rng, from: &[&str]| from[rng.usize(..from.len())].to_owned();
        match self {
            Self::Number => rng.i64(1..=9).to_string(),
            Self::Word => crate::sql::literal(WORDS[rng.usize(..WORDS.len())]),
            Self::Text => pick(rng, TEXTS),
            Self::Integer => pick(rng, &["0", "1", "-1", "42", "1000000", "-70000"]),
            Self::Real => format!("{}.{}", rng.i32(-99..99), [0, 125, 5][rng.usize(..3)]),
            Self::Blob => pick(rng, &["x'00'", "x'c0ffee'", "x''", "x'27'"]),
            Self::Anything => match rng.u8(..4) {
                0 => pick(rng, ODD).to_owned(),
                1 => rng.i64(-5..5).to_string(),
                _ => pick(rng, TEXTS),
            },
            Self::Money => format!("'{}.{:02}'", rng.u8(..99), rng.u8(..100)),
            Self::Flag => pick(rng, &["'yes'", "'no'"]),
            Self::Level => pick(rng, &["'low'", "'mid'", "'high'"]),
            Self::Time => {
                format!("'2024-0{}-1{} 0{}:00:01'", rng.u8(1..=9), rng.u8(..10), rng.u8(..10))
            }
            Self::Bit => rng.u8(..2).to_string(),
            Self::Tag => pick(rng, &["'a'", "'b'"]),
        }
    }
}
