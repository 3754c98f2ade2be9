//! The scratch copy and its twin: made from a sample, brought into the phase by the
//! engine's own operations, and copied anew for each run of a script.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::judge;
use super::links::written;
use super::lockstep::Pair;
use super::run::Run;
use super::sample::Sample;
use super::statement::Statement;
use super::twin_files::{copying, failed, remove};
use crate::backend::sqlite::{Answer, Connection, Moving};
use crate::derive::sql::{ident, idents, text};
use crate::engine::open::Engine;
use crate::engine::options::{AdvanceOptions, Options, StartOptions};
use crate::error::Result;
use crate::migration::Migration;
use crate::model::build::Model;
use crate::pace::Pace;
use crate::phase::{Direction, Phase};
use crate::schema::Table;
use crate::watch::Silent;

/// Where scratch copies are made, and of what.
#[derive(Debug)]
pub(super) struct Workshop<'a> {
    pub(super) migration: &'a Migration,
    pub(super) sample: &'a Sample,
    pub(super) dir: &'a Path,
    /// Done to a scratch copy once it is in the phase; for tests of the fuzzer itself.
    pub(super) sabotage: Option<&'a str>,
}

/// A scratch copy and its twin as they are before the first write: files to be copied.
#[derive(Debug)]
pub(super) struct Base {
    direction: Direction,
    scratch: PathBuf,
    twin: PathBuf,
}

/// The phase in which the writes of a direction are tried.
pub(super) fn phase(direction: Direction) -> Phase {
    match direction {
        // The same triggers as in dual-write, and live views that read the mirror.
        Direction::Forward => Phase::ReadNew,
        Direction::Backward => Phase::WriteNew,
    }
}

impl Workshop<'_> {
    /// Makes a base from these rows. Refused as `start` and `advance` would be.
    pub(super) fn base(&self, direction: Direction, rows: &[Statement]) -> Result<Base> {
        let name = |what: &str| self.dir.join(format!("{direction}-{what}.db"));
        let base = Base { direction, scratch: name("scratch-base"), twin: name("twin-base") };
        for path in [&base.scratch, &base.twin] {
            remove(path)?;
        }
        self.build(&base.scratch, rows).map_err(failed)?;
        std::fs::copy(&base.scratch, &base.twin).map_err(copying)?;
        let mut engine = self.open(&base.scratch)?;
        let options = StartOptions { no_backfill: false, pace: Pace::Fast };
        engine.start(self.migration, options, &mut Silent)?;
        let to = AdvanceOptions { to: Some(phase(direction)), ..AdvanceOptions::default() };
        engine.advance(self.migration.name(), &to, &mut Silent)?;
        let model = engine.model(&engine.record(self.migration.name())?)?;
        if let Some(sql) = self.sabotage {
            engine.db.batch("sabotage", sql)?;
        }
        engine.db.checkpoint(Moving::AllAndTruncate)?;
        self.complete(&base, &model).map_err(failed)?;
        Ok(base)
    }

    fn open(&self, path: &Path) -> Result<Engine> {
        let options = Options {
            scratch_dir: Some(self.dir.to_owned()),
            busy_timeout: Duration::from_secs(5),
            ..Options::default()
        };
        let engine = Engine::open(path, options)?;
        // Nobody's data is lost with a scratch database.
        engine.db.without_syncs()?;
        Ok(engine)
    }

    /// The application's database, with these rows.
    fn build(&self, path: &Path, rows: &[Statement]) -> Answer {
        let conn = Connection::scratch(path)?;
        conn.keep_log()?;
        conn.batch("BEGIN")?;
        self.sample.statements(rows).try_for_each(|sql| conn.batch(&sql))?;
        conn.batch("COMMIT")?;
        conn.empty_log()
    }

    /// Gives the twin what the tables written to have besides: the sync's indexes on the
    /// old tables, because they may decide in which order a statement meets its rows; the
    /// new tables as `start` filled them.
    fn complete(&self, base: &Base, model: &Model) -> Answer {
        let twin = Connection::scratch(&base.twin)?;
        let scratch = Connection::scratch(&base.scratch)?;
        for table in written(model, base.direction) {
            if base.direction == Direction::Backward {
                twin.batch(&format!("DROP TABLE IF EXISTS {}", ident(&table.name)))?;
            }
            for sql in judge::definitions(&scratch, &table.name, false)? {
                // Those it has already.
                let _ = twin.batch(&sql);
            }
        }
        if base.direction == Direction::Backward {
            let mut triggers = Vec::new();
            for table in written(model, base.direction) {
                triggers.extend(judge::definitions(&scratch, &table.name, true)?);
            }
            drop(scratch);
            twin.batch(&format!("ATTACH {} AS src", text(&base.scratch.to_string_lossy())))?;
            for table in written(model, base.direction) {
                copy_rows(&twin, table)?;
            }
            twin.batch("DETACH src")?;
            // Those of a table that changed in place went over to the new one.
            triggers.iter().try_for_each(|sql| twin.batch(sql))?;
        }
        twin.empty_log()
    }

    /// Copies a base and opens the copy.
    pub(super) fn run(&self, base: &Base) -> Result<Run> {
        let path = |what: &str| self.dir.join(format!("{}-{what}.db", base.direction));
        let (scratch, twin) = (path("scratch"), path("twin"));
        for (from, to) in [(&base.scratch, &scratch), (&base.twin, &twin)] {
            remove(to)?;
            std::fs::copy(from, to).map_err(copying)?;
        }
        let engine = self.open(&scratch)?;
        let model = engine.model(&engine.record(self.migration.name())?)?;
        let pair = Pair::open(&scratch, &twin).map_err(failed)?;
        let again = (base.twin.clone(), path("witness"));
        Run::open(engine, model, pair, base.direction, again)
    }
}

fn copy_rows(twin: &Connection, table: &Table) -> Answer {
    let name = ident(&table.name);
    let mut columns: Vec<&str> =
        table.stored_columns().map(|column| column.name.as_str()).collect();
    if table.rowid_alias.is_none() {
        columns.extend(judge::hidden_rowid(table));
    }
    let columns = idents("", &columns);
    twin.batch(&format!("INSERT INTO main.{name} ({columns}) SELECT {columns} FROM src.{name}"))?;
    // There only where some table is AUTOINCREMENT.
    let sequence = format!(
        "UPDATE main.sqlite_sequence SET seq = (SELECT seq FROM src.sqlite_sequence WHERE name = {0}) WHERE name = {0}",
        text(&table.name)
    );
    let _ = twin.batch(&sequence);
    Ok(())
}
