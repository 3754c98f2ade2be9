//! A schema object that a step creates.

use super::names::Names;
use super::sql::ident;

/// What it is and the statement that creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    View,
    Trigger,
}

impl Object {
    pub(crate) fn new(kind: Kind, name: String, sql: String) -> Self {
        Self { kind, name, sql }
    }
}

/// Triggers that run statements before each of these events on a table.
pub(crate) fn before(
    events: &[&str],
    what: &str,
    names: Names,
    table: &str,
    statements: &[String],
) -> Vec<Object> {
    let trigger = |event: &&str| {
        let name = names.trigger(&format!("{what}_{event}"), table);
        let sql = format!(
            "CREATE TRIGGER {} BEFORE {} ON {} BEGIN\n  {};\nEND",
            ident(&name),
            event.to_uppercase(),
            ident(table),
            statements.join(";\n  ")
        );
        Object::new(Kind::Trigger, name, sql)
    };
    events.iter().map(trigger).collect()
}
