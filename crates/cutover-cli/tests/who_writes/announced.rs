//! Programs that announce themselves.

use cutover::{Speaks, Standing};
use serde_json::{Value, json};

use super::{now, seconds, started};
use crate::scene::Scene;

fn clients(scene: &Scene) -> Vec<Value> {
    scene.status()["writers"]["clients"].as_array().unwrap().clone()
}

/// The statement of the book, with these values.
fn of_the_book(values: &[(&str, &str)]) -> String {
    let page =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/who-writes.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (_, sql) = text.split_once("```sql\n").unwrap();
    let (sql, _) = sql.split_once("```").unwrap();
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replacen(name, value, 1))
}

#[test]
fn a_program_says_that_it_is_there_in_any_language_and_is_forgotten_after_ten_minutes() {
    let scene = started();
    let mut python = scene.python();
    let version = |version| {
        of_the_book(&[
            (":client,", "'agent-3',"),
            (":version,", version),
            (":speaks,", "'old',"),
            (":pid,", "NULL,"),
            (":host,", "NULL,"),
        ])
    };
    python.does(&version("'1.3',"));
    python.does(&version("'1.4',"));
    scene.sql(&Standing::announce("it's", "2", Speaks::Both));
    let mut found = clients(&scene);
    for client in &mut found {
        let seen = client["seen"].take();
        assert!((now() - 5..=now()).contains(&seconds(&seen)), "{seen}");
    }
    let told = |client, version, speaks| json!({"client": client, "version": version, "speaks": speaks, "seen": null});
    assert_eq!(found, [told("agent-3", "1.4", "old"), told("it's", "2", "both")]);
    let text = scene.exits(0, "status").stdout;
    assert!(text.contains("; announced: agent-3 1.4 speaks old, it's 2 speaks both"), "{text}");
    scene.sql("UPDATE _cutover_clients SET seen = seen - 590");
    assert_eq!(clients(&scene).len(), 2);
    scene.sql("UPDATE _cutover_clients SET seen = seen - 11");
    assert_eq!(clients(&scene), Vec::<Value>::new());
}
