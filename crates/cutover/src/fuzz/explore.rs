//! The search: random writes in one direction and the other, until enough were run or something is
//! wrong.

use super::failure::{Found, shrunk};
use super::generate::Generator;
use super::judge::Fault;
use super::links::written;
use super::lockstep::Outcome;
use super::run::{Run, outcome_fault};
use super::sample::{Sample, sample};
use super::scratch::{Base, Workshop};
use super::statement::Statement;
use super::tally::{FuzzOptions, Tally};
use super::world::World;
use crate::backend::sqlite::state;
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::migration::Migration;
use crate::model::build::Model;
use crate::phase::{Direction, Writes};
use crate::report::FuzzReport;
use crate::watch::{Event, Watch, Work};

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

    pub(super) fn fuzz_sabotaged(
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
        let model = Model::build(&self.db, migration.clone(), number, Writes::Old)?;
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
                "no sample of the rows can be migrated by itself, so the scratch copy started \
                 empty: {}",
                refusal.reason
            ));
            Ok(&[])
        }
        // An index over a function of the application's, a trigger that stops a row.
        Err(Error::Database { source, .. }) if !sample.rows.is_empty() => {
            workshop.base(Direction::Backward, &[])?;
            tally.report.notes.push(format!(
                "no sample of the rows can be copied by itself, so the scratch copy started \
                 empty: {source}"
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
            None if !run.pair.at_rest() => Statement::rollback(),
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
