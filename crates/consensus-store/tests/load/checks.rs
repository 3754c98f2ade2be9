//! What a caller finds by itself, at the very read that is wrong.

use crate::load::run::known::Known;
use crate::load::run::rows::{Bucket, Found, Kind, Row, Tag};

const ME: &str = "client-0.0.0";
const OTHER: &str = "client-6.0.0";

fn shared() -> Bucket {
    Bucket::new(Kind::Artifact, "ALL-0-0", "spec-plan")
}

fn own() -> Bucket {
    Bucket { spec: format!("OWN {ME}"), ..shared() }
}

fn row(who: &str, n: u64, after: u64) -> Row {
    let content = Some(Tag::new(who, n, after).to_string());
    Row { values: vec![Some("claude".to_owned()), content, None, None], ms: None, model: None }
}

fn found(id: i64, who: &str, n: u64, after: u64) -> Found {
    let values = row(who, n, after).values;
    Found { id, values, created: "0".to_owned(), model: None }
}

/// Stored: its calls 1 and 3, and call 2 came to nothing.
fn known() -> Known {
    let mut known = Known::new(ME);
    for bucket in [shared(), own()] {
        known.stored(&bucket, 1, row(ME, 1, 0), 11);
        known.not_stored(&bucket, 2);
        known.stored(&bucket, 3, row(ME, 3, 1), 13);
    }
    known
}

/// What a query would give: the latest first.
fn answer() -> Vec<Found> {
    vec![found(15, OTHER, 8, 7), found(13, ME, 3, 1), found(12, OTHER, 7, 0), found(11, ME, 1, 0)]
}

fn says(known: &mut Known, rows: &[Found], what: &str) {
    let fault = known.check(&shared(), rows).expect_err(what);
    assert!(fault.contains(what), "{what}: {fault}");
}

#[test]
fn an_answer_that_is_right() {
    let mut known = known();
    known.check(&shared(), &answer()).unwrap();
    let mut more = answer();
    more.insert(0, found(16, OTHER, 9, 8));
    known.check(&shared(), &more).unwrap();
    known.check(&own(), &[found(13, ME, 3, 1), found(11, ME, 1, 0)]).unwrap();
}

#[test]
fn a_row_twice() {
    let mut rows = answer();
    rows.insert(1, rows[1].clone());
    says(&mut known(), &rows, "id 13 stands before 13");
    rows[1].id = 14;
    says(&mut known(), &rows, "is there twice");
    rows.remove(1);
    rows.swap(0, 1);
    says(&mut known(), &rows, "id 13 stands before 15");
}

#[test]
fn an_own_row_that_is_missing_or_changed() {
    for (at, what) in [(1, "call 3 was acknowledged"), (3, "what its writer wrote before is not")] {
        let mut rows = answer();
        rows.remove(at);
        says(&mut known(), &rows, what);
    }
    let mut rows = answer();
    rows[1].values[2] = Some("other".to_owned());
    says(&mut known(), &rows, "response_text is");
    says(&mut known(), &[], "call 1 was acknowledged");
}

#[test]
fn a_row_that_was_refused() {
    let mut rows = answer();
    rows.insert(2, found(12, ME, 2, 1));
    rows[3].id = 10;
    rows.swap(3, 4);
    rows[3].id = 11;
    rows[4].id = 10;
    says(&mut known(), &rows, "it was refused");
}

#[test]
fn rows_of_others_that_are_out_of_order() {
    let mut rows = answer();
    rows.remove(2);
    says(&mut known(), &rows, "what its writer wrote before is not");
    let mut rows = answer();
    rows[0] = found(15, OTHER, 6, 0);
    says(&mut known(), &rows, "above one that its writer wrote later");
}

#[test]
fn a_read_that_goes_back() {
    let mut known = known();
    known.check(&shared(), &answer()).unwrap();
    says(&mut known, &answer()[1..], "that are not the 4 read before");
    let mut rows = answer();
    rows[0].created = "1".to_owned();
    says(&mut known, &rows, "that are not the 4 read before");
}

#[test]
fn an_own_spec_that_is_not_as_it_was_left() {
    let mut known = known();
    let rows = [found(13, ME, 3, 1), found(11, ME, 1, 0)];
    let fault = known.check(&own(), &rows[1..]).unwrap_err();
    assert!(fault.contains("found calls [1], and nobody else writes; not [1, 3]"), "{fault}");
    known.deleted(Kind::Artifact, None);
    assert_eq!(known.count_own(Kind::Artifact, None), 0);
    known.check(&own(), &[]).unwrap();
    known.check(&own(), &rows).expect_err("deleted rows");
}

#[test]
fn a_latest_synthesis_that_is_older_than_ones_own() {
    let bucket = Bucket { kind: Kind::Synthesis, ..shared() };
    let synthesis = |id, n| {
        let mut found = found(id, ME, n, 0);
        found.values.swap(0, 1);
        found
    };
    let mut known = Known::new(ME);
    known.check_latest(&bucket, None).unwrap();
    for n in [1, 2] {
        known.stored(&bucket, n, row(ME, n, 0), 1);
    }
    known.check_latest(&bucket, Some(&synthesis(6, 1))).expect_err("an older one");
    known.check_latest(&bucket, None).expect_err("none");
    known.check_latest(&bucket, Some(&synthesis(7, 2))).unwrap();
    let mut other = synthesis(6, 2);
    other.values[0] = Some(Tag::new(OTHER, 9, 0).to_string());
    known.check_latest(&bucket, Some(&other)).expect_err("an older one of another");
}

#[test]
fn a_list_of_specs_that_lacks_one_or_has_one_too_many() {
    let known = known();
    let list = |specs: &[&str]| specs.iter().map(|&spec| spec.to_owned()).collect::<Vec<_>>();
    let own = own().spec;
    known.check_specs(&list(&["ALL-0-0", &own])).unwrap();
    known.check_specs(&list(&["ALL-0-0"])).expect_err("without its own");
    known.check_specs(&list(&[&own])).expect_err("without one it wrote to");
    known.check_specs(&list(&["ALL-0-0", "ALL-0-0", &own])).expect_err("twice");
    let mut known = known;
    known.deleted(Kind::Artifact, None);
    known.check_specs(&list(&["ALL-0-0", &own])).expect_err("an empty spec");
}
