//! Constraints of a new table that old programs can't know of: over columns that no mapping
//! gives, which only new programs write. An old program's row has the defaults there, and its
//! update finds what a new program wrote.

use crate::derive::sql::join;
use crate::derive::target::Target;
use crate::phase::Phase;
use crate::report::Problem;
use crate::schema::Column;

pub(super) fn unknown_to_old_programs(target: &Target) -> Vec<Problem> {
    let table = &target.table;
    let given = |name: &str| target.columns.iter().any(|one| one.eq_ignore_ascii_case(name));
    // Allocated by SQLite, or computed from what is given.
    let own = |name: &str| {
        !given(name)
            && !table.is_rowid_alias(name)
            && table.column(name).is_some_and(|column| !column.generated)
    };
    let filled = |name: &str| table.column(name).is_some_and(|column| !is_null(column));
    let mut found = Vec::new();
    for column in table.stored_columns().filter(|column| own(&column.name)) {
        if column.not_null && is_null(column) {
            found.push((
                format!("the column {} is NOT NULL without a default", column.name),
                column.name.clone(),
            ));
        }
    }
    let mut over = |what: &str, columns: &[String], one_for_all: bool| {
        let (outside, within): (Vec<&String>, Vec<&String>) =
            columns.iter().partition(|name| own(name));
        // Over columns of new programs alone, NULL is in nobody's way.
        let reaches = !within.is_empty() || one_for_all && outside.iter().all(|name| filled(name));
        if !outside.is_empty() && reaches {
            let listed = join(columns, ", ", |name| name.clone());
            found
                .push((format!("{what} ({listed})"), join(&outside, ", ", |name| (*name).clone())));
        }
    };
    for unique in table.uniques.iter().chain(&table.partial_uniques) {
        let columns: Vec<String> = unique.watched().cloned().collect();
        // With the whole key in it, no two rows of old programs can meet on it.
        if !target.key.columns.iter().all(|part| unique.columns.contains(part)) {
            over("the unique key", &columns, true);
        }
    }
    for key in &table.foreign_keys {
        over("the foreign key", &key.columns, true);
    }
    for check in &table.checks {
        over("the CHECK over", &check.columns, false);
    }
    let problem = |(what, columns): (String, String)| {
        Problem::on_line(
            target.line,
            format!(
                "{what} of {} is about {columns}, which old programs can't know of: their writes \
                 could break it",
                table.known_as
            ),
            format!(
                "add the constraint after the last old program is gone, or go without {}",
                Phase::WriteBoth
            ),
        )
    };
    found.into_iter().map(problem).collect()
}

/// Whether a row that does not name the column has NULL in it.
fn is_null(column: &Column) -> bool {
    column.default.as_ref().is_none_or(|default| default.trim().eq_ignore_ascii_case("null"))
}
