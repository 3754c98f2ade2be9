//! Rows that a foreign key deletes or changes because a trigger of ours took their parent.
//!
//! A program that deletes a parent has its own side's children follow by that side's foreign keys,
//! and the triggers of those children tell the other side. What a foreign key of the *other* side
//! does there is told to nobody: the flag is up. It is right where the mapping says the same, as it
//! does if both sides have the foreign key; else the write is refused.

use super::super::dialect::{refuse, trigger};
use super::super::turn::at_work;
use super::context::Both;
use super::gone::{SETTLED, VICTIM};
use crate::derive::derived::{Part, Place, derived};
use crate::derive::object::Object;
use crate::derive::owned::key_parts;
use crate::derive::query::Leaf;
use crate::derive::source::Source;
use crate::derive::sql::{any, equality, ident, join};
use crate::derive::target::Target;
use crate::phase::{Direction, Side};
use crate::schema::{ForeignKey, Table};

/// The triggers on the tables of both sides whose rows foreign keys act on.
pub(super) fn acted_on(both: Both<'_>) -> Vec<Object> {
    both.forward
        .iter()
        .chain(both.backward)
        .flat_map(|target| {
            let keys = target.table.foreign_keys.iter().enumerate();
            keys.filter(|(_, key)| key.acts)
                .filter_map(move |(number, key)| Acted::of(both, target, number, key))
        })
        .flat_map(|acted| acted.objects())
        .collect()
}

struct Acted<'a> {
    both: Both<'a>,
    target: &'a Target,
    number: usize,
    key: &'a ForeignKey,
    parent: &'a Table,
}

impl<'a> Acted<'a> {
    fn of(both: Both<'a>, target: &'a Target, number: usize, key: &'a ForeignKey) -> Option<Self> {
        let is = |table: &&Table| {
            table.name.eq_ignore_ascii_case(&key.table)
                || table.known_as.eq_ignore_ascii_case(&key.table)
        };
        let catalog = both.catalog;
        let own = match target.direction.target() {
            Side::Old => &catalog.old,
            Side::New => &catalog.new,
        };
        let parent = own.iter().find(is)?;
        Some(Self { both, target, number, key, parent })
    }

    fn objects(&self) -> Vec<Object> {
        let columns = join(&self.key.columns, ", ", |column| ident(column));
        let deleted = format!(
            "EXISTS ({} AND {}){}",
            self.given("OLD"),
            self.same("OLD"),
            self.not_replaced()
        );
        let changed = join(&self.key.columns, " OR ", |column| {
            format!("OLD.{0} IS NOT NEW.{0}", ident(column))
        });
        let mut objects = vec![self.trigger("gone_along", "AFTER DELETE", "1", &deleted)];
        if let Some(differ) = self.differing() {
            let event = format!("AFTER UPDATE OF {columns}");
            objects.push(self.trigger("set_along", &event, &changed, &differ));
        }
        objects
    }

    /// That the mapping gives something else than a foreign key has made of a row; none where it
    /// gives nothing for the columns that were changed.
    fn differing(&self) -> Option<String> {
        let target = self.target;
        let mapped = self.mapped();
        if mapped.is_empty() {
            return None;
        }
        let other = join(&mapped, " OR ", |column| format!("d.{0} IS NOT NEW.{0}", ident(column)));
        let mut wrong =
            vec![format!("EXISTS ({} AND {} AND ({other}))", self.given("NEW"), self.same("NEW"))];
        if mapped.iter().any(|column| target.key.columns.contains(column)) {
            wrong.push(format!(
                "NOT ({}) AND EXISTS ({} AND {})",
                target.same_key("OLD", "NEW"),
                self.given("OLD"),
                self.same("OLD")
            ));
        }
        if target.direction == Direction::Backward {
            // An old table holds nothing that the way back does not give.
            wrong.push(format!("NOT EXISTS ({} AND {})", self.given("NEW"), self.same("NEW")));
        }
        Some(any(&wrong))
    }

    /// That the row was not deleted because a REPLACE took what gave it away: another row may have
    /// its key by then.
    fn not_replaced(&self) -> String {
        let target = self.target;
        if target.direction == Direction::Backward {
            return String::new();
        }
        let noted = |(source, leaf): (&Source, &Leaf)| {
            let parts = key_parts(target, &source.query, leaf);
            if leaf.side != Side::Old || parts.len() < target.key.columns.len() {
                return None;
            }
            let same = join(&parts, " AND ", |part| {
                let column = &target.key.columns[part.position];
                let operator = equality(&target.table, column);
                format!("OLD.{} {operator} {}", ident(column), part.of_row("g"))
            });
            let gone = ident(&self.both.names.gone(&leaf.table));
            Some(format!(
                " AND NOT EXISTS (SELECT 1 FROM {gone} AS g \
                 WHERE g._cutover_kind IN ({VICTIM}, {SETTLED}) AND {same})"
            ))
        };
        target.leaves().filter_map(noted).collect()
    }

    /// The foreign key's columns to which the mapping gives a value.
    fn mapped(&self) -> Vec<&String> {
        let given = |name: &&String| {
            self.target.columns.iter().any(|column| column.eq_ignore_ascii_case(name))
        };
        self.key.columns.iter().filter(given).collect()
    }

    /// `SELECT … WHERE 1`: what the mapping gives now for the scope of a row of the table.
    fn given(&self, row: &str) -> String {
        let scope = |position: usize| format!("{row}.{}", ident(&self.target.scope[position]));
        format!(
            "SELECT 1 FROM ({}) AS d WHERE 1",
            derived(self.target, Place::LIVE, Part::Scope(&scope))
        )
    }

    fn same(&self, row: &str) -> String {
        self.target.same_key(row, "d")
    }

    /// That the parent of the row is gone: a row that a trigger of ours writes has its own.
    fn orphan(&self) -> String {
        let primary = || self.parent.primary_key().map(|key| key.columns.clone());
        let referred = match self.key.referred.is_empty() {
            true => primary().unwrap_or_default(),
            false => self.key.referred.clone(),
        };
        let pairs: Vec<(&String, &String)> = referred.iter().zip(&self.key.columns).collect();
        let has =
            join(&self.key.columns, " AND ", |column| format!("OLD.{} IS NOT NULL", ident(column)));
        let same = join(&pairs, " AND ", |(theirs, own)| {
            format!("p.{} = OLD.{}", ident(theirs), ident(own))
        });
        let parent = ident(&self.parent.name);
        format!("{has} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {same})")
    }

    fn trigger(&self, what: &str, event: &str, when: &str, wrong: &str) -> Object {
        let (both, table) = (self.both, &self.target.table);
        let name = both.names.trigger(&format!("{what}_{}", self.number), &table.name);
        let when = format!("{} AND ({when}) AND {}", at_work(both.names), self.orphan());
        let message = format!(
            "cutover: migration {}: a foreign key of {} to {} would change rows that the other tables keep: delete or change those first",
            both.migration, table.known_as, self.parent.known_as
        );
        let statement = format!("{} WHERE {wrong}", refuse(&message));
        trigger(name, event, &table.name, Some(&when), &[statement])
    }
}
