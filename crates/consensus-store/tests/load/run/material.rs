//! What is written, and where: ordinary things and those that careless code breaks.

use consensus_store::{NewArtifact, NewSynthesis, Stage};
use fastrand::Rng;

use super::rows::{Bucket, Kind, Row, Tag};

/// How many rows later the programs turn to the next specs, so that no bucket grows
/// without end: what a read costs must not depend on how long a run is.
const EPOCH: i64 = 500;

/// How many specs all programs write to at a time.
const SHARED: u32 = 3;

const STAGES: [&str; 3] = ["spec-plan", "spec-audit", "spec-review"];

const AGENTS: [&str; 5] = ["gemini", "claude", "gpt_pro", "", "O'Agent \"quoted\" 👩🏽‍💻"];

const ODD: [&str; 16] = [
    "",
    " ",
    "it's",
    "\"quoted\"",
    "007",
    "1e3",
    "NULL",
    "null",
    "Ünïcödé 日本語 العربية",
    "e\u{301}",
    "line\r\nline\u{2028}line",
    "tab\t\u{1}\u{1f}\u{7f}",
    "back\\slash \\u0041",
    "\u{feff}{\"a\": [1, 2.50, true]}",
    "; DROP TABLE x; --",
    "nul\0nul",
];

const RUNS: [&str; 6] = ["run-1", "Run-1", "", "it's \"mine\"", "🚀", "0"];

/// The times that programs set: this year, whole seconds, the ends of what can be set.
const TIMES: [i64; 8] = [
    1_767_312_000_000,
    1_767_312_000_001,
    1_767_312_059_999,
    0,
    -1,
    -62_167_219_200_000,
    253_402_300_799_999,
    951_782_400_500,
];

/// The beginning of the name of every spec that all programs write to.
pub(crate) const ALL: &str = "ALL-";

/// The spec that one caller has for itself, to delete from.
pub(crate) fn own_spec(who: &str) -> String {
    format!("OWN {who}")
}

/// A bucket that all programs write to at this time, or did a little earlier.
pub(crate) fn shared(rng: &mut Rng, kind: Kind, last_id: i64) -> Bucket {
    let epoch = last_id / EPOCH - i64::from(rng.u8(..6) == 0);
    let spec = format!("{ALL}{}-{}", epoch.max(0), rng.u32(..SHARED));
    Bucket { kind, spec, stage: stage(rng) }
}

pub(crate) fn stage(rng: &mut Rng) -> String {
    STAGES[rng.usize(..STAGES.len())].to_owned()
}

/// A row with this tag in it.
pub(crate) fn row(rng: &mut Rng, kind: Kind, tag: &Tag) -> Row {
    let text = tagged(rng, tag);
    let run = match rng.u8(..10) {
        0..3 => None,
        3..8 => Some(format!("run-{}", rng.u32(..4))),
        _ => Some(RUNS[rng.usize(..RUNS.len())].to_owned()),
    };
    let values = match kind {
        Kind::Artifact => {
            let agent = AGENTS[rng.usize(..AGENTS.len())].to_owned();
            vec![Some(agent), Some(text), optional(rng), run]
        }
        Kind::Synthesis => vec![
            Some(text),
            optional(rng),
            Some(["ok", "ok", "degraded", "OK", ""][rng.usize(..5)].to_owned()),
            rng.bool().then(|| rng.i64(-2..10).to_string()),
            optional(rng),
            optional(rng),
            Some(u8::from(rng.bool()).to_string()),
            run,
        ],
    };
    let ms = (rng.u8(..10) < 4).then(|| TIMES[rng.usize(..TIMES.len())]);
    let values = match kind {
        Kind::Artifact => values,
        // The live view of syntheses takes them out of JSON, where an SQLite before 3.42, as
        // old programs may have it, ends a text at this character.
        Kind::Synthesis => {
            values.into_iter().map(|value| value.map(|text| text.replace('\0', "0"))).collect()
        }
    };
    // Only artifacts have one, and in most phases there is no place for it.
    let model = (kind == Kind::Artifact && rng.u8(..12) == 0).then(|| "m-1.5".to_owned());
    Row { values, ms, model }
}

/// JSON, or something that isn't.
fn tagged(rng: &mut Rng, tag: &Tag) -> String {
    let odd = odd(rng);
    if rng.bool() { format!(r#"{{"by":"{tag}","x":0.50}}"#) } else { format!("{odd}{tag}{odd}") }
}

fn optional(rng: &mut Rng) -> Option<String> {
    (rng.u8(..4) > 0).then(|| odd(rng))
}

fn odd(rng: &mut Rng) -> String {
    match rng.u8(..20) {
        // Longer than a page of the database.
        0 => "long ".repeat(rng.usize(900..2_000)),
        1..6 => ODD[rng.usize(..ODD.len())].to_owned(),
        n => format!("words that an agent says {n}"),
    }
}

/// The row as the store takes it.
pub(crate) fn artifact(bucket: &Bucket, row: &Row) -> NewArtifact<'static> {
    let value = |n: usize| row.values[n].clone();
    let mut new = NewArtifact::new(
        bucket.spec.clone(),
        Stage::from(bucket.stage.as_str()),
        value(0).unwrap_or_default(),
        value(1).unwrap_or_default(),
    );
    new.response_text = value(2).map(Into::into);
    new.run_id = value(3).map(Into::into);
    new.model_version = row.model.clone().map(Into::into);
    new.created_at_ms = row.ms;
    new
}

/// As [`artifact`].
pub(crate) fn synthesis(bucket: &Bucket, row: &Row) -> NewSynthesis<'static> {
    let value = |n: usize| row.values[n].clone();
    let mut new = NewSynthesis::new(
        bucket.spec.clone(),
        Stage::from(bucket.stage.as_str()),
        value(0).unwrap_or_default(),
        value(2).unwrap_or_default(),
    );
    new.output_path = value(1).map(Into::into);
    new.artifacts_count = value(3).and_then(|count| count.parse().ok());
    new.agreements = value(4).map(Into::into);
    new.conflicts = value(5).map(Into::into);
    new.degraded = value(6).as_deref() == Some("1");
    new.run_id = value(7).map(Into::into);
    new.created_at_ms = row.ms;
    new
}
