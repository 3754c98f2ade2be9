//! The letter case of names: SQLite knows a table by any.

use super::mapping::Plan;
use super::spec::{Feature, Spec};
use super::table::Table;
use crate::sql::quoted;

/// The same name in another letter case.
pub(crate) fn recase(name: &str) -> String {
    let flipped = |c: char| match c {
        'a'..='z' => c.to_ascii_uppercase(),
        'A'..='Z' => c.to_ascii_lowercase(),
        _ => c,
    };
    name.chars().map(flipped).collect()
}

/// A migration file that names some old tables otherwise than they were created.
pub(crate) fn file(spec: &Spec, plan: &Plan) -> String {
    let (mut file, mut rng) = (plan.file(), spec.stream("letters"));
    for table in &plan.old {
        if spec.has(Feature::LetterCase, &mut rng, 10) {
            let (from, to) = (quoted(&table.name), quoted(&recase(&table.name)));
            file = file.replace(&format!("old.{from}"), &format!("old.{to}"));
        }
    }
    file
}

/// Tables as a program names them that does not care.
pub(crate) fn carelessly(spec: &Spec, tables: &mut [Table], aspect: &str) {
    let mut rng = spec.stream(aspect);
    for table in tables {
        if spec.has(Feature::LetterCase, &mut rng, 5) {
            table.name = recase(&table.name);
        }
    }
}
