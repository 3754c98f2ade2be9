//! Handing over to the other side, in the transaction in which writes begin to enter it:
//! the names that both sides have, the foreign keys, the sequences of ids.
//!
//! Nothing else in the schema changes: what refers to a table by its name leads to whoever
//! has it.

use crate::backend::sqlite::catalog::{self, Entry, OURS};
use crate::backend::sqlite::objects::{self, Standing};
use crate::backend::sqlite::rename::{self, redefine};
use crate::backend::sqlite::{Db, state};
use crate::derive::object::Object;
use crate::derive::sequences::sequences;
use crate::error::{Refusal, Result};
use crate::model::build::Model;
use crate::model::definitions;
use crate::model::phase_objects::run;
use crate::phase::{Direction, Side};
use crate::schema::{Change, Defined, Definition};

/// What becomes of the definitions when writes enter the sides that `to` says. Those of the old
/// tables are kept where they become the mirror.
pub(crate) fn changes(db: &Db, from: &Model, to: &Model) -> Result<Vec<Change>> {
    let mut made = definitions::of_new(from);
    let mut changes = definitions::new_changes(from, to);
    match (from.writes.enter(Side::Old), to.writes.enter(Side::Old)) {
        (true, false) => {
            let written = definitions::read_old(db, from)?;
            state::keep_definitions(db, from.names.migration, &written)?;
            // The names are free before the new tables get them.
            changes.splice(0..0, definitions::old_aside(to, &written));
            made.extend(written);
        }
        (false, true) => {
            let written = state::definitions(db, from.names.migration)?;
            changes.extend(definitions::old_restored(to, &written));
            made.extend(definitions::as_aside(from, &written));
        }
        // Between read-new and write-both the old tables stay as their author wrote them.
        (true, true) | (false, false) => {}
    }
    Ok(definitions::as_redefined(changes, &made, &defined(db)?))
}

/// Makes the side that `to` says the bearer of the shared names. The sync's objects are gone
/// at this moment.
pub(crate) fn hand_over(db: &Db, (from, to): (&Model, &Model), changes: &[Change]) -> Result<()> {
    let before = others(db, from, to)?;
    let triggers = own_triggers(db, from)?;
    let standing: Vec<_> = triggers.iter().map(|it| Standing::trigger(&it.name)).collect();
    objects::remove(db, DOING, &standing)?;
    redefine(db, changes)?;
    // In the order in which they were made, as SQLite runs the last one made first; and after
    // the table that has the name from here on, as SQLite reads the schema in its order.
    objects::create(db, DOING, &triggers)?;
    if others(db, from, to)? != before {
        return Err(Refusal::new(
            DOING,
            "something else in the schema would change",
            "report this as a bug, with the database's schema",
        )
        .into());
    }
    Ok(())
}

/// Has the tables that writes enter from here on count their ids on.
pub(crate) fn count_on(db: &Db, from: &Model, to: &Model) -> Result<()> {
    let begins = |side| to.writes.enter(side) && !from.writes.enter(side);
    for direction in Direction::BOTH.into_iter().filter(|way| begins(way.target())) {
        if db.has("sqlite_sequence")? {
            run(db, "copying the sequences", &sequences(to.targets(direction), &to.catalog))?;
        }
    }
    Ok(())
}

/// The statements by which writes begin to enter the new side, to be read by people.
pub(crate) fn planned(db: &Db, from: &Model, to: &Model) -> Result<Vec<String>> {
    let written = definitions::read_old(db, from)?;
    let stay = to.writes.enter(Side::Old);
    let mut changes = if stay { Vec::new() } else { definitions::old_aside(to, &written) };
    changes.extend(definitions::new_changes(from, to));
    let mut before = definitions::of_new(from);
    before.extend(written);
    let changed = changes.into_iter().filter(|change| !before.contains(&change.to));
    let mut statements: Vec<String> = changed.map(|change| rename::statement(&change)).collect();
    statements.extend(sequences(&to.forward, &to.catalog));
    Ok(statements)
}

const DOING: &str = "exchanging the tables' names";

/// The application's triggers on tables whose name changes hands, oldest first: they belong
/// to the name.
fn own_triggers(db: &Db, model: &Model) -> Result<Vec<Object>> {
    let named_side = model.catalog.side(model.named_side());
    let changes_hands = |name: &str| {
        named_side.iter().any(|table| table.shared && table.name.eq_ignore_ascii_case(name))
    };
    let mut entries = catalog::entries(db)?;
    entries.retain(|entry| {
        entry.kind == "trigger" && changes_hands(&entry.on) && !entry.name.starts_with(OURS)
    });
    let object = |it: Entry| Some(Object::trigger(it.name, &it.on, it.sql?));
    Ok(entries.into_iter().filter_map(object).collect())
}

/// The tables and indexes as they are recorded.
fn defined(db: &Db) -> Result<Vec<Definition>> {
    let kind = |entry: &Entry| {
        [Defined::Table, Defined::Index].into_iter().find(|kind| kind.name() == entry.kind)
    };
    let entries = catalog::entries(db)?.into_iter();
    Ok(entries
        .filter_map(|it| Some(Definition { kind: kind(&it)?, name: it.name, sql: it.sql? }))
        .collect())
}

/// The schema without the tables of the migration and what is on them, but for triggers.
fn others(db: &Db, from: &Model, to: &Model) -> Result<Vec<Entry>> {
    let mut own: Vec<String> = Vec::new();
    for model in [from, to] {
        own.extend(model.old_tables().chain(model.new_tables()).map(|t| t.name.to_lowercase()));
    }
    let mut entries = catalog::entries(db)?;
    entries.retain(|entry| entry.kind == "trigger" || !own.contains(&entry.on.to_lowercase()));
    // A trigger that was made anew stands in another place.
    entries.iter_mut().for_each(|entry| entry.place = 0);
    entries.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    Ok(entries)
}
