//! Who relies on the rowids of a table that changes in place. The new table's rows have rowids
//! of their own, unless its INTEGER PRIMARY KEY is the old one's: whoever kept an old rowid
//! would find another row under it. Full-text indexes with `content=` do, and so do views and
//! triggers that name it.

use super::counterparts::{Pair, pairs};
use crate::backend::sqlite::Db;
use crate::backend::sqlite::catalog::{self, Entry};
use crate::backend::sqlite::reads::{ROWID, Read, reads};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::remains;
use crate::report::Problem;

/// What stands in the way, and what is worth knowing.
#[derive(Debug, Default)]
pub(crate) struct Rowids {
    pub(crate) problems: Vec<Problem>,
    pub(crate) notes: Vec<Problem>,
}

pub(crate) fn relied_on(db: &Db, model: &Model) -> Result<Rowids> {
    let mut found = Rowids::default();
    let pairs = pairs(model);
    let in_place: Vec<&Pair<'_>> = pairs
        .iter()
        .filter(|pair| {
            pair.old.shared && pair.new.known_as.eq_ignore_ascii_case(&pair.old.known_as)
        })
        .collect();
    if in_place.is_empty() {
        return Ok(found);
    }
    let (schema, indexes) = schema(db)?;
    for pair in &in_place {
        found.problems.extend(indexes.iter().filter_map(|index| full_text(pair, index)));
    }
    let others: Vec<&&Pair<'_>> =
        in_place.iter().filter(|pair| !pair.old.without_rowid && !keeps_rowids(pair)).collect();
    if others.is_empty() {
        return Ok(found);
    }
    let failed = |source| db.error("looking for what reads rowids", source);
    let read =
        reads(&schema.iter().map(|(_, sql)| sql.clone()).collect::<Vec<_>>()).map_err(failed)?;
    for pair in others {
        let table = &pair.old.known_as;
        let mut by: Vec<&str> = read
            .iter()
            .filter(|read| names_rowid(pair, read, &schema))
            .map(|read| read.by.as_str())
            .collect();
        by.sort_unstable();
        by.dedup();
        if !by.is_empty() {
            found.problems.push(Problem::new(
                format!(
                    "the rows of {table} get other rowids at the switch, and views or triggers go by them: {}",
                    by.join(", ")
                ),
                "give both tables the same INTEGER PRIMARY KEY, let these use the key, or drop \
                 them for the duration of the migration",
            ));
        }
        found.notes.push(Problem::new(
            format!(
                "the rows of {table} get other rowids at the switch: a program that keeps one (SELECT rowid \
                 FROM {table}) finds another row under it"
            ),
            "make sure that programs use the key",
        ));
    }
    Ok(found)
}

/// Whether the rowid is a column of both tables, carried as it is.
fn keeps_rowids(pair: &Pair<'_>) -> bool {
    let (Some(old), Some(new)) = (&pair.old.rowid_alias, &pair.new.rowid_alias) else {
        return false;
    };
    let same = |both: &&super::counterparts::Counterpart| both.old == *old && both.new == *new;
    pair.columns.iter().any(|both| same(&both) && both.forth)
}

/// Whether a view or trigger reads the table's rowid as such. Under the name of an INTEGER
/// PRIMARY KEY SQLite tells both alike: there the words decide.
fn names_rowid(pair: &Pair<'_>, read: &Read, schema: &[(String, String)]) -> bool {
    if !read.table.eq_ignore_ascii_case(&pair.old.known_as) {
        return false;
    }
    let says_so = || {
        let by = schema.iter().find(|(name, _)| name.eq_ignore_ascii_case(&read.by));
        by.is_some_and(|(_, sql)| {
            let sql = sql.to_lowercase();
            let mut words = sql.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            words.any(|word| ["rowid", "oid", "_rowid_"].contains(&word))
        })
    };
    match &pair.old.rowid_alias {
        None => read.column == ROWID,
        Some(alias) => read.column.eq_ignore_ascii_case(alias) && says_so(),
    }
}

/// A full-text index over another table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FullText {
    name: String,
    content: String,
    /// The column by which it finds a row again, where it is not the rowid.
    by: Option<String>,
    columns: Vec<String>,
}

/// What a full-text index would find wrong in the new table.
fn full_text(pair: &Pair<'_>, index: &FullText) -> Option<Problem> {
    let table = &pair.old.known_as;
    if !index.content.eq_ignore_ascii_case(table) {
        return None;
    }
    let stays = |column: &str| {
        let both = pair.columns.iter().find(|both| both.old.eq_ignore_ascii_case(column));
        both.is_some_and(|both| both.forth && both.new.eq_ignore_ascii_case(column))
    };
    let named = index.by.as_ref().filter(|by| pair.old.column(by).is_some());
    let found_again = match named {
        Some(column) => stays(column),
        None => keeps_rowids(pair),
    };
    let why = if !found_again {
        format!(
            "finds its rows by their {}, which the switch changes",
            named.map_or("rowid", |by| by)
        )
    } else {
        let column = index.columns.iter().find(|c| pair.old.column(c).is_some() && !stays(c))?;
        format!("indexes {column}, whose values the switch changes")
    };
    Some(Problem::new(
        format!(
            "the full-text index {} {why}: searches in {table} would give other rows",
            index.name
        ),
        "keep those columns as they are, or drop the index and its triggers for the duration of \
         the migration and create them again afterwards",
    ))
}

/// Names, and the statements that made them.
type Schema = Vec<(String, String)>;

/// The application's schema, by name, and the full-text indexes in it.
fn schema(db: &Db) -> Result<(Schema, Vec<FullText>)> {
    let mut schema = Schema::new();
    let mut indexes = Vec::new();
    let not_live = |entry: &Entry| !entry.name.starts_with(remains::LIVE);
    for Entry { name, sql, .. } in catalog::application(db)?.into_iter().filter(not_live) {
        let sql = sql.unwrap_or_default();
        if let Some((content, by)) = content_of(&sql) {
            let columns = catalog::column_names(db, &name)?;
            indexes.push(FullText { name: name.clone(), content, by, columns });
        }
        schema.push((name, sql));
    }
    Ok((schema, indexes))
}

/// The table that a full-text index is over, and the column it goes by, where it says so.
fn content_of(sql: &str) -> Option<(String, Option<String>)> {
    let lower = sql.to_lowercase();
    if !lower.trim_start().starts_with("create virtual table") {
        return None;
    }
    let arguments = sql.get(lower.find("using")?..)?;
    let arguments = arguments.get(arguments.find('(')? + 1..arguments.rfind(')')?)?;
    let option = |wanted: &str| {
        split(arguments).into_iter().find_map(|argument| {
            let (name, value) = argument.split_once('=')?;
            let value = value.trim();
            let bare = value.trim_matches(|c| matches!(c, '\'' | '"' | '`' | '[' | ']'));
            (name.trim().eq_ignore_ascii_case(wanted) && !bare.is_empty()).then(|| bare.to_owned())
        })
    };
    Some((option("content")?, option("content_rowid")))
}

/// Arguments between commas that stand in no quotes.
fn split(arguments: &str) -> Vec<&str> {
    let mut quote = None;
    arguments
        .split(|c: char| {
            match quote {
                Some(open) if c == open => quote = None,
                None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
                _ => {}
            }
            quote.is_none() && c == ','
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_full_text_index_is_over() {
        let content = |sql: &str| content_of(sql);
        let some = |table: &str, by: Option<&str>| Some((table.to_owned(), by.map(str::to_owned)));
        assert_eq!(
            content("CREATE VIRTUAL TABLE f USING fts5(a, content = 'my t')"),
            some("my t", None)
        );
        assert_eq!(
            content(
                "create virtual table f using FTS5(a, content=\"t\", content_rowid = [id], tokenize = 'x,y')"
            ),
            some("t", Some("id"))
        );
        assert_eq!(content("CREATE VIRTUAL TABLE f USING fts4(content=t, a)"), some("t", None));
        assert_eq!(content("CREATE VIRTUAL TABLE f USING fts5(a, content='')"), None);
        assert_eq!(content("CREATE VIRTUAL TABLE f USING rtree(id, a, b)"), None);
        assert_eq!(content("CREATE TABLE f (content)"), None);
    }
}
