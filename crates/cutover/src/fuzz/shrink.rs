//! Shrinks a script that fails to the smallest one that still fails. Pure: the caller says whether a
//! script fails, and may say no once enough was tried.

use super::statement::Statement;
use crate::error::Result;

/// Whether a script still fails.
pub(super) type Fails<'a, T> = &'a mut dyn FnMut(&[T]) -> Result<bool>;

/// Leaves items out, in ever smaller runs, as long as what is left fails. In the end no
/// single item can be left out.
///
/// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", reduced to
/// its complements: a subset of a script rarely fails for the same reason.
pub(super) fn fewest<T: Clone>(mut items: Vec<T>, fails: Fails<'_, T>) -> Result<Vec<T>> {
    if items.is_empty() || fails(&[])? {
        return Ok(Vec::new());
    }
    let mut run = items.len().div_ceil(2);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < items.len() {
            let end = (at + run).min(items.len());
            let rest: Vec<T> = items[..at].iter().chain(&items[end..]).cloned().collect();
            if !rest.is_empty() && fails(&rest)? {
                items = rest;
                shorter = true;
            } else {
                at = end;
            }
        }
        match (run, shorter) {
            (1, false) => return Ok(items),
            (1, true) => {}
            _ => run = run.div_ceil(2),
        }
    }
}

/// Makes each statement as simple as it can be while the script fails.
pub(super) fn simplest(
    mut script: Vec<Statement>,
    fails: Fails<'_, Statement>,
) -> Result<Vec<Statement>> {
    for position in 0..script.len() {
        'again: loop {
            for simpler in script[position].simpler() {
                let mut candidate = script.clone();
                candidate[position] = simpler;
                if fails(&candidate)? {
                    script = candidate;
                    continue 'again;
                }
            }
            break;
        }
    }
    Ok(script)
}

#[cfg(test)]
mod tests {
    use super::super::statement::{Kind, Part};
    use super::*;

    #[test]
    fn what_matters_is_found_wherever_it_stands() {
        for needed in
            [vec![0], vec![99], vec![3, 4], vec![0, 57, 99], (0..100).step_by(9).collect()]
        {
            let mut asked = 0;
            let found = fewest((0..100).collect(), &mut |items: &[usize]| {
                asked += 1;
                Ok(needed.iter().all(|item| items.contains(item)))
            })
            .unwrap();
            assert_eq!(found, needed);
            assert!(asked < 600, "{asked}");
        }
    }

    #[test]
    fn nothing_is_left_of_what_fails_without_a_script() {
        assert!(fewest(vec![1, 2, 3], &mut |_| Ok(true)).unwrap().is_empty());
    }

    /// Two items of which either will do: no more than one is left.
    #[test]
    fn no_item_that_is_left_can_be_left_out() {
        let found = fewest((0..40).collect(), &mut |items: &[usize]| {
            Ok(items.contains(&7) || items.contains(&30))
        })
        .unwrap();
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn who_asks_no_more_keeps_what_there_is() {
        let mut left = 3;
        let found = fewest((0..64).collect(), &mut |items: &[usize]| {
            left -= 1;
            Ok(left >= 0 && items.contains(&63))
        })
        .unwrap();
        assert!(found.contains(&63) && found.len() > 1, "{found:?}");
    }

    #[test]
    fn values_that_do_not_matter_become_simple() {
        let script = vec![Statement {
            parts: vec![
                Part::Sql("INSERT".into()),
                Part::Optional(" OR IGNORE".into()),
                Part::Sql(" INTO t VALUES ".into()),
                Part::Rows(vec![
                    vec!["4711".into(), "'long'".into()],
                    vec!["8".into(), "x'ff'".into()],
                ]),
            ],
            kind: Kind::Write,
        }];
        let found = simplest(script, &mut |script| Ok(script[0].sql().contains("x'ff'"))).unwrap();
        assert_eq!(found[0].sql(), "INSERT INTO t VALUES (NULL, x'ff')");
    }
}
