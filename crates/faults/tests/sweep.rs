//! Which points are tried.

use faults::{Effect, Fault, Point, Report};

use crate::prepared::Prepared;

/// Whether every point is tried: `CRASHES=all`.
pub(crate) fn exhaustive() -> bool {
    std::env::var_os("CRASHES").is_some_and(|value| value == "all")
}

/// Some of the points of a kind, spread over all of them: the same in each run, others
/// for each `salt`. Or all of them, if that is asked for.
pub(crate) fn sample(report: &Report, point: Point, most: u64, salt: u64) -> Vec<u64> {
    let count = report.count(point);
    if exhaustive() || count <= most {
        return (1..=count).collect();
    }
    let mut rng = fastrand::Rng::with_seed(salt.wrapping_mul(31) + point as u64);
    // One of each stretch of equal length.
    (0..most).map(|n| rng.u64(n * count / most..(n + 1) * count / most) + 1).collect()
}

/// Tries a fault at these points.
///
/// How many points an operation comes to differs a little from run to run (two threads
/// verify, and how much goes into a chunk depends on how long the last one took), so
/// that one may not be met. Most are.
#[expect(clippy::print_stdout, reason = "shows how far a run over all points has come")]
pub(crate) fn sweep(prepared: &Prepared, points: &[u64], fault: impl Fn(u64) -> Fault) {
    let struck = points.iter().filter(|n| prepared.trial().crash(fault(**n))).count();
    let (command, kind) = (prepared.operation.command, fault(1));
    println!("{command}, {:?} at {:?}: {struck} of {}", kind.effect, kind.point, points.len());
    // Whether a full disk matters depends on what comes after the point.
    let least = if kind.effect == Effect::Full { 1 } else { points.len() / 2 };
    assert!(
        struck >= least.min(points.len()),
        "{command}: {kind:?} struck {struck} times at {points:?}"
    );
}

/// One that happens once.
pub(crate) fn once(point: Point, n: u64, effect: Effect) -> Fault {
    Fault { point, n, lasting: false, effect }
}
