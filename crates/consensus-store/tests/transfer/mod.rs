//! Export and import, on real files.
//!
//! - [`round_trip`]: from file to file, old and new, and back: the same bytes.
//! - [`phases`]: export and import in every phase of the migration.
//! - [`derived`]: what an import writes is what the migration derives.
//! - [`again`]: rows that are there already, ids that hold something else, new ids.
//! - [`refused`]: each line that is no row, and that nothing is imported then.
//! - [`odd_values`]: whatever SQLite can hold.
//! - [`endings`]: writers and readers that fail, files that are damaged.
//! - `support`: files, migrations, comparisons.

mod again;
mod derived;
mod endings;
mod odd_values;
mod phases;
mod refused;
mod round_trip;
mod support;
