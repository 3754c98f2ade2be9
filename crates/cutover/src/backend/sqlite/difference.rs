//! The differences in a part of a target.

use crate::backend::sqlite::value::{Value, json};
use crate::derive::derived::Part;
use crate::derive::target::Target;
use crate::report::Difference;

/// A part of a target, with the values that bound it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chunk {
    /// Keys above `lo` up to `hi`; an absent end is open.
    Range { lo: Option<Vec<Value>>, hi: Option<Vec<Value>> },
    /// The scopes with these numbers in the temporary list.
    Listed { from: i64, to: i64 },
}

impl Chunk {
    pub(crate) fn part(&self) -> Part<'static> {
        match self {
            Self::Range { lo, hi } => Part::Range { lo: lo.is_some(), hi: hi.is_some() },
            Self::Listed { .. } => Part::Listed,
        }
    }

    /// The named parameters of the part and their values.
    pub(crate) fn parameters(&self) -> Vec<(String, Value)> {
        let ends = |name: &str, values: &Option<Vec<Value>>| {
            let values = values.clone().unwrap_or_default();
            let name = name.to_owned();
            values.into_iter().enumerate().map(move |(n, value)| (format!(":{name}{n}"), value))
        };
        match self {
            Self::Range { lo, hi } => ends("lo", lo).chain(ends("hi", hi)).collect(),
            Self::Listed { from, to } => {
                vec![(":from".to_owned(), (*from).into()), (":to".to_owned(), (*to).into())]
            }
        }
    }
}

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The mapping gives it, the target lacks it.
    Missing,
    /// The target holds it, the mapping does not give it.
    Extra,
    /// Both have it, with other values.
    Different,
    /// The mapping fails for the whole scope: it can't be told what it gives.
    Fails,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diff {
    pub(crate) kind: Kind,
    /// The derived row, or the held one where it is extra; in the order of the list.
    pub(crate) row: Vec<Value>,
    /// Position of the first column that differs, and both its values as shown.
    pub(crate) column: Option<(usize, String, String)>,
    /// What SQLite says where the mapping fails. Of the row only the scope is known then.
    pub(crate) says: Option<String>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Rows the mapping gives.
    pub(crate) derived: u64,
    pub(crate) missing: u64,
    pub(crate) extra: u64,
    pub(crate) different: u64,
    /// The differences, as many as were asked for.
    pub(crate) diffs: Vec<Diff>,
}

impl Outcome {
    pub(crate) fn is_clean(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }
}

impl Diff {
    /// Where the mapping fails, what it says.
    pub(crate) fn failure(&self, target: &Target) -> Option<String> {
        let says = self.says.as_ref()?;
        Some(format!("{} fails: {says}", statement(target)))
    }

    /// As it stands in a report.
    pub(crate) fn report(&self, target: &Target) -> Difference {
        let known = if self.kind == Kind::Fails { &target.scope } else { &target.key.columns };
        let key = known.iter().filter_map(|name| {
            let position = target.columns.iter().position(|column| column == name)?;
            Some((name.clone(), json(self.row.get(position)?)))
        });
        let (column, expected, found) = match (&self.column, self.kind) {
            (_, Kind::Fails) => {
                let says = self.says.as_deref().unwrap_or("an error");
                let given = format!("what {} gives", statement(target));
                (None, Some(given), Some(format!("an error: {says}")))
            }
            (Some((position, expected, found)), _) => (
                target.columns.get(*position).cloned(),
                Some(expected.clone()),
                Some(found.clone()),
            ),
            (None, Kind::Extra) => (None, None, Some("a row".to_owned())),
            (None, _) => (None, Some("a row".to_owned()), None),
        };
        Difference {
            direction: target.direction,
            table: target.table.known_as.clone(),
            key: serde_json::Value::Object(key.collect()),
            column,
            expected,
            found,
        }
    }
}

/// The mapping of a target. Which of several statements it is that fails is not known.
fn statement(target: &Target) -> String {
    match &target.sources[..] {
        [_] => format!("the statement at line {}", target.line),
        _ => "one of the statements that fill it".to_owned(),
    }
}
