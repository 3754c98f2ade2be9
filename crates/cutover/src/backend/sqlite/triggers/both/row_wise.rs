//! The triggers on an old table whose every row makes one row of each target, by itself: what the
//! mapping gave and gives is told by OLD and NEW, and nothing has to be derived or held aside.
//!
//! - A row that is **inserted** makes a row in each, if none of its key is there.
//! - Where one is there, or a REPLACE took rows away, another trigger asks what they were.
//! - An **update** sets what the mapping gives another value for than before.
//! - What an update **moves** keeps what only the new tables hold.
//! - A row that is **deleted** takes those of its key along.
//!
//! What comes back is compared where the two sides store or compute a value differently.

use super::super::dialect::{refuse, trigger};
use super::super::procedure::refuse_nulls;
use super::super::turn::{idle, in_turn};
use super::check::message;
use super::context::Both;
use super::gone::VICTIM;
use super::old_table::OldTable;
use super::put::hidden_message;
use super::row::not_same;
use crate::derive::by_key;
use crate::derive::derived::{differs, is_zero};
use crate::derive::no_effect::update_matters;
use crate::derive::object::Object;
use crate::derive::owned::{OfRow, ReadBack, of_one_row};
use crate::derive::query::Leaf;
use crate::derive::sql::{any, ident, idents, join};
use crate::derive::target::{Direct, Form, Hub, Part, Target, Value};
use crate::phase::Side;
use crate::schema::Table;

/// An old table of that kind.
pub(super) struct RowWise<'a> {
    old: &'a OldTable<'a>,
    fed: Vec<Follower<'a>>,
    back: (&'a Target, Direct),
}

/// A target of which each row is made by one of the old table.
struct Follower<'a> {
    target: &'a Target,
    hub: &'a Hub,
    /// What it gets, by the target's columns.
    gets: Vec<OfRow>,
    read: ReadBack,
}

impl<'a> RowWise<'a> {
    /// None where something else than the row has a part in what the mapping gives, or in what
    /// comes back.
    pub(super) fn of(old: &'a OldTable<'a>) -> Option<Self> {
        let (both, table) = (old.both, old.table);
        let follower = |(target, leaf)| follower(both, table, target, leaf);
        let fed: Vec<Follower<'a>> =
            old.read_once()?.into_iter().map(follower).collect::<Option<_>>()?;
        let [first, ..] = fed.as_slice() else { return None };
        if fed.iter().any(|other| other.hub.key != first.hub.key) {
            return None;
        }
        let follows = |name: &str| fed.iter().find(|one| one.target.table.name == name);
        let mut back = None;
        for target in both.backward {
            let reads = target
                .leaves()
                .any(|(_, leaf)| leaf.side == Side::New && follows(&leaf.table).is_some());
            if !reads && target.table.name != table.name {
                continue;
            }
            let direct = target.one_row_each(both.catalog)?;
            let is_own = target.table.name == table.name && target.key.columns == first.hub.key;
            let whole = !direct.conditional && direct.hubs.len() == target.leaves().count();
            let fits = |hub: &Hub| {
                !hub.optional
                    && follows(&hub.leaf.table).is_some_and(|one| one.target.key.columns == hub.key)
            };
            if !is_own || !whole || !direct.hubs.iter().all(fits) || back.is_some() {
                return None;
            }
            back = Some((target, direct));
        }
        Some(Self { old, fed, back: back? })
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        let mut objects = self.old.for_notes();
        objects.extend(self.old.noting());
        objects.extend([self.insert(), self.update(), self.delete(), self.moved()]);
        // SQLite runs the triggers of an event from the last to the first. In any other order a row
        // is found as this one made it.
        objects.push(self.meet());
        objects
    }

    fn insert(&self) -> Object {
        let there = self.fed.iter().map(|one| format!("NOT {}", one.there("NEW")));
        let when: Vec<String> = there.chain(self.no_victims()).collect();
        let mut statements = Vec::new();
        for one in &self.fed {
            statements.extend(self.refuse_nulls(one));
            statements.push(format!(
                "INSERT INTO {} ({}) VALUES ({})",
                ident(&one.target.table.name),
                idents("", &one.target.columns),
                join(&one.gets, ", ", |value| value.of("NEW")),
            ));
        }
        statements.extend(self.check());
        self.trigger("put_insert", "AFTER INSERT", &when, &statements)
    }

    /// A row was inserted where the targets have one of its key, or by REPLACE.
    fn meet(&self) -> Object {
        let met = self.fed.iter().map(|one| one.there("NEW")).chain(self.victims());
        let when = [any(&met.collect::<Vec<_>>())];
        let mut statements = self.drop_victims("NEW");
        for one in &self.fed {
            let victim = self.victim(one, "1");
            let (table, same) = (ident(&one.target.table.name), one.same("NEW"));
            let differ = one.columns(|column| {
                let held = format!("x.{}", ident(&one.target.columns[column]));
                Some(not_same(&held, &one.gets[column].of("NEW")))
            });
            if !differ.is_empty() {
                let hidden = self.refuse(&hidden_message(one.target));
                let victim = if victim.is_empty() {
                    String::new()
                } else {
                    format!(" AND NOT EXISTS {victim}")
                };
                statements.push(format!(
                    "{hidden} FROM {table} AS x WHERE {same}{victim} AND ({})",
                    any(&differ)
                ));
            }
            statements.extend(self.refuse_nulls(one));
            if !victim.is_empty() {
                let set = self.set(one, &|column| {
                    let was = self.victim(one, &one.gets[column].of("g"));
                    let is = one.gets[column].of("NEW");
                    let zero = one.keeps_zeros(column).then(|| is_zero(&is));
                    let differ = [Some(not_same(&was, &is)), zero];
                    (was, format!("({})", any(&differ.into_iter().flatten().collect::<Vec<_>>())))
                });
                statements.extend(set.map(|(set, _)| {
                    format!("UPDATE {table} SET {set} WHERE {same} AND EXISTS {victim}")
                }));
            }
            statements.push(format!(
                "INSERT INTO {table} ({}) SELECT {} WHERE NOT {}",
                idents("", &one.target.columns),
                join(&one.gets, ", ", |value| value.of("NEW")),
                one.there("NEW")
            ));
        }
        statements.extend(self.check());
        statements.extend(self.clear());
        self.trigger("meet_insert", "AFTER INSERT", &when, &statements)
    }

    fn update(&self) -> Object {
        let mut when = vec![format!("NOT {}", self.moves())];
        when.push(update_matters(&self.all(), Some(self.old.table)));
        when.extend(self.no_victims());
        let mut statements = Vec::new();
        for one in &self.fed {
            statements.extend(self.refuse_nulls(one));
            statements.extend(self.changes(one, "NEW"));
        }
        statements.extend(self.check());
        self.trigger("put_update", "AFTER UPDATE", &when, &statements)
    }

    /// What an UPDATE changed in a target, index by index: one is written anew for each UPDATE that
    /// names its column.
    fn changes(&self, one: &Follower<'_>, row: &str) -> Vec<String> {
        let table = ident(&one.target.table.name);
        let parts = one.hub.parts(&one.target.table);
        let of_part = |part: &Part<'_>| {
            let named =
                |column: usize| part.iter().any(|given| given.column == one.target.columns[column]);
            let (set, changed) = self.set_of(one, &named)?;
            Some(format!("UPDATE {table} SET {set} WHERE {} AND ({changed})", one.same(row)))
        };
        parts.iter().filter_map(of_part).collect()
    }

    /// The columns that follow an UPDATE of the row, and that one of them does.
    fn set_of(
        &self,
        one: &Follower<'_>,
        named: &dyn Fn(usize) -> bool,
    ) -> Option<(String, String)> {
        let table = self.old.table;
        self.set_where(one, named, &|column| {
            let given = &one.target.columns[column];
            let reads = one.hub.gives.iter().find(|given_by| given_by.column == *given);
            let reads = reads.map(|given| given.reads.clone()).unwrap_or_default();
            let (was, is) = (one.gets[column].of("OLD"), one.gets[column].of("NEW"));
            let mut changed = format!("({})", update_matters(&reads, Some(table)));
            let plain = one
                .hub
                .gives
                .iter()
                .any(|it| it.column == *given && matches!(it.value, Value::Column { .. }));
            if !plain {
                let mut parts = vec![not_same(&was, &is)];
                parts.extend(one.keeps_zeros(column).then(|| is_zero(&is)));
                changed += &format!(" AND ({})", any(&parts));
            }
            (was, changed)
        })
    }

    fn set(
        &self,
        one: &Follower<'_>,
        changed: &dyn Fn(usize) -> (String, String),
    ) -> Option<(String, String)> {
        self.set_where(one, &|_| true, changed)
    }

    /// `changed` tells what the mapping gave for a column, and whether it gives something else.
    fn set_where(
        &self,
        one: &Follower<'_>,
        named: &dyn Fn(usize) -> bool,
        changed: &dyn Fn(usize) -> (String, String),
    ) -> Option<(String, String)> {
        let table = ident(&one.target.table.name);
        let (mut set, mut follows) = (Vec::new(), Vec::new());
        for column in one.values().filter(|column| named(*column)) {
            let name = &one.target.columns[column];
            let (was, mut follow) = changed(column);
            if !one.read.reads(name) {
                // Untouched by anybody who knows the new table.
                follow +=
                    &format!(" AND NOT {}", not_same(&format!("{table}.{}", ident(name)), &was));
            }
            let quoted = ident(name);
            set.push(format!(
                "{quoted} = CASE WHEN {follow} THEN {} ELSE {quoted} END",
                one.gets[column].of("NEW")
            ));
            follows.push(format!("({follow})"));
        }
        (!set.is_empty()).then(|| (set.join(", "), any(&follows)))
    }

    /// The key changed, or a REPLACE took rows away.
    fn moved(&self) -> Object {
        let cases: Vec<String> = self.victims().into_iter().chain([self.moves()]).collect();
        let mut statements = self.drop_victims("OLD");
        let moves = self.moves();
        for one in &self.fed {
            let table = ident(&one.target.table.name);
            let hidden = self.refuse(&hidden_message(one.target));
            statements
                .push(format!("{hidden} FROM {table} AS x WHERE {moves} AND {}", one.same("NEW")));
            statements.extend(self.refuse_nulls(one));
            let key = join(&one.target.key.columns, ", ", |column| {
                let at = one.target.columns.iter().position(|name| name == column);
                format!("{} = {}", ident(column), one.gets[at.unwrap_or_default()].of("NEW"))
            });
            statements
                .push(format!("UPDATE {table} SET {key} WHERE {moves} AND {}", one.same("OLD")));
            statements.extend(self.changes(one, "NEW"));
        }
        statements.extend(self.check());
        statements.extend(self.clear());
        self.trigger("move_update", "AFTER UPDATE", &[any(&cases)], &statements)
    }

    fn delete(&self) -> Object {
        let when: Vec<String> = self.old.is_no_victim().into_iter().collect();
        let statements: Vec<String> = self
            .fed
            .iter()
            .rev()
            .map(|one| {
                format!("DELETE FROM {} WHERE {}", ident(&one.target.table.name), one.same("OLD"))
            })
            .collect();
        self.trigger("put_delete", "AFTER DELETE", &when, &statements)
    }

    fn trigger(&self, what: &str, event: &str, when: &[String], statements: &[String]) -> Object {
        let names = self.old.both.names;
        let table = &self.old.table.name;
        let mut conditions: Vec<String> = when.iter().map(|it| format!("({it})")).collect();
        conditions.push(idle(names));
        let when = conditions.join(" AND ");
        let name = names.trigger(what, table);
        trigger(name, event, table, Some(&when), &in_turn(names, statements))
    }

    fn all(&self) -> Vec<String> {
        self.old.table.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// That the row's key changed.
    fn moves(&self) -> String {
        format!("({})", update_matters(&self.fed[0].hub.key, Some(self.old.table)))
    }

    fn has_keys(&self) -> bool {
        !self.old.table.conflict_keys.is_empty()
    }

    fn victims(&self) -> Option<String> {
        self.has_keys().then(|| self.old.has_victims())
    }

    fn no_victims(&self) -> Option<String> {
        self.victims().map(|victims| format!("NOT {victims}"))
    }

    /// What the row that a REPLACE took away under the key of the new one had; nothing where none
    /// can be taken away.
    fn victim(&self, one: &Follower<'_>, what: &str) -> String {
        if !self.has_keys() {
            return String::new();
        }
        let same = join(&one.hub.key, " AND ", |column| format!("g.{0} = NEW.{0}", ident(column)));
        format!(
            "(SELECT {what} FROM {} AS g WHERE g._cutover_kind = {VICTIM} AND {same})",
            self.old.gone_rows()
        )
    }

    /// What the rows that a REPLACE took away gave goes, but for that of the row itself.
    fn drop_victims(&self, own: &str) -> Vec<String> {
        let mut statements = self.old.drop_untrue();
        if statements.is_empty() {
            return statements;
        }
        for one in self.fed.iter().rev() {
            let pairs: Vec<(&String, &String)> =
                one.target.key.columns.iter().zip(&one.hub.key).collect();
            let same = join(&pairs, " AND ", |(column, given)| {
                format!("{}.{} = g.{}", ident(&one.target.table.name), ident(column), ident(given))
            });
            let is_own =
                join(&one.hub.key, " AND ", |column| format!("g.{0} = {own}.{0}", ident(column)));
            statements.push(format!(
                "DELETE FROM {} WHERE EXISTS (SELECT 1 FROM {} AS g \
                 WHERE g._cutover_kind = {VICTIM} AND {same} AND NOT ({is_own}))",
                ident(&one.target.table.name),
                self.old.gone_rows(),
            ));
        }
        statements
    }

    fn clear(&self) -> Option<String> {
        self.has_keys().then(|| self.old.clear_gone())
    }

    fn refuse(&self, what: &str) -> String {
        refuse(&format!("cutover: migration {}: {what}", self.old.both.migration))
    }

    fn refuse_nulls(&self, one: &Follower<'_>) -> Option<String> {
        let both = self.old.both;
        refuse_nulls(
            one.target,
            (both.migration, both.catalog),
            &mut one.target.columns.iter(),
            &|column| one.get(column).of("NEW"),
        )
    }

    /// That the row comes back as it was written, as far as its two homes don't store the same.
    fn check(&self) -> Option<String> {
        let (target, direct) = &self.back;
        let key = |position: usize| format!("NEW.{}", ident(&target.key.columns[position]));
        let value = |column: &str| {
            let position = target.columns.iter().position(|name| name == column);
            let expr = &target.sources[0].query.first.columns[position.unwrap_or_default()].expr;
            by_key::value(target, direct, expr, &key)
        };
        let doubtful = target.columns.iter().filter(|column| !self.is_copied(column));
        let wrong = differs(target, doubtful, "NEW", &value)?;
        Some(format!("{} WHERE {wrong}", refuse(&message(self.old.both.migration, target))))
    }

    /// Whether the old table's column is stored by a new one as it is, and given back so.
    fn is_copied(&self, column: &str) -> bool {
        let (target, direct) = &self.back;
        if target.key.columns.iter().any(|part| part == column) {
            return true;
        }
        direct.hubs.iter().any(|hub| {
            let given = hub.gives.iter().find(|given| given.column == column);
            let Some(Value::Column { name, alike: true }) = given.map(|given| &given.value) else {
                return false;
            };
            self.fed.iter().any(|one| {
                one.target.table.name == hub.leaf.table
                    && one.hub.gives.iter().any(|given| {
                        given.column == *name
                            && matches!(&given.value, Value::Column { name, alike: true } if name == column)
                    })
            })
        })
    }
}

impl Follower<'_> {
    fn get(&self, column: &str) -> &OfRow {
        let at = self.target.columns.iter().position(|name| name == column);
        &self.gets[at.unwrap_or_default()]
    }

    /// That a row has the key which a row of the old table gives.
    fn same(&self, row: &str) -> String {
        self.target.with_key(&|position| format!("{row}.{}", ident(&self.hub.key[position]))).1
    }

    fn there(&self, row: &str) -> String {
        format!(
            "EXISTS (SELECT 1 FROM {} WHERE {})",
            ident(&self.target.table.name),
            self.same(row)
        )
    }

    /// The positions of the columns beside the key.
    fn values(&self) -> impl Iterator<Item = usize> {
        let target = self.target;
        (0..target.columns.len())
            .filter(|column| !target.key.columns.contains(&target.columns[*column]))
    }

    fn columns<T>(&self, of: impl FnMut(usize) -> Option<T>) -> Vec<T> {
        self.values().filter_map(of).collect()
    }

    fn keeps_zeros(&self, column: usize) -> bool {
        let column = self.target.column(&self.target.columns[column]);
        column.is_none_or(|column| column.affinity.keeps_all())
    }
}

fn follower<'a>(
    both: Both<'a>,
    table: &Table,
    target: &'a Target,
    leaf: &Leaf,
) -> Option<Follower<'a>> {
    let Form::RowByRow(direct) = &target.form else { return None };
    let hub = direct.hub(leaf).filter(|_| !direct.conditional && target.leaves().count() == 1)?;
    let alike = |(part, given): (&String, &String)| {
        let (one, other) = (target.column(part)?, table.column(given)?);
        Some(one.affinity == other.affinity && one.is_binary() && other.is_binary())
    };
    let pairs = target.key.columns.iter().zip(&hub.key);
    if !pairs.map(alike).all(|alike| alike == Some(true)) {
        return None;
    }
    let gets = of_one_row(target, leaf)?;
    let read = ReadBack::of(target, both.backward);
    (!read.optional).then_some(Follower { target, hub, gets, read })
}
