//! What the schema of a database says.

pub(crate) mod definition;
mod listed;
mod table;

pub(crate) use listed::{
    Entry, OURS, Places, all_triggers, apart, application, begin_with, begin_with_in_any_case,
    column_names, definition, definitions_on, entries, named, table_names, tables_with_triggers,
    trigger_names, triggers_with_tables, views_with_triggers, virtual_tables,
};
pub(crate) use table::table;
