//! A schema object that a step creates.

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
