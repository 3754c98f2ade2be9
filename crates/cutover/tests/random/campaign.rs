//! Many cases, and what is shown of one that fails.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use testkit::random::{Case, Spec, script::script, shrink::shrink};

use crate::failure::Failure;
use crate::run::{Ended, Sabotage, run};

/// Cases in CI: as many as take a minute or two.
const CASES: u64 = 2_000;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
        Err(_) => default,
    }
}

/// What many cases have seen.
#[derive(Debug, Default)]
struct Tally {
    cases: u64,
    done: u64,
    statements: u64,
    refused_statements: u64,
    gates: u64,
    rows_refused: u64,
    mappings_refused: BTreeMap<String, u64>,
    furthest: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, ended: &Ended) {
        self.cases += 1;
        match ended {
            Ended::Done(done) => {
                self.done += 1;
                self.statements += u64::from(done.statements);
                self.refused_statements += u64::from(done.refused);
                self.gates += u64::from(done.gates);
                *self.furthest.entry(done.furthest.to_string()).or_default() += 1;
            }
            Ended::RowsRefused => self.rows_refused += 1,
            Ended::MappingRefused(reason) => {
                *self.mappings_refused.entry(reason.clone()).or_default() += 1;
            }
        }
    }

    /// A generator whose cases are refused sees nothing.
    fn assert_sighted(&self) {
        let refused: u64 = self.mappings_refused.values().sum();
        assert!(refused * 10 <= self.cases, "too many mappings are refused: {self:#?}");
        assert!(self.rows_refused * 4 <= self.cases, "too many rows are refused: {self:#?}");
        assert!(
            self.refused_statements * 8 <= self.statements,
            "too many statements are refused: {self:#?}"
        );
    }
}

/// Makes a failing case small, and panics with it.
fn report(case: Case, failure: &Failure, sabotage: Option<Sabotage>) -> String {
    let seed = case.spec.seed;
    let least = least(case, failure, sabotage);
    let failure = run(&least, sabotage).expect_err("what was made small fails still");
    format!("seed {seed}: {:?}\n{}\n\n{}", failure.kind, failure.detail, script(&least))
}

fn least(case: Case, failure: &Failure, sabotage: Option<Sabotage>) -> Case {
    shrink(
        case,
        &Case::new,
        &mut |case| matches!(run(case, sabotage), Err(found) if found.kind == failure.kind),
    )
}

/// A run ends when so many cases have failed: they have much in common by then.
const ENOUGH: usize = 20;

/// Runs cases on several threads; gives those that failed.
fn campaign(first: u64, cases: u64) -> (Tally, Vec<(Case, Failure)>) {
    let (next, tally, failed) =
        (AtomicU64::new(0), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    // More threads than processors: a case waits for other threads now and then.
    let threads = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.lock().unwrap().len() < ENOUGH {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        break;
                    }
                    let case = Case::new(Spec::new(first.wrapping_add(n)));
                    match run(&case, None) {
                        Ok(ended) => tally.lock().unwrap().add(&ended),
                        Err(failure) => {
                            // Told at once: to make it small takes a while.
                            eprintln!(
                                "seed {}: {:?}: {}",
                                case.spec.seed, failure.kind, failure.detail
                            );
                            failed.lock().unwrap().push((case, failure));
                        }
                    }
                }
            });
        }
    });
    (tally.into_inner().unwrap(), failed.into_inner().unwrap())
}

#[test]
fn every_promise_is_kept() {
    let (first, cases) = (number("CUTOVER_RANDOM_SEED", 0), number("CUTOVER_RANDOM_CASES", CASES));
    let (tally, failed) = campaign(first, cases);
    eprintln!("{tally:#?}");
    let mut reports = Vec::new();
    let mut kinds = Vec::new();
    for (case, failure) in &failed {
        // One of each kind is made small; of the others the seed is enough.
        if kinds.contains(&failure.kind) {
            let first = failure.detail.lines().next().unwrap_or_default();
            reports.push(format!("seed {}: {:?}: {first}", case.spec.seed, failure.kind));
        } else {
            kinds.push(failure.kind);
            reports.push(report(case.clone(), failure, None));
        }
    }
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
    if cases >= CASES {
        tally.assert_sighted();
    }
}

/// A sync that forgets deletions.
fn forget_deletions(live: &Connection) {
    let triggers = "SELECT 'DROP TRIGGER \"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_schema \
                    WHERE type = 'trigger' AND name GLOB '_cutover_*_after_delete*'";
    let mut statement = live.prepare(triggers).unwrap();
    let drops: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    for drop in drops {
        live.execute_batch(&drop).unwrap();
    }
}

/// A harness that can't fail proves nothing.
#[test]
fn a_sync_that_forgets_is_found_and_made_small() {
    let mut found = 0;
    for seed in 0..200 {
        let case = Case::new(Spec::new(seed));
        let Err(failure) = run(&case, Some(forget_deletions)) else { continue };
        let least = least(case, &failure, Some(forget_deletions));
        assert!(least.steps.len() <= 4, "{}", script(&least));
        assert!(least.rows.len() <= 2, "{}", script(&least));
        // It is the sync that is at fault, not the case.
        assert!(run(&least, None).is_ok());
        found += 1;
        if found == 3 {
            return;
        }
    }
    panic!("only {found} of 200 cases fail");
}

#[test]
fn a_seed_is_a_case() {
    for seed in 0..50 {
        let (one, other) = (Case::new(Spec::new(seed)), Case::new(Spec::new(seed)));
        assert_eq!(script(&one), script(&other));
    }
}
