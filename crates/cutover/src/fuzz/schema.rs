//! The schema that a scratch copy begins with: everything of the application's, in the order
//! in which it can be made around the rows.

use std::collections::BTreeSet;

use crate::backend::sqlite::catalog::{self, Entry};
use crate::backend::sqlite::{Connection, Db, state};
use crate::derive::sql::ident;
use crate::engine::preflight::trigger_effects;
use crate::error::Result;
use crate::model::build::Model;
use crate::model::remains::LIVE;
use crate::schema::AppTrigger;

/// The application's schema as statements.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// Tables, virtual tables and indexes. The shadow tables of a virtual table come with it.
    pub(super) tables: Vec<String>,
    /// Triggers by which the application fills its virtual tables, and only these: they see
    /// the rows of the sample come, as they saw the rows of the database.
    pub(super) feeding: Vec<AppTrigger>,
    /// Statements that fill virtual tables whose content lies in other tables.
    pub(super) filling: Vec<String>,
    /// Views and triggers: made after the rows, which they would change.
    pub(super) later: Vec<String>,
    /// What could not be copied.
    pub(super) notes: Vec<String>,
}

/// Reads everything of the application's; what the migration makes is made by `start`.
pub(super) fn schema(db: &Db, model: &Model) -> Result<Schema> {
    let apart = catalog::apart(db)?;
    let of_kind = |kind: &str| -> BTreeSet<String> {
        let found = apart.iter().filter(|(_, what)| what == kind);
        found.map(|(name, _)| name.to_lowercase()).collect()
    };
    let (virtual_tables, shadows) = (of_kind("virtual table"), of_kind("shadow table"));
    let mut schema = Schema::default();
    let mut left_out: Vec<String> = Vec::new();
    for object in objects(db, model)? {
        let (name, table) = (object.name.to_lowercase(), object.on.to_lowercase());
        let sql = object.sql.unwrap_or_default();
        if shadows.contains(&table) || left_out.iter().any(|gone| mentions(&sql, gone)) {
            continue;
        }
        if virtual_tables.contains(&name) {
            if let Some(why) = unknown_module(&sql) {
                schema.notes.push(format!(
                    "the scratch copy leaves out the virtual table {} and what writes to it: {why}",
                    object.name
                ));
                left_out.push(name);
                continue;
            }
            schema.filling.extend(filling(&object.name, &sql));
        }
        if object.kind == "trigger" {
            let trigger = AppTrigger { name: object.name.clone(), sql: sql.clone() };
            if trigger_effects::feeds_on_insert(&trigger, &|written| {
                virtual_tables.contains(&written.to_lowercase())
            }) {
                schema.feeding.push(trigger);
            }
        }
        let list = if matches!(object.kind.as_str(), "table" | "index") {
            &mut schema.tables
        } else {
            &mut schema.later
        };
        list.push(sql);
    }
    Ok(schema)
}

/// What the application made. Once the migration has begun, the new tables are not its own.
fn objects(db: &Db, model: &Model) -> Result<Vec<Entry>> {
    let begun = state::exists(db)?;
    let made: Vec<String> = model.new_tables().map(|table| table.name.to_lowercase()).collect();
    let mut objects = catalog::application(db)?;
    objects.retain(|entry| {
        let is_new = entry.kind != "view" && made.contains(&entry.on.to_lowercase());
        !(entry.name.to_lowercase().starts_with(LIVE) || begun && is_new)
    });
    Ok(objects)
}

/// Whether a text has this name in it, as a word.
fn mentions(sql: &str, name: &str) -> bool {
    let sql = sql.to_lowercase();
    let part_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(name).any(|(at, _)| {
        let before = sql[..at].chars().next_back();
        let after = sql[at + name.len()..].chars().next();
        !before.is_some_and(part_of_a_word) && !after.is_some_and(part_of_a_word)
    })
}

/// Why a virtual table can't be made here, if it can't: an application may bring modules of
/// its own.
fn unknown_module(sql: &str) -> Option<String> {
    let error = Connection::memory().ok()?.batch(sql).err()?;
    let said = error.to_string();
    said.contains("no such module").then_some(said)
}

/// What fills a full-text index whose content lies in a table.
fn filling(name: &str, sql: &str) -> Option<String> {
    let words = sql.to_lowercase();
    let words: String =
        words.chars().filter(|c| !c.is_whitespace() && !"'\"`[]".contains(*c)).collect();
    let full_text = ["usingfts5(", "usingfts4("].iter().any(|module| words.contains(module));
    let content = words.split_once("content=").map(|(_, rest)| rest);
    let elsewhere = content.is_some_and(|rest| !rest.starts_with([',', ')']));
    let name = ident(name);
    (full_text && elsewhere).then(|| format!("INSERT INTO {name} ({name}) VALUES ('rebuild')"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_indexes_the_content_of_a_table_is_filled_from_it() {
        for (arguments, filled) in [
            ("fts5(body, content='docs')", true),
            ("FTS5 (body, content = \"docs\", content_rowid='id')", true),
            ("fts4(content=[docs], body)", true),
            ("fts5(body, content='')", false),
            ("fts4(content=\"\", body)", false),
            ("fts5(body)", false),
            ("rtree(id, a, b)", false),
        ] {
            let sql = format!("CREATE VIRTUAL TABLE \"my index\" USING {arguments}");
            let expected = filled
                .then(|| "INSERT INTO \"my index\" (\"my index\") VALUES ('rebuild')".to_owned());
            assert_eq!(filling("my index", &sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_name_is_mentioned_as_a_word() {
        let view = "CREATE VIEW v AS SELECT * FROM Vectors JOIN \"own vec\"";
        assert!(mentions(view, "vectors") && mentions(view, "own vec"));
        assert!(!mentions(view, "vector") && !mentions(view, "ectors"));
    }

    #[test]
    fn a_module_that_is_not_here_is_told_from_one_that_is() {
        assert!(unknown_module("CREATE VIRTUAL TABLE v USING vec0(a)").is_some());
        assert_eq!(unknown_module("CREATE VIRTUAL TABLE v USING fts5(a)"), None);
    }
}
