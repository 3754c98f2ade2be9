//! The rows that a write to an old table takes away: the row as it was before an UPDATE or a
//! DELETE, and those that a REPLACE removes, of which no trigger tells. With them, and without the
//! row that is written, the table is what it was before.

use super::row::{like, like_of};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{ident, idents, join};
use crate::schema::Table;

/// What a row is there for.
pub(super) const WRITTEN: u8 = 0;
/// It is about to be removed by a REPLACE.
pub(super) const VICTIM: u8 = 1;
/// It may be: it has the rowid -1, which in a BEFORE trigger is also that of a row whose rowid
/// SQLite is yet to choose.
pub(super) const PERHAPS: u8 = 3;
/// It was, and what it gave is gone.
pub(super) const SETTLED: u8 = 2;

/// The names of the columns that identify a row.
pub(super) fn identity_columns(table: &Table) -> Vec<String> {
    (0..table.identity().len()).map(|number| format!("_cutover_i{number}")).collect()
}

pub(super) fn columns(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// The table that holds them.
pub(super) fn table(table: &Table, names: Names) -> Object {
    let name = names.gone(&table.name);
    let mut defined = vec!["_cutover_kind INTEGER".to_owned()];
    let identity = table.identity();
    defined.extend(
        identity_columns(table)
            .iter()
            .zip(&identity)
            .map(|(name, column)| like_of(name, table, column)),
    );
    defined.extend(table.columns.iter().map(|column| like(&column.name, Some(column))));
    let sql = format!("CREATE TABLE {} ({})", ident(&name), defined.join(", "));
    Object::table(name, sql)
}

/// Notes the row in OLD.
pub(super) fn note_old(table: &Table, names: Names) -> String {
    let values = [table.identity(), columns(table)].concat();
    format!(
        "INSERT INTO {} ({}) VALUES ({WRITTEN}, {})",
        ident(&names.gone(&table.name)),
        listed(table),
        join(&values, ", ", |column| format!("OLD.{}", ident(column))),
    )
}

pub(super) fn listed(table: &Table) -> String {
    let names = [identity_columns(table), columns(table)].concat();
    format!("_cutover_kind, {}", idents("", &names))
}

/// The table as it was before the write, as a table expression. `own` tells the row that is
/// written by its identity, `victims` is whether those that a REPLACE removed count.
pub(super) fn before(
    table: &Table,
    names: Names,
    own: &dyn Fn(usize) -> String,
    victims: &str,
) -> String {
    let columns = columns(table);
    let identity = table.identity();
    let positions: Vec<usize> = (0..identity.len()).collect();
    let is_own = join(&positions, " AND ", |position| {
        format!("x.{} IS {}", ident(&identity[*position]), own(*position))
    });
    format!(
        "(SELECT {} FROM {} AS x WHERE NOT ({is_own}) UNION ALL SELECT {} FROM {} AS g \
         WHERE g._cutover_kind = {WRITTEN} OR (g._cutover_kind = {VICTIM} AND {victims}))",
        idents("x.", &columns),
        ident(&table.name),
        idents("g.", &columns),
        ident(&names.gone(&table.name)),
    )
}
