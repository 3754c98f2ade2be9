//! A migration file to edit: the named tables mapped onto copies of themselves.

use super::Engine;
use crate::backend::sqlite::catalog;
use crate::derive::sql::{ident, idents, text};
use crate::error::{Error, Result};
use crate::schema::Table;

impl Engine {
    /// A migration file from the live schema: each table is copied into one named
    /// `new_` and its name, by identity mappings both ways. Edit it from there.
    ///
    /// # Errors
    ///
    /// If a table does not exist.
    pub fn scaffold(&self, name: &str, tables: &[String]) -> Result<String> {
        let mut creates = String::new();
        let mut forward = String::new();
        let mut backward = String::new();
        for wanted in tables {
            let (table, sql) = self.table_with_sql(wanted)?;
            let new = format!("new_{}", table.name);
            let columns: Vec<&String> = table.stored_columns().map(|column| &column.name).collect();
            let list = idents("", &columns);
            creates += &format!("{};\n\n", referring(&renamed(&sql, &new), tables));
            forward += &format!(
                "INSERT INTO new.{} ({list})\nSELECT {list} FROM old.{};\n\n",
                ident(&new),
                ident(&table.name)
            );
            backward += &format!(
                "INSERT INTO old.{} ({list})\nSELECT {list} FROM new.{};\n\n",
                ident(&table.name),
                ident(&new)
            );
        }
        Ok(format!(
            "-- {name}: edit the new tables and the statements that fill them, then run\n\
             -- `cutover check {name}.sql --db DB` until it says that nothing is lost.\n\n\
             {creates}-- forward: how the new rows come from the old ones\n\n\
             {forward}-- backward: how the old rows come from the new ones\n\n{}\n",
            backward.trim_end()
        ))
    }

    fn table_with_sql(&self, name: &str) -> Result<(Table, String)> {
        let db = &self.db;
        let failed = |source| db.error("reading the tables", source);
        let table = catalog::table(db.conn(), "main", name).map_err(failed)?;
        let Some(table) = table.filter(|table| !table.name.starts_with(catalog::OURS)) else {
            let names = catalog::table_names(db.conn(), "main").map_err(failed)?;
            return Err(Error::Unusable {
                path: db.path().to_owned(),
                reason: format!("there is no table {name}"),
                fix: format!("its tables are {}", names.join(", ")),
            });
        };
        let sql = format!(
            "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = {}",
            text(&table.name)
        );
        let sql = db.row("reading a table", &sql, |row| row.get(0))?;
        Ok((table, sql))
    }
}

/// The foreign keys between the named tables lead to their copies.
fn referring(sql: &str, tables: &[String]) -> String {
    let mut words = sql.split_inclusive(|c: char| c.is_whitespace() || c == '(' || c == ',');
    let mut result = String::new();
    let mut after_references = false;
    for word in &mut words {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || c == '(' || c == ',');
        let name = bare.trim_matches(|c| matches!(c, '"' | '`' | '[' | ']'));
        let copied = tables.iter().find(|table| table.eq_ignore_ascii_case(name));
        match copied {
            Some(table) if after_references => {
                result += &format!("{}{}", ident(&format!("new_{table}")), &word[bare.len()..]);
            }
            _ => result += word,
        }
        after_references =
            bare.eq_ignore_ascii_case("references") || (after_references && bare.is_empty());
    }
    result
}

/// A CREATE TABLE statement for another name: SQLite stores it as written, with
/// `CREATE TABLE ` before the name and the columns in the first parentheses.
fn renamed(sql: &str, name: &str) -> String {
    let body = sql.find('(').map_or("", |position| &sql[position..]);
    format!("CREATE TABLE new.{} {body}", ident(name))
}
