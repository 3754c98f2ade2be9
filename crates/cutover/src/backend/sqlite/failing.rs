//! Scopes for which a mapping fails: a value that a program wrote ends the whole query, such as
//! a text that is no JSON, or a number with which a sum overflows. They are found by halving the
//! part that failed, so that everything else in it is compared as it would be without them.

use crate::backend::sqlite::difference::{Chunk, Diff, Kind, Outcome};
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::side_by_side::compare_whole;
use crate::backend::sqlite::value::{Value, show};
use crate::backend::sqlite::{Db, scan};
use crate::derive::derived::Place;
use crate::derive::sql::join;
use crate::derive::target::Target;
use crate::error::{Error, Refusal, Result};

/// Compares a part in which the mapping has failed with `error`.
pub(super) fn around(
    db: &Db,
    target: &Target,
    place: Place,
    (chunk, keep): (&Chunk, usize),
    error: Error,
) -> Result<Outcome> {
    let (from, to) = match chunk {
        Chunk::Listed { from, to } => (*from, *to),
        // The list is of no use to a pass that goes by ranges.
        Chunk::Range { .. } => (1, scan::list_within(db, target, place, chunk)?),
    };
    // Without a row nothing is wrong with one: then it is the statement.
    if compare_whole(db, target, place, &Chunk::Listed { from: 1, to: 0 }, 0).is_err() {
        return Err(error);
    }
    let mut halving = Halving { db, target, place, keep, outcome: Outcome::default() };
    // It is known of the whole part that it fails.
    halving.halves(from, to, error)?;
    Ok(halving.outcome)
}

struct Halving<'a> {
    db: &'a Db,
    target: &'a Target,
    place: Place,
    keep: usize,
    outcome: Outcome,
}

impl Halving<'_> {
    /// A part that fails.
    fn halves(&mut self, from: i64, to: i64, error: Error) -> Result<()> {
        if from > to {
            return Err(error);
        }
        if from == to {
            return self.fails(from, error);
        }
        let middle = from + (to - from) / 2;
        self.part(from, middle)?;
        self.part(middle + 1, to)
    }

    fn part(&mut self, from: i64, to: i64) -> Result<()> {
        let room = self.keep.saturating_sub(self.outcome.diffs.len());
        let part = Chunk::Listed { from, to };
        match compare_whole(self.db, self.target, self.place, &part, room) {
            Ok(found) => {
                self.outcome.derived += found.derived;
                self.outcome.missing += found.missing;
                self.outcome.extra += found.extra;
                self.outcome.different += found.different;
                self.outcome.diffs.extend(found.diffs);
                Ok(())
            }
            Err(error) if may_be_a_row(&error) => self.halves(from, to, error),
            Err(error) => Err(error),
        }
    }

    /// A scope that fails alone.
    fn fails(&mut self, number: i64, error: Error) -> Result<()> {
        let target = self.target;
        let says = match &error {
            Error::Database { source, .. } => source.message(),
            other => other.to_string(),
        };
        let scope = scan::scope_at(self.db, number, target.scope.len())?;
        let value = |name: &String| {
            let position = target.scope.iter().position(|column| column == name);
            position.and_then(|position| scope.get(position)).cloned().unwrap_or(Value::Null)
        };
        let row = target.columns.iter().map(value).collect();
        self.outcome.different += 1;
        if self.outcome.diffs.len() < self.keep {
            let diff = Diff { kind: Kind::Fails, row, column: None, says: Some(says) };
            self.outcome.diffs.push(diff);
        }
        Ok(())
    }
}

/// Refuses where there is a scope for which the mapping fails, and names the first.
pub(crate) fn refuse(target: &Target, diffs: &[Diff]) -> Result<()> {
    first(target, diffs).map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// What names the first scope for which the mapping fails.
pub(crate) fn first(target: &Target, diffs: &[Diff]) -> Option<Refusal> {
    let first = diffs.iter().find(|diff| diff.kind == Kind::Fails)?;
    let (table, shown) = (&target.table.known_as, first.report(target));
    Some(Refusal {
        action: format!("filling {table}"),
        reason: format!(
            "{} for {}, so the contents of {table} for it can't be determined",
            first.failure(target).unwrap_or_default(),
            named(target, first)
        ),
        fix: format!(
            "fix that value on the {} side, or write a statement that does not fail for any value",
            target.direction.source()
        )
        .into(),
        examples: vec![shown],
    })
}

/// The scope of such a difference: `k = 'a' and n = 1`.
pub(crate) fn named(target: &Target, diff: &Diff) -> String {
    join(&target.scope, " and ", |name| {
        let position = target.columns.iter().position(|column| column == name);
        let value = position.and_then(|position| diff.row.get(position));
        format!("{name} = {}", value.map_or_else(String::new, |value| show(value.into())))
    })
}
