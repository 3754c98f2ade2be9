//! What a case is made from: a seed, and which features it may have.

use fastrand::Rng;

/// Everything a case may have beyond its class of mapping. Each can be switched off
/// without changing the rest of the case, so that a failure shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Feature {
    /// New tables that have the names of old ones.
    InPlace,
    /// Names that must be quoted.
    OddNames,
    /// STRICT tables.
    Strict,
    /// WITHOUT ROWID tables.
    WithoutRowid,
    /// Keys of text, and of several columns.
    OddKeys,
    /// AUTOINCREMENT.
    Autoincrement,
    /// Columns that compare without regard to case.
    Nocase,
    /// A second unique key.
    Unique,
    /// Foreign keys with their actions.
    ForeignKeys,
    /// NOT NULL, DEFAULT and CHECK.
    Constraints,
    /// Indexes, some of them unique and partial.
    Indexes,
    /// The application's own triggers.
    Triggers,
    /// Values that most programs never write.
    OddValues,
    /// A table of totals beside the rows.
    Totals,
    /// A second, independent mapping in the same file.
    Second,
    /// A rollback journal instead of a write-ahead log.
    RollbackJournal,
    /// Statements that look at more than one row.
    ManyRows,
    /// Transactions and savepoints.
    Transactions,
    /// `recursive_triggers` and `foreign_keys` on and off.
    Pragmas,
    /// REPLACE, IGNORE, FAIL, ROLLBACK and UPSERT.
    Conflicts,
    /// Writes to the side that takes none.
    Trespass,
    /// The rowid written by its own names, where a column is the rowid and where none is.
    Rowids,
    /// Generated columns that a mapping reads, in unique keys and in indexes.
    Generated,
    /// Keys with a DEFAULT that a REPLACE puts in the place of NULL.
    StandIns,
    /// `ON CONFLICT …` in the constraints themselves.
    Clauses,
    /// Values that compare equal and are not the same.
    Alike,
    /// Keys that compare without regard to spaces at the end.
    Rtrim,
    /// More than one unique key beside the primary one.
    ManyKeys,
    /// Unique values that rows exchange, shift and take over.
    Exchanges,
    /// Rows that refer to rows of their own table.
    SelfReference,
    /// Triggers of the application that refuse, with ABORT, FAIL and IGNORE.
    Refusals,
    /// Rows for several chunks, whose key parts cross.
    Chunks,
    /// Queries without an order that go backwards.
    Reversed,
    /// Names of which only the letter case changes, and tables that are named in another than
    /// their own.
    LetterCase,
    /// Unique indexes over expressions, over some of the rows, under another collation.
    UniqueIndexes,
    /// Tables that are read through a subquery that changes nothing. Its targets are derived
    /// again at each change, where the table itself would be followed row by row.
    Wrapped,
}

impl Feature {
    /// Every feature, in the order in which a shrinker tries to do without.
    pub const ALL: [Self; 36] = [
        Self::Second,
        Self::InPlace,
        Self::OddNames,
        Self::Strict,
        Self::WithoutRowid,
        Self::OddKeys,
        Self::Autoincrement,
        Self::Nocase,
        Self::Unique,
        Self::ForeignKeys,
        Self::Constraints,
        Self::Indexes,
        Self::Triggers,
        Self::OddValues,
        Self::Totals,
        Self::RollbackJournal,
        Self::ManyRows,
        Self::Transactions,
        Self::Pragmas,
        Self::Conflicts,
        Self::Trespass,
        Self::Rowids,
        Self::Generated,
        Self::StandIns,
        Self::Clauses,
        Self::Alike,
        Self::Rtrim,
        Self::ManyKeys,
        Self::Exchanges,
        Self::SelfReference,
        Self::Refusals,
        Self::Chunks,
        Self::Reversed,
        Self::LetterCase,
        Self::UniqueIndexes,
        Self::Wrapped,
    ];

    /// Those that the engine is known to fail with: they are left out of ordinary runs until
    /// it does not.
    pub const WAITING: &[Self] = &[];
}

/// A set of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(u64);

impl Features {
    /// All of them.
    pub const ALL: Self = Self(u64::MAX);

    /// All that the engine is not known to fail with.
    #[must_use]
    pub fn settled() -> Self {
        Feature::WAITING.iter().fold(Self::ALL, |set, feature| set.without(*feature))
    }

    /// Whether a feature is in it.
    #[must_use]
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u64) != 0
    }

    /// The set without one.
    #[must_use]
    pub fn without(self, feature: Feature) -> Self {
        Self(self.0 & !(1 << feature as u64))
    }
}

/// The description of a case: the same one always gives the same case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Decides everything that the rest leaves open.
    pub seed: u64,
    /// What the case may have.
    pub features: Features,
    /// At most so many columns beside keys and those that the mapping itself needs.
    pub fields: usize,
    /// Gives the same tables other rows and writes: what failed on larger tables need not
    /// fail on smaller ones with the same.
    pub salt: u64,
}

impl Spec {
    /// The case of a seed, with all that cases may have.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, features: Features::settled(), fields: 3, salt: 0 }
    }

    /// A stream of random numbers of its own for each aspect, so that leaving one out
    /// changes no other.
    pub(crate) fn stream(&self, aspect: &str) -> Rng {
        self.salted(aspect, 0)
    }

    /// One that the salt changes as well.
    pub(crate) fn content(&self, aspect: &str) -> Rng {
        self.salted(aspect, self.salt)
    }

    fn salted(&self, aspect: &str, salt: u64) -> Rng {
        // FNV-1a: the same on every platform and in every release.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let words = [self.seed, salt];
        let numbers = words.iter().flat_map(|word| word.to_le_bytes());
        for byte in numbers.chain(aspect.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Rng::with_seed(hash)
    }

    /// Whether a feature is there, which happens in `percent` of cases.
    pub(crate) fn has(&self, feature: Feature, rng: &mut Rng, percent: u8) -> bool {
        // Drawn in any case: the stream must not depend on what is switched off.
        let drawn = rng.u8(..100) < percent;
        drawn && self.features.has(feature)
    }
}
