//! What is worth knowing before old and new programs write at once.

use crate::derive::sql::join;
use crate::derive::target::Target;
use crate::model::build::Model;
use crate::phase::Side;
use crate::report::Problem;
use crate::schema::Table;

pub(super) fn notes(model: &Model) -> Vec<Problem> {
    let unread = model.forward.iter().filter_map(|target| not_read_back(model, target));
    let hidden = model.backward.iter().filter_map(may_hide_rows);
    unread.chain(hidden).collect()
}

/// Columns that are filled and that the way back does not read: both programs may change them.
fn not_read_back(model: &Model, target: &Target) -> Option<Problem> {
    let table = &target.table;
    let unread: Vec<&String> =
        target.columns.iter().filter(|column| !is_read(model, table, column)).collect();
    if unread.is_empty() {
        return None;
    }
    let (columns, are) =
        (join(&unread, ", ", |name| (*name).clone()), if unread.len() == 1 { "is" } else { "are" });
    Some(Problem::on_line(
        target.line,
        format!(
            "{columns} of {} {are} not read by the backward mapping: what a new program writes there \
             stays, and no longer follows the old tables",
            table.known_as
        ),
        "nothing, if new programs may set it; otherwise let only the mapping fill it",
    ))
}

fn is_read(model: &Model, table: &Table, column: &str) -> bool {
    model.backward.iter().flat_map(Target::leaves).any(|(source, leaf)| {
        leaf.side == Side::New
            && leaf.table == table.name
            && source
                .query
                .columns_of(leaf.number)
                .iter()
                .any(|read| read.eq_ignore_ascii_case(column))
    })
}

/// An old table that does not show every row of the new ones, and whose key SQLite allocates:
/// it may give out the key of a row that it does not show.
fn may_hide_rows(target: &Target) -> Option<Problem> {
    let table = &target.table;
    let key = table.rowid_alias.as_ref()?;
    let filters = |source: &crate::derive::source::Source| {
        source.query.arms().any(|arm| arm.filter.is_some() || arm.having.is_some())
    };
    target.sources.iter().any(filters).then(|| {
        Problem::on_line(
            target.line,
            format!(
                "the backward mapping leaves rows out of {0}, and SQLite allocates {0}.{key}: an old \
                 program may get the key of a row that it does not see, and its insert is then refused",
                table.known_as
            ),
            "let new programs allocate keys from a range of their own for rows that the old tables \
             do not show",
        )
    })
}
