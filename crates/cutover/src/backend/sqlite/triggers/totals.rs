//! The statements of a target whose rows are groups: what a row brings to its group is counted
//! and added, what it takes away is subtracted. The group is read, by the mapping itself, where
//! that does not tell: when its greatest goes, or where a sum is not one of moderate whole numbers.
//!
//! They stand before the replay of what a REPLACE removed, in one trigger: a group that was
//! derived again must not be added to. A group whose row is missing, because it is new or not
//! copied yet, is derived.
//!
//! `changes()` tells in a trigger what the statement before has changed
//! (<https://www.sqlite.org/lang_corefunc.html#changes>).

use super::changed::{Changed, Use};
use super::dialect::call_with;
use super::mark::{at_work, at_work_if, mark};
use crate::derive::dirty::scope_of;
use crate::derive::existence::is_given;
use crate::derive::group::{has_odd, holds, is_least_of_all, read};
use crate::derive::no_effect::update_matters;
use crate::derive::sql::{ident, join};
use crate::derive::target::{Kept, Target, Total, Totals, scope_columns};

/// One use of the table that changes.
struct Group<'a> {
    changed: &'a Changed<'a>,
    target: &'a Target,
    totals: &'a Totals,
    used: &'a Use<'a>,
}

impl Changed<'_> {
    pub(super) fn totals_at_insert(&self) -> Vec<String> {
        self.groups().flat_map(|group| group.joined_by_new()).collect()
    }

    pub(super) fn totals_at_update(&self) -> Vec<String> {
        self.groups().flat_map(|group| group.changed()).collect()
    }

    pub(super) fn totals_at_delete(&self) -> Vec<String> {
        self.groups().flat_map(|group| group.left_by_old()).collect()
    }

    fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.uses.iter().filter_map(|used| {
            let totals = used.totals()?;
            Some(Group { changed: self, target: used.target, totals, used })
        })
    }
}

impl Group<'_> {
    fn joined_by_new(&self) -> Vec<String> {
        let counts = self.counts("NEW");
        let mut statements = self.at_work(counts.as_deref());
        statements.extend(self.join(None, counts.as_deref()));
        statements.push(self.put_if_missing(counts.as_deref()));
        statements
    }

    fn changed(&self) -> Vec<String> {
        let matters = format!("({})", update_matters(&self.used.columns(), self.changed.table()));
        let pairs: Vec<_> = self.scope("OLD").into_iter().zip(self.scope("NEW")).collect();
        let same = join(&pairs, " AND ", |(old, new)| format!("{old} IS {new}"));
        let (counted, counts) = (self.counts("OLD"), self.counts("NEW"));
        let both = |filter: &Option<String>| {
            filter.as_ref().map_or_else(|| same.clone(), |filter| format!("{same} AND {filter}"))
        };
        let gone = format!("NOT ({})", both(&counts));
        let gone = counted
            .as_ref()
            .map_or_else(|| gone.clone(), |counted| format!("{counted} AND {gone}"));
        let comes = counts
            .as_ref()
            .map_or_else(|| matters.clone(), |counts| format!("{counts} AND {matters}"));
        let any = match (&counted, &counts) {
            (Some(counted), Some(counts)) => format!("{matters} AND ({counted} OR {counts})"),
            _ => matters,
        };
        let mut statements = self.at_work(Some(&any));
        statements.extend(self.leave(Some(&gone)));
        statements.extend(self.join(Some(&both(&counted)), Some(&comes)));
        statements.push(self.put_if_missing(Some(&comes)));
        statements
    }

    fn left_by_old(&self) -> Vec<String> {
        let counted = self.counts("OLD");
        let kept = self.changed.updates_instead(self.used);
        let mut statements = if kept { self.changed.ask_whether_replaced() } else { Vec::new() };
        statements.extend(self.at_work(counted.as_deref()));
        statements.extend(self.leave(counted.as_deref()));
        if kept && let Some(emptied) = statements.last_mut() {
            *emptied += &format!(" AND {}", self.changed.is_deleted());
        }
        statements
    }

    /// Adds the row in NEW to its group, or has it there in the place of OLD, which `stays` in it.
    fn join(&self, stays: Option<&str>, when: Option<&str>) -> Vec<String> {
        let set = |kept: &Kept| match &kept.of {
            Total::Rows => {
                let rows = self.rows(kept, 1);
                stays.map_or_else(|| rows.clone(), |stays| format!("{rows} - ({stays})"))
            }
            Total::Count(of) => format!("{} + {}", ident(&kept.column), self.counted(of, stays)),
            Total::Sum { of, nullable } => self.added(kept, (of, *nullable), stays),
            Total::Extreme { of, .. } => self.compared(kept, of, stays),
        };
        self.update(&set, "NEW", when, None)
    }

    /// A number of rows with so many more, without the mark that it carries.
    fn rows(&self, kept: &Kept, more: i64) -> String {
        let carried = match &self.totals.marked {
            Some(column) if *column == kept.column => mark(self.changed.names),
            _ => 0,
        };
        let (column, more) = (ident(&kept.column), more - carried);
        let sign = if more < 0 { '-' } else { '+' };
        format!("{column} {sign} {}", more.abs())
    }

    /// Takes the row in OLD away from its group, and the group with the last of its rows.
    fn leave(&self, when: Option<&str>) -> Vec<String> {
        let scope = self.scope("OLD");
        let given = is_given(self.target, &|position| scope[position].clone());
        let given = given.unwrap_or_else(|| "1".to_owned());
        let set = |kept: &Kept| {
            let held = ident(&kept.column);
            let again = || self.read(kept, "OLD");
            match &kept.of {
                Total::Rows => self.rows(kept, -1),
                Total::Count(of) => format!("{held} - (OLD.{} IS NOT NULL)", ident(of)),
                Total::Sum { of, nullable } => {
                    let (old, odd) = (format!("OLD.{}", ident(of)), self.has_odd(of, "OLD"));
                    let (none, some) = match nullable {
                        true => (format!("WHEN {old} IS NULL THEN {held} "), NOT_OF_NONE),
                        false => (String::new(), ""),
                    };
                    let rest = format!("{held} - {old}");
                    let some = some.replace("rest", &rest);
                    format!(
                        "CASE {none}WHEN typeof({old}) = 'integer' AND typeof({rest}) = 'integer'{some} \
                         AND NOT {odd} THEN {rest} ELSE {} END",
                        again()
                    )
                }
                Total::Extreme { of, least, .. } => {
                    let operator = if *least { "<=" } else { ">=" };
                    format!(
                        "CASE WHEN OLD.{} {operator} {held} THEN {} ELSE {held} END",
                        ident(of),
                        again()
                    )
                }
            }
        };
        let mut statements = self.update(&set, "OLD", when, Some(&given));
        let when = when.map_or_else(String::new, |when| format!(" AND {when}"));
        statements.push(format!("DELETE FROM {}{when} AND changes() = 0", self.own("OLD")));
        statements
    }

    fn counted(&self, of: &str, stays: Option<&str>) -> String {
        let of = ident(of);
        let came = format!("(NEW.{of} IS NOT NULL)");
        match stays {
            Some(stays) => format!("{came} - ({stays} AND OLD.{of} IS NOT NULL)"),
            None => came,
        }
    }

    /// The sum with NEW, and without OLD where that `stays`. Where a value was odd the sum held
    /// is none of whole numbers, even if it looks like one.
    fn added(&self, kept: &Kept, (of, nullable): (&str, bool), stays: Option<&str>) -> String {
        let held = ident(&kept.column);
        let (old, new) = (format!("OLD.{}", ident(of)), format!("NEW.{}", ident(of)));
        let number = |value: &str| match nullable {
            true => format!("coalesce({value}, 0)"),
            false => value.to_owned(),
        };
        let mut sum = format!("{} + {}", number(&held), number(&new));
        let mut conditions = Vec::new();
        let mut unchanged = format!("{new} IS NULL");
        if let Some(stays) = stays {
            sum += &format!(" - CASE WHEN {stays} THEN {} ELSE 0 END", number(&old));
            conditions.push(match nullable {
                true => format!("(NOT ({stays}) OR typeof({old}) IN ('integer', 'null'))"),
                false => format!("(NOT ({stays}) OR typeof({old}) = 'integer')"),
            });
            unchanged += &format!(" AND (NOT ({stays}) OR {old} IS NULL)");
        }
        conditions.push(format!("typeof({sum}) = 'integer'"));
        if nullable {
            conditions.push(format!("({new} IS NOT NULL OR {sum} <> 0)"));
        }
        conditions.push(format!("NOT {}", self.has_odd(of, "NEW")));
        let unchanged = match nullable {
            true => format!("WHEN {unchanged} THEN {held} "),
            false => String::new(),
        };
        format!(
            "CASE {unchanged}WHEN {} THEN {sum} ELSE {} END",
            conditions.join(" AND "),
            self.read(kept, "NEW")
        )
    }

    /// The least or the greatest with NEW, and without OLD where that `stays`.
    fn compared(&self, kept: &Kept, of: &str, stays: Option<&str>) -> String {
        let Total::Extreme { least, apart, .. } = kept.of else { return ident(&kept.column) };
        let (held, of) = (ident(&kept.column), ident(of));
        let operator = if least { "<=" } else { ">=" };
        let mut cases = String::new();
        if apart {
            let lowest = is_least_of_all(&format!("NEW.{of}"));
            cases += &format!("WHEN {lowest} THEN {} ", self.read(kept, "NEW"));
        }
        cases += &format!("WHEN NEW.{of} {operator} {held} THEN NEW.{of} ");
        if let Some(stays) = stays {
            let again = self.read(kept, "NEW");
            cases += &format!("WHEN {stays} AND OLD.{of} {operator} {held} THEN {again} ");
        }
        format!("CASE {cases}WHEN {held} IS NULL THEN NEW.{of} ELSE {held} END")
    }

    /// Derives the group of the row in NEW, if the statement before did not find it.
    fn put_if_missing(&self, when: Option<&str>) -> String {
        let missing = when
            .map_or_else(|| "changes() = 0".to_owned(), |when| format!("{when} AND changes() = 0"));
        let put = self.changed.names.put(&self.target.table.name);
        call_with(&put, &scope_columns(self.target), &self.scope("NEW"), Some(&missing))
    }

    /// The mark, where no number of rows can carry it.
    fn at_work(&self, when: Option<&str>) -> Vec<String> {
        let names = self.changed.names;
        if self.totals.marked.is_some() {
            return Vec::new();
        }
        when.map_or_else(|| at_work(names), |when| at_work_if(names, when)).into()
    }

    /// Sets the group of a row, if a condition on the row and one on the tables hold. A mark in
    /// the group itself costs no page of log that is not written anyway.
    fn update(
        &self,
        set: &dyn Fn(&Kept) -> String,
        row: &str,
        when: Option<&str>,
        given: Option<&str>,
    ) -> Vec<String> {
        let set = join(&self.totals.kept, ", ", |kept| {
            format!("{} = {}", ident(&kept.column), set(kept))
        });
        let table = ident(&self.target.table.name);
        let and = |condition: Option<&str>| {
            condition.map_or_else(String::new, |condition| format!(" AND {condition}"))
        };
        let (key, when, given) = (self.same_key(row), and(when), and(given));
        let Some(column) = &self.totals.marked else {
            return vec![format!("UPDATE {table} SET {set} WHERE {key}{when}{given}")];
        };
        let (column, mark) = (ident(column), mark(self.changed.names));
        vec![
            format!("UPDATE {table} SET {column} = {column} + {mark} WHERE {key}{when}{given}"),
            format!("UPDATE {table} SET {set} WHERE {key}{when} AND {column} >= {mark}"),
        ]
    }

    /// `target WHERE` it has the key of the row's group.
    fn own(&self, row: &str) -> String {
        format!("{} WHERE {}", ident(&self.target.table.name), self.same_key(row))
    }

    fn same_key(&self, row: &str) -> String {
        let scope = self.scope(row);
        let value = |position: usize| {
            let part = &self.target.key.columns[position];
            let mut scope = self.target.scope.iter().zip(&scope);
            let found = scope.find(|(name, _)| name.eq_ignore_ascii_case(part));
            found.map_or_else(|| "NULL".to_owned(), |(_, value)| value.clone())
        };
        self.target.with_key(&value).1
    }

    /// The group of a row of the trigger.
    fn scope(&self, row: &str) -> Vec<String> {
        scope_of(self.used.source, self.used.leaf, row).unwrap_or_default()
    }

    /// Whether the mapping counts a row of the trigger, if not any.
    fn counts(&self, row: &str) -> Option<String> {
        self.totals.filter.as_ref().map(|filter| holds(filter, row))
    }

    fn read(&self, kept: &Kept, row: &str) -> String {
        let scope = self.scope(row);
        read(self.target, &kept.output, &|position| scope[position].clone())
    }

    fn has_odd(&self, of: &str, row: &str) -> String {
        let scope = self.scope(row);
        has_odd(self.target, self.totals, of, &|position| scope[position].clone())
    }
}

/// The sum of no value is NULL, and of some it may be 0.
const NOT_OF_NONE: &str = " AND rest <> 0";
