//! A migration file to edit: the named tables mapped onto themselves, with everything that
//! their CREATE statements and indexes say of them.

use crate::backend::sqlite::catalog;
use crate::derive::sql::{ident, idents};
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::migration::ddl::{index_draft, table_draft};
use crate::schema::Table;

/// A table to draft, and what the schema records of it.
struct Drafted {
    table: Table,
    /// The name that the new table gets.
    new: String,
    sql: String,
    /// Its indexes that no constraint makes, each with its statement.
    indexes: Vec<(String, String)>,
}

impl Engine {
    /// A migration file from the live schema: each table is mapped onto itself by identity
    /// mappings both ways, with its constraints, generated columns and indexes. Edit it from
    /// there.
    ///
    /// The tables change in place, or get the names `renamed`, one for each.
    ///
    /// # Errors
    ///
    /// If a table does not exist, or `renamed` is neither empty nor as long as `tables`.
    pub fn scaffold(&self, name: &str, tables: &[String], renamed: &[String]) -> Result<String> {
        if !renamed.is_empty() && renamed.len() != tables.len() {
            return Err(self.undraftable(
                format!("there are {} tables and {} new names", tables.len(), renamed.len()),
                "give a new name for each table, or for none".to_owned(),
            ));
        }
        let drafted = tables
            .iter()
            .enumerate()
            .map(|(position, wanted)| self.drafted(wanted, renamed.get(position)))
            .collect::<Result<Vec<_>>>()?;
        let mut creates = String::new();
        let mut forward = String::new();
        let mut backward = String::new();
        for draft in &drafted {
            for sql in self.definitions(draft, &drafted)? {
                creates += &format!("{sql};\n\n");
            }
            let columns: Vec<&String> =
                draft.table.stored_columns().map(|column| &column.name).collect();
            let list = idents("", &columns);
            let (old, new) = (ident(&draft.table.name), ident(&draft.new));
            forward +=
                &format!("INSERT INTO new.{new} ({list})\nSELECT {list} FROM old.{old};\n\n");
            backward +=
                &format!("INSERT INTO old.{old} ({list})\nSELECT {list} FROM new.{new};\n\n");
        }
        Ok(format!(
            "-- {name}: edit the new tables and the statements that fill them, then run\n\
             -- `cutover check {name}.sql --db DB` until it says that nothing is lost.\n\n\
             {creates}-- forward: how the new rows come from the old ones\n\n\
             {forward}-- backward: how the old rows come from the new ones\n\n{}\n",
            backward.trim_end()
        ))
    }

    /// The CREATE statements of one table: its own first.
    fn definitions(&self, draft: &Drafted, all: &[Drafted]) -> Result<Vec<String>> {
        let renamed = |parent: &str| {
            let found = all.iter().find(|other| other.table.name.eq_ignore_ascii_case(parent))?;
            let stays = found.new.eq_ignore_ascii_case(&found.table.name);
            (!stays).then(|| found.new.clone())
        };
        let unread = |sql: &str| {
            self.undraftable(
                format!("the definition of {} can't be read: {sql}", draft.table.name),
                "write the migration by hand".to_owned(),
            )
        };
        let stays = draft.new.eq_ignore_ascii_case(&draft.table.name);
        let table = table_draft(&draft.sql, &draft.new, &renamed);
        let mut all = vec![table.ok_or_else(|| unread(&draft.sql))?];
        for (name, sql) in &draft.indexes {
            // An index keeps its name where its table does. Elsewhere both exist at once.
            let name = if stays { name.clone() } else { format!("{}_{name}", draft.new) };
            let index = index_draft(sql, &name, &draft.new);
            all.push(index.ok_or_else(|| unread(sql))?);
        }
        Ok(all)
    }

    fn drafted(&self, name: &str, renamed: Option<&String>) -> Result<Drafted> {
        let db = &self.db;
        let table = catalog::table(db, name)?;
        let Some(table) = table.filter(|table| !table.name.starts_with(catalog::OURS)) else {
            let names = catalog::table_names(db)?;
            return Err(self.undraftable(
                format!("there is no table {name}"),
                format!("its tables are {}", names.join(", ")),
            ));
        };
        let sql = catalog::definition(db, &table.name)?;
        let mut indexes = catalog::definitions_on(db, "index", &table.name)?;
        indexes.retain(|(name, _)| !name.starts_with(catalog::OURS));
        let new = renamed.map_or_else(|| table.name.clone(), String::clone);
        Ok(Drafted { table, new, sql, indexes })
    }

    fn undraftable(&self, reason: String, fix: String) -> Error {
        Error::Unusable { path: self.db.path().to_owned(), reason, fix: fix.into() }
    }
}
