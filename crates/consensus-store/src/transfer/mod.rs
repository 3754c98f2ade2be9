//! A store as text, and back: JSON Lines, one row a line, nothing lost.
//!
//! ```text
//! {"kind":"artifact","id":1,"spec_id":"SPEC-1","stage":"spec-plan","agent_name":"claude",…}
//! {"kind":"synthesis","id":1,"spec_id":"SPEC-1","stage":"spec-plan","output_markdown":"# Plan",…}
//! ```
//!
//! The keys are the columns of the old tables, in that order and every one of them, with
//! `model_version`, which only the new ones have. The values are those that the old
//! tables hold or would hold, so that one store gives the same bytes in every phase of
//! its migration: what the backward mapping gives is what is written.
//!
//! Text, whole numbers and NULL are JSON's own. For what JSON has no word there is an
//! object with one key: `{"$real":"0.5"}`, `{"$blob":"00ff"}`, and `{"$text":"ff"}` for
//! text that is not UTF-8. No column holds an object, so nothing else can be meant by it.

mod export;
mod import;
mod into_new;
mod into_old;
mod line;
mod rows;
mod value;

pub use import::ImportOptions;

use value::Value;

/// What type the old tables give a column, which decides what they make of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    /// Numbers become text.
    Text,
    /// Text that is a number becomes one.
    Numeric,
}

/// A column, and the key by which a line holds it.
#[derive(Debug, Clone, Copy)]
struct Column {
    key: &'static str,
    affinity: Affinity,
    /// Whether every row has it.
    required: bool,
}

/// A sort of row.
#[derive(Debug)]
struct Kind<const N: usize> {
    name: &'static str,
    /// All but the id.
    columns: [Column; N],
}

/// A row of a line.
#[derive(Debug)]
struct Row<const N: usize> {
    id: i64,
    values: [Value; N],
}

const ARTIFACT: Kind<8> = Kind {
    name: "artifact",
    columns: [
        required("spec_id"),
        required("stage"),
        required("agent_name"),
        required("content_json"),
        optional("response_text"),
        optional("run_id"),
        optional("model_version"),
        numeric("created_at"),
    ],
};

const SYNTHESIS: Kind<11> = Kind {
    name: "synthesis",
    columns: [
        required("spec_id"),
        required("stage"),
        required("output_markdown"),
        optional("output_path"),
        required("status"),
        numeric("artifacts_count"),
        optional("agreements"),
        optional("conflicts"),
        numeric("degraded"),
        optional("run_id"),
        numeric("created_at"),
    ],
};

const fn required(key: &'static str) -> Column {
    Column { key, affinity: Affinity::Text, required: true }
}

const fn optional(key: &'static str) -> Column {
    Column { key, affinity: Affinity::Text, required: false }
}

const fn numeric(key: &'static str) -> Column {
    Column { key, affinity: Affinity::Numeric, required: false }
}
