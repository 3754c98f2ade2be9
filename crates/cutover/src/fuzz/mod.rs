//! `check --fuzz`: random writes on a scratch copy of the database, in both directions.
//!
//! The copy has the user's schema and a sample of the rows, and is brought into the phase
//! by the engine's own operations. Each statement also runs on a twin without our
//! machinery. Three things must hold: the program that writes is told the same and the
//! tables it writes to are the twin's; whenever no transaction is open the mirror is what
//! the whole mapping gives; a statement that the sync can't follow fails and changes
//! nothing. What breaks one of them is shrunk to a script that a person can read.
//!
//! | file | what it is |
//! |---|---|
//! | `schema`, `sample`, `links` | schema and rows of the user's database |
//! | `world`, `values`, `generate`, `insert`, `exchange` | the tables as the generator knows them, and random writes |
//! | `statement`, `literal` | a statement in parts that can be made simpler |
//! | `scratch`, `run`, `lockstep` | the scratch copy and its twin, and a statement on both |
//! | `judge`, `witness` | what must hold; what SQLite itself does wherever a table has a trigger |
//! | `shrink`, `failure` | the smallest script that fails |

mod exchange;
mod failure;
mod generate;
mod insert;
mod judge;
mod links;
mod literal;
mod lockstep;
mod run;
mod sample;
mod schema;
mod scratch;
mod shrink;
mod statement;
mod tally;
#[cfg(test)]
mod tests;
mod values;
mod witness;
mod world;

use self::failure::{Found, shrunk};
use self::generate::Generator;
use self::judge::Fault;
use self::lockstep::Outcome;
use self::run::{Run, outcome_fault};
use self::sample::{Sample, sample};
use self::scratch::{Base, Workshop, written};
use self::statement::{Kind, Statement};
use self::tally::Tally;
use self::world::World;
use crate::backend::sqlite::state;
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::model::build::Model;
use crate::phase::{Direction, Side};
use crate::report::FuzzReport;
use crate::watch::{Event, Watch, Work};

/// How many random writes, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FuzzOptions {
    /// Statements to run, half of them in each direction.
    pub statements: u64,
    /// The same seed makes the same statements on the same database.
    pub seed: u64,
}

/// Statements after which the scratch copy begins anew: it stays small, and so does what
/// there is to shrink.
const EPISODE: usize = 150;

impl Engine {
    /// Runs random writes on a scratch copy, through the sync in both directions, and
    /// compares after each. Nothing in the database is changed.
    ///
    /// # Errors
    ///
    /// If the migration can't be started on the database as it is: [`check`](Self::check)
    /// says why.
    pub fn fuzz(
        &self,
        migration: &Migration,
        options: FuzzOptions,
        watch: &mut dyn Watch,
    ) -> Result<FuzzReport> {
        self.fuzz_sabotaged(migration, options, None, watch)
    }

    fn fuzz_sabotaged(
        &self,
        migration: &Migration,
        options: FuzzOptions,
        sabotage: Option<&str>,
        watch: &mut dyn Watch,
    ) -> Result<FuzzReport> {
        let number = match state::load(&self.db, migration.name())? {
            Some(record) => record.id,
            None => 1,
        };
        let model = Model::build(&self.db, migration.clone(), number, Side::Old)?;
        let sample = sample(&self.db, &model)?;
        let dir = self.scratch_dir()?;
        let workshop = Workshop { migration, sample: &sample, dir: dir.path(), sabotage };
        let mut tally = Tally::new(options);
        watch.event(&Event::Began { work: Work::Fuzz, total: options.statements });
        tally.report.notes.extend(sample.schema.notes.iter().cloned());
        let rows = begin_with(&workshop, &sample, &mut tally)?;
        let half = options.statements.div_ceil(2);
        for (direction, until) in
            [(Direction::Forward, half), (Direction::Backward, options.statements)]
        {
            let base = workshop.base(direction, rows)?;
            let found = explore(&workshop, &base, direction, until, &mut tally, watch)?;
            if let Some(found) = found {
                tally.report.failure = Some(shrunk(&workshop, base, rows, found, watch)?);
                break;
            }
        }
        watch.event(&Event::Finished);
        Ok(tally.concluded())
    }
}

/// The rows to begin with: the sample or, where its rows can't be migrated without others
/// that are not in it, none.
fn begin_with<'s>(
    workshop: &Workshop<'_>,
    sample: &'s Sample,
    tally: &mut Tally,
) -> Result<&'s [Statement]> {
    match workshop.base(Direction::Backward, &sample.rows) {
        Ok(_) => {
            tally.report.rows = sample.rows.len() as u64;
            Ok(&sample.rows)
        }
        Err(Error::Refused(refusal)) if !sample.rows.is_empty() => {
            tally.report.notes.push(format!(
                "a sample of the rows can't be migrated by itself, so that the scratch copy began empty: {}",
                refusal.reason
            ));
            Ok(&[])
        }
        // An index over a function of the application's, a trigger that stops a row.
        Err(Error::Database { source, .. }) if !sample.rows.is_empty() => {
            workshop.base(Direction::Backward, &[])?;
            tally.report.notes.push(format!(
                "a sample of the rows can't be copied by itself, so that the scratch copy began empty: {source}"
            ));
            Ok(&[])
        }
        Err(error) => Err(error),
    }
}

/// Writes in one direction until enough was run or something is wrong.
fn explore(
    workshop: &Workshop<'_>,
    base: &Base,
    direction: Direction,
    until: u64,
    tally: &mut Tally,
    watch: &mut dyn Watch,
) -> Result<Option<Found>> {
    let mut episode = 0;
    while tally.report.statements < until {
        let mut run = workshop.run(base)?;
        tally.begin();
        let world = World::read(&run.pair.scratch, &written(&run.model, direction))
            .map_err(|source| Error::Database { doing: "reading values".to_owned(), source })?;
        // Neighbouring seeds must not give neighbouring episodes.
        let seed = fastrand::Rng::with_seed(tally.report.seed).u64(..);
        let side = u64::from(direction == Direction::Backward);
        let mut generator = Generator::new(&world, seed ^ (episode << 1 | side));
        let mut script = Vec::new();
        while script.len() < EPISODE && tally.report.statements < until && !run.parted {
            let fault = unit(&mut run, generator.unit(), &mut script, tally)?;
            if let Some(fault) = fault {
                return Ok(Some(Found { direction, script, fault }));
            }
            watch.event(&Event::Advanced { done: tally.report.statements });
            if watch.interrupted() {
                return Err(Error::Interrupted);
            }
        }
        tally.natural += u64::from(run.natural);
        episode += 1;
    }
    Ok(None)
}

/// Runs the statements of a unit, and looks at everything whenever no transaction is open.
fn unit(
    run: &mut Run,
    unit: Vec<Statement>,
    script: &mut Vec<Statement>,
    tally: &mut Tally,
) -> Result<Option<Fault>> {
    let mut left = unit.into_iter();
    loop {
        let statement = match left.next() {
            _ if run.parted => return Ok(None),
            Some(statement) => statement,
            // A COMMIT that was refused leaves the transaction open.
            None if !run.pair.at_rest() => rollback(),
            None => return Ok(None),
        };
        let outcome = run.step(&statement)?;
        script.push(statement.clone());
        tally.count(&statement, &outcome);
        if let Outcome::Wrong(reason) = outcome {
            return Ok(Some(outcome_fault(&statement, &reason)));
        }
        if run.pair.at_rest() {
            let fault = run.judge()?;
            if fault.is_some() {
                return Ok(fault);
            }
            tally.look_for_losses(run, &statement);
        }
    }
}

fn rollback() -> Statement {
    Statement::fixed(Kind::Transaction, "ROLLBACK")
}
