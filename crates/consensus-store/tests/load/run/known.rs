//! What one caller knows for certain, and what it must therefore find. These are the checks
//! that need no one else's history; they stop a run at the very read that is wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::history::Sight;
use super::material::{ALL, own_spec};
use super::rows::{Bucket, Checksum, Found, Kind, Row, Tag};

#[derive(Debug)]
pub(crate) struct Known {
    who: String,
    own_spec: String,
    /// Its own buckets: exactly these rows, in this order.
    own: BTreeMap<Bucket, Vec<(u64, Row)>>,
    /// Those that others write to as well.
    shared: HashMap<Bucket, Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What was acknowledged, by the number of the call.
    mine: BTreeMap<u64, Row>,
    /// Calls that came to nothing.
    never: BTreeSet<u64>,
    /// What the last read gave: all of that must be there for ever.
    seen: Option<Seen>,
    /// The largest id that was ever seen or acknowledged.
    top: i64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    count: usize,
    top: i64,
    crc: Checksum,
}

impl Known {
    pub(crate) fn new(who: &str) -> Self {
        Self {
            who: who.to_owned(),
            own_spec: own_spec(who),
            own: BTreeMap::new(),
            shared: HashMap::new(),
        }
    }

    pub(crate) fn own_spec(&self) -> &str {
        &self.own_spec
    }

    /// The number of the call whose row for this bucket was acknowledged last.
    pub(crate) fn last(&self, bucket: &Bucket) -> u64 {
        let own = self.own.get(bucket).and_then(|rows| rows.last()).map(|(n, _)| *n);
        let shared = || self.shared.get(bucket)?.mine.keys().next_back().copied();
        own.or_else(shared).unwrap_or_default()
    }

    pub(crate) fn stored(&mut self, bucket: &Bucket, n: u64, row: Row, id: i64) {
        if bucket.spec == self.own_spec {
            self.own.entry(bucket.clone()).or_default().push((n, row));
            return;
        }
        let shared = self.shared.entry(bucket.clone()).or_default();
        shared.mine.insert(n, row);
        // Of a synthesis it may be the id of its run.
        if bucket.kind == Kind::Artifact {
            shared.top = shared.top.max(id);
        }
    }

    pub(crate) fn not_stored(&mut self, bucket: &Bucket, n: u64) {
        if bucket.spec != self.own_spec {
            self.shared.entry(bucket.clone()).or_default().never.insert(n);
        }
    }

    /// How many own rows of a kind there are.
    pub(crate) fn count_own(&self, kind: Kind, stage: Option<&str>) -> usize {
        self.own
            .iter()
            .filter(|(bucket, _)| bucket.kind == kind && stage.is_none_or(|s| s == bucket.stage))
            .map(|(_, rows)| rows.len())
            .sum()
    }

    pub(crate) fn deleted(&mut self, kind: Kind, stage: Option<&str>) {
        self.own
            .retain(|bucket, _| bucket.kind != kind || stage.is_some_and(|s| s != bucket.stage));
    }

    /// Checks all rows of a bucket, as a query gave them: the latest first. Gives what is to
    /// be told of them, if others write to it, too.
    pub(crate) fn check(
        &mut self,
        bucket: &Bucket,
        rows: &[Found],
    ) -> Result<Option<Sight>, String> {
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].id <= pair[1].id) {
            return Err(format!("{bucket}: id {} stands before {}", pair[0].id, pair[1].id));
        }
        let ascending: Vec<&Found> = rows.iter().rev().collect();
        let outcome = if bucket.spec == self.own_spec {
            self.check_own(bucket, &ascending).map(|()| None)
        } else {
            self.check_shared(bucket, &ascending).map(Some)
        };
        outcome.map_err(|what| format!("{bucket}: {what}"))
    }

    fn check_own(&self, bucket: &Bucket, rows: &[&Found]) -> Result<(), String> {
        let expected = self.own.get(bucket).map_or(&[][..], Vec::as_slice);
        let numbers: Vec<u64> = rows.iter().map(|row| number(bucket, row)).collect();
        let wanted: Vec<u64> = expected.iter().map(|(n, _)| *n).collect();
        if numbers != wanted {
            return Err(format!("found calls {numbers:?}, and nobody else writes; not {wanted:?}"));
        }
        let wrong = expected.iter().zip(rows).find_map(|((n, row), found)| {
            Some(format!("call {n}: {}", row.difference(bucket.kind, found)?))
        });
        wrong.map_or(Ok(()), Err)
    }

    fn check_shared(&mut self, bucket: &Bucket, rows: &[&Found]) -> Result<Sight, String> {
        let shared = self.shared.entry(bucket.clone()).or_default();
        let mut last: HashMap<String, BTreeSet<u64>> = HashMap::new();
        for row in rows {
            let Some(tag) = Tag::of(bucket.kind, &row.values) else {
                if bucket.spec.starts_with(ALL) {
                    return Err(format!("nobody wrote this: {row:?}"));
                }
                continue;
            };
            let numbers = last.entry(tag.who.clone()).or_default();
            if numbers.contains(&tag.n) {
                return Err(format!("{tag} is there twice, the second time as {}", row.id));
            }
            if numbers.last().is_some_and(|last| *last > tag.n) {
                return Err(format!("{tag} has an id above one that its writer wrote later"));
            }
            if tag.after > 0 && !numbers.contains(&tag.after) {
                return Err(format!("{tag} is there, and what its writer wrote before is not"));
            }
            numbers.insert(tag.n);
            if tag.who == self.who {
                let wrong = match shared.mine.get(&tag.n) {
                    Some(written) => written.difference(bucket.kind, row),
                    None if shared.never.contains(&tag.n) => Some("it was refused".to_owned()),
                    None => None,
                };
                if let Some(wrong) = wrong {
                    return Err(format!("{tag}: {wrong}"));
                }
            }
        }
        let mine = last.remove(&self.who).unwrap_or_default();
        if let Some(lost) = shared.mine.keys().find(|n| !mine.contains(n)) {
            return Err(format!("call {lost} was acknowledged and is not there"));
        }
        let crc = Checksum::of(rows.iter().copied());
        if let Some(seen) = shared.seen {
            let before: Vec<&Found> =
                rows.iter().copied().filter(|row| row.id <= seen.top).collect();
            if before.len() != seen.count || Checksum::of(before.iter().copied()) != seen.crc {
                return Err(format!(
                    "up to {} there are {} rows that are not the {} read before: {before:?}",
                    seen.top,
                    before.len(),
                    seen.count
                ));
            }
        }
        let top = rows.last().map_or(0, |row| row.id);
        if top < shared.top {
            return Err(format!("the last id is {top}, and {} was known before", shared.top));
        }
        shared.top = top;
        shared.seen = Some(Seen { count: rows.len(), top, crc });
        Ok(Sight::Rows { bucket: bucket.clone(), count: rows.len(), top, crc: crc.get() })
    }

    /// Checks the row of a bucket that was written last.
    pub(crate) fn check_latest(
        &mut self,
        bucket: &Bucket,
        row: Option<&Found>,
    ) -> Result<Option<Sight>, String> {
        let own = bucket.spec == self.own_spec;
        let n = row.map_or(0, |row| number(bucket, row));
        let by_me = own || row.is_some_and(|row| by(bucket, row) == self.who);
        let last = self.last(bucket);
        if (own && n != last) || (by_me && n < last) || (row.is_none() && last > 0) {
            return Err(format!("{bucket}: the latest is call {n}; {last} was acknowledged"));
        }
        let shared = self.shared.entry(bucket.clone()).or_default();
        let top = row.map_or(0, |row| row.id);
        if top < shared.top {
            return Err(format!("{bucket}: the latest is {top}, and {} was known", shared.top));
        }
        if own {
            return Ok(None);
        }
        shared.top = top;
        let crc = Checksum::of(row).get();
        Ok(Some(Sight::Latest { bucket: bucket.clone(), top, crc }))
    }

    /// Checks the list of specs that have artifacts.
    pub(crate) fn check_specs(&self, specs: &[String]) -> Result<(), String> {
        if let Some(pair) = specs.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("specs: {:?} stands before {:?}", pair[0], pair[1]));
        }
        let mut known: BTreeMap<&str, bool> = BTreeMap::new();
        known.insert(&self.own_spec, self.count_own(Kind::Artifact, None) > 0);
        for (bucket, shared) in &self.shared {
            let there = !shared.mine.is_empty() || shared.seen.is_some_and(|seen| seen.count > 0);
            if bucket.kind == Kind::Artifact && there {
                known.insert(&bucket.spec, true);
            }
        }
        let wrong = known.iter().find(|(spec, there)| {
            specs.binary_search_by(|listed| listed.as_str().cmp(spec)).is_ok() != **there
        });
        match wrong {
            Some((spec, true)) => Err(format!("specs: {spec:?} has artifacts and is not listed")),
            Some((spec, false)) => Err(format!("specs: {spec:?} is listed and has no artifacts")),
            None => Ok(()),
        }
    }
}

fn number(bucket: &Bucket, row: &Found) -> u64 {
    Tag::of(bucket.kind, &row.values).map_or(0, |tag| tag.n)
}

fn by(bucket: &Bucket, row: &Found) -> String {
    Tag::of(bucket.kind, &row.values).map_or_else(String::new, |tag| tag.who)
}
