//! Rows in the order in which they were stored, and how many of them a read must see.
//!
//! Rows of the buckets that are judged so are never taken away, and their ids are in the
//! order in which they were stored. So a read must have seen a beginning of the rows there
//! are at the end; not less than what had been acknowledged, or seen by any other read,
//! before it began; and no more than what had been tried when it ended.

use std::collections::BTreeMap;

use super::super::material::ALL;
use super::super::rows::{Bucket, Checksum, Found, Kind, Tag};
use super::past::Past;
use super::{Evidence, Rows};

/// What a read looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Bucket(Bucket),
    /// The artifacts of a spec.
    Spec(String),
}

/// The rows of a place at the end.
#[derive(Debug, Default)]
pub(crate) struct Line {
    ids: Vec<i64>,
    /// The checksum of the first, of the first two, and so on.
    sums: Vec<u32>,
    /// That of each by itself.
    single: Vec<u32>,
    /// Where in the history the last of the first so many was tried.
    tried: Vec<usize>,
    /// From where in the history on a read must see how many.
    floors: Vec<(usize, usize)>,
}

impl Place {
    /// Those that a row of a bucket counts in.
    pub(crate) fn of(bucket: &Bucket) -> Vec<Self> {
        let mut places = vec![Self::Bucket(bucket.clone())];
        if bucket.kind == Kind::Artifact {
            places.push(Self::Spec(bucket.spec.clone()));
        }
        places
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bucket(bucket) => bucket.fmt(f),
            Self::Spec(spec) => write!(f, "artifacts of {spec:?}"),
        }
    }
}

impl Line {
    /// `there` of them were there before the history began.
    fn of<'r>(rows: impl IntoIterator<Item = (&'r Found, usize)>, there: usize) -> Self {
        let mut line = Self { floors: vec![(0, there)], ..Self::default() };
        let mut sum = Checksum::default();
        for (row, tried) in rows {
            sum.add(row);
            line.ids.push(row.id);
            line.sums.push(sum.get());
            line.single.push(Checksum::of([row]).get());
            line.tried.push(line.tried.last().map_or(tried, |last| tried.max(*last)));
        }
        line
    }

    /// Whether none of it was there before the history began.
    pub(crate) fn is_new(&self) -> bool {
        self.floors.first().is_some_and(|(_, there)| *there == 0)
    }

    /// From here on, a read must see as many.
    pub(crate) fn raise(&mut self, count: usize, now: usize) {
        if self.floors.last().is_none_or(|(_, last)| *last < count) {
            self.floors.push((now, count));
        }
    }

    /// How many rows there are up to an id.
    pub(crate) fn up_to(&self, id: i64) -> usize {
        self.ids.partition_point(|other| *other <= id)
    }

    /// The last id of the first so many, and their checksum.
    pub(crate) fn first(&self, count: usize) -> (i64, u32) {
        match count.checked_sub(1) {
            Some(last) if last < self.ids.len() => (self.ids[last], self.sums[last]),
            _ => (0, 0),
        }
    }

    /// The id after the first so many.
    pub(crate) fn next(&self, count: usize) -> Option<i64> {
        self.ids.get(count).copied()
    }

    /// The checksum of the row with an id.
    pub(crate) fn single(&self, id: i64) -> Option<u32> {
        self.ids.binary_search(&id).ok().map(|at| self.single[at])
    }

    /// What is wrong with a read, between these two places of the history, that saw the
    /// first so many.
    pub(crate) fn wrong(&self, count: usize, began: usize, ended: usize) -> Option<String> {
        if count > self.ids.len() {
            return Some(format!(
                "{count} rows, and there never were more than {}",
                self.ids.len()
            ));
        }
        let known = self.floors.partition_point(|(place, _)| *place <= began);
        let floor = known.checked_sub(1).map_or(0, |last| self.floors[last].1);
        if count < floor {
            return Some(format!(
                "{count} rows, without {}, which was acknowledged or seen before it looked (line {began})",
                self.ids[count]
            ));
        }
        (count > 0 && self.tried[count - 1] > ended)
            .then(|| format!("{count} rows, of which some had not been tried yet"))
    }
}

/// All lines that are judged: of rows that nobody deletes.
pub(crate) fn lines(past: &Past, evidence: &Evidence) -> BTreeMap<Place, Line> {
    let mut lines = BTreeMap::new();
    let mut specs: BTreeMap<&str, Vec<(&Found, usize)>> = BTreeMap::new();
    let tried = |bucket: &Bucket, row: &Found| {
        let tag = Tag::of(bucket.kind, &row.values);
        tag.and_then(|tag| past.get(&tag.who, tag.n)).map_or(0, |attempt| attempt.tried)
    };
    let judged =
        |bucket: &Bucket| bucket.spec.starts_with(ALL) || evidence.before.contains_key(bucket);
    for (bucket, rows) in evidence.after.iter().filter(|(bucket, _)| judged(bucket)) {
        let rows: Vec<_> = rows.iter().map(|row| (row, tried(bucket, row))).collect();
        let there = evidence.before.get(bucket).map_or(0, Vec::len);
        lines.insert(Place::Bucket(bucket.clone()), Line::of(rows.iter().copied(), there));
        if bucket.kind == Kind::Artifact {
            specs.entry(&bucket.spec).or_default().extend(rows);
        }
    }
    for (spec, mut rows) in specs {
        rows.sort_by_key(|(row, _)| row.id);
        let there = artifacts(&evidence.before, spec);
        lines.insert(Place::Spec(spec.to_owned()), Line::of(rows, there));
    }
    lines
}

fn artifacts(rows: &Rows, spec: &str) -> usize {
    rows.iter()
        .filter(|(bucket, _)| bucket.kind == Kind::Artifact && bucket.spec == spec)
        .map(|(_, rows)| rows.len())
        .sum()
}
