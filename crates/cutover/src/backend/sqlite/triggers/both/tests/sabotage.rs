//! The model test finds what it is there to find: without the flag, the probe, the delta or the
//! check, it fails.

use super::classes::{CLASSES, Class};
use super::driver::{Driver, Settings};

/// How many faults of 600 statements a broken part makes, over all settings; a run stops at six.
fn faults(class: &'static Class, sabotage: &str) -> usize {
    let runs = Settings::ALL.into_iter();
    runs.map(|settings| Driver::sabotaged(class, settings, 7, sabotage).run(600, 6).faults.len())
        .sum()
}

fn class(name: &str) -> &'static Class {
    CLASSES.iter().find(|class| class.name == name).expect(name)
}

#[test]
fn without_the_flag() {
    let never_up = "CREATE TRIGGER sabotage AFTER UPDATE ON _cutover_1_syncing WHEN NEW.depth <> 0
                    BEGIN UPDATE _cutover_1_syncing SET depth = 0; END";
    for name in ["split", "N:1", "renamed, other type", "row by row, split"] {
        assert!(faults(class(name), never_up) > 0, "{name}");
    }
}

#[test]
fn without_the_probe() {
    let says_no = "CREATE TRIGGER sabotage AFTER INSERT ON _cutover_1_probe
                   BEGIN UPDATE _cutover_1_probe SET replaces = 0; END";
    for name in ["split", "N:1", "renamed, other type", "row by row, other type"] {
        assert!(faults(class(name), says_no) > 0, "{name}");
    }
}

/// What was given before is told as something else: then every column seems changed.
#[test]
fn without_the_delta() {
    for (name, table, column) in
        [("renamed, other type", "items", "c3"), ("window", "ranking", "c3")]
    {
        let forgets = format!(
            "CREATE TRIGGER sabotage AFTER INSERT ON _cutover_1_delta_{table} WHEN NEW.side = 0
             BEGIN UPDATE _cutover_1_delta_{table} SET {column} = -1 WHERE side = 0; END"
        );
        assert!(faults(class(name), &forgets) > 0, "{name}");
    }
}

#[test]
fn without_the_check() {
    let silent = "DROP TRIGGER _cutover_1_come_back_articles_do;
                  CREATE TRIGGER _cutover_1_come_back_articles_do INSTEAD OF INSERT
                  ON _cutover_1_come_back_articles BEGIN SELECT 1; END";
    assert!(faults(class("renamed, other type"), silent) > 0);
}

/// Where rows follow rows, nothing is derived again, and nothing held aside.
#[test]
fn classes_row_by_row_hold_nothing_aside() {
    for class in CLASSES {
        let driver = Driver::new(class, Settings::ALL[0], 1);
        assert_eq!(
            driver.holds_aside(),
            !(class.name.starts_with("row by row") || class.name.starts_with("a foreign key")),
            "{}",
            class.name
        );
    }
}

/// What a foreign key does on the other side, where nobody is told.
#[test]
fn without_a_look_at_what_foreign_keys_did() {
    for (side, table) in [("old", "beasts"), ("new", "pets")] {
        let blind = format!(
            "DROP TRIGGER _cutover_1_gone_along_0_{table}; DROP TRIGGER _cutover_1_set_along_0_{table}"
        );
        let class = class(&format!("a foreign key that acts on the {side} side"));
        assert!(faults(class, &blind) > 0, "{side}");
    }
}
