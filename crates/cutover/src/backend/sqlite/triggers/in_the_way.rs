//! Rows that have a unique value which another is about to get.

use super::conflict::{agree, over_values};
use super::procedure::Body;
use crate::derive::derived::{Part, Place, derived, differs};
use crate::derive::sql::{ident, idents, join};
use crate::schema::ConflictKey;

/// How the row in NEW could be in another's way.
struct Conflict {
    what: String,
    /// `FROM … WHERE …`: the rows of the table that are in the way.
    found: String,
    /// What they are called there.
    alias: &'static str,
    /// The columns that decide.
    decide: Vec<String>,
}

impl Body<'_> {
    /// Refuses, before anything is written, what a conflict clause of the application's statement
    /// could otherwise hide. What no source row gives makes way. `own` tells the row's own image
    /// in a table of that alias.
    pub(super) fn make_room(&self, own: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut statements = Vec::new();
        for conflict in self.conflicts(own) {
            if self.over_stale {
                statements.push(self.free_stale(&conflict));
            }
            statements.push(format!("{} {}", self.raise(&conflict.what), conflict.found));
        }
        statements
    }

    /// Takes rows away that are in the way, where the mapping does not give them so. What it gives
    /// for them is put when the pass over them comes there.
    fn free_stale(&self, Conflict { found, alias, decide, .. }: &Conflict) -> String {
        let target = self.target;
        let scope = |position: usize| format!("{alias}.{}", ident(&target.scope[position]));
        let given = derived(target, Place::LIVE, Part::Scope(&scope));
        let value = |column: &str| format!("d.{}", ident(column));
        let same = differs(target, decide.iter(), alias, &value)
            .map_or_else(String::new, |differs| format!(" AND NOT ({differs})"));
        let table = ident(&target.table.name);
        let columns = self.identity();
        format!(
            "DELETE FROM {table} WHERE ({}) IN (SELECT {} {found} \
             AND NOT EXISTS (SELECT 1 FROM ({given}) AS d WHERE {}{same}))",
            idents(&format!("{table}."), &columns),
            idents(&format!("{alias}."), &columns),
            target.same_key("d", alias),
        )
    }

    /// What tells a row from all others. A key may hold NULL.
    fn identity(&self) -> Vec<String> {
        let (table, key) = (&self.target.table, &self.target.key.columns);
        match table.rowid_names().into_iter().next() {
            Some(rowid) => vec![rowid],
            None => key.clone(),
        }
    }

    fn conflicts(&self, own: &dyn Fn(&str) -> String) -> Vec<Conflict> {
        let (target, same_key) = (self.target, own("t"));
        let table = ident(&target.table.name);
        let listed = |column: &String| target.columns.contains(column);
        let value = |column: &String| self.row_value(column);
        // A subquery has no rowid of its own.
        let hidden = |name: &String| target.column(name).is_none();
        let row_id = match self.identity().first() {
            Some(name) if self.over_stale && hidden(name) => format!("{} AS {0}, ", ident(name)),
            _ => String::new(),
        };
        let mut conflicts = Vec::new();
        for unique in target.other_uniques() {
            if !unique.columns.iter().all(listed) {
                continue;
            }
            let same = join(&unique.columns, " AND ", |column| {
                format!("t.{} = {}", ident(column), value(column))
            });
            conflicts.push(Conflict {
                what: format!("two rows with the same {}", unique.columns.join(", ")),
                found: format!("FROM {table} AS t WHERE {same} AND NOT ({same_key})"),
                alias: "t",
                decide: unique.columns.clone(),
            });
        }
        conflicts.extend(target.table.partial_uniques.iter().filter_map(|unique| {
            let condition = unique.condition.as_ref()?;
            if !unique.watched().all(listed) {
                return None;
            }
            let same = join(&unique.columns, " AND ", |column| {
                format!("t.{} = {}", ident(column), value(column))
            });
            let takes_part = over_values(&target.table, condition, &|name| {
                target.columns.iter().find(|column| column.eq_ignore_ascii_case(name)).map(value)
            });
            Some(Conflict {
                what: format!("two rows with the same {}", unique.columns.join(", ")),
                found: format!(
                    "FROM (SELECT {row_id}* FROM {table} WHERE {sql}) AS t WHERE {same} AND NOT ({same_key}) \
                     AND ({takes_part})",
                    sql = condition.sql,
                ),
                alias: "t",
                decide: unique.watched().cloned().collect(),
            })
        }));
        conflicts.extend(target.further_keys().map(|key| self.further_key(key, &own("x"))));
        conflicts
    }

    /// That it agrees with another on a key over expressions or generated columns, or with a
    /// collation of its own. What the list does not give is as the table has it.
    fn further_key(&self, key: &ConflictKey, own: &str) -> Conflict {
        let target = self.target;
        let table = &target.table;
        let new = join(&table.stored_columns().collect::<Vec<_>>(), ", ", |column| {
            let name = ident(&column.name);
            if target.columns.contains(&column.name) {
                format!("{} AS {name}", self.row_value(&column.name))
            } else {
                format!("{} AS {name}", column.default.as_deref().map_or("NULL", |default| default))
            }
        });
        let agree = agree(table, key, "r");
        Conflict {
            what: "two rows agree on a unique index".to_owned(),
            found: format!(
                "FROM {} AS x, (SELECT {new}) AS r WHERE {agree} AND NOT ({own})",
                ident(&table.name)
            ),
            alias: "x",
            decide: target.columns.clone(),
        }
    }
}
