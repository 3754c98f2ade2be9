//! What a copy of the schema without a row can tell: how long a switch takes, and whether SQLite
//! takes the statements of programs once the triggers are there.

use std::time::{Duration, Instant};

use crate::backend::sqlite::{Db, Wall, catalog, objects, state};
use crate::derive::sql::{ident, join};
use crate::engine::transition::switch::{self, Next};
use crate::error::Result;
use crate::model::build::Model;
use crate::model::definitions;
use crate::model::phase_objects::{self, Setting};
use crate::phase::Phase;
use crate::report::Problem;
use crate::schema::{Column, Table};

/// How long the statements of the longest switch take, on a schema-only copy:
/// making the next phase's objects, and dropping as many.
pub(crate) fn rehearse_switch(db: &Db, model: &Model) -> Result<Duration> {
    let copy = schema_copy(db, model)?;
    let doing = "rehearsing a switch";
    state::create(&copy)?;
    objects::create(
        &copy,
        doing,
        &phase_objects::objects(model, &Setting::of(Phase::ReadNew), ""),
    )?;
    let next = Next::derive(model, Setting::of(Phase::WriteNew))?;
    let began = Instant::now();
    copy.batch(doing, "BEGIN")?;
    switch::enter(&copy, model, &next, "")?;
    copy.batch(doing, "COMMIT")?;
    Ok(began.elapsed())
}

/// The tables whose writes SQLite would refuse for what keeps the other side in step: a
/// trigger is looked at only when a statement fires it, which would be a program's.
pub(crate) fn unwritable(db: &Db, model: &Model) -> Result<Vec<Problem>> {
    let copy = schema_copy(db, model)?;
    state::create(&copy)?;
    let doing = "rehearsing writes";
    objects::create(
        &copy,
        doing,
        &phase_objects::objects(model, &Setting::of(Phase::ReadNew), ""),
    )?;
    let mut problems = refused_writes(&copy, model.old_tables());
    copy.batch(doing, "BEGIN")?;
    let next = Next::derive(model, Setting::of(Phase::WriteNew))?;
    switch::enter(&copy, model, &next, "")?;
    problems.extend(refused_writes(&copy, model.new_tables()));
    copy.batch(doing, "ROLLBACK")?;
    Ok(problems)
}

/// What SQLite says of writes to these tables, under their own names.
pub(crate) fn refused_writes<'t>(
    copy: &Db,
    tables: impl Iterator<Item = &'t Table>,
) -> Vec<Problem> {
    let refused = |table: &Table| {
        let error =
            writes(table, &table.known_as).iter().find_map(|sql| copy.prepares(sql).err())?;
        Some(Problem::new(
            format!("SQLite would refuse writes to {}: {error}", table.known_as),
            "make the mapping simpler: fewer columns or tables in one statement",
        ))
    };
    tables.filter_map(refused).collect()
}

/// A statement of each kind that writes to a table of this name.
pub(crate) fn writes(table: &Table, name: &str) -> [String; 3] {
    let name = ident(name);
    let columns: Vec<&Column> = table.stored_columns().collect();
    let same = join(&columns, ", ", |column| format!("{0} = {0}", ident(&column.name)));
    [
        format!("INSERT INTO {name} DEFAULT VALUES"),
        format!("UPDATE {name} SET {same}"),
        format!("DELETE FROM {name}"),
    ]
}

/// An empty database in memory with the schema of the real one and of the migration.
pub(crate) fn schema_copy(db: &Db, model: &Model) -> Result<Db> {
    let copy = Db::memory()?;
    let mut objects = catalog::application(db)?;
    objects.retain(|it| matches!(it.kind.as_str(), "table" | "index"));
    for sql in objects.into_iter().filter_map(|it| it.sql) {
        // A virtual table of a module that is not compiled in here can't be copied,
        // and can't be part of a migration either.
        let _ = copy.behind(Wall::Definition, || copy.attempt(&sql));
    }
    for definition in definitions::of_new(model) {
        // They exist already once the migration has started.
        let _ = copy.behind(Wall::Definition, || copy.attempt(&definition.sql));
    }
    Ok(copy)
}
