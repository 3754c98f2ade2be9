//! What triggers are made of in SQLite: the one place that writes CREATE TRIGGER and RAISE, and
//! procedures, which SQLite has none of.

use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::{ident, join, text};

/// A trigger on a table or view. `event` is such as `AFTER UPDATE OF "a"`.
pub(super) fn trigger(
    name: String,
    event: &str,
    on: &str,
    when: Option<&str>,
    statements: &[String],
) -> Object {
    let when = when.map_or_else(String::new, |when| format!(" WHEN {when}"));
    let sql = format!(
        "CREATE TRIGGER {} {event} ON {}{when} BEGIN\n  {};\nEND",
        ident(&name),
        ident(on),
        statements.join(";\n  ")
    );
    Object::trigger(name, on, sql)
}

/// What a trigger that [`trigger`] wrote waits for.
pub(crate) fn event(name: &str, on: &str, sql: &str) -> Option<String> {
    let before = format!("CREATE TRIGGER {} ", ident(name));
    let (event, _) = sql.strip_prefix(&before)?.split_once(&format!(" ON {}", ident(on)))?;
    Some(event.to_owned())
}

/// Triggers that run statements before each of these events on a table.
pub(super) fn before(
    events: &[&str],
    what: &str,
    names: Names,
    table: &str,
    when: Option<&str>,
    statements: &[String],
) -> Vec<Object> {
    let before = |event: &&str| {
        let name = names.trigger(&format!("{what}_{event}"), table);
        trigger(name, &format!("BEFORE {}", event.to_uppercase()), table, when, statements)
    };
    events.iter().map(before).collect()
}

/// The beginning of a statement that refuses a write for each row that its FROM and WHERE give.
/// No conflict clause of the application overrides it
/// (<https://www.sqlite.org/lang_createtrigger.html#raise>).
pub(super) fn refuse(message: &str) -> String {
    format!("SELECT RAISE(ABORT, {})", text(message))
}

/// A view with these columns, and one that tells whether to go, and the statements that an
/// insert into it runs.
pub(super) fn procedure(name: &str, columns: &[String], statements: &[String]) -> Vec<Object> {
    let nulls = join(columns, ", ", |column| format!("NULL AS {column}"));
    let nulls = format!("{nulls}, NULL AS go");
    let run = format!("{name}_do");
    vec![
        Object::view(name.to_owned(), format!("CREATE VIEW {} AS SELECT {nulls}", ident(name))),
        trigger(run, "INSTEAD OF INSERT", name, Some("NEW.go IS NOT 0"), statements),
    ]
}

/// Calls a procedure with these values, if a condition holds.
pub(super) fn call_with(
    procedure: &str,
    columns: &[String],
    values: &[String],
    when: Option<&str>,
) -> String {
    let (mut columns, mut values) = (columns.to_vec(), values.to_vec());
    if let Some(when) = when {
        columns.push("go".to_owned());
        // A condition that is neither true nor false holds no more than in a WHERE.
        values.push(format!("(({when}) IS TRUE)"));
    }
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        ident(procedure),
        columns.join(", "),
        values.join(", ")
    )
}
