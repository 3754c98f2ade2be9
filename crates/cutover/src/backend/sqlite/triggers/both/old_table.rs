//! The triggers on an old table while programs write both sides.

use super::super::dialect::{procedure, trigger};
use super::super::turn::{idle, in_turn};
use super::context::Both;
use super::delta::{HELD, IS, WAS, before_procedure, changed, held_key, key_at, row, same_key};
use super::gone::{SETTLED, note_old, table};
use super::moving::Moving;
use super::{check, put};
use crate::derive::dirty::{Rows, touched};
use crate::derive::no_effect::update_matters;
use crate::derive::object::Object;
use crate::derive::owned::{KeyPart, ReadBack, is_owned, key_parts};
use crate::derive::query::Leaf;
use crate::derive::source::Source;
use crate::derive::sql::{equality, ident, idents, join};
use crate::derive::target::{Target, scope_columns};
use crate::phase::Side;
use crate::schema::Table;

/// An old table, and the targets that are fed by it.
pub(super) struct OldTable<'a> {
    pub(super) both: Both<'a>,
    pub(super) table: &'a Table,
    fed: Vec<Fed<'a>>,
}

/// A target that reads the table.
struct Fed<'a> {
    target: &'a Target,
    uses: Vec<(&'a Source, &'a Leaf)>,
    owned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Insert,
    Update,
    Delete,
}

impl<'a> OldTable<'a> {
    pub(super) fn new(both: Both<'a>, table: &'a Table) -> Self {
        let reads = |leaf: &Leaf| leaf.side == Side::Old && leaf.table == table.name;
        let fed = both.forward.iter().filter_map(|target| {
            let uses: Vec<_> = target.leaves().filter(|(_, leaf)| reads(leaf)).collect();
            (!uses.is_empty()).then(|| Fed { target, uses, owned: is_owned(target) })
        });
        Self { both, table, fed: fed.collect() }
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        let names = self.both.names;
        let mut objects = self.for_notes();
        for (number, fed) in self.fed.iter().enumerate() {
            objects.extend(before_procedure(
                &self.before_name(number),
                fed.target,
                names,
                self.table,
            ));
        }
        objects.extend(self.victims_procedure());
        objects.extend(self.noting());
        objects.extend(
            [Event::Insert, Event::Update, Event::Delete]
                .into_iter()
                .map(|event| self.after(event)),
        );
        objects
    }

    /// The targets that it feeds, if none reads it twice.
    pub(super) fn read_once(&self) -> Option<Vec<(&'a Target, &'a Leaf)>> {
        let once = |fed: &Fed<'a>| match fed.uses.as_slice() {
            [(_, leaf)] => Some((fed.target, *leaf)),
            _ => None,
        };
        self.fed.iter().map(once).collect()
    }

    pub(super) fn feeds(&self, target: &Target) -> bool {
        self.fed.iter().any(|fed| fed.target.table.name == target.table.name)
    }

    /// What notes of the rows that a REPLACE removes are kept in.
    pub(super) fn for_notes(&self) -> Vec<Object> {
        let names = self.both.names;
        let mut objects = vec![table(self.table, names)];
        if self.table.replaces_by_default && !self.table.conflict_keys.is_empty() {
            objects.extend(super::super::replaced::probe_default(names));
        }
        objects
    }

    fn before_name(&self, number: usize) -> String {
        self.both.names.trigger(&format!("before_{number}"), &self.table.name)
    }

    fn after(&self, event: Event) -> Object {
        let mut conditions = vec![idle(self.both.names)];
        let mut statements = Vec::new();
        let (what, on) = match event {
            Event::Insert => ("put_insert", "AFTER INSERT"),
            Event::Update => ("put_update", "AFTER UPDATE"),
            Event::Delete => ("put_delete", "AFTER DELETE"),
        };
        match event {
            Event::Insert => statements.extend(self.drop_untrue()),
            Event::Update => {
                let all: Vec<String> =
                    self.table.columns.iter().map(|column| column.name.clone()).collect();
                let mut matters = update_matters(&all, Some(self.table));
                if !self.table.conflict_keys.is_empty() {
                    // One that only moves a hidden rowid may have taken another row's place.
                    matters += &format!(" OR {}", self.has_victims());
                }
                conditions.push(format!("({matters})"));
                statements.extend(self.drop_untrue());
                statements.push(note_old(self.table, self.both.names));
                statements.push(self.call_for_victims());
            }
            Event::Delete => {
                conditions.extend(self.is_no_victim());
                statements.push(note_old(self.table, self.both.names));
            }
        }
        statements.extend(self.fill_before(event));
        statements.extend(self.put(event));
        statements.extend(self.checks(event));
        statements.extend(self.fed.iter().map(|fed| self.clear(fed)));
        statements.push(self.clear_gone());
        let name = self.both.names.trigger(what, &self.table.name);
        let when = conditions.join(" AND ");
        trigger(name, on, &self.table.name, Some(&when), &in_turn(self.both.names, &statements))
    }

    /// A REPLACE by an UPDATE removes rows of which nothing is left; the row that is updated stays
    /// itself. So what those gave goes first.
    fn victims_name(&self) -> String {
        self.both.names.trigger("victims", &self.table.name)
    }

    fn identity(&self) -> Vec<String> {
        (0..self.table.identity().len()).map(|position| format!("i{position}")).collect()
    }

    fn victims_procedure(&self) -> Vec<Object> {
        let mut statements = Vec::new();
        let own = join(&self.identity(), ", ", |column| format!("NEW.{column}"));
        for (number, fed) in self.fed.iter().enumerate() {
            let scopes = self.scopes(fed, None);
            for (side, victims) in [(WAS, 1), (IS, 0)] {
                statements.push(self.call_before(number, fed, &scopes, &own, side, victims));
            }
        }
        for fed in &self.fed {
            statements.extend(self.set_and_make(fed));
        }
        for fed in self.fed.iter().rev() {
            statements.push(self.drop_gone(fed));
        }
        statements.extend(self.fed.iter().map(|fed| self.clear(fed)));
        statements.push(self.settle());
        procedure(&self.victims_name(), &self.identity(), &statements)
    }

    fn call_for_victims(&self) -> String {
        let own = join(&self.table.identity(), ", ", |column| format!("NEW.{}", ident(column)));
        format!(
            "INSERT INTO {} ({}) SELECT {own} WHERE {}",
            ident(&self.victims_name()),
            self.identity().join(", "),
            self.has_victims()
        )
    }

    /// The scopes that the rows which are gone, and the row `NEW`, touch.
    fn scopes(&self, fed: &Fed<'_>, new: Option<&str>) -> String {
        let gone = self.gone_rows();
        let mut parts: Vec<String> = Vec::new();
        for (source, leaf) in &fed.uses {
            parts.extend(new.and_then(|new| touched(source, leaf, Rows::Trigger(new))));
            parts.extend(touched(source, leaf, Rows::Gone(&gone)));
        }
        parts.dedup();
        parts.join(" UNION ")
    }

    /// The scopes that the write touches; none where an UPDATE changed nothing that the target reads.
    fn touched_scopes(&self, fed: &Fed<'_>, event: Event) -> String {
        let scopes = self.scopes(fed, self.new_row(event));
        if event != Event::Update {
            return scopes;
        }
        let read = fed.uses.iter().flat_map(|(source, leaf)| source.query.columns_of(leaf.number));
        let read: Vec<String> = read.collect();
        if read.is_empty() {
            return scopes;
        }
        // What a REPLACE took away is dealt with by then.
        format!("SELECT * FROM ({scopes}) WHERE {}", update_matters(&read, Some(self.table)))
    }

    fn fill_before(&self, event: Event) -> Vec<String> {
        let own = match event {
            Event::Delete => join(&self.identity(), ", ", |_| "NULL".to_owned()),
            _ => join(&self.table.identity(), ", ", |column| format!("NEW.{}", ident(column))),
        };
        let all = self.fed.iter().enumerate();
        all.map(|(number, fed)| {
            let scopes = self.touched_scopes(fed, event);
            self.call_before(number, fed, &scopes, &own, WAS, 1)
        })
        .collect()
    }

    fn new_row(&self, event: Event) -> Option<&'static str> {
        (event != Event::Delete).then_some("NEW")
    }

    fn call_before(
        &self,
        number: usize,
        fed: &Fed<'_>,
        scopes: &str,
        own: &str,
        side: u8,
        victims: u8,
    ) -> String {
        format!(
            "INSERT INTO {} ({}, {}, side, victims) SELECT q.*, {own}, {side}, {victims} FROM ({scopes}) AS q",
            ident(&self.before_name(number)),
            scope_columns(fed.target).join(", "),
            self.identity().join(", "),
        )
    }

    fn put(&self, event: Event) -> Vec<String> {
        let names = self.both.names;
        let mut statements = Vec::new();
        for fed in &self.fed {
            let target = fed.target;
            let parts = self.key_parts(fed);
            if event != Event::Delete && fed.owned {
                statements.extend(self.held_optional(fed, &parts));
            }
            if event == Event::Update && fed.owned {
                statements.extend(self.follow_key(fed, &parts));
            }
            statements.push(format!(
                "INSERT INTO {} ({}) SELECT q.* FROM ({}) AS q",
                ident(&names.trigger("now", &target.table.name)),
                scope_columns(target).join(", "),
                self.touched_scopes(fed, event),
            ));
            if event != Event::Delete && fed.owned {
                statements.extend(self.keep_optional(fed, &parts));
            }
            if fed.owned && target.has_other_keys() {
                statements.push(self.drop_gone(fed));
            }
            statements.extend(self.set_and_make(fed));
        }
        if event != Event::Delete {
            statements.extend(self.moves_along());
        }
        for fed in self.fed.iter().rev() {
            if !fed.owned || !fed.target.has_other_keys() {
                statements.push(self.drop_gone(fed));
            }
        }
        statements
    }

    /// Where a row leaves one target and comes to another, what only the new side has goes along.
    fn moves_along(&self) -> Vec<String> {
        let all = || self.fed.iter().filter(|fed| fed.owned);
        let pairs = all().flat_map(|from| all().map(move |to| (from, to)));
        pairs
            .filter(|(from, to)| from.target.table.name != to.target.table.name)
            .flat_map(|(from, to)| self.move_along(from, to))
            .collect()
    }

    fn move_along(&self, from: &Fed<'_>, to: &Fed<'_>) -> Vec<String> {
        let (leaves, comes) = (self.key_parts(from), self.key_parts(to));
        let whole = |fed: &Fed<'_>, parts: &[KeyPart]| parts.len() == fed.target.key.columns.len();
        if !whole(from, &leaves) || !whole(to, &comes) {
            return Vec::new();
        }
        Moving { both: self.both, from: (from.target, leaves), to: (to.target, comes) }.statements()
    }

    /// The parts of a target's key that the row gives. Those of several uses are the same.
    fn key_parts(&self, fed: &Fed<'_>) -> Vec<KeyPart> {
        fed.uses
            .iter()
            .map(|(source, leaf)| key_parts(fed.target, &source.query, leaf))
            .find(|parts| !parts.is_empty())
            .unwrap_or_default()
    }

    /// A row whose key an UPDATE changes stays the same row: what was given under the old key is
    /// looked for under the new one.
    fn follow_key(&self, fed: &Fed<'_>, parts: &[KeyPart]) -> Option<String> {
        let target = fed.target;
        let delta = ident(&self.both.names.delta(&target.table.name));
        // Of a row that several sources may give, the whole key must be known, or another's moves.
        let arms = target.sources.iter().map(|source| source.query.arms().count()).sum::<usize>();
        let whole = parts.len() == target.key.columns.len();
        if parts.is_empty() || arms > 1 && !whole {
            return None;
        }
        let set = join(parts, ", ", |part| {
            format!("c{} = {}", key_at(target, part.position), part.of_row("NEW"))
        });
        let was = join(parts, " AND ", |part| {
            format!("c{} IS {}", key_at(target, part.position), part.of_row("OLD"))
        });
        let moved = join(parts, " OR ", |part| {
            super::row::not_same(&part.of_row("OLD"), &part.of_row("NEW"))
        });
        Some(format!("UPDATE {delta} SET {set} WHERE ({moved}) AND side <> {IS} AND {was}"))
    }

    /// Whether an old row is there without a row of the target, which has its key.
    fn is_optional(&self, fed: &Fed<'_>, parts: &[KeyPart]) -> bool {
        fed.target.single
            && parts.len() == fed.target.key.columns.len()
            && ReadBack::of(fed.target, self.both.backward).optional
    }

    /// The row of an optional target that the table holds though the mapping did not give it: a
    /// program that knows the new tables made it, and the old row shows it.
    fn held_optional(&self, fed: &Fed<'_>, parts: &[KeyPart]) -> Option<String> {
        if !self.is_optional(fed, parts) {
            return None;
        }
        let target = fed.target;
        let delta = ident(&self.both.names.delta(&target.table.name));
        let same = join(parts, " AND ", |part| {
            let column = &target.key.columns[part.position];
            format!("x.{} {} {}", ident(column), equality(&target.table, column), part.of_row("g"))
        });
        let held = join(parts, " AND ", |part| {
            format!("b.o{} IS x.{}", part.position, ident(&target.key.columns[part.position]))
        });
        Some(format!(
            "INSERT INTO {delta} (side, {}) SELECT {HELD}, {}, {} FROM {} AS g CROSS JOIN {} AS x WHERE {same} \
             AND g._cutover_kind <> {SETTLED} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS b WHERE b.side = {WAS} AND {held})",
            [held_key(target), row(target)].concat().join(", "),
            idents("x.", &target.key.columns),
            idents("x.", &target.columns),
            self.gone_rows(),
            ident(&target.table.name),
        ))
    }

    /// A row of an optional target goes only with the old row: until then it says nothing, if its
    /// columns can.
    fn keep_optional(&self, fed: &Fed<'_>, parts: &[KeyPart]) -> Vec<String> {
        let target = fed.target;
        if !self.is_optional(fed, parts) {
            return Vec::new();
        }
        let delta = ident(&self.both.names.delta(&target.table.name));
        let all = [held_key(target), row(target)].concat().join(", ");
        let own = join(parts, " AND ", |part| {
            format!("c{} IS {}", key_at(target, part.position), part.of_row("NEW"))
        });
        let none_given =
            format!("{own} AND NOT EXISTS (SELECT 1 FROM {delta} WHERE side = {IS} AND {own})");
        let mut statements = vec![format!(
            "INSERT INTO {delta} (side, {all}) SELECT {IS}, {all} FROM {delta} WHERE side = {HELD} AND {none_given}"
        )];
        let is_key = |name: &String| target.key.columns.contains(name);
        let can_be_null = |name: &&String| !target.table.never_null(name);
        if target.columns.iter().filter(|name| !is_key(name)).all(|name| can_be_null(&name)) {
            let values =
                target.columns.iter().enumerate().map(|(column, name)| match is_key(name) {
                    true => format!("c{column}"),
                    false => "NULL".to_owned(),
                });
            statements.push(format!(
                "INSERT INTO {delta} (side, {all}) SELECT {IS}, {}, {} FROM {delta} WHERE side = {WAS} AND {none_given}",
                held_key(target).join(", "),
                values.collect::<Vec<_>>().join(", "),
            ));
        }
        statements
    }

    fn set_and_make(&self, fed: &Fed<'_>) -> [String; 2] {
        let (target, names) = (fed.target, self.both.names);
        let delta = ident(&names.delta(&target.table.name));
        let rows = row(target);
        let same = same_key(target, "b", "t");
        let set = format!(
            "INSERT INTO {} ({}) SELECT {}, {}, {} FROM {delta} AS b JOIN {delta} AS t ON {same} \
             WHERE b.side <> {IS} AND t.side = {IS} AND ({})",
            ident(&put::set(names, target)),
            [put::held(target), put::base(target), put::theirs(target)].concat().join(", "),
            idents("b.", &held_key(target)),
            idents("b.", &rows),
            idents("t.", &rows),
            changed(target, "b", "t"),
        );
        let made = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {delta} AS t WHERE t.side = {IS} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS b WHERE b.side <> {IS} AND {same})",
            ident(&put::made(names, target)),
            put::theirs(target).join(", "),
            idents("t.", &rows),
        );
        [set, made]
    }

    fn drop_gone(&self, fed: &Fed<'_>) -> String {
        let (target, names) = (fed.target, self.both.names);
        let delta = ident(&names.delta(&target.table.name));
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {delta} AS b WHERE b.side = {WAS} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS t WHERE t.side = {IS} AND {})",
            ident(&put::dropped(names, target)),
            put::held(target).join(", "),
            idents("b.", &held_key(target)),
            same_key(target, "b", "t"),
        )
    }

    fn clear(&self, fed: &Fed<'_>) -> String {
        format!("DELETE FROM {} WHERE 1", ident(&self.both.names.delta(&fed.target.table.name)))
    }

    /// Asks for every scope of the old tables that the write touches whether it comes back.
    fn checks(&self, event: Event) -> Vec<String> {
        let backward = self.both.backward.iter();
        backward
            .filter_map(|target| {
                let mut scopes = Vec::new();
                if target.table.name == self.table.name {
                    scopes.push(format!(
                        "SELECT {} FROM {} AS g",
                        idents("g.", &target.scope),
                        self.gone_rows()
                    ));
                    if let Some(new) = self.new_row(event) {
                        scopes
                            .push(format!("SELECT {}", idents(&format!("{new}."), &target.scope)));
                    }
                }
                scopes.extend(self.fed.iter().flat_map(|fed| self.touched_by(fed, target)));
                (!scopes.is_empty()).then(|| {
                    format!(
                        "INSERT INTO {} ({}) SELECT q.* FROM ({}) AS q",
                        ident(&check::name(self.both.names, target)),
                        scope_columns(target).join(", "),
                        scopes.join(" UNION ")
                    )
                })
            })
            .collect()
    }

    /// The scopes of an old table that the rows of a new one which the write changed touch.
    fn touched_by(&self, fed: &Fed<'_>, backward: &Target) -> Vec<String> {
        let target = fed.target;
        let delta = ident(&self.both.names.delta(&target.table.name));
        let same = same_key(target, "b", "t");
        let positions: Vec<usize> = (0..target.key.columns.len()).collect();
        let here = join(&positions, " AND ", |position| {
            let column = &target.key.columns[*position];
            let operator = equality(&target.table, column);
            format!("y.{} {operator} t.c{}", ident(column), key_at(target, *position))
        });
        // Those that are there, whole, and those that went, as far as the mapping gives them. A
        // CROSS JOIN holds every table before it in its place, also those that this is joined to:
        // the LIMIT keeps it by itself (<https://www.sqlite.org/optoverview.html#flattening>). And of
        // a table without statistics SQLite thinks that it is large.
        let table = ident(&target.table.name);
        let changed = changed(target, "b", "t");
        let there = format!(
            "(SELECT y.* FROM {delta} AS t CROSS JOIN {table} AS y WHERE likelihood(t.side = {IS}, 0.000001) AND {here} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS b WHERE b.side <> {IS} AND {same} AND NOT ({changed})) LIMIT -1)"
        );
        let columns = join(&target.table.columns.iter().collect::<Vec<_>>(), ", ", |column| {
            let name = ident(&column.name);
            match super::delta::given(target, &column.name) {
                Some(number) => format!("b.c{number} AS {name}"),
                None => format!("NULL AS {name}"),
            }
        });
        let went = format!(
            "(SELECT {columns} FROM {delta} AS b WHERE b.side = {WAS} \
             AND NOT EXISTS (SELECT 1 FROM {delta} AS t WHERE t.side = {IS} AND {same}))"
        );
        let mut scopes = Vec::new();
        for (source, leaf) in backward.leaves() {
            if leaf.side != Side::New || leaf.table != target.table.name {
                continue;
            }
            scopes.extend(touched(source, leaf, Rows::From(&there)));
            scopes.extend(touched(source, leaf, Rows::From(&went)));
        }
        scopes
    }
}
