//! Tables by which two migrations of one database would meet.
//!
//! What one migration reads, another may not move or change in place: its triggers would fail
//! with the table gone, and its rows would be derived from a table that stands still. Only
//! what both merely read is free. The decision is pure; what it needs of another migration is
//! the text that was recorded.

use std::collections::BTreeSet;

use crate::backend::sqlite::Db;
use crate::backend::sqlite::state::{self, Record};
use crate::engine::work::session::Session;
use crate::error::{Refusal, Result};
use crate::migration::Migration;
use crate::phase::Phase;
use crate::report::{Command, Fix, Problem};

/// The tables of a migration, by their names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Claims {
    /// Old tables that it replaces.
    replaced: BTreeSet<String>,
    /// Old tables that its statements name: the replaced ones and those that are only read.
    named: BTreeSet<String>,
    /// New tables. One that changes in place is among the replaced ones too.
    made: BTreeSet<String>,
    /// Whether a table changes in place.
    in_place: bool,
}

impl Claims {
    fn of(migration: &Migration) -> Self {
        let named: BTreeSet<String> = migration.old_tables().map(str::to_ascii_lowercase).collect();
        let replaced = named.iter().filter(|table| migration.replaces(table)).cloned().collect();
        let made: BTreeSet<String> =
            migration.tables.iter().map(|table| table.name.to_ascii_lowercase()).collect();
        let in_place = made.iter().any(|table| migration.shares(table));
        Self { replaced, named, made, in_place }
    }
}

/// Why the second migration may not start while the first is open: `first` does something
/// with the table that is not the second's to know of.
fn meeting(name: &str, first: &Claims, second: &Claims) -> Option<String> {
    let both =
        |one: &BTreeSet<String>, other: &BTreeSet<String>| one.intersection(other).next().cloned();
    if let Some(table) = both(&first.replaced, &second.replaced) {
        return Some(format!("migration {name} already moves table {table}"));
    }
    if let Some(table) = both(&first.replaced, &second.named) {
        return Some(format!("migration {name} replaces table {table}, which this one reads"));
    }
    if let Some(table) = both(&first.made, &second.named) {
        return Some(format!(
            "migration {name} creates table {table}, which this one needs as an old table, and \
             can still be rolled back"
        ));
    }
    both(&first.named, &second.replaced)
        .map(|table| format!("migration {name} reads table {table}, which this one replaces"))
}

/// Whether a step to this phase would take a table away from the other migration, or let it
/// stand still under it.
fn taken_away(own: &Claims, other: &Claims, to: Phase) -> Option<String> {
    let takes = match to {
        Phase::WriteNew => own.in_place,
        Phase::NewOnly | Phase::Retired => true,
        _ => false,
    };
    own.replaced.intersection(&other.named).next().filter(|_| takes).cloned()
}

/// The other migrations that have, or may have, tables and triggers in the database.
fn others(db: &Db, name: &str) -> Result<Vec<Record>> {
    let mut records = state::all(db)?;
    records.retain(|record| record.name != name && record.is_open());
    Ok(records)
}

/// What stands in the way of starting this migration beside those that are open.
pub(crate) fn with_others(db: &Db, migration: &Migration) -> Result<Vec<Problem>> {
    let own = Claims::of(migration);
    let mut problems = Vec::new();
    for record in others(db, migration.name())? {
        let name = &record.name;
        let found = match Migration::started(name, &record.text) {
            Ok(other) => meeting(name, &Claims::of(&other), &own),
            Err(_) => Some(format!(
                "migration {name} is under way, and this version can't read which tables it moves"
            )),
        };
        problems
            .extend(found.map(|reason| Problem::new(reason, finish_first("that migration", name))));
    }
    Ok(problems)
}

/// What to do about another migration that is in the way.
fn finish_first(what: &str, name: &str) -> Fix {
    Fix::from(format!("finish {what} first, or leave it with ")).with(Command::abort(name))
}

/// Another open migration that reads or replaces a table of this one: where writes enter both
/// sides, what it derives from would change under it by the sync's hand.
pub(crate) fn meeting_others(db: &Db, migration: &Migration) -> Result<Vec<Problem>> {
    let own = Claims::of(migration);
    let tables: BTreeSet<String> = own.replaced.union(&own.made).cloned().collect();
    let mut problems = Vec::new();
    for record in others(db, migration.name())? {
        let name = &record.name;
        let Ok(other) = Migration::started(name, &record.text) else { continue };
        let other = Claims::of(&other);
        problems.extend(tables.intersection(&other.named).next().map(|table| {
            Problem::new(
                format!("migration {name}, which is under way, reads or replaces table {table}"),
                finish_first(&format!("migration {name}"), name),
            )
        }));
    }
    Ok(problems)
}

impl Session<'_> {
    /// Refuses a step that would take a table away from another open migration. `start`
    /// refuses to begin such a pair; files that an older version made may hold one.
    pub(crate) fn refuse_overlap(&self, to: Phase) -> Result<()> {
        let own = Claims::of(&self.model.migration);
        for record in others(self.db, &self.record.name)? {
            let name = &record.name;
            let Ok(other) = Migration::started(name, &record.text) else { continue };
            if let Some(table) = taken_away(&own, &Claims::of(&other), to) {
                return Err(Refusal::transition(
                    to,
                    format!(
                        "migration {name}, which is under way, reads or replaces table {table}"
                    ),
                    finish_first(&format!("migration {name}"), name),
                )
                .into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> Claims {
        Claims::of(&Migration::parse("m", text).unwrap())
    }

    /// `t` becomes `s`.
    fn moves(t: &str, s: &str) -> Claims {
        claims(&format!(
            "CREATE TABLE new.{s} (id INTEGER PRIMARY KEY, w TEXT);
             INSERT INTO new.{s} (id, w) SELECT id, w FROM old.{t};
             INSERT INTO old.{t} (id, w) SELECT id, w FROM new.{s};"
        ))
    }

    /// `u` becomes `z`, which holds something of `t` too.
    fn reads(t: &str) -> Claims {
        claims(&format!(
            "CREATE TABLE new.z (id INTEGER PRIMARY KEY, t INT, w TEXT);
             INSERT INTO new.z (id, t, w) SELECT u.id, u.t, t.w FROM old.u u LEFT JOIN old.{t} t ON t.id = u.t;
             INSERT INTO old.u (id, t) SELECT id, t FROM new.z;"
        ))
    }

    #[test]
    fn what_both_merely_read_is_free() {
        let mut other = reads("t");
        other.replaced = BTreeSet::from(["v".to_owned()]);
        other.named = BTreeSet::from(["v".to_owned(), "t".to_owned()]);
        other.made = BTreeSet::from(["y".to_owned()]);
        assert_eq!(meeting("m1", &reads("t"), &other), None);
        assert_eq!(meeting("m1", &moves("t", "s"), &moves("u", "z")), None);
    }

    #[test]
    fn a_table_that_is_replaced_is_nobody_elses() {
        let says = |first: &Claims, second: &Claims| meeting("m1", first, second).unwrap();
        let (moved, in_place, read) = (moves("T", "s"), moves("t", "t"), reads("t"));
        assert_eq!(says(&moved, &in_place), "migration m1 already moves table t");
        assert_eq!(says(&moved, &read), "migration m1 replaces table t, which this one reads");
        assert_eq!(says(&in_place, &read), "migration m1 replaces table t, which this one reads");
        assert_eq!(says(&read, &moved), "migration m1 reads table t, which this one replaces");
        assert_eq!(says(&read, &in_place), "migration m1 reads table t, which this one replaces");
        // What the first makes, the second can't build on.
        assert!(says(&moves("a", "T"), &read).contains("creates table t"));
        assert!(says(&moves("a", "t"), &moved).contains("creates table t"));
    }

    #[test]
    fn a_step_leaves_others_the_tables_they_read() {
        let (moved, in_place, read) = (moves("t", "s"), moves("t", "t"), reads("t"));
        let refused = |own: &Claims, other: &Claims| {
            Phase::ALL.map(|to| taken_away(own, other, to).is_some())
        };
        assert_eq!(refused(&moved, &read), [false, false, false, false, false, true, true]);
        assert_eq!(refused(&in_place, &read), [false, false, false, false, true, true, true]);
        assert_eq!(refused(&read, &moved), [false; 7]);
        assert_eq!(refused(&moved, &moves("u", "z")), [false; 7]);
    }
}
