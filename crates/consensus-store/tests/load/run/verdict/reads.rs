//! Every read gave a state that some order of the acknowledged writes explains, and an order
//! in which nothing comes before what was over when it began.

use std::collections::{BTreeMap, HashMap};

use super::super::history::{Call, Event, Sight};
use super::super::rows::{Bucket, Kind, Tag};
use super::Evidence;
use super::line::{Line, Place, lines};
use super::past::Past;

/// What reads are held against.
struct Judge {
    lines: BTreeMap<Place, Line>,
    /// Where in the history a program began the read that it is at.
    looks: HashMap<String, usize>,
}

pub(crate) fn check(past: &Past, evidence: &Evidence) -> Vec<String> {
    let mut judge = Judge { lines: lines(past, evidence), looks: HashMap::new() };
    let ids = ids(evidence);
    let mut complaints = Vec::new();
    for (now, event) in evidence.events.iter().enumerate() {
        match event {
            Event::Done { who, n, .. } => {
                if let Some(Call::Store { bucket, .. }) = past.get(who, *n).map(|it| &it.call)
                    && let Some(id) = ids.get(&(bucket.kind, who.clone(), *n))
                {
                    judge.acknowledged(bucket, *id, now);
                }
            }
            Event::Look { who, .. } => {
                judge.looks.insert(who.clone(), now);
            }
            Event::Saw { who, sight, .. } => {
                let wrong = judge.saw(who, sight, now);
                complaints.extend(wrong.map(|wrong| format!("line {now}: {who} saw {wrong}")));
            }
            _ => {}
        }
    }
    complaints
}

/// The ids of the rows there are, by who wrote them: of a synthesis no one else tells it.
fn ids(evidence: &Evidence) -> HashMap<(Kind, String, u64), i64> {
    let rows = evidence.after.iter().flat_map(|(bucket, rows)| {
        rows.iter().filter_map(|row| {
            let tag = Tag::of(bucket.kind, &row.values)?;
            Some(((bucket.kind, tag.who, tag.n), row.id))
        })
    });
    rows.collect()
}

impl Judge {
    fn acknowledged(&mut self, bucket: &Bucket, id: i64, now: usize) {
        for place in Place::of(bucket) {
            if let Some(line) = self.lines.get_mut(&place) {
                line.raise(line.up_to(id), now);
            }
        }
    }

    /// What is wrong with a read that ends now.
    fn saw(&mut self, who: &str, sight: &Sight, now: usize) -> Option<String> {
        let Some(began) = self.looks.remove(who) else {
            return Some("something it had not looked for".to_owned());
        };
        match sight {
            Sight::Rows { bucket, count, top, crc } => {
                let place = Place::Bucket(bucket.clone());
                self.judge(&place, *count, began, now).or_else(|| {
                    let line = self.lines.get(&place)?;
                    let expected = line.first(*count);
                    (expected != (*top, *crc)).then(|| {
                        format!(
                            "{place}: up to {top} other rows than the {count} up to {}",
                            expected.0
                        )
                    })
                })
            }
            Sight::Latest { bucket, top, crc } => {
                let place = Place::Bucket(bucket.clone());
                let Some(line) = self.lines.get(&place) else {
                    return (*top != 0).then(|| format!("{place}: {top}, and there never was any"));
                };
                let count = line.up_to(*top);
                if line.single(*top) != Some(*crc) && *top != 0 {
                    return Some(format!("{place}: {top} as the latest, as nobody wrote it"));
                }
                self.judge(&place, count, began, now)
            }
            Sight::Count { spec, count } => {
                self.judge(&Place::Spec(spec.clone()), *count, began, now)
            }
            Sight::Summary { counts } => {
                let at_a_time = [Kind::Artifact, Kind::Synthesis]
                    .into_iter()
                    .find_map(|kind| self.not_at_a_time(kind, counts));
                let each = counts.iter().find_map(|(bucket, count)| {
                    self.judge(&Place::Bucket(bucket.clone()), *count, began, now)
                });
                each.or(at_a_time)
            }
        }
    }

    /// Judges that a read saw the first so many rows of a place.
    fn judge(&mut self, place: &Place, count: usize, began: usize, now: usize) -> Option<String> {
        let Some(line) = self.lines.get_mut(place) else {
            return (count > 0)
                .then(|| format!("{place}: {count} rows where there never were any"));
        };
        let wrong = line.wrong(count, began, now);
        line.raise(count, now);
        wrong.map(|wrong| format!("{place}: {wrong}"))
    }

    /// Ids of a kind are in the order in which rows were stored, wherever they lie: what was
    /// counted at the same time ends everywhere at the same id.
    fn not_at_a_time(&self, kind: Kind, counts: &[(Bucket, usize)]) -> Option<String> {
        let counts: HashMap<&Bucket, usize> =
            counts.iter().map(|(bucket, count)| (bucket, *count)).collect();
        let (mut last, mut next) = (0, i64::MAX);
        for (place, line) in &self.lines {
            // Rows that were there before are not summed up.
            if let Place::Bucket(bucket) = place
                && bucket.kind == kind
                && line.is_new()
            {
                let count = counts.get(bucket).copied().unwrap_or_default();
                last = last.max(line.first(count).0);
                next = next.min(line.next(count).unwrap_or(i64::MAX));
            }
        }
        (last >= next).then(|| format!("{kind:?} {last}, and not {next}, which was stored before"))
    }
}
