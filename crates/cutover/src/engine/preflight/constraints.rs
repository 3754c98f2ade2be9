//! The constraints and indexes of an old table beside those of the new tables that take its
//! place: what only one side has, and what follows. Pure, but for the texts it is given.

use super::counterparts::Pair;
use crate::backend::sqlite::catalog::definition::{self, Indexed, Reference};
use crate::model::build::Model;
use crate::report::Problem;
use crate::schema::{Check, Defined, Definition, Table, UniqueKey};

/// What to do about what only one side has.
pub(crate) const LOST: &str = "if that is not intended, add it to the migration's CREATE \
statements";
pub(crate) const ADDED: &str =
    "if that is not intended, leave it out of the migration's CREATE statements";

const SET_ASIDE: &str = "a rollback sets aside rows of new programs that violate it";
const REFUSED: &str = "from start on, old programs' writes that violate it are refused";

/// What only one side has. `texts`: the statements of the old table and its indexes.
pub(crate) fn compared(
    model: &Model,
    old: &Table,
    pairs: &[&Pair<'_>],
    texts: &[&Definition],
) -> Vec<Problem> {
    // Where no new table holds its rows one by one there is nothing to compare with.
    if pairs.is_empty() {
        return Vec::new();
    }
    let side = Sides { model, old, pairs };
    let mut notes = side.uniques();
    notes.extend(side.checks());
    notes.extend(side.indexes(texts));
    let table = texts.iter().find(|definition| definition.kind == Defined::Table);
    notes.extend(table.into_iter().flat_map(|table| side.references(&table.sql)));
    notes
}

struct Sides<'a> {
    model: &'a Model,
    old: &'a Table,
    pairs: &'a [&'a Pair<'a>],
}

impl Sides<'_> {
    /// The new tables, or the one that has most of these columns.
    fn to(&self, columns: &[String]) -> String {
        let held = |pair: &&&Pair<'_>| {
            columns.iter().filter(|column| pair.new_of(column, false).is_some()).count()
        };
        let best = self.pairs.iter().rev().max_by_key(held);
        best.map_or_else(String::new, |pair| format!("new.{}", pair.new.known_as))
    }

    /// Whether some of an old constraint's columns are carried. Values that are worked out on
    /// the backward mapping have no constraint on the new side that could be compared.
    fn carries(&self, columns: &[String]) -> bool {
        let any = |pair: &&Pair<'_>| columns.iter().any(|c| pair.new_of(c, false).is_some());
        self.pairs.iter().any(any)
    }

    fn lost(&self, columns: &[String], what: &str, follows: &str) -> Problem {
        let (to, from) = (self.to(columns), &self.old.known_as);
        Problem::new(format!("{to} has no {what}, but old.{from} has: {follows}"), LOST)
    }

    fn added(&self, pair: &Pair<'_>, what: &str, follows: &str) -> Problem {
        let (to, from) = (&pair.new.known_as, &self.old.known_as);
        Problem::new(format!("new.{to} has {what}, but old.{from} has not: {follows}"), ADDED)
    }

    fn uniques(&self) -> Vec<Problem> {
        let mut notes = Vec::new();
        for key in &self.old.uniques {
            let kept = |pair: &&Pair<'_>| {
                let Some(columns) = pair.all_new(&key.columns) else { return false };
                let fixed = |part: &String| has(&columns, part) || has(&pair.constants, part);
                pair.new.uniques.iter().any(|other| other.columns.iter().all(fixed))
            };
            if self.carries(&key.columns) && !self.pairs.iter().any(kept) {
                notes.push(self.lost(&key.columns, &shown(key), SET_ASIDE));
            }
        }
        for pair in self.pairs.iter().filter(|pair| pair.whole) {
            for key in &pair.new.uniques {
                // One with a column that no old program writes is not theirs to break.
                let Some(columns) = pair.all_old(&key.columns) else { continue };
                let implied =
                    |other: &UniqueKey| other.columns.iter().all(|part| has(&columns, part));
                if !self.old.uniques.iter().any(implied) {
                    notes.push(self.added(pair, &shown(key), REFUSED));
                }
            }
        }
        notes
    }

    fn checks(&self) -> Vec<Problem> {
        let mut notes = Vec::new();
        for check in &self.old.checks {
            let kept = |pair: &&Pair<'_>| match pair.translated(check) {
                Some(text) => {
                    pair.new.checks.iter().any(|c| pair.as_compared(c) == Some(text.clone()))
                }
                // Of values that are converted another condition may say the same.
                None => pair.all_new(&check.columns).is_some_and(|columns| {
                    let about = |other: &Check| columns.iter().any(|c| has(&other.columns, c));
                    pair.new.checks.iter().any(about)
                }),
            };
            if self.carries(&check.columns) && !self.pairs.iter().any(kept) {
                let what = format!("CHECK ({})", check.sql);
                notes.push(self.lost(&check.columns, &what, SET_ASIDE));
            }
        }
        for pair in self.pairs.iter().filter(|pair| pair.whole) {
            let had: Vec<Option<String>> =
                self.old.checks.iter().map(|check| pair.translated(check)).collect();
            for check in &pair.new.checks {
                let theirs = check.columns.iter().all(|column| pair.old_of(column, true).is_some());
                if theirs && !had.contains(&pair.as_compared(check)) {
                    notes.push(self.added(pair, &format!("CHECK ({})", check.sql), REFUSED));
                }
            }
        }
        notes
    }

    /// Indexes that no constraint makes. Plain unique ones are among the keys.
    fn indexes(&self, texts: &[&Definition]) -> Vec<Problem> {
        let mut notes = Vec::new();
        for definition in texts.iter().filter(|definition| definition.kind == Defined::Index) {
            let Some(index) = definition::indexed(&definition.sql) else { continue };
            let plain = index.condition.is_none() && index.parts.iter().all(is_column);
            let matters = if index.unique { !plain } else { self.old.shared };
            if !matters || self.pairs.iter().any(|pair| self.has_index(pair, &index)) {
                continue;
            }
            let unique = if index.unique { "unique " } else { "" };
            let what = format!("{unique}index like {} {}", definition.name, described(&index));
            let follows =
                if index.unique { SET_ASIDE } else { "searches by it will read the whole table" };
            let columns: Vec<String> =
                index.parts.iter().flat_map(|part| part.columns.clone()).collect();
            notes.push(self.lost(&columns, &what, follows));
        }
        notes
    }

    fn has_index(&self, pair: &Pair<'_>, index: &Indexed) -> bool {
        let all = |checks: &[Check], f: &dyn Fn(&Check) -> Option<String>| -> Option<Vec<String>> {
            checks.iter().map(f).collect()
        };
        let Some(parts) = all(&index.parts, &|part| pair.translated(part)) else { return false };
        let condition = index.condition.as_ref().map(|condition| pair.translated(condition));
        let own = self.model.migration.indexes.iter();
        own.filter(|created| created.table.eq_ignore_ascii_case(&pair.new.known_as)).any(
            |created| {
                definition::indexed(&created.sql).is_some_and(|other| {
                    (other.unique || !index.unique)
                        && all(&other.parts, &|part| pair.as_compared(part)).as_ref()
                            == Some(&parts)
                        && other.condition.as_ref().map(|c| pair.as_compared(c)) == condition
                })
            },
        ) || (index.condition.is_none() && index.parts.iter().all(is_column)) && {
            let columns: Vec<String> =
                index.parts.iter().flat_map(|part| part.columns.clone()).collect();
            pair.all_new(&columns).is_some_and(|columns| pair.new.has_index_on(&columns))
        }
    }

    fn references(&self, sql: &str) -> Vec<Problem> {
        let had = definition::references(sql);
        let mut notes = Vec::new();
        let mut matched: Vec<(&str, Reference)> = Vec::new();
        for key in &had {
            let found = self.pairs.iter().find_map(|pair| {
                let columns = pair.all_new(&key.columns)?;
                let own = self.of_new(pair.new).into_iter();
                let mut alike = own.filter(|other| same(&other.columns, &columns));
                alike.find(|other| self.leads_alike(key, other)).map(|other| (*pair, other))
            });
            let what = format!("foreign key ({}) to {}", key.columns.join(", "), key.parent);
            match found {
                None if !self.carries(&key.columns) => {}
                None => notes.push(self.lost(
                    &key.columns,
                    &what,
                    "after a rollback, rows of new programs may refer to nothing",
                )),
                Some((pair, other)) => {
                    if other.rules != key.rules {
                        notes.push(Problem::new(
                            format!(
                                "the foreign key new.{} ({}) has {}, and that of old.{} has {}",
                                pair.new.known_as,
                                other.columns.join(", "),
                                rules(&other),
                                self.old.known_as,
                                rules(key)
                            ),
                            LOST,
                        ));
                    }
                    matched.push((&pair.new.name, other));
                }
            }
        }
        for pair in self.pairs.iter().filter(|pair| pair.whole) {
            for key in self.of_new(pair.new) {
                // A part that is split off refers to the table it belongs to.
                let parts = self.pairs.iter().any(|other| {
                    other.new.name != pair.new.name
                        && other.new.known_as.eq_ignore_ascii_case(&key.parent)
                });
                let known = matched.contains(&(&pair.new.name, key.clone())) || parts;
                if !known && pair.all_old(&key.columns).is_some() {
                    let what =
                        format!("a foreign key ({}) to {}", key.columns.join(", "), key.parent);
                    notes.push(self.added(
                        pair,
                        &what,
                        "rows of old programs that refer to nothing block write-new",
                    ));
                }
            }
        }
        notes
    }

    fn of_new(&self, table: &Table) -> Vec<Reference> {
        let created = self.model.migration.tables.iter();
        let mut own = created.filter(|created| created.name.eq_ignore_ascii_case(&table.known_as));
        own.next().map_or_else(Vec::new, |created| definition::references(&created.sql))
    }

    /// Whether two keys lead to the same table, or to the one that takes its place.
    fn leads_alike(&self, old: &Reference, new: &Reference) -> bool {
        let same = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let fills = self.model.forward.iter().filter(|t| same(&t.table.known_as, &new.parent));
        let mut sources = fills.flat_map(|target| target.leaves());
        same(&old.parent, &new.parent) || sources.any(|(_, leaf)| same(&leaf.table, &old.parent))
    }
}

fn rules(key: &Reference) -> String {
    if key.rules.is_empty() { "NO ACTION".to_owned() } else { key.rules.join(", ") }
}

fn shown(key: &UniqueKey) -> String {
    let what = if key.primary { "PRIMARY KEY" } else { "UNIQUE" };
    format!("{what} ({})", key.columns.join(", "))
}

fn described(index: &Indexed) -> String {
    let parts: Vec<&str> = index.parts.iter().map(|part| part.sql.as_str()).collect();
    let condition = index.condition.as_ref().map(|condition| format!(" WHERE {}", condition.sql));
    format!("({}){}", parts.join(", "), condition.unwrap_or_default())
}

/// Whether a part of an index is a column as it is.
fn is_column(part: &Check) -> bool {
    matches!(part.columns.as_slice(), [only] if part.sql.trim_matches('"').eq_ignore_ascii_case(only))
}

fn has(columns: &[String], column: &str) -> bool {
    columns.iter().any(|other| other.eq_ignore_ascii_case(column))
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.eq_ignore_ascii_case(b))
}
