//! Every shape of table, on its way from start to `retired` and back in between.
//!
//! - [`shape`]: what a shape is, as data, and the way each of them goes: both to a table of
//!   another name and in place, beside a twin.
//! - [`keys`]: what a table may be told apart by.
//! - [`chunks`]: keys whose parts come from several tables, over several chunks.
//! - [`columns`]: generated columns, collations, defaults, checks, indexes, STRICT.
//! - [`groups`]: groups whose members are equal and not the same.
//! - [`values`]: what may stand in a column.
//! - [`references`]: foreign keys, their actions, and what else names a table.
//! - [`triggers`]: the application's own triggers, and what they feed.
//! - [`names`]: names that need quoting.
//! - [`in_place`]: what may change under a table's name.
//! - [`sequences`]: ids that were given out are never given out again.
//! - [`drafts`]: what `cutover new` writes.
//! - [`noted`]: what `check` tells of what a table loses, gains or moves.
//! - [`refused`]: what `check` and `start` refuse, and in which words.
//! - [`book`]: the book's table of shapes names tests that exist.

mod book;
mod chunks;
mod columns;
mod drafts;
mod groups;
mod in_place;
mod keys;
mod names;
mod noted;
mod references;
mod refused;
mod sequences;
mod shape;
mod triggers;
mod values;
