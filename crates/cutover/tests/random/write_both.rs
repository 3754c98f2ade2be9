//! Old and new programs write at once: each statement is compared with a twin of the side that it
//! enters, made just before it, and the other side with what the mapping gives.
//!
//! - The side that is written becomes what it would be without us, or the statement is refused
//!   and changes nothing.
//! - The old tables are what the way back gives, whoever has written.
//! - What leaves its side as it was leaves the other as it was.
//! - Nothing is left between statements: the flag is down, and nothing held aside.

use std::collections::BTreeMap;
use std::time::Duration;

use cutover::{AdvanceOptions, Error, Phase, Silent};
use fastrand::Rng;
use rusqlite::Connection;
use testkit::random::script::script;
use testkit::random::shrink::shrink;
use testkit::random::{Action, Case, Feature, Features, Side, Spec, Step};

use crate::random::failure::{Failure, Kind, none};
use crate::random::lockstep::{Fared, Mirror, both};
use crate::random::operate::{NAME, told};
use crate::random::reference::Reference;
use crate::random::rows;
use crate::random::run::{Ended, Run, Sabotage, Stop, guarded};

/// How a case fared in which both sides may have been written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Both {
    /// So many statements were executed, and so many of them refused.
    Written { statements: u32, refused: u32 },
    /// It never came so far.
    NotReached,
    /// Its mapping has no place for it, for this reason.
    NotPossible(String),
}

fn run(case: &Case, sabotage: Option<Sabotage>) -> Result<Both, Failure> {
    guarded(|| through(case, sabotage))
}

fn through(case: &Case, sabotage: Option<Sabotage>) -> Result<Both, Failure> {
    let mut run = Run::begin(case, None);
    let mut attempt = || -> Result<Both, Stop> {
        run.act(Action::Start { backfill: true })?;
        run.act(Action::Advance)?;
        if run.phase != Phase::ReadNew {
            return Ok(Both::NotReached);
        }
        let to = |to| AdvanceOptions { to: Some(to), ..AdvanceOptions::default() };
        match run.engine().advance(NAME, &to(Phase::WriteBoth), &mut Silent) {
            Ok(_) => run.phase = Phase::WriteBoth,
            Err(Error::Refused(refusal)) => return Ok(Both::NotPossible(refusal.reason)),
            Err(error) => return Err(Failure::new(Kind::Operation, told(&error)).into()),
        }
        if let Some(sabotage) = sabotage {
            sabotage(&run.live);
        }
        let written = run.both_write()?;
        run.leave(&mut Rng::with_seed(case.spec.seed))?;
        Ok(written)
    };
    match attempt() {
        Ok(both) => Ok(both),
        Err(Stop::Ended(Ended::Done(_) | Ended::RowsRefused | Ended::MappingRefused(_))) => {
            Ok(Both::NotReached)
        }
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

impl Run<'_> {
    fn both_write(&mut self) -> Result<Both, Failure> {
        let mut rng = Rng::with_seed(self.case.spec.seed);
        let mut writes: Vec<(Side, &String)> = Vec::new();
        for step in &self.case.steps {
            if let Step::Write { side, statements, trespass: false } = step {
                writes.extend(statements.iter().map(|sql| (*side, sql)));
            }
        }
        let single = |(_, sql): &(Side, &String)| {
            !["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"]
                .iter()
                .any(|word| sql.starts_with(word))
        };
        writes.retain(single);
        rng.shuffle(&mut writes);
        let (mut statements, mut refused) = (0, 0);
        for (side, sql) in writes {
            let fared = self.one(side, sql).map_err(|failure| Failure {
                detail: format!("{}\nafter {sql} of {side:?} in write-both", failure.detail),
                ..failure
            })?;
            statements += 1;
            refused += u32::from(fared == Fared::Refused);
        }
        Ok(Both::Written { statements, refused })
    }

    fn one(&mut self, side: Side, sql: &str) -> Result<Fared, Failure> {
        self.refer_to(side);
        let other = side.opposite();
        let rows_of = |run: &Self, side| {
            let mut all = rows::all(&run.live, run.case, side, Side::Old);
            all.values_mut().for_each(|rows| rows.sort());
            all
        };
        let (own_before, other_before) = (rows_of(self, side), rows_of(self, other));
        let fared = both(&self.live, &self.reference, sql, Mirror::Both)?;
        none(Kind::Source, &self.reference.own_differences(&self.live, Side::Old))?;
        if rows_of(self, side) == own_before && rows_of(self, other) != other_before {
            return Err(Failure::new(Kind::Mirror, "a statement that changed nothing has"));
        }
        let new = Reference::of(&self.live, Side::New, self.case);
        let found = new.mirror_differences(&self.live, Side::Old);
        none(Kind::Mirror, &found.map_err(|error| Failure::new(Kind::Mirror, error))?)?;
        self.between_statements()?;
        Ok(fared)
    }

    fn between_statements(&self) -> Result<(), Failure> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND \
            (name GLOB '_cutover_*_delta_*' OR name GLOB '_cutover_*_gone_*')";
        let mut statement = self.live.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut left: Vec<String> = Vec::new();
        for name in names.map(Result::unwrap) {
            // A note of the row -1 stays behind an INSERT that comes to nothing, as long as nobody
            // knows whether that was its rowid.
            let noted = if name.contains("_gone_") { "_cutover_kind <> 3" } else { "1" };
            let name = testkit::sql::quoted(&name);
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE {noted})");
            if self.live.query_row(&sql, [], |row| row.get(0)).unwrap() {
                left.push(format!("{name} has rows between statements"));
            }
        }
        let sql = "SELECT depth FROM _cutover_1_syncing";
        if self.live.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() != 0 {
            left.push("the flag is up between statements".to_owned());
        }
        none(Kind::Traces, &left)
    }

    /// On to where only new programs write, or back to where only old ones do: the tables that are
    /// read stay what they are.
    fn leave(&mut self, rng: &mut Rng) -> Result<(), Failure> {
        let (side, onwards) = if rng.bool() { (Side::New, true) } else { (Side::Old, false) };
        self.refer_to(side);
        let mut engine = self.engine();
        let left = if onwards {
            let quiet_for = Some(Duration::ZERO);
            let to = Some(Phase::WriteNew);
            let to = AdvanceOptions { to, quiet_for, ..AdvanceOptions::default() };
            engine.advance(NAME, &to, &mut Silent)
        } else {
            engine.rollback(NAME, Some(Phase::ReadNew), &mut Silent)
        };
        let report = left.map_err(|error| Failure::new(Kind::Operation, told(&error)))?;
        self.phase = report.to;
        none(Kind::Source, &self.reference.own_differences(&self.live, Side::Old))?;
        let conn = &self.reference.conn;
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let found = self.reference.mirror_differences(&self.live, Side::Old);
        none(Kind::Mirror, &found.map_err(|error| Failure::new(Kind::Mirror, error))?)
    }
}

/// Cases in CI.
const CASES: u64 = 60;

#[test]
fn both_sides_may_be_written() {
    let number = |variable: &str, default: u64| {
        std::env::var(variable).map_or(default, |text| text.parse().expect(variable))
    };
    let first = number("CUTOVER_RANDOM_SEED", 0);
    let cases = number("CUTOVER_RANDOM_BOTH", CASES);
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for seed in first..first.wrapping_add(cases) {
        let case = case(seed);
        match run(&case, None) {
            Ok(both) => tally.add(both),
            Err(failure) => {
                eprintln!("seed {seed}: {:?}: {}", failure.kind, failure.detail);
                let small = shrink(
                    case,
                    &Case::new,
                    &mut |case| matches!(run(case, None), Err(found) if found.kind == failure.kind),
                );
                let failure = run(&small, None).expect_err("what was made small fails still");
                failures.push(format!(
                    "seed {seed}: {:?}: {}\n\n{}",
                    failure.kind,
                    failure.detail,
                    script(&small)
                ));
            }
        }
        if failures.len() == ENOUGH {
            break;
        }
    }
    eprintln!("{tally:#?}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    if cases >= CASES {
        tally.assert_sighted();
    }
}

/// A case whose new tables have names of their own, which is what the phase asks for.
fn case(seed: u64) -> Case {
    Case::new(Spec { features: Features::settled().without(Feature::InPlace), ..Spec::new(seed) })
}

/// A harness that can't fail proves nothing.
#[test]
fn a_flag_that_never_goes_up_is_found() {
    let never_up = |live: &Connection| {
        live.execute_batch(
            "CREATE TRIGGER sabotage AFTER UPDATE ON _cutover_1_syncing WHEN NEW.depth <> 0
             BEGIN UPDATE _cutover_1_syncing SET depth = 0; END",
        )
        .unwrap();
    };
    let found = (0..40).filter(|seed| run(&case(*seed), Some(never_up)).is_err()).count();
    assert!(found > 0, "none of 40 cases fails");
}

const ENOUGH: usize = 5;

/// What many cases have seen.
#[derive(Debug, Default)]
struct Tally {
    written: u64,
    statements: u32,
    refused: u32,
    not_reached: u64,
    not_possible: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, both: Both) {
        match both {
            Both::Written { statements, refused } => {
                self.written += 1;
                self.statements += statements;
                self.refused += refused;
            }
            Both::NotReached => self.not_reached += 1,
            Both::NotPossible(reason) => {
                let words: Vec<&str> = reason.split(' ').collect();
                let last = words.iter().rev().take(8).rev().copied().collect::<Vec<_>>().join(" ");
                *self.not_possible.entry(last).or_default() += 1;
            }
        }
    }

    fn assert_sighted(&self) {
        let not_possible: u64 = self.not_possible.values().sum();
        let all = self.written + self.not_reached + not_possible;
        assert!(self.written * 4 >= all, "too few cases are written: {self:#?}");
        assert!(self.refused * 3 <= self.statements, "too many are refused: {self:#?}");
    }
}
