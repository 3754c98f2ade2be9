//! What only the new tables hold, and would go with them: values in columns that no mapping
//! gives, and rows that no old row gives.

use super::set_aside;
use crate::backend::sqlite::journal;
use crate::derive::derived::Place;
use crate::derive::own_values::holds;
use crate::derive::sql::{any, ident, join};
use crate::derive::target::Target;
use crate::engine::work::pace::Pacer;
use crate::engine::work::reconcile::survey;
use crate::engine::work::session::Session;
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::phase::{Direction, Side};
use crate::report::OnlyNew;
use crate::schema::Column;
use crate::watch::Watch;

/// The rows of one new table that hold values of their own.
pub(crate) struct Own<'m> {
    target: &'m Target,
    /// The columns that no mapping gives.
    columns: Vec<String>,
    /// What such rows meet.
    condition: String,
}

/// Where such rows can be.
pub(crate) fn own<'m>(session: &'m Session<'_>) -> Result<Vec<Own<'m>>> {
    let history = journal::read(session.db, &session.record.name)?;
    let this_time = history.iter().rev().take_while(|entry| entry.event != "start");
    let written = this_time.into_iter().any(|entry| entry.after.writes().enter(Side::New));
    let own = |target: &'m Target| {
        let (table, listed) = (&target.table, |name: &str| {
            target.columns.iter().any(|one| one.eq_ignore_ascii_case(name))
        });
        let unlisted = table
            .stored_columns()
            .filter(|column| !listed(&column.name) && !table.is_rowid_alias(&column.name));
        let holding: Vec<(&Column, String)> =
            unlisted.filter_map(|column| Some((column, holds(column, "", written)?))).collect();
        let conditions: Vec<String> = holding.iter().map(|(_, holds)| holds.clone()).collect();
        let columns = holding.iter().map(|(column, _)| column.name.clone()).collect();
        (!holding.is_empty()).then(|| Own { target, columns, condition: any(&conditions) })
    };
    Ok(session.model.forward.iter().filter_map(own).collect())
}

/// What exists nowhere else, table by table.
pub(crate) fn only_new(session: &Session<'_>, watch: &mut dyn Watch) -> Result<Vec<OnlyNew>> {
    let db = session.db;
    let mut all: Vec<OnlyNew> = Vec::new();
    for Own { target, columns, condition } in own(session)? {
        let table = &target.table;
        let from = ident(&table.name);
        let rows = db.count(&format!("SELECT count(*) FROM {from} WHERE {condition}"))?;
        if rows > 0 {
            all.push(OnlyNew { table: table.known_as.clone(), columns, rows });
        }
    }
    // Nobody could write such rows, unless it was around the guards.
    for target in session.model.targets(Direction::Forward) {
        let (mut pacer, mut rows) = (Pacer::reading(Pace::Gentle, db.has_log()?), 0);
        survey(db, &session.model, target, Place::LIVE, &mut pacer, 0, |outcome| {
            rows += outcome.extra + outcome.different;
            Ok(!watch.interrupted())
        })?;
        if rows > 0 {
            all.push(OnlyNew { table: target.table.known_as.clone(), columns: Vec::new(), rows });
        }
    }
    Ok(all)
}

/// Copies aside what was found, as far as it can still change.
pub(crate) fn keep_rows(session: &Session<'_>, watch: &mut dyn Watch) -> Result<()> {
    set_aside::keep_all(session, Direction::Forward, watch).map(|_| ())
}

/// `3 rows of people with values in locale`.
pub(crate) fn told(found: &[OnlyNew]) -> String {
    join(found, ", ", |OnlyNew { table, columns, rows }| {
        let s = if *rows == 1 { "" } else { "s" };
        match columns.as_slice() {
            [] => format!("{rows} row{s} of {table}"),
            columns => format!("{rows} row{s} of {table} with values in {}", columns.join(", ")),
        }
    })
}

/// Keeps the rows of a table that are about to go, where they hold values of their own.
pub(crate) fn keep_going(
    session: &Session<'_>,
    own: &[Own<'_>],
    name: &str,
    chunk: &str,
) -> Result<()> {
    let Some(own) = own.iter().find(|own| own.target.table.name == name) else { return Ok(()) };
    let reason = format!("only the new table has {}", own.columns.join(", "));
    let condition = format!("{chunk} AND ({})", own.condition);
    set_aside::keep_where(session, own.target, &condition, &reason)
}

/// The error of a comparison that can't be made because a table is gone.
pub(crate) fn is_about_a_table(error: &Error) -> bool {
    matches!(error, Error::Database { .. } | Error::Migration(_))
}
