//! The CHECK constraints of a mirror, asked before SQLite asks them.
//!
//! When a CHECK fails SQLite does what the conflict clause of the application's
//! statement says, and under `OR FAIL` that is to stop and to keep what was done so
//! far: the row of the source, without its image. A trigger's RAISE(ABORT) is
//! overridden by nothing. It also stands where the application switched the checks of
//! its connection off (`ignore_check_constraints`): a mirror never holds what
//! its table forbids.
//!
//! A BEFORE trigger sees the row as the table will hold it: values converted to the
//! columns' types, defaults filled in. Only the affinity of its columns must be given to
//! them, and generated columns computed (see [`super::conflict`]). Where a value would not
//! survive the CAST the check is asked without. The two could differ only where a text that
//! is no number is compared, in a column for numbers, with one that does look like a number.

use super::conflict::over_new;
use super::dialect::before;
use super::procedure::cant_keep;
use super::turn::at_work;
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::target::Target;
use crate::schema::Check;

/// The triggers that refuse what the target's checks refuse, if it has any.
pub(crate) fn checks(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    checks_when(target, names, migration, None)
}

/// The same, for a table that programs write as well: theirs are left to SQLite.
pub(crate) fn checks_in_turn(target: &Target, names: Names, migration: &str) -> Vec<Object> {
    checks_when(target, names, migration, Some(&at_work(names)))
}

fn checks_when(target: &Target, names: Names, migration: &str, when: Option<&str>) -> Vec<Object> {
    let table = &target.table.name;
    let asked: Vec<&Check> =
        target.table.checks.iter().filter(|check| target.can_ask(check)).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let refusals: Vec<String> = asked
        .iter()
        .map(|check| {
            let what = format!("a CHECK constraint fails: {}", check.sql);
            format!(
                "{} WHERE NOT ({})",
                cant_keep(target, migration, &what),
                over_new(&target.table, check)
            )
        })
        .collect();
    before(&["insert", "update"], "check", names, table, when, &refusals)
}
