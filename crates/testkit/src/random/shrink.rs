//! The smallest case that still fails: fewer features, fewer columns, fewer steps, fewer
//! statements, fewer rows.

use super::path::Step;
use super::spec::Feature;
use super::{Case, Spec};

/// With how many other rows and writes smaller tables are tried.
const SALTS: u64 = 4;

/// Makes a case smaller as long as it `fails`. `make` gives the case of a description.
pub fn shrink(
    case: Case,
    make: &dyn Fn(Spec) -> Case,
    fails: &mut dyn FnMut(&Case) -> bool,
) -> Case {
    let mut best = simpler(case, make, fails);
    loop {
        let before = size(&best);
        let of = best.clone();
        best.steps = fewer(of.steps.clone(), &mut |steps| {
            fails(&Case { steps: steps.to_vec(), ..of.clone() })
        });
        let of = best.clone();
        best.rows =
            fewer(of.rows.clone(), &mut |rows| fails(&Case { rows: rows.to_vec(), ..of.clone() }));
        let of = best.clone();
        best.triggers = fewer(of.triggers.clone(), &mut |triggers| {
            fails(&Case { triggers: triggers.to_vec(), ..of.clone() })
        });
        for at in 0..best.steps.len() {
            best = shorter(best, at, fails);
        }
        if size(&best) == before {
            return best;
        }
    }
}

fn size(case: &Case) -> usize {
    let statements: usize = case
        .steps
        .iter()
        .map(|step| if let Step::Write { statements, .. } = step { statements.len() } else { 1 })
        .sum();
    statements + case.rows.len() + case.triggers.len()
}

/// Without features, and with fewer columns.
fn simpler(
    mut best: Case,
    make: &dyn Fn(Spec) -> Case,
    fails: &mut dyn FnMut(&Case) -> bool,
) -> Case {
    let mut attempt = |best: &mut Case, spec: Spec| {
        for salt in best.spec.salt..=best.spec.salt + SALTS {
            let case = make(Spec { salt, ..spec });
            if fails(&case) {
                *best = case;
                return;
            }
        }
    };
    for feature in Feature::ALL {
        let spec = Spec { features: best.spec.features.without(feature), ..best.spec };
        attempt(&mut best, spec);
    }
    for fields in 0..best.spec.fields {
        if fields < best.spec.fields {
            let spec = Spec { fields, ..best.spec };
            attempt(&mut best, spec);
        }
    }
    best
}

/// With fewer statements in one step.
fn shorter(best: Case, at: usize, fails: &mut dyn FnMut(&Case) -> bool) -> Case {
    let Step::Write { side, statements, trespass } = best.steps[at].clone() else { return best };
    let with = |statements: &[String]| {
        let mut case = best.clone();
        case.steps[at] = Step::Write { side, statements: statements.to_vec(), trespass };
        case
    };
    let least =
        fewer(statements, &mut |statements| !statements.is_empty() && fails(&with(statements)));
    with(&least)
}

/// A list that still `fails` and has no part that can be left out: delta debugging, which
/// leaves out large parts before small ones.
pub fn fewer<T: Clone>(mut list: Vec<T>, fails: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut part = list.len().div_ceil(2);
    while part > 0 {
        let (mut at, mut removed) = (0, false);
        while at < list.len() {
            let end = (at + part).min(list.len());
            let without = [&list[..at], &list[end..]].concat();
            if fails(&without) {
                list = without;
                removed = true;
            } else {
                at = end;
            }
        }
        if !removed || part > 1 {
            part = if part == 1 { 0 } else { part.div_ceil(2).min(part - 1) };
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        let mut asked = 0;
        let left = fewer((0..100).collect(), &mut |list| {
            asked += 1;
            list.contains(&17) && list.contains(&80)
        });
        assert_eq!(left, [17, 80]);
        assert!(asked < 100, "{asked}");
    }

    #[test]
    fn what_does_not_fail_stays_whole() {
        assert_eq!(fewer(vec![1, 2, 3], &mut |_| false), [1, 2, 3]);
        assert_eq!(fewer(vec![1, 2, 3], &mut |_| true), [0; 0]);
    }
}
