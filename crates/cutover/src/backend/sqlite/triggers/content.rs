//! The sync's writes to a mirror, known by their content.
//!
//! A row is let in if the mapping gives one for its key and the table has none yet, changed into
//! what the mapping gives at this moment, and let out if the mapping no longer gives it. A mark
//! would cost a page of log at every write of every program.
//!
//! An UPDATE that changes no value of the mapping may still remove a row, by OR REPLACE: with
//! the key of another row, its rowid, or a unique value in a column that no mapping gives.
//!
//! The flag of the engine's own chunks is read last: it costs a look at a table.

use super::conflict::conflict;
use super::mark::no_chunk;
use crate::derive::by_key::{holds, is_given};
use crate::derive::derived::{Part, Place, derived, differs};
use crate::derive::existence;
use crate::derive::names::Names;
use crate::derive::no_effect::{is_changed, update_matters};
use crate::derive::sql::{any, equality, ident, join};
use crate::derive::target::{Direct, Target};
use crate::derive::typed::compared;
use crate::tree::{Expr, Literal};

/// Conditions under which a write to a mirror is not the sync's, in a BEFORE trigger.
pub(super) struct Writes {
    pub(super) inserted: String,
    pub(super) updated: String,
    pub(super) deleted: String,
}

/// Writes to a target that the mapping does not call for.
pub(super) fn foreign(target: &Target, names: Names) -> Writes {
    let and = |condition: String| format!("({condition}) AND {}", no_chunk(names));
    let given = Given { target };
    Writes {
        // Where the mapping gives a row and the table has none, only the sync is about to write
        // it. The values need no look.
        inserted: and(format!("NOT {} OR {}", given.for_key("NEW"), held(target))),
        updated: and(any(&[format!("NOT {}", given.as_it_is()), removes(target)])),
        deleted: and(given.for_key("OLD")),
    }
}

/// As [`foreign`], for a table that takes no other writes at all: a row comes in only as the
/// mapping gives it, and an UPDATE of the sync changes something that the mapping gives.
pub(super) fn foreign_to_all(target: &Target, names: Names) -> Writes {
    let and = |condition: String| format!("({condition}) AND {}", no_chunk(names));
    let Writes { updated, deleted, .. } = foreign(target, names);
    let stored = || target.table.stored_columns().map(|column| column.name.clone());
    let all: Vec<String> = stored().collect();
    let unmapped: Vec<String> = stored().filter(|name| !target.columns.contains(name)).collect();
    let mut conditions = vec![format!("NOT ({})", update_matters(&all, Some(&target.table)))];
    if !unmapped.is_empty() {
        conditions.push(is_changed(&unmapped, &target.table));
    }
    let as_given = Given { target }.as_inserted();
    Writes {
        inserted: and(format!("NOT {as_given} OR {}", held(target))),
        updated: format!("({}) OR {updated}", and(any(&conditions))),
        deleted,
    }
}

/// Whether the target has a row of the key of NEW.
fn held(target: &Target) -> String {
    format!(
        "EXISTS (SELECT 1 FROM {} AS t WHERE {})",
        ident(&target.table.name),
        target.same_key("t", "NEW")
    )
}

/// What the mapping gives for a row of the trigger.
struct Given<'a> {
    target: &'a Target,
}

impl Given<'_> {
    /// Whether there is a row of the key of NEW or OLD.
    fn for_key(&self, row: &str) -> String {
        let target = self.target;
        if let Some(direct) = target.row_by_row() {
            let key = |position: usize| format!("{row}.{}", ident(&target.key.columns[position]));
            return is_given(target, direct, None, &key)
                .map_or_else(|| "1".to_owned(), |given| format!("({given})"));
        }
        let value = |position: usize| format!("{row}.{}", ident(&target.scope[position]));
        existence::is_given(target, &value).unwrap_or_else(|| {
            format!(
                "EXISTS (SELECT 1 FROM ({}) AS d WHERE {})",
                self.scope(row),
                given(target, row)
            )
        })
    }

    /// Whether the row in NEW, which is inserted, is the one that it gives.
    fn as_inserted(&self) -> String {
        match self.target.row_by_row() {
            Some(direct) => self.same_values(direct, false),
            None => self.for_key("NEW"),
        }
    }

    /// Whether the row in NEW, which is updated, is the one that it gives.
    fn as_it_is(&self) -> String {
        let target = self.target;
        if let Some(direct) = target.row_by_row() {
            return self.same_values(direct, direct.in_steps(&target.table));
        }
        let key = given(target, "NEW");
        let same =
            differs(target, target.values(), "NEW", &|column| format!("d.{}", ident(column)))
                .map_or(key.clone(), |differs| format!("{key} AND NOT ({differs})"));
        format!("EXISTS (SELECT 1 FROM ({}) AS d WHERE {same})", self.scope("NEW"))
    }

    fn scope(&self, row: &str) -> String {
        let value = |position: usize| format!("{row}.{}", ident(&self.target.scope[position]));
        derived(self.target, Place::LIVE, Part::Scope(&value))
    }

    /// Whether a value in NEW is that of an expression over the mapping's tables. A column that
    /// stores values as the target's does holds the very value.
    fn equal(&self, direct: &Direct, name: &String, expr: &Expr) -> Option<String> {
        let target = self.target;
        let own = format!("NEW.{}", ident(name));
        if let Some(column) = target.column(name)
            && direct.hubs.iter().any(|hub| hub.copies(name))
        {
            let same = format!("{expr} IS {own}");
            return Some(match column.affinity.tells_classes() {
                true => same,
                false => format!("{same} AND typeof({expr}) = typeof({own})"),
            });
        }
        let written = match expr {
            Expr::Column(..) => expr.to_string(),
            _ => format!("({expr})"),
        };
        differs(target, std::iter::once(name), "NEW", &|_| written.clone())
            .map(|differs| format!("NOT ({differs})"))
    }

    /// The same, from the mapping's own tables. Where a row is set in steps, what a step leaves
    /// alone may be behind.
    fn same_values(&self, direct: &Direct, in_steps: bool) -> String {
        let target = self.target;
        let outputs = &target.sources[0].query.first.columns;
        let mut same: Vec<String> = Vec::new();
        for name in target.values() {
            let Some(output) = outputs.iter().find(|output| output.name == *name) else { continue };
            let Some(equal) = self.equal(direct, name, &output.expr) else { continue };
            let alone = || is_changed(std::slice::from_ref(name), &target.table);
            let or = if in_steps { format!("NOT ({}) OR ", alone()) } else { String::new() };
            same.push(format!("({or}{equal})"));
        }
        let key = |position: usize| format!("NEW.{}", ident(&target.key.columns[position]));
        if same.is_empty() {
            return is_given(target, direct, None, &key)
                .map_or_else(|| "1".to_owned(), |given| format!("({given})"));
        }
        let same = Expr::Literal(Literal::Written(same.join(" AND ")));
        format!("({} IS 1)", holds(target, direct, &same, &key))
    }
}

/// Whether an UPDATE gives its row another key, or the unique value of another row in a column
/// that the mapping does not give. The sync's own never do.
fn removes(target: &Target) -> String {
    let table = &target.table;
    let same = |column: &String| format!("NEW.{0} IS NOT OLD.{0}", ident(column));
    let mut conditions: Vec<String> = target.key.columns.iter().map(same).collect();
    let given = |column: &String| {
        let of = |name: &String| target.columns.contains(name);
        of(column)
            || table
                .column(column)
                .and_then(|found| found.computed.as_ref())
                .is_some_and(|from| from.columns.iter().all(of))
    };
    for key in table.conflict_keys.iter().filter(|key| !key.watched().iter().all(given)) {
        conditions.push(match key.columns().as_deref() {
            Some([rowid]) if table.rowid_names().contains(rowid) => same(rowid),
            _ => format!(
                "EXISTS (SELECT 1 FROM {} AS x WHERE {})",
                ident(&table.name),
                conflict(table, key, true)
            ),
        });
    }
    any(&conditions)
}

/// Whether the row `d` that the mapping gives has the key of `row`, NEW or OLD, when it is
/// stored.
fn given(target: &Target, row: &str) -> String {
    join(&target.key.columns, " AND ", |name| {
        let operator = equality(&target.table, name);
        let derived = format!("d.{}", ident(name));
        match target.column(name) {
            // The rowid has its affinity in a trigger too.
            Some(column) if !target.table.is_rowid_alias(name) => {
                compared(row, column, operator, &derived)
            }
            _ => format!("{row}.{} {operator} {derived}", ident(name)),
        }
    })
}
