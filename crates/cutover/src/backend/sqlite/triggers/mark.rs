//! How guards know the sync.
//!
//! A flag in a table stays as it was left where an application's trigger says RAISE(FAIL): what
//! the statement did until then is kept. So a procedure that is about to write marks that in a
//! place that ends with the trigger, however it ends: `last_insert_rowid()`, to which SQLite
//! gives back its value when a trigger is left
//! (<https://www.sqlite.org/c3ref/last_insert_rowid.html>). The row that sets it is deleted at
//! once. The table's one lasting row is the flag of the engine's own chunks, which ends with
//! their transaction.

use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::ident;

/// The rowid that marks a procedure at work: of all rowids one that nobody else gives, neither
/// SQLite nor a program that counts or draws its own.
const AT_WORK: i64 = 0x6375_746f_7665_7200;

/// That neither a procedure of the sync nor a chunk of the engine is writing. The flag is read
/// last: it costs a look at a table.
pub(crate) fn nobody_syncs(names: Names) -> String {
    format!("last_insert_rowid() <> {} AND {}", mark(names), no_chunk(names))
}

/// That no chunk of the engine is writing.
pub(crate) fn no_chunk(names: Names) -> String {
    format!("(SELECT depth FROM {}) = 0", ident(&names.syncing()))
}

/// The statements that mark what follows in the same trigger as the sync's. Rows that it
/// inserts must be inserted in a trigger of their own, as each sets the same value.
pub(crate) fn at_work(names: Names) -> [String; 2] {
    let (table, mark) = (ident(&names.syncing()), mark(names));
    [
        format!("INSERT INTO {table} (rowid, depth) VALUES ({mark}, 0)"),
        format!("DELETE FROM {table} WHERE rowid = {mark}"),
    ]
}

/// The same, where a condition holds.
pub(crate) fn at_work_if(names: Names, condition: &str) -> [String; 2] {
    let [_, clear] = at_work(names);
    let (table, mark) = (ident(&names.syncing()), mark(names));
    [format!("INSERT INTO {table} (rowid, depth) SELECT {mark}, 0 WHERE {condition}"), clear]
}

/// The value that marks a procedure at work. A number of rows that is this much greater marks
/// that what follows in the same trigger is the sync's, in the row that it changes.
pub(crate) fn mark(names: Names) -> i64 {
    AT_WORK.wrapping_add(names.migration)
}

/// The table by which the guards know the sync, and the engine's own chunks.
pub(crate) fn syncing(names: Names) -> [Object; 2] {
    let table = names.syncing();
    let name = ident(&table);
    let define = format!("CREATE TABLE {name} (depth INTEGER NOT NULL)");
    let fill = format!("INSERT INTO {name} (depth) VALUES (0)");
    [Object::table(table.clone(), define), Object::row(table, fill)]
}
