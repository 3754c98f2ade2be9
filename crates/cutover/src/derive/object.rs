//! A schema object that a step creates.

/// What it is and the statement that creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) sql: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Table,
    /// A row that the table of this name has from the beginning.
    Row,
    View,
    Trigger {
        /// The table or view that it is on.
        on: String,
    },
}

impl Object {
    pub(crate) fn table(name: String, sql: String) -> Self {
        Self { kind: Kind::Table, name, sql }
    }

    pub(crate) fn row(table: String, sql: String) -> Self {
        Self { kind: Kind::Row, name: table, sql }
    }

    pub(crate) fn view(name: String, sql: String) -> Self {
        Self { kind: Kind::View, name, sql }
    }

    pub(crate) fn trigger(name: String, on: &str, sql: String) -> Self {
        Self { kind: Kind::Trigger { on: on.to_owned() }, name, sql }
    }
}
