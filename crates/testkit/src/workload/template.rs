//! What a program writes, as data: SQL with placeholders.
//!
//! | placeholder | becomes |
//! |---|---|
//! | `{int}`, `{int:1..9}` | a whole number, mostly small; one of the range |
//! | `{real}` | a number with a fraction, exact in binary |
//! | `{text}` | a text: words, or one of those that break careless code |
//! | `{word}` | one of ten words, some differing in letter case only |
//! | `{blob}` | a few bytes |
//! | `{time}`, `{ms}` | `'2025-03-01 10:00:00'`; such a time in milliseconds |
//! | `{one:A\|B}` | one of the SQL pieces, as written |
//! | `{pick:table.column}` | a value that is there; NULL from an empty table |
//! | `{fresh:table.column}` | a whole number above all that are there |
//! | `{sql:QUERY}` | the first value that the query gives; `$x` in it is what `{x}` is |
//! | `{rowid}` | in `twin_sql` only: `last_insert_rowid()` after the statements |
//! | `{x=KIND}`, then `{x}` | the same value in every place, `twin_sql` included |
//! | `{KIND?}`, `{x=KIND?}` | NULL in one of five |
//! | `{{`, `}}` | braces |
//!
//! Every value is a literal, so that the statement does the same when the twin
//! replays it. The rest of a template must keep to that: no current time, no
//! `random()`, and no key left to SQLite, unless the template gives a `twin_sql` with
//! `{rowid}`: after a rollback SQLite may hand out other keys than the twin's.

use serde::Serialize;

/// One kind of statement.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Template {
    /// How often, against the other templates.
    weight: u32,
    /// Executed together, or not at all.
    sql: &'static [&'static str],
    /// The equivalent on the old tables; empty: the same.
    twin_sql: &'static [&'static str],
}

impl Template {
    /// A statement on the old tables.
    #[must_use]
    pub const fn old(weight: u32, sql: &'static [&'static str]) -> Self {
        Self { weight, sql, twin_sql: &[] }
    }

    /// Statements, with others that do the same on the old tables of the twin.
    #[must_use]
    pub const fn with_twin(
        weight: u32,
        sql: &'static [&'static str],
        twin_sql: &'static [&'static str],
    ) -> Self {
        Self { weight, sql, twin_sql }
    }
}

/// What a program does.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct Workload {
    /// Its statements.
    pub templates: &'static [Template],
}
