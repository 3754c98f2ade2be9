//! Handing over to the other side, in the transaction in which writes begin to enter it:
//! the names that both sides have, the foreign keys, the sequences of ids.
//!
//! Nothing else in the schema changes: what refers to a table by its name leads to whoever
//! has it.

use crate::backend::sqlite::catalog::{self, Entry};
use crate::backend::sqlite::rename::{self, redefine};
use crate::backend::sqlite::{Db, state};
use crate::derive::sequences::sequences;
use crate::derive::sql::ident;
use crate::error::{Refusal, Result};
use crate::model::build::Model;
use crate::model::definitions;
use crate::model::phase_objects::run;
use crate::phase::{Direction, Side};
use crate::schema::{Defined, Definition};

/// Makes the side that `to` says the bearer of the shared names. The sync's objects are gone
/// at this moment.
pub(crate) fn hand_over(db: &Db, from: &Model, to: &Model) -> Result<()> {
    let doing = "exchanging the tables' names";
    let before = others(db, from, to)?;
    let changes = match to.named_side {
        Side::New => {
            let written = definitions::read_old(db, from)?;
            state::keep_definitions(db, from.names.migration, &written)?;
            let mut changes = definitions::old_aside(to, &written);
            changes.extend(definitions::new_changes(from, to));
            let mut made = definitions::of_new(from);
            made.extend(written);
            definitions::as_redefined(changes, &made, &defined(db)?)
        }
        Side::Old => {
            let written = state::definitions(db, from.names.migration)?;
            let mut changes = definitions::new_changes(from, to);
            changes.extend(definitions::old_restored(to, &written));
            let mut made = definitions::of_new(from);
            made.extend(definitions::as_aside(from, &written));
            definitions::as_redefined(changes, &made, &defined(db)?)
        }
    };
    let triggers = own_triggers(db, from)?;
    run(db, doing, &triggers.iter().map(|(name, _)| drop_trigger(name)).collect::<Vec<_>>())?;
    redefine(db, &changes)?;
    // In the order in which they were made: SQLite runs the last one made first.
    run(db, doing, &triggers.into_iter().map(|(_, sql)| sql).collect::<Vec<_>>())?;
    let direction = match to.named_side {
        Side::New => Direction::Forward,
        Side::Old => Direction::Backward,
    };
    if db.has("sqlite_sequence")? {
        run(db, "copying the sequences", &sequences(to.targets(direction), &to.catalog))?;
    }
    if others(db, from, to)? != before {
        return Err(Refusal::new(
            doing,
            "something else in the schema would change",
            "report this as a bug, with the database's schema",
        )
        .into());
    }
    Ok(())
}

/// The statements of a hand-over to the new side, to be read by people.
pub(crate) fn planned(db: &Db, from: &Model, to: &Model) -> Result<Vec<String>> {
    let written = definitions::read_old(db, from)?;
    let mut changes = definitions::old_aside(to, &written);
    changes.extend(definitions::new_changes(from, to));
    let mut before = definitions::of_new(from);
    before.extend(written);
    let changed = changes.into_iter().filter(|change| !before.contains(&change.to));
    let mut statements: Vec<String> = changed.map(|change| rename::statement(&change)).collect();
    statements.extend(sequences(&to.forward, &to.catalog));
    Ok(statements)
}

/// The application's triggers on tables whose name changes hands, oldest first: they belong
/// to the name.
fn own_triggers(db: &Db, model: &Model) -> Result<Vec<(String, String)>> {
    let named_side = model.catalog.side(model.named_side);
    let mut all = Vec::new();
    for table in named_side.iter().filter(|table| table.shared) {
        let triggers = catalog::triggers(db, &table.name)?;
        all.extend(triggers.into_iter().map(|trigger| (trigger.name, trigger.sql)));
    }
    Ok(all)
}

fn drop_trigger(name: &str) -> String {
    format!("DROP TRIGGER {}", ident(name))
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
