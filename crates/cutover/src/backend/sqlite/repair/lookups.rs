//! What stored rows hold, and should hold.

use std::collections::HashSet;

use crate::backend::sqlite::bound;
use crate::backend::sqlite::value::{Value, show};
use crate::derive::derived::{Part, derived, differs};
use crate::derive::sql::{ident, idents, join, text};
use crate::error::Result;

use super::rows::Repair;

impl Repair<'_> {
    /// What the mapping gives for a stored row: nothing, the very row (`Some(None)`), or
    /// another with its key.
    pub(super) fn given(&self, row: &[Value]) -> Result<Option<Option<Vec<Value>>>> {
        let target = self.target;
        let scope = derived(target, self.place, Part::Scope(&|n| format!(":s{n}")));
        let differs =
            differs(target, target.values(), "t", &|column| format!("d.{}", ident(column)))
                .unwrap_or_else(|| "0".to_owned());
        let same_key = join(&target.key.columns, " AND ", |column| {
            format!(
                "t.{} IS :k{}",
                ident(column),
                bound::parameter(target, column).trim_start_matches('?')
            )
        });
        let sql = format!(
            "SELECT {}, ({differs}) AS differs FROM ({scope}) AS d JOIN {} AS t ON {} WHERE {same_key}",
            idents("d.", &target.columns),
            self.table,
            target.same_key("t", "d"),
        );
        let read = || -> rusqlite::Result<Option<Option<Vec<Value>>>> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            let scope = self.scope(row);
            let scope = scope.iter().enumerate().map(|(n, value)| (format!(":s{n}"), value));
            let key = row.iter().enumerate().map(|(n, value)| (format!(":k{}", n + 1), value));
            for (name, value) in scope.chain(key) {
                if let Some(index) = statement.parameter_index(&name)? {
                    statement.raw_bind_parameter(index, value)?;
                }
            }
            let width = target.columns.len();
            let (mut rows, mut found) = (statement.raw_query(), None);
            while let Some(row) = rows.next()? {
                if !row.get::<_, bool>(width)? {
                    return Ok(Some(None));
                }
                let row: rusqlite::Result<_> = (0..width).map(|n| row.get(n)).collect();
                found = Some(Some(row?));
            }
            Ok(found)
        };
        read().map_err(|source| self.db.error(&self.doing(), source))
    }

    /// What a stored row holds beyond the columns of the list, its place among the rows too.
    pub(super) fn whole(&self, row: &[Value]) -> Result<Vec<(String, Value)>> {
        let table = &self.target.table;
        let listed: HashSet<&String> = self.target.columns.iter().collect();
        let beyond = table.stored_columns().map(|c| &c.name).filter(|name| !listed.contains(name));
        let mut names: Vec<String> = beyond.cloned().collect();
        if !table.without_rowid && table.rowid_alias.is_none() {
            names.push(table.rowid().to_owned());
        }
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let (list, key) = (idents("", &names), self.same_key());
        let sql = format!("SELECT {list} FROM {} WHERE {key}", self.table);
        let read = || -> rusqlite::Result<Vec<(String, Value)>> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            bound::bind(&mut statement, row)?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(Vec::new()) };
            names.iter().enumerate().map(|(n, name)| Ok((name.clone(), row.get(n)?))).collect()
        };
        read().map_err(|source| self.db.error(&self.doing(), source))
    }

    pub(super) fn scope(&self, row: &[Value]) -> Vec<Value> {
        let position = |name| self.target.columns.iter().position(|column| column == name);
        let values = self.target.scope.iter().filter_map(|name| row.get(position(name)?));
        values.cloned().collect()
    }

    /// A row by its key.
    pub(super) fn named(&self, row: &[Value]) -> String {
        let key = join(&self.target.key.columns, ", ", |name| {
            let position = self.target.columns.iter().position(|column| column == name);
            let value = position.and_then(|position| row.get(position));
            format!("{name} = {}", value.map_or_else(|| text(""), |value| show(value.into())))
        });
        format!("the row with {key}")
    }
}
