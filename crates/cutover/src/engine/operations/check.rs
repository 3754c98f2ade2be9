//! The proof, on a consistent snapshot, changing nothing: the new tables are built
//! in a scratch database from the rows as they are, the old rows are derived back
//! from them, and every one is compared with what it was.

use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::state::{self, Record};
use crate::backend::sqlite::{Answer, DatabaseError, Db, Row, Wall, compare, failing};
use crate::derive::derived::Place;
use crate::derive::flaw::FlawKind;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::Target;
use crate::engine::open::Engine;
use crate::engine::options::Options;
use crate::engine::preflight::converted_keys::converted_key;
use crate::engine::preflight::dependents::{broken, broken_by_retiring, users};
use crate::engine::preflight::not_carried::not_carried;
use crate::engine::preflight::programs;
use crate::engine::preflight::rehearsal::{rehearse_switch, unwritable};
use crate::engine::preflight::scans::scans;
use crate::engine::preflight::space::{self, IndexBytes};
use crate::engine::preflight::suitability::unsuitable;
use crate::engine::preflight::write_both::write_both;
use crate::engine::transition::references;
use crate::engine::work::busy_handler::{felt_of_chunks, felt_of_one};
use crate::engine::work::compare::EXAMPLES;
use crate::engine::work::disk;
use crate::engine::work::pace::{BESIDE_PROGRAMS, CHUNK_BESIDE_PROGRAMS, Pacer};
use crate::engine::work::pass::{Pass, total};
use crate::error::{Error, Refusal, Result};
use crate::migration::Migration;
use crate::model::build::Model;
use crate::model::definitions::new_table_statements;
use crate::phase::{Phase, Side, Writes};
use crate::report::{
    CheckReport, Command, Fix, Forecast, PlannedIndex, Problem, VerifyReport, WriteBoth,
};
use crate::watch::{Event, Watch, Work};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The user's database attached to the scratch one.
const PLACE: Place = Place { old: "src.", new: "main." };

impl Engine {
    /// Proves that the migration loses nothing, on the data as it is, and says what
    /// it will cost. Changes nothing.
    ///
    /// # Errors
    ///
    /// If the file and the database do not belong together. What stands in the way
    /// otherwise is in the report.
    pub fn check(&self, migration: &Migration, watch: &mut dyn Watch) -> Result<CheckReport> {
        state::refuse_others(&self.db)?;
        let known = state::load(&self.db, migration.name())?;
        if let Some(record) = known.as_ref().filter(|record| record.phase > Phase::DualWrite) {
            let reason =
                format!("migration {} has started and is in {}", record.name, record.phase);
            let fix = if record.phase == Phase::Retired {
                Fix::from("the migration is over; look at ").with(Command::History)
            } else {
                Fix::from(Command::Verify).with(" compares every row in this phase")
            };
            return Err(Error::Refused(Refusal::new("check", reason, fix)));
        }
        examine(self, migration, known.as_ref(), watch)
    }
}

/// The proof, for `check` and `start`. `known` is the record of an earlier call
/// that was interrupted.
pub(crate) fn examine(
    engine: &Engine,
    migration: &Migration,
    known: Option<&Record>,
    watch: &mut dyn Watch,
) -> Result<CheckReport> {
    let mut report = CheckReport {
        migration: migration.name().to_owned(),
        ok: false,
        rows: 0,
        lossless: VerifyReport::default(),
        problems: Vec::new(),
        notes: Vec::new(),
        write_both: WriteBoth::default(),
        indexes: Vec::new(),
        forecast: Forecast::default(),
        fuzz: None,
    };
    let number = match known {
        Some(record) => record.id,
        None => state::all(&engine.db)?.iter().map(|record| record.id).max().unwrap_or(0) + 1,
    };
    let model = match Model::derive(&engine.db, migration.clone(), number, Writes::Old)? {
        Ok(model) => model,
        Err(flaw) if flaw.kind == FlawKind::CantKeepInStep => {
            report.problems.push(flaw.to_problem());
            return Ok(report);
        }
        Err(flaw) => return Err(crate::model::build::refuse(migration, &flaw)),
    };
    if let Some(flaw) = model.undetermined() {
        report.problems.push(flaw.to_problem());
        return Ok(report);
    }
    if unsuitable(&engine.db, &model, known, &mut report)? {
        return Ok(report);
    }
    report.problems.extend(scans(&engine.db, &model)?);
    report.problems.extend(unwritable(&engine.db, &model)?);
    report.problems.extend(broken(&engine.db, &model)?);
    report.notes.extend(broken_by_retiring(&engine.db, &model)?);
    report.notes.extend(users(&engine.db, &model)?);
    report.notes.extend(not_carried(&engine.db, &model)?);
    report.write_both = write_both(&engine.db, &model)?;
    let beside_programs = programs::are_there(&engine.db, engine.options.writers_in_process);
    report.notes.extend(beside_programs.then(programs::note));
    report.indexes = model
        .missing_indexes()
        .into_iter()
        .map(|(name, needed)| PlannedIndex {
            side: needed.side,
            sql: needed.sql(&name),
            table: needed.table,
        })
        .collect();
    if report.problems.is_empty() {
        let indexes = rehearse(engine, &model, &mut report, watch)?;
        let left = known.map_or(Ok(1.0), |record| unfilled(&engine.db, record))?;
        let (forecast, options) = (&mut report.forecast, &engine.options);
        if beside_programs {
            forecast.backfill_seconds *= BESIDE_PROGRAMS;
        }
        let lack = space::forecast(&engine.db, options, left, indexes.largest, forecast)?;
        report.problems.extend(lack);
    }
    report.ok = report.problems.is_empty() && report.lossless.ok;
    Ok(report)
}

/// The part of the backfill that an earlier call has not done.
fn unfilled(db: &Db, record: &Record) -> Result<f64> {
    let passes = state::passes(db, record.id)?;
    let sum = |f: fn(&state::PassRecord) -> u64| passes.iter().map(f).sum::<u64>();
    let (done, total) = (sum(|pass| pass.done), sum(|pass| pass.total));
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    Ok(if total == 0 { 1.0 } else { 1.0 - done as f64 / total as f64 })
}

/// Runs the migration forth and back in a scratch database.
fn rehearse(
    engine: &Engine,
    model: &Model,
    report: &mut CheckReport,
    watch: &mut dyn Watch,
) -> Result<IndexBytes> {
    let dir = engine.scratch_dir()?;
    let room = Room { dir: dir.path(), options: &engine.options };
    let source = snapshot(&engine.db, room)?;
    let scratch_path = dir.path().join("scratch.db");
    let scratch = Db::scratch(&scratch_path, engine.options.busy_timeout)?;
    scratch.attach(&source, "src")?;
    scratch.behind(Wall::Definition, || {
        scratch.batch("creating the new tables", &new_table_statements(model).join(";\n"))
    })?;
    // The model names the database's tables without a schema; in the scratch
    // database the new ones are found first.
    scratch.begin_snapshot_of("src")?;
    let mut rows = 0;
    for target in model.forward.iter().chain(&model.backward) {
        rows += total(&scratch, target, PLACE)?;
    }
    watch.event(&Event::Began { work: Work::Check, total: rows });
    let mut done = 0;
    let began = Instant::now();
    for target in &model.forward {
        let built = scratch
            .behind(Wall::Mapping, || build(&scratch, model, target, room, &mut done, watch))?;
        if let Err(problem) = built {
            report.problems.push(problem);
            return Ok(IndexBytes::default());
        }
        let converted =
            scratch.behind(Wall::Mapping, || converted_key(&scratch, model, target, PLACE))?;
        if let Some(problem) = converted {
            report.problems.push(problem);
            return Ok(IndexBytes::default());
        }
    }
    let mut dangling = references::dangling(&scratch, model, PLACE)?;
    dangling.extend(references::left_behind(&scratch, model, PLACE)?);
    report.problems.extend(dangling.iter().map(|dangling| {
        Problem::new(dangling.reason(), "fix those rows, or leave out the foreign key")
    }));
    report.problems.extend(nameless(&scratch, model)?);
    report.forecast.backfill_seconds = began.elapsed().as_secs_f64();
    let began = Instant::now();
    for target in &model.backward {
        scratch.behind(Wall::Mapping, || {
            compare_back(&scratch, model, target, report, &mut done, watch)
        })?;
    }
    report.forecast.verify_seconds = began.elapsed().as_secs_f64();
    forecast(&engine.db, &scratch, model, report)?;
    let indexes = space::index_bytes(&scratch, model, PLACE.old)?;
    scratch.batch("ending the snapshot", "COMMIT")?;
    let scratch_bytes = scratch.size()?.bytes;
    report.forecast.disk_bytes = scratch_bytes + indexes.all;
    report.forecast.scratch_bytes = scratch_bytes + copied(&source, &engine.db)?;
    watch.event(&Event::Finished);
    conclude(report);
    Ok(indexes)
}

/// Rows with NULL in their key that are alike in the rest of it. A UNIQUE constraint lets them
/// be, and nothing tells them apart.
fn nameless(scratch: &Db, model: &Model) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for target in model.forward.iter().chain(&model.backward).filter(|t| !t.key_never_null()) {
        let side = target.direction.target();
        let key = &target.key.columns;
        let some_null = join(key, " OR ", |column| format!("{} IS NULL", ident(column)));
        let alike = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {some_null} GROUP BY {} HAVING count(*) > 1)",
            PLACE.table(side, &target.table.name),
            idents("", key)
        );
        if scratch.count(&alike)? > 0 {
            problems.push(Problem::on_line(target.line, format!(
                    "rows of {side}.{} have NULL in their key ({}) and are not told apart by the rest of it",
                    target.table.known_as,
                    key.join(", ")
                ), "give them values, or choose another key"));
        }
    }
    Ok(problems)
}

/// Where the scratch databases are, and how much of that disk may be taken.
#[derive(Debug, Clone, Copy)]
struct Room<'a> {
    dir: &'a Path,
    options: &'a Options,
}

/// What `check` reads: the database itself where readers hold nobody off, a copy
/// otherwise.
fn snapshot(db: &Db, room: Room<'_>) -> Result<PathBuf> {
    if db.has_log()? {
        return Ok(db.file().to_owned());
    }
    disk::demand(room.dir, db.size()?.bytes, "copying the database", room.options)?;
    let copy = room.dir.join("snapshot.db");
    db.copy_to(&copy)?;
    Ok(copy)
}

/// Bytes of the copy that was made to be read, if one was.
fn copied(source: &Path, db: &Db) -> Result<u64> {
    if source == db.file() { Ok(0) } else { Ok(db.size()?.bytes) }
}

/// Fills one new table. A constraint that its rows do not meet is a finding.
fn build(
    scratch: &Db,
    model: &Model,
    target: &Target,
    room: Room<'_>,
    done: &mut u64,
    watch: &mut dyn Watch,
) -> Result<std::result::Result<(), Problem>> {
    let mut pass = Pass::begin(scratch, model, target, PLACE, Vec::new())?;
    let mut pacer = Pacer::unhindered();
    loop {
        let began = Instant::now();
        let Some(chunk) = pass.chunk(scratch, pacer.rows())? else {
            return Ok(Ok(()));
        };
        // Nothing is known yet of how large it will be, so it is looked at as it grows.
        disk::demand(room.dir, 0, "filling the new tables for the proof", room.options)?;
        match compare::insert(scratch, target, PLACE, &chunk) {
            Ok(rows) => *done += rows,
            Err(error) => {
                if let Some(problem) = failure(scratch, target, &chunk, &error)? {
                    return Ok(Err(problem));
                }
                return match error {
                    Error::Database { source, .. } if source.is_of_the_row() => {
                        Ok(Err(misfit(scratch, target, &source)))
                    }
                    error => Err(error),
                };
            }
        }
        watch.event(&Event::Advanced { done: *done });
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        pacer.after_read(began.elapsed());
    }
}

/// A row of the source for which the mapping fails.
fn failure(scratch: &Db, target: &Target, chunk: &Chunk, error: &Error) -> Result<Option<Problem>> {
    if !may_be_a_row(error) {
        return Ok(None);
    }
    let found = compare::compare(scratch, target, PLACE, chunk, usize::MAX)?;
    Ok(failing::first(target, &found.diffs)
        .map(|refusal| Problem::on_line(target.line, refusal.reason, refusal.fix)))
}

/// A row of the source that the new table does not take.
fn misfit(scratch: &Db, target: &Target, error: &DatabaseError) -> Problem {
    let table = &target.table.known_as;
    let example = example_of_misfit(scratch, target)
        .map_or_else(String::new, |row| format!("; for example {row}"));
    Problem::on_line(
        target.line,
        format!("rows of the old tables do not fit into {table}: {error}{example}"),
        format!("fix those rows, or let {table} accept them"),
    )
}

/// The first row that breaks a NOT NULL or a unique key, if it is one of these.
fn example_of_misfit(scratch: &Db, target: &Target) -> Option<String> {
    let derived = crate::derive::derived::derived(target, PLACE, crate::derive::derived::Part::All);
    let mut queries = Vec::new();
    for column in target.columns.iter().filter(|column| target.table.never_null(column)) {
        let quoted = crate::derive::sql::ident(column);
        queries.push(format!(
            "SELECT {} FROM ({derived}) AS d WHERE d.{quoted} IS NULL LIMIT 1",
            idents("d.", &target.columns)
        ));
    }
    for unique in &target.table.uniques {
        if unique.columns.iter().all(|column| target.columns.contains(column)) {
            let key = idents("d.", &unique.columns);
            // UNIQUE lets any number of NULLs in: they are not what it complains of.
            let told = join(&unique.columns, " AND ", |column| {
                format!("d.{} IS NOT NULL", crate::derive::sql::ident(column))
            });
            queries.push(format!(
                "SELECT {} FROM ({derived}) AS d WHERE {told} GROUP BY {key} HAVING count(*) > 1 LIMIT 1",
                idents("d.", &target.columns)
            ));
        }
    }
    queries.iter().find_map(|sql| {
        let shown = |row: &Row<'_>| {
            let each = target.columns.iter().enumerate();
            let each = each.map(|(n, name)| Ok(format!("{name} = {}", row.shown(n)?)));
            Ok(each.collect::<Answer<Vec<_>>>()?.join(", "))
        };
        scratch.row("reading a row", sql, shown).ok()
    })
}

/// Derives one old table back and compares it with what it was.
fn compare_back(
    scratch: &Db,
    model: &Model,
    target: &Target,
    report: &mut CheckReport,
    done: &mut u64,
    watch: &mut dyn Watch,
) -> Result<()> {
    let mut pacer = Pacer::unhindered();
    let mut pass = Pass::begin(scratch, model, target, PLACE, Vec::new())?;
    loop {
        let began = Instant::now();
        let Some(chunk) = pass.chunk(scratch, pacer.rows())? else { return Ok(()) };
        let outcome = compare::compare(scratch, target, PLACE, &chunk, EXAMPLES)?;
        let lossless = &mut report.lossless;
        lossless.checked += outcome.derived + outcome.extra;
        // Seen from the old rows: what the backward mapping does not give is missing.
        lossless.missing += outcome.extra;
        lossless.extra += outcome.missing;
        lossless.different += outcome.different;
        let room = EXAMPLES.saturating_sub(lossless.examples.len());
        lossless.examples.extend(outcome.diffs.iter().take(room).map(|diff| {
            let mut example = diff.report(target);
            if diff.says.is_none() {
                std::mem::swap(&mut example.expected, &mut example.found);
            }
            example
        }));
        *done += outcome.derived;
        watch.event(&Event::Advanced { done: *done });
        if watch.interrupted() {
            return Err(Error::Interrupted);
        }
        pacer.after_read(began.elapsed());
    }
}

/// How long a program will wait that comes while a step holds the lock.
fn forecast(db: &Db, scratch: &Db, model: &Model, report: &mut CheckReport) -> Result<()> {
    let mut stalls = vec![
        (felt_of_chunks(CHUNK_BESIDE_PROGRAMS), "chunks of the backfill".to_owned()),
        (felt_of_one(rehearse_switch(db, model)?), "the switch to write-new".to_owned()),
    ];
    for (_, needed) in model.missing_indexes() {
        if needed.side != Side::Old {
            continue;
        }
        // Building an index is reading and sorting its columns.
        let table = PLACE.table(Side::Old, &needed.table) + &needed.rows();
        let columns = idents("", &needed.columns);
        let began = Instant::now();
        scratch.count(&format!("SELECT count(*) FROM (SELECT {columns} FROM {table} ORDER BY {columns} LIMIT -1 OFFSET 0)"))?;
        let felt = felt_of_one(began.elapsed());
        stalls.push((felt, format!("creating an index on {}", needed.table)));
    }
    // Of several that are as long the first is named.
    if let Some((felt, step)) = stalls.into_iter().rev().max_by_key(|(felt, _)| *felt) {
        report.forecast.longest_stall_ms = felt.as_secs_f64() * 1000.0;
        report.forecast.longest_stall_is = step;
    }
    Ok(())
}

fn conclude(report: &mut CheckReport) {
    let lossless = &mut report.lossless;
    lossless.ok = lossless.is_clean();
    report.rows = lossless.checked;
    if !lossless.ok {
        report.problems.push(Problem::new(
            format!(
                "{} of {} old rows do not come back unchanged: {}",
                lossless.extra + lossless.different + lossless.missing,
                lossless.checked,
                lossless.summary()
            ),
            "let the new tables keep what is lost, and the backward statements give it back",
        ));
    }
}
