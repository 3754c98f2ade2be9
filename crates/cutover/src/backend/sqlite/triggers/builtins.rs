//! Functions that a program's connection may have put another in the place of.
//!
//! Triggers run with the functions of the connection that writes. `PRAGMA
//! case_sensitive_like` replaces the operator LIKE
//! (<https://www.sqlite.org/pragma.html#pragma_case_sensitive_like>), and the ICU
//! extension, or a program's own functions, replace LIKE, `lower` and `upper` by ones that
//! know more letters than A to Z (<https://www.sqlite.org/src/dir/ext/icu>). Such a program
//! would derive other rows than everyone else, without anyone noticing. So where a mapping
//! uses one of them, a trigger first asks it a question to which the answer is known.

use super::dialect::{before, refuse};
use crate::derive::names::Names;
use crate::derive::object::Object;
use crate::derive::sql::ident;
use crate::derive::target::Target;
use crate::phase::Side;

/// A function, and a condition that holds for SQLite's own.
const KNOWN: [(&str, &str); 3] = [
    ("LIKE", "'aA' LIKE 'Aa' AND NOT 'ä' LIKE 'Ä'"),
    ("lower", "lower('AÄ') = 'aÄ'"),
    ("upper", "upper('aä') = 'Aä'"),
];

/// The triggers that refuse a write to a table of the source whose mappings use functions
/// that the connection has replaced.
pub(crate) fn builtins(
    targets: &[Target],
    names: Names,
    migration: &str,
    (side, table): (Side, &str),
) -> Vec<Object> {
    let mut used: Vec<(&str, &str)> = KNOWN.to_vec();
    used.retain(|(function, _)| {
        targets
            .iter()
            .filter(|target| {
                target.leaves().any(|(_, leaf)| leaf.side == side && leaf.table == table)
            })
            .any(|target| uses(target, function))
    });
    if used.is_empty() {
        return Vec::new();
    }
    let refusals: Vec<String> = used
        .iter()
        .map(|(function, holds)| {
            let message = format!(
                "cutover: migration {migration} needs SQLite's own {function}, which this connection has \
                 replaced (PRAGMA case_sensitive_like, the ICU extension, a function of the program)"
            );
            format!("{} WHERE ({holds}) IS NOT 1", refuse(&message))
        })
        .collect();
    before(&["insert", "update", "delete"], "builtins", names, table, None, &refusals)
}

/// Whether a word stands in a target's mappings. One that stands in a text or a name costs
/// a needless question.
fn uses(target: &Target, function: &str) -> bool {
    target.sources.iter().any(|source| {
        source
            .query
            .render(&|leaf| ident(&leaf.table))
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word.eq_ignore_ascii_case(function))
    })
}
