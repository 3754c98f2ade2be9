//! Every acknowledged write is there once and as it was written; what came to nothing is
//! not; what nobody heard of is there at most once; and there is nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::super::history::Call;
use super::super::material::own_spec;
use super::super::rows::{Bucket, Found, Kind, Tag};
use super::Evidence;
use super::past::{Attempt, Fate, Name, Past};

/// By how much the clocks of two programs of one machine may seem to differ: one gives
/// whole seconds, and a clock may be set while the run goes on.
const CLOCKS_MS: i64 = 2_000;

pub(crate) fn check(past: &Past, evidence: &Evidence) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut there: BTreeSet<Name> = BTreeSet::new();
    for (bucket, rows) in &evidence.after {
        let before = evidence.before.get(bucket).map_or(&[][..], Vec::as_slice);
        let mut old = before.iter().peekable();
        for row in rows {
            if old.peek().is_some_and(|old| *old == row) {
                old.next();
                continue;
            }
            match attempt(past, bucket, row) {
                Ok((name, attempt)) => {
                    if !there.insert(name.clone()) {
                        complaints.push(format!("{bucket}: {name:?} is there twice: {row:?}"));
                    }
                    let wrong = differences(bucket, row, attempt);
                    complaints.extend(
                        wrong.into_iter().map(|wrong| format!("{bucket}: {name:?}: {wrong}")),
                    );
                }
                Err(wrong) => complaints.push(format!("{bucket}: {wrong}: {row:?}")),
            }
        }
        complaints.extend(old.map(|old| format!("{bucket}: an old row is gone: {old:?}")));
    }
    let gone = evidence.before.keys().filter(|bucket| !evidence.after.contains_key(*bucket));
    complaints.extend(gone.map(|bucket| format!("{bucket}: all old rows are gone")));
    complaints.extend(lost(past, &there));
    complaints.extend(reused(past));
    complaints
}

/// The call that wrote a row.
fn attempt<'p>(
    past: &'p Past,
    bucket: &Bucket,
    row: &Found,
) -> Result<(Name, &'p Attempt), String> {
    let tag = Tag::of(bucket.kind, &row.values).ok_or("nobody wrote this")?;
    let attempt = past.get(&tag.who, tag.n).ok_or("nobody wrote this")?;
    Ok(((tag.who, tag.n), attempt))
}

/// What is wrong with a row that is there.
fn differences(bucket: &Bucket, row: &Found, attempt: &Attempt) -> Vec<String> {
    let Call::Store { bucket: place, row: written } = &attempt.call else {
        return vec![format!("that call was no write: {:?}", attempt.call)];
    };
    let mut wrong: Vec<String> = written.difference(bucket.kind, row).into_iter().collect();
    if place != bucket {
        wrong.push(format!("it was written to the {place}"));
    }
    let (from, to) = match &attempt.fate {
        Fate::Done { at, gave, .. } => {
            // Of a synthesis it may be its run's id.
            if bucket.kind == Kind::Artifact && gave != &[row.id] {
                wrong.push(format!("it has the id {}, and was told {gave:?}", row.id));
            }
            (attempt.at, *at)
        }
        Fate::Not(why) => {
            wrong.push(format!("it came to nothing ({why:?}) and is there as {}", row.id));
            (attempt.at, i64::MAX - CLOCKS_MS)
        }
        Fate::Open => (attempt.at, i64::MAX - CLOCKS_MS),
    };
    let created: Option<i64> = row.created.parse().ok();
    let plausible = from - CLOCKS_MS..=to + CLOCKS_MS;
    if written.ms.is_none() && !created.is_some_and(|ms| plausible.contains(&ms)) {
        wrong.push(format!("created_at is {}, not in {from}..={to}", row.created));
    }
    wrong
}

/// What should be there and is not, or should have been deleted and was not.
fn lost(past: &Past, there: &BTreeSet<Name>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut own: BTreeMap<&str, Vec<(&Name, &Attempt)>> = BTreeMap::new();
    for (name, attempt) in &past.attempts {
        let spec = match &attempt.call {
            Call::Store { bucket, .. } => &bucket.spec,
            Call::Delete { spec, .. } => spec,
        };
        if *spec == own_spec(&name.0) {
            own.entry(&name.0).or_default().push((name, attempt));
        } else if matches!(attempt.fate, Fate::Done { .. }) && !there.contains(name) {
            complaints.push(format!("lost: {name:?}: {:?}", attempt.call));
        }
    }
    for (who, attempts) in own {
        let found: BTreeSet<u64> = attempts
            .iter()
            .filter(|(name, _)| there.contains(*name))
            .map(|((_, n), _)| *n)
            .collect();
        match possible(&attempts) {
            Ok(states) if states.contains(&found) => {}
            Ok(states) => complaints.push(format!(
                "{:?}: there are the calls {found:?}, not {}",
                own_spec(who),
                states.iter().map(|state| format!("{state:?}")).collect::<Vec<_>>().join(" or ")
            )),
            Err(wrong) => complaints.push(format!("{:?}: {wrong}", own_spec(who))),
        }
    }
    complaints
}

/// What a caller's own spec may hold after all its calls: two states if nobody knows what
/// became of the last.
fn possible(attempts: &[(&Name, &Attempt)]) -> Result<Vec<BTreeSet<u64>>, String> {
    let mut rows: BTreeMap<u64, (Kind, &str)> = BTreeMap::new();
    let numbers =
        |rows: &BTreeMap<u64, (Kind, &str)>| rows.keys().copied().collect::<BTreeSet<u64>>();
    let mut states = Vec::new();
    for ((_, n), attempt) in attempts {
        if !states.is_empty() {
            return Err(format!("call {n} was made before the one before had ended"));
        }
        if matches!(attempt.fate, Fate::Not(_)) {
            continue;
        }
        if attempt.fate == Fate::Open {
            states.push(numbers(&rows));
        }
        match &attempt.call {
            Call::Store { bucket, .. } => {
                rows.insert(*n, (bucket.kind, &bucket.stage));
            }
            Call::Delete { stage, artifacts, syntheses, .. } => {
                let mut counts = Vec::new();
                for (kind, wanted) in [(Kind::Artifact, *artifacts), (Kind::Synthesis, *syntheses)]
                {
                    let all = rows.len();
                    if wanted {
                        rows.retain(|_, (other, place)| {
                            *other != kind || stage.as_ref().is_some_and(|stage| stage != place)
                        });
                        counts.push((all - rows.len()) as i64);
                    }
                }
                if let Fate::Done { gave, .. } = &attempt.fate
                    && *gave != counts
                {
                    return Err(format!("call {n} deleted {gave:?} rows, not {counts:?}"));
                }
            }
        }
    }
    states.push(numbers(&rows));
    Ok(states)
}

/// An id that was handed out is never handed out again, whatever became of its row: the
/// old tables are AUTOINCREMENT.
fn reused(past: &Past) -> Vec<String> {
    let mut ids: BTreeMap<i64, &Name> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (name, attempt) in &past.attempts {
        let Fate::Done { gave, .. } = &attempt.fate else { continue };
        if let (Call::Store { bucket, .. }, [id]) = (&attempt.call, gave.as_slice())
            && bucket.kind == Kind::Artifact
            && let Some(other) = ids.insert(*id, name)
        {
            complaints.push(format!("artifact id {id} was given to {other:?} and to {name:?}"));
        }
    }
    complaints
}
