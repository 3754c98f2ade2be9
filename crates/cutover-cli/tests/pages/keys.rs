//! The book's page of JSON names every key that a command prints.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::shell::Shell;

const EXAMPLE: &str = "examples/01-split-address";

/// Each prints JSON; together they pass every command that does.
const COMMANDS: &[&str] = &[
    "new x --table clients",
    "check split-address.sql --fuzz 50",
    "check lossy.sql",
    "plan split-address.sql",
    "start split-address.sql",
    "verify",
    "backfill",
    "repair",
    "pace --fast",
    "postpone",
    "unpostpone",
    "pause",
    "resume",
    "status",
    "advance --to new-only",
    "rollback",
    "status",
    "history",
    "rollback --to dual-write",
    "abort",
    "start split-address.sql",
    "advance --to retired --yes",
    "list",
    "forget split-address",
];

/// Whose keys are the user's: names of columns, and what a step of the history was about.
const OTHERS: &[&str] = &["key", "detail"];

#[test]
fn no_key_goes_without_a_word() {
    let page = fs::read_to_string(super::root().join("docs/src/reference/json.md")).unwrap();
    let mut shell = Shell::start();
    let migration =
        fs::read_to_string(super::root().join(EXAMPLE).join("split-address.sql")).unwrap();
    shell.write("split-address.sql", &migration);
    shell.write("lossy.sql", &migration.replace("a.city FROM", "NULL FROM"));
    let made =
        shell.run(&format!("export CUTOVER_DB=app.db; sqlite3 app.db < {EXAMPLE}/setup.sql"));
    assert_eq!(made.code, 0);
    let mut keys = BTreeSet::new();
    for command in COMMANDS {
        let ran = shell.run(&format!("cutover {command} --json 2>errors"));
        let text = ran.lines.join("\n");
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{command}: {error}: {text}"));
        collect(&json, &mut keys);
    }
    assert!(keys.len() > 80, "{keys:?}");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!("\"{key}\":")))
        .collect();
    assert!(missing.is_empty(), "the page lacks {missing:?}");
}

fn collect(json: &Value, keys: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                if !OTHERS.contains(&key.as_str()) {
                    collect(value, keys);
                }
            }
        }
        _ => {}
    }
}
