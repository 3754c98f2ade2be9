//! Which points are tried.

use faults::{Effect, Fault, Point, Report};

use crate::trial::Prepared;

/// Whether every point is tried: `CRASHES=all`.
pub(crate) fn exhaustive() -> bool {
    std::env::var_os("CRASHES").is_some_and(|value| value == "all")
}

/// Tries a fault at points of one kind: at these, or at all.
///
/// How many points an operation comes to differs a little from run to run (two threads
/// verify, and how much goes into a chunk depends on how long the last one took), so
/// that a sampled one may not be met. Most are.
pub(crate) fn sweep(
    prepared: &Prepared,
    point: Point,
    points: &[u64],
    fault: impl Fn(u64) -> Fault,
) {
    let try_at = |n| prepared.trial().crash(fault(n));
    if exhaustive() {
        let struck = (1..).take_while(|n| try_at(*n)).count();
        println!("{} at {point:?}: {struck} points", prepared.operation.command);
        return;
    }
    let struck = points.iter().filter(|n| try_at(**n)).count();
    assert!(
        struck * 2 >= points.len(),
        "{}: only {struck} of {points:?} at {point:?} were met",
        prepared.operation.command
    );
}

/// Some of the points of a kind, spread over all of them: the same in each run, others
/// for each `salt`.
pub(crate) fn sample(report: &Report, point: Point, most: u64, salt: u64) -> Vec<u64> {
    let count = report.count(point);
    if count <= most {
        return (1..=count).collect();
    }
    let mut rng = fastrand::Rng::with_seed(salt.wrapping_mul(31) + point as u64);
    // One of each stretch of equal length.
    (0..most).map(|n| rng.u64(n * count / most..(n + 1) * count / most) + 1).collect()
}

/// One that happens once.
pub(crate) fn once(point: Point, n: u64, effect: Effect) -> Fault {
    Fault { point, n, lasting: false, effect }
}
