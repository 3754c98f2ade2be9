//! Reads what the schema says of a table, from SQLite itself: its own parser is
//! the one that counts.

use super::definition;
use super::listed::triggers_of;
use crate::backend::sqlite::{Answer, Connection, Db};
use crate::error::Result;
use crate::schema::{
    Affinity, Check, Column, ConflictKey, ForeignKey, Index, KeyPart, Keyed, Table, UniqueKey,
};
use rusqlite::OptionalExtension as _;

/// Reads one table. `None` where the schema has no table of that name.
pub(crate) fn table(db: &Db, name: &str) -> Result<Option<Table>> {
    db.connection().table(name).map_err(|source| db.error("reading a table", source))
}

impl Connection {
    /// Reads one table.
    pub(crate) fn table(&self, name: &str) -> Answer<Option<Table>> {
        read(self, name)
    }
}

fn read(connection: &Connection, name: &str) -> Answer<Option<Table>> {
    let conn = connection.raw();
    let found: Option<(String, String)> = conn
        .query_row(
            "SELECT name, sql FROM main.sqlite_schema \
             WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND sql IS NOT NULL",
            [name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((name, sql)) = found else { return Ok(None) };
    let (without_rowid, strict): (bool, bool) = conn.query_row(
        "SELECT wr, strict FROM pragma_table_list(?2) WHERE schema = ?1",
        ["main", &name],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (mut columns, primary_key) = columns(conn, &name, without_rowid)?;
    for (name, expression) in definition::generated(&sql) {
        let column = columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&name));
        if let Some(column) = column {
            column.expression = Some(expression.sql.clone());
            column.computed = Some(expression);
        }
    }
    // ANY keeps every value as it is in a STRICT table, and is no type elsewhere
    // (https://www.sqlite.org/stricttables.html).
    for column in columns.iter_mut().filter(|column| column.declared.eq_ignore_ascii_case("ANY")) {
        column.affinity = if strict { Affinity::Blob } else { column.affinity };
    }
    let rowid_alias = match primary_key.as_slice() {
        [only] if !without_rowid && !has_primary_index(conn, &name)? => Some(only.clone()),
        _ => None,
    };
    let Indexes { keys, mut conflict_keys, indexes } = indexes(conn, &name, &columns)?;
    let (partial_uniques, mut uniques): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key| key.condition.is_some());
    if rowid_alias.is_some() {
        uniques.insert(0, UniqueKey { columns: primary_key, primary: true, condition: None });
    }
    uniques.sort_by_key(|key| !key.primary);
    let table = Table {
        columns,
        uniques,
        partial_uniques,
        conflict_keys: Vec::new(),
        replaces_by_default: definition::replaces(&sql),
        indexes,
        foreign_keys: foreign_keys(conn, &name)?,
        triggers: triggers_of(connection, &name)?,
        // As with CHECK below: the word stands nowhere else but in a comment or a name, and
        // a sequence that is not needed does no harm.
        autoincrement: rowid_alias.is_some() && sql.to_ascii_uppercase().contains("AUTOINCREMENT"),
        rowid_alias,
        without_rowid,
        strict,
        // A CHECK can't be written without the word; one that only stands in a
        // comment costs a needless comparison, nothing else.
        has_checks: sql.to_ascii_uppercase().contains("CHECK"),
        checks: definition::checks(&sql),
        known_as: name.clone(),
        shared: false,
        name,
    };
    // The rowid is a key too, whether a column is another name of it or it is hidden.
    if let Some(rowid) = table.rowid_names().first() {
        conflict_keys.insert(0, ConflictKey::over(std::slice::from_ref(rowid)));
    }
    Ok(Some(Table { conflict_keys, ..table }))
}

/// The indexed expressions and the WHERE of an index that a statement made.
fn parts_of(
    conn: &rusqlite::Connection,
    index: &str,
) -> rusqlite::Result<Option<(Vec<Check>, Option<Check>)>> {
    let sql: Option<String> = conn.query_row(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND name = ?1",
        [index],
        |row| row.get(0),
    )?;
    Ok(sql.and_then(|sql| definition::index(&sql)))
}

fn columns(
    conn: &rusqlite::Connection,
    table: &str,
    without_rowid: bool,
) -> rusqlite::Result<(Vec<Column>, Vec<String>)> {
    // hidden: 0 ordinary, 1 of a virtual table, 2 and 3 generated
    // (https://www.sqlite.org/pragma.html#pragma_table_xinfo).
    let mut statement = conn.prepare(
        "SELECT name, type, \"notnull\", pk, hidden, dflt_value FROM pragma_table_xinfo(?1, ?2) ORDER BY cid",
    )?;
    let mut rows = statement.query([table, "main"])?;
    let mut columns = Vec::new();
    let mut key: Vec<(i64, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let declared: String = row.get(1)?;
        let position: i64 = row.get(3)?;
        if position > 0 {
            key.push((position, name.clone()));
        }
        let (_, collation, _, _, _) = conn.column_metadata(Some("main"), table, name.as_str())?;
        columns.push(Column {
            affinity: Affinity::of(&declared),
            declared,
            collation: collation
                .map_or_else(|| "BINARY".to_owned(), |name| name.to_string_lossy().into_owned()),
            // A primary key of a WITHOUT ROWID table never holds NULL.
            not_null: row.get::<_, bool>(2)? || (without_rowid && position > 0),
            generated: row.get::<_, i64>(4)? > 1,
            expression: None,
            computed: None,
            default: row.get(5)?,
            name,
        });
    }
    key.sort();
    Ok((columns, key.into_iter().map(|(_, name)| name).collect()))
}

/// An INTEGER PRIMARY KEY is the rowid and has no index of its own; every other
/// primary key has one. This tells them apart where the declared type can't:
/// `INTEGER PRIMARY KEY DESC` is not the rowid.
fn has_primary_index(conn: &rusqlite::Connection, table: &str) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, ?2) WHERE origin = 'pk')",
        [table, "main"],
        |row| row.get(0),
    )
}

/// What the indexes of a table say.
#[derive(Default)]
struct Indexes {
    keys: Vec<UniqueKey>,
    conflict_keys: Vec<ConflictKey>,
    indexes: Vec<Index>,
}

fn indexes(
    conn: &rusqlite::Connection,
    table: &str,
    columns: &[Column],
) -> rusqlite::Result<Indexes> {
    let mut statement = conn.prepare(
        "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, ?2) ORDER BY seq DESC",
    )?;
    let mut rows = statement.query([table, "main"])?;
    let mut found = Indexes::default();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let unique: bool = row.get(1)?;
        let origin: String = row.get(2)?;
        let partial: bool = row.get(3)?;
        let mut parts = conn.prepare(
            "SELECT name, coll FROM pragma_index_xinfo(?1, ?2) WHERE key = 1 ORDER BY seqno",
        )?;
        let parts: Vec<(Option<String>, String)> = parts
            .query_map([name.as_str(), "main"], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let whole = parts.iter().all(|(part, _)| part.is_some());
        let written = if unique && (partial || !whole) { parts_of(conn, &name)? } else { None };
        let key = unique.then(|| conflict_key(&parts, partial, written, columns)).flatten();
        let leading: Vec<String> = parts.into_iter().map_while(|(part, _)| part).collect();
        let primary = origin == "pk";
        let condition = key.as_ref().and_then(|key| key.condition.clone());
        // What compares otherwise than its columns do tells no rows apart by them.
        let apart = key.iter().flat_map(|key| &key.parts).any(|part| part.collation.is_some());
        if unique && whole && (primary || !apart) && (!partial || condition.is_some()) {
            found.keys.push(UniqueKey { columns: leading.clone(), primary, condition });
        }
        let irregular_unique = match () {
            () if unique && key.is_none() => Some("that can't be read"),
            () if primary && apart => Some("which compares text differently from its column"),
            () => None,
        };
        found.conflict_keys.extend(key);
        found.indexes.push(Index { name, columns: leading, partial, irregular_unique });
    }
    Ok(found)
}

/// The key of a unique index: from what SQLite says of its parts, and from its statement where
/// a part is an expression or it has a WHERE. None where that statement can't be read.
fn conflict_key(
    parts: &[(Option<String>, String)],
    partial: bool,
    written: Option<(Vec<Check>, Option<Check>)>,
    columns: &[Column],
) -> Option<ConflictKey> {
    let (expressions, condition) = written.unwrap_or_default();
    if partial && condition.is_none() {
        return None;
    }
    let part = |(position, (name, collation)): (usize, &(Option<String>, String))| {
        let column = columns.iter().find(|column| name.as_ref() == Some(&column.name));
        let own = column.is_some_and(|column| column.collation.eq_ignore_ascii_case(collation));
        let value = match name {
            Some(name) => Keyed::Column(name.clone()),
            None => Keyed::Expression(Box::new(expressions.get(position)?.clone())),
        };
        Some(KeyPart { value, collation: (!own).then(|| collation.clone()) })
    };
    let parts = parts.iter().enumerate().map(part).collect::<Option<_>>()?;
    Some(ConflictKey { parts, condition })
}

fn foreign_keys(conn: &rusqlite::Connection, table: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    let mut statement = conn.prepare(
        "SELECT id, \"table\", \"from\", \"to\", (on_delete NOT IN ('NO ACTION', 'RESTRICT') OR on_update NOT IN ('NO ACTION', 'RESTRICT')) \
         FROM pragma_foreign_key_list(?1, ?2) ORDER BY id, seq",
    )?;
    let mut rows = statement.query([table, "main"])?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, table, column): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (referred, acts): (Option<String>, bool) = (row.get(3)?, row.get(4)?);
        match keys.last_mut() {
            Some((last, key)) if *last == id => {
                key.columns.push(column);
                key.referred.extend(referred);
            }
            _ => {
                let referred = referred.into_iter().collect();
                keys.push((id, ForeignKey { table, columns: vec![column], referred, acts }));
            }
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}
