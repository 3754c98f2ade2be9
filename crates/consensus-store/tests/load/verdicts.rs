//! A history in which all is well, and what the verdict says once something in it isn't. A
//! judge that can't say no proves nothing.

use crate::load::run::history::{Call, Event, Sight, Why};
use crate::load::run::rows::{Bucket, Checksum, Found, Kind, Row, Tag};
use crate::load::run::verdict::{Evidence, examine};

const WHO: &str = "client-0.0.0";
const OTHER: &str = "client-6.0.0";
const CLOCK: i64 = 1_767_312_000_000;

/// A history that is being told.
#[derive(Clone, Default)]
struct Story {
    evidence: Evidence,
    calls: u64,
}

fn bucket(kind: Kind, spec: &str) -> Bucket {
    Bucket::new(kind, spec, "spec-plan")
}

fn shared() -> Bucket {
    bucket(Kind::Artifact, "ALL-0-0")
}

fn row(kind: Kind, text: &str) -> Row {
    let text = |part: &str| Some(format!("{text} {part}"));
    let values = match kind {
        Kind::Artifact => vec![text("agent"), text("content"), text("response"), None],
        Kind::Synthesis => {
            let ok = Some("ok".to_owned());
            vec![text("markdown"), None, ok, None, None, None, Some("0".to_owned()), None]
        }
    };
    Row { values, ms: None, model: None }
}

impl Story {
    fn add(&mut self, event: Event) {
        self.evidence.events.push(event);
    }

    /// A call to write; gives its number.
    fn attempt(&mut self, who: &str, bucket: &Bucket) -> (u64, Row) {
        self.calls += 1;
        let n = self.calls;
        let row = row(bucket.kind, &Tag::new(who, n, 0).to_string());
        let call = Call::Store { bucket: bucket.clone(), row: row.clone() };
        self.add(Event::Try { who: who.to_owned(), n, at: CLOCK, call });
        (n, row)
    }

    /// A row that is there.
    fn there(&mut self, bucket: &Bucket, id: i64, row: Row) {
        let Row { values, model, .. } = row;
        let found = Found { id, values, created: CLOCK.to_string(), model };
        self.evidence.after.entry(bucket.clone()).or_default().push(found);
    }

    fn done(&mut self, who: &str, n: u64, gave: &[i64]) {
        self.add(Event::Done { who: who.to_owned(), n, at: CLOCK, gave: gave.to_vec() });
    }

    /// A write as it should be.
    fn store(&mut self, who: &str, bucket: &Bucket, id: i64) {
        let (n, row) = self.attempt(who, bucket);
        self.there(bucket, id, row);
        self.done(who, n, &[id]);
    }

    /// A read of the first so many rows that there will be at the end.
    fn read(&mut self, who: &str, bucket: &Bucket, count: usize) {
        self.look(who);
        self.saw(who, bucket, count);
    }

    fn look(&mut self, who: &str) {
        self.calls += 1;
        self.add(Event::Look { who: who.to_owned(), n: self.calls });
    }

    fn saw(&mut self, who: &str, bucket: &Bucket, count: usize) {
        let rows = &self.evidence.after[bucket][..count];
        let sight = Sight::Rows {
            bucket: bucket.clone(),
            count,
            top: rows.last().map_or(0, |row| row.id),
            crc: Checksum::of(rows).get(),
        };
        self.see(who, sight);
    }

    fn see(&mut self, who: &str, sight: Sight) {
        self.add(Event::Saw { who: who.to_owned(), n: self.calls, sight });
    }

    fn delete(&mut self, who: &str, gave: &[i64]) {
        self.calls += 1;
        let (spec, stage) = (format!("OWN {who}"), None);
        let call = Call::Delete { spec, stage, artifacts: true, syntheses: true };
        self.add(Event::Try { who: who.to_owned(), n: self.calls, at: CLOCK, call });
        self.done(who, self.calls, gave);
    }

    fn faults(&self) -> Vec<String> {
        examine(&self.evidence).1
    }

    fn rows(&mut self, bucket: &Bucket) -> &mut Vec<Found> {
        self.evidence.after.get_mut(bucket).unwrap()
    }
}

/// Everything that may happen, and all of it right.
fn well() -> Story {
    let mut story = Story::default();
    let old = bucket(Kind::Artifact, "old");
    story.there(&old, 3, row(Kind::Artifact, "long ago"));
    story.evidence.before = story.evidence.after.clone();
    for id in [11, 12] {
        story.store(WHO, &shared(), id);
        story.store(OTHER, &shared(), id + 10);
    }
    let rows = story.rows(&shared());
    rows.sort_by_key(|row| row.id);
    let syntheses = bucket(Kind::Synthesis, "ALL-0-0");
    // Of a synthesis the caller may be told its run's id.
    let (n, row) = story.attempt(WHO, &syntheses);
    story.there(&syntheses, 5, row);
    story.done(WHO, n, &[77]);
    let own = bucket(Kind::Artifact, &format!("OWN {WHO}"));
    let (n, _) = story.attempt(WHO, &own);
    story.done(WHO, n, &[31]);
    story.delete(WHO, &[1, 0]);
    story.store(WHO, &own, 32);
    let (n, _) = story.attempt(OTHER, &shared());
    story.add(Event::Not { who: OTHER.to_owned(), n, why: Why::Busy });
    story.read(WHO, &old, 1);
    story
}

/// A verdict that says this of a story, and nothing of the one it was made from.
fn says(story: &Story, what: &str) {
    assert_eq!(well().faults(), [""; 0]);
    let faults = story.faults();
    assert!(faults.iter().any(|fault| fault.contains(what)), "{what}: {faults:#?}");
}

#[test]
fn a_row_that_is_lost() {
    let mut story = well();
    story.rows(&shared()).remove(1);
    says(&story, "lost: ");
}

#[test]
fn a_row_that_is_there_twice() {
    let mut story = well();
    let mut again = story.rows(&shared())[1].clone();
    again.id = 90;
    story.rows(&shared()).push(again);
    says(&story, "is there twice");
}

#[test]
fn a_field_that_was_changed() {
    for at in 0..4 {
        let mut story = well();
        let row = &mut story.rows(&shared())[0];
        let text = row.values[at].clone().unwrap_or_default();
        row.values[at] = Some(format!("{text}!"));
        says(&story, "not ");
        story.rows(&shared())[0].values[at] = None;
        let faults = story.faults();
        // The content names its writer; and there was no run.
        assert_eq!(faults.is_empty(), at == 3, "{at}: {faults:?}");
    }
}

#[test]
fn a_time_that_is_none_or_another() {
    for created in ["?", "0", "?2026"] {
        let mut story = well();
        story.rows(&shared())[0].created = created.to_owned();
        says(&story, "created_at is");
    }
}

#[test]
fn a_row_under_another_id_than_was_told() {
    let mut story = well();
    story.rows(&shared())[0].id = 10;
    says(&story, "and was told [11]");
}

#[test]
fn an_id_that_was_given_twice() {
    let mut story = well();
    let own = bucket(Kind::Artifact, &format!("OWN {WHO}"));
    story.delete(WHO, &[1, 0]);
    story.rows(&own).clear();
    story.store(WHO, &own, 32);
    says(&story, "artifact id 32 was given to");
}

#[test]
fn a_row_in_another_place() {
    let mut story = well();
    let row = story.rows(&shared()).pop().unwrap();
    story.evidence.after.insert(bucket(Kind::Artifact, "ALL-0-1"), vec![row]);
    says(&story, "it was written to the");
}

#[test]
fn a_row_that_nobody_wrote() {
    for text in ["a foreign row", "[[client-0.0.0 999 0]]"] {
        let mut story = well();
        story.there(&shared(), 90, row(Kind::Artifact, text));
        says(&story, "nobody wrote this");
    }
}

#[test]
fn a_write_that_came_to_nothing_and_is_there() {
    let mut story = well();
    let (n, row) = story.attempt(WHO, &shared());
    story.there(&shared(), 90, row);
    story.add(Event::Not { who: WHO.to_owned(), n, why: Why::Busy });
    says(&story, "it came to nothing (Busy)");
}

#[test]
fn old_rows_that_change_or_go() {
    let old = bucket(Kind::Artifact, "old");
    let mut story = well();
    story.rows(&old)[0].created = "?".to_owned();
    says(&story, "an old row is gone");
    let mut story = well();
    story.rows(&old).clear();
    says(&story, "an old row is gone");
    let mut story = well();
    story.evidence.after.remove(&old);
    says(&story, "all old rows are gone");
}

#[test]
fn a_deletion_that_did_nothing_or_not_what_it_says() {
    let mut story = well();
    let own = bucket(Kind::Artifact, &format!("OWN {WHO}"));
    // Its row was the first that was deleted.
    let (n, row) = (6, row(Kind::Artifact, &Tag::new(WHO, 6, 0).to_string()));
    story
        .rows(&own)
        .insert(0, Found { id: 31, values: row.values, created: CLOCK.to_string(), model: None });
    says(&story, &format!("there are the calls {{{n}, 8}}, not {{8}}"));
    let mut story = well();
    story.delete(WHO, &[0, 0]);
    says(&story, "deleted [0, 0] rows, not [1, 0]");
}

/// What a killed process was about may have been done or not, but not by half.
#[test]
fn a_call_of_which_nobody_knows() {
    let own = bucket(Kind::Artifact, &format!("OWN {OTHER}"));
    let mut story = well();
    story.store(OTHER, &own, 41);
    story.store(OTHER, &own, 42);
    let before = story.clone();
    story.delete(OTHER, &[2, 0]);
    story.evidence.events.pop();
    assert_eq!(story.faults(), [""; 0]);
    let mut half = story.clone();
    half.rows(&own).pop();
    says(&half, "there are the calls");
    story.rows(&own).clear();
    assert_eq!(story.faults(), [""; 0]);
    let mut story = before;
    let (_, row) = story.attempt(OTHER, &own);
    assert_eq!(story.faults(), [""; 0]);
    story.there(&own, 43, row);
    assert_eq!(story.faults(), [""; 0]);
}

#[test]
fn a_read_after_an_acknowledged_write_that_does_not_show_it() {
    let mut story = well();
    story.read(WHO, &shared(), 3);
    says(&story, "3 rows, without 22, which was acknowledged or seen before");
    let mut story = well();
    story.look(WHO);
    story.see(WHO, Sight::Count { spec: "ALL-0-0".to_owned(), count: 3 });
    says(&story, "artifacts of \"ALL-0-0\": 3 rows, without 22");
}

/// A read that began before a write was acknowledged need not show it; if any read has, all
/// that begin after it must.
#[test]
fn a_read_that_goes_back() {
    let mut story = well();
    story.look(WHO);
    let (n, row) = story.attempt(OTHER, &shared());
    story.there(&shared(), 23, row);
    story.saw(WHO, &shared(), 4);
    story.read(WHO, &shared(), 5);
    let mut right = story.clone();
    right.done(OTHER, n, &[23]);
    assert_eq!(right.faults(), [""; 0]);
    story.read(OTHER, &shared(), 4);
    story.done(OTHER, n, &[23]);
    says(&story, "4 rows, without 23");
}

#[test]
fn a_read_that_lacks_one_in_the_middle_or_shows_another() {
    let mut story = well();
    story.look(WHO);
    story.saw(WHO, &shared(), 4);
    let Some(Event::Saw { sight: Sight::Rows { count, .. }, .. }) =
        story.evidence.events.last_mut()
    else {
        panic!("a read")
    };
    *count = 3;
    says(&story, "3 rows, without 22");
    let mut story = well();
    story.read(WHO, &shared(), 4);
    // What it saw was changed later.
    story.rows(&shared())[2].model = Some("m".to_owned());
    story.rows(&shared())[2].created = (CLOCK + 1).to_string();
    says(&story, "up to 22 other rows than the 4 up to 22");
}

#[test]
fn a_read_of_what_is_not_written_yet() {
    let mut story = well();
    story.there(&shared(), 23, row(Kind::Artifact, &Tag::new(OTHER, 50, 0).to_string()));
    story.read(WHO, &shared(), 5);
    story.calls = 49;
    let (n, _) = story.attempt(OTHER, &shared());
    story.done(OTHER, n, &[23]);
    says(&story, "some had not been tried yet");
    let mut story = well();
    story.look(WHO);
    story.see(WHO, Sight::Count { spec: "ALL-9-9".to_owned(), count: 1 });
    says(&story, "1 rows where there never were any");
}

#[test]
fn a_latest_synthesis_that_is_not_the_latest() {
    let syntheses = bucket(Kind::Synthesis, "ALL-0-0");
    let latest = |story: &Story, at: usize| {
        let row = &story.evidence.after[&syntheses][at];
        let crc = Checksum::of([row]).get();
        Sight::Latest { bucket: syntheses.clone(), top: row.id, crc }
    };
    let mut story = well();
    story.store(OTHER, &syntheses, 6);
    story.look(WHO);
    story.see(WHO, latest(&story, 1));
    assert_eq!(story.faults(), [""; 0]);
    story.look(WHO);
    story.see(WHO, latest(&story, 0));
    says(&story, "1 rows, without 6");
    story.evidence.events.pop();
    story.see(WHO, Sight::Latest { bucket: syntheses.clone(), top: 6, crc: 1 });
    says(&story, "6 as the latest, as nobody wrote it");
    story.evidence.events.pop();
    story.see(WHO, Sight::Latest { bucket: syntheses, top: 0, crc: 0 });
    says(&story, "0 rows, without 5");
}

#[test]
fn counts_that_are_of_no_one_time() {
    let other = bucket(Kind::Artifact, "ALL-0-1");
    let mut story = well();
    story.look(WHO);
    story.store(OTHER, &shared(), 23);
    story.store(OTHER, &other, 24);
    let mut right = story.clone();
    right.see(WHO, Sight::Summary { counts: vec![(shared(), 5)] });
    assert_eq!(right.faults(), [""; 0]);
    // The later of the two without the earlier.
    story.see(WHO, Sight::Summary { counts: vec![(shared(), 4), (other, 1)] });
    says(&story, "Artifact 24, and not 23, which was stored before");
}

#[test]
fn a_history_that_is_none() {
    let mut story = well();
    story.evidence.cut = 1;
    says(&story, "1 lines of the history can't be read");
    let mut story = well();
    story.done(WHO, 999, &[1]);
    says(&story, "ended call 999, which it had not begun");
    let mut story = well();
    story.add(Event::Trouble { who: WHO.to_owned(), what: "something broke".to_owned() });
    says(&story, "something broke");
}

#[test]
fn a_run_in_which_nothing_happened() {
    let missing = examine(&Evidence::default()).0.missing();
    for what in [
        "both sorts of writes of Threads in legacy",
        "both sorts of writes of Tasks in retired",
        "a write of an old program in read-new",
        "an old program refused in new-only",
        "new-only to write-new",
        "the end of Operator",
        "a read of Tasks: latest",
        "a busy database",
        "old rows",
    ] {
        assert!(missing.iter().any(|line| line.ends_with(what)), "{what}: {missing:#?}");
    }
}
