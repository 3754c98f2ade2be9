//! The laws of the phase in which programs write both sides, after every statement, for each class
//! of mapping: random statements of old and new programs in turn, against a model that knows
//! nothing of triggers (see [`model`]).

mod classes;
mod driver;
mod model;
mod sabotage;
mod values;

use self::classes::CLASSES;
use self::driver::{Driver, Settings};

/// How many statements for each class and setting: `CUTOVER_BOTH_STATEMENTS` asks for more.
fn statements() -> usize {
    let asked = std::env::var("CUTOVER_BOTH_STATEMENTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn the_laws_hold_after_every_statement() {
    let mut faults = Vec::new();
    for class in CLASSES {
        if std::env::var("CUTOVER_BOTH_CLASS").is_ok_and(|name| name != class.name) {
            continue;
        }
        for (number, settings) in Settings::ALL.into_iter().enumerate() {
            let seed = 1 + number as u64;
            let mut driver = Driver::new(class, settings, seed);
            let report = driver.run(statements(), 3);
            println!("{} {settings:?} seed {seed}: {}", class.name, report.summary());
            faults.extend(report.faults);
            assert!(report.refused * 2 < report.run, "{}: most statements are refused", class.name);
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
}
