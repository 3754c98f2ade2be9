//! What a connection can set before it writes.

use crate::scene::{Scene, shell};
use crate::writers::lane::{WRITES, assert_in_step, assert_source_is, mirrored, plain, twin};

/// The writes succeed under this setting, and both sides have them.
#[track_caller]
fn assert_harmless(setting: &str) {
    let (scene, twin) = (plain(), twin(""));
    let script = format!("{setting}\n{WRITES}");
    let (told, expected) = (shell_lines(&scene, &script), shell_lines(&twin, &script));
    assert_eq!(told, expected, "{setting}");
    assert_eq!(told.1, "", "{setting}");
    assert_source_is(&scene, &twin);
    assert_in_step(&scene);
}

/// Every write is refused with this message, and nothing changes.
#[track_caller]
fn assert_loud(scene: &Scene, setting: &str, message: &str) {
    let before = scene.dump();
    for write in WRITES.split_inclusive(';').filter(|write| !write.trim().is_empty()) {
        let said = shell_lines(scene, &format!("{setting}\n{write}")).1;
        assert!(said.contains(message), "{setting}\n{write}\n{said}");
    }
    assert_eq!(scene.dump(), before, "{setting}");
    assert_in_step(scene);
}

/// Runs a script line by line, as if typed: what starts with a dot is the shell's.
fn shell_lines(scene: &Scene, script: &str) -> (String, String) {
    let file = scene.db.with_extension("script");
    std::fs::write(&file, script).unwrap();
    let told = shell(&scene.db, &format!(".read '{}'", file.display()));
    // A setting may show itself; messages name the script's lines, the same in both.
    (told.stdout, told.stderr.replace(&file.display().to_string(), "script"))
}

#[test]
fn trusted_schema_off() {
    assert_harmless("PRAGMA trusted_schema = OFF;");
    // Some versions count the JSON functions among those that are not to be trusted.
    let scene = mirrored("json_extract(data, '$.k')");
    let told = shell_lines(&scene, &format!("PRAGMA trusted_schema = OFF;\n{WRITES}"));
    assert!(told.1.is_empty() || told.1.contains("unsafe use of json_extract"), "{}", told.1);
    assert_in_step(&scene);
}

#[test]
fn case_sensitive_like() {
    assert_harmless("PRAGMA case_sensitive_like = ON;");
    let scene = mirrored("name LIKE 'a%'");
    assert_loud(&scene, "PRAGMA case_sensitive_like = ON;", "needs SQLite's own LIKE");
    shell_lines(&scene, WRITES);
    assert_source_is(&scene, &twin(WRITES));
    assert_in_step(&scene);
}

/// The ICU extension, or a program's own, that knows more letters.
#[test]
fn a_function_in_the_place_of_sqlites_own() {
    for (derived, define) in [
        ("lower(name)", "conn.create_function('lower', 1, lambda s: s and s.lower())"),
        ("upper(name)", "conn.create_function('upper', 1, lambda s: s and s.upper())"),
        (
            "name LIKE 'é%'",
            "conn.create_function('like', 2, lambda p, s: s and s.lower().startswith(p.lower()[:-1]))",
        ),
    ] {
        let scene = mirrored(derived);
        let before = scene.dump();
        let script = format!(
            "import sqlite3, sys\nconn = sqlite3.connect(sys.argv[1], isolation_level=None)\n{define}\n\
             conn.execute(\"INSERT INTO people (name) VALUES ('Émile')\")"
        );
        let told =
            std::process::Command::new("python3").args(["-c", &script]).arg(&scene.db).output();
        let said = String::from_utf8(told.unwrap().stderr).unwrap();
        assert!(said.contains("SQLite's own"), "{derived}: {said}");
        assert_eq!(scene.dump(), before, "{derived}");
        scene.python().does("INSERT INTO people (name) VALUES ('Émile')");
        assert_in_step(&scene);
    }
}

#[test]
fn count_changes() {
    assert_harmless("PRAGMA count_changes = ON;");
}

#[test]
fn column_names() {
    assert_harmless("PRAGMA short_column_names = OFF;");
    // Old versions can't resolve a subquery's columns then, in any view.
    let scene = plain();
    let settings = "PRAGMA short_column_names = OFF; PRAGMA full_column_names = ON;";
    shell_lines(&scene, &format!("{settings}\n{WRITES}"));
    assert_in_step(&scene);
}

#[test]
fn temp_store() {
    assert_harmless("PRAGMA temp_store = MEMORY;");
    assert_harmless("PRAGMA temp_store = FILE;");
}

#[test]
fn synchronous_off() {
    assert_harmless("PRAGMA synchronous = OFF;");
}

#[test]
fn reverse_unordered_selects() {
    assert_harmless("PRAGMA reverse_unordered_selects = ON;");
}

#[test]
fn automatic_index_off() {
    assert_harmless("PRAGMA automatic_index = OFF;");
}

#[test]
fn defer_foreign_keys() {
    assert_harmless("PRAGMA foreign_keys = ON; PRAGMA defer_foreign_keys = ON;");
}

#[test]
fn legacy_alter_table() {
    assert_harmless("PRAGMA legacy_alter_table = ON;");
}

/// Alone it changes nothing; what a program then writes into the schema is its own.
#[test]
fn writable_schema() {
    assert_harmless("PRAGMA writable_schema = ON;");
}

#[test]
fn double_quoted_strings_off() {
    assert_harmless(".output /dev/null\n.dbconfig dqs_dml off\n.dbconfig dqs_ddl off\n.output");
}

#[test]
fn defensive() {
    assert_harmless(".output /dev/null\n.dbconfig defensive on\n.output");
}

/// SQLite writes to the views by their triggers all the same.
#[test]
fn views_off() {
    assert_harmless(".output /dev/null\n.dbconfig enable_view off\n.output");
}

#[test]
fn query_only() {
    assert_loud(&plain(), "PRAGMA query_only = ON;", "readonly database");
}

#[test]
fn trigger_depth() {
    let scene = plain();
    for depth in 0..8 {
        let setting = format!(".output /dev/null\n.limit trigger_depth {depth}\n.output");
        let said = shell_lines(&scene, &format!("{setting}\n{WRITES}")).1;
        assert!(said.is_empty() || said.contains("too many levels of trigger recursion"), "{said}");
        assert_in_step(&scene);
    }
    let none = ".output /dev/null\n.limit trigger_depth 0\n.output";
    assert_loud(&plain(), none, "too many levels");
}

/// Whoever has the database to itself is waited for, and then reported, like a long writer.
#[test]
fn locking_mode_exclusive() {
    for journal_mode in ["WAL", "DELETE"] {
        let (scene, twin) = (plain(), twin(WRITES));
        scene.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        let mut python = scene.python();
        python.does("PRAGMA locking_mode = EXCLUSIVE");
        for write in WRITES.split_inclusive(';').filter(|write| !write.trim().is_empty()) {
            python.does(write);
        }
        for command in ["status", "advance"] {
            let refused = scene.exits(4, command);
            assert!(refused.stderr.contains("locked"), "{journal_mode}: {}", refused.stderr);
        }
        drop(python);
        assert_source_is(&scene, &twin);
        assert_in_step(&scene);
    }
}

#[test]
fn journal_modes_change_meanwhile() {
    let scene = plain();
    for (n, journal_mode) in ["DELETE", "WAL", "TRUNCATE", "PERSIST", "WAL"].iter().enumerate() {
        scene.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        scene.python().does(&format!("INSERT INTO people (name) VALUES ('{n}')"));
        assert_in_step(&scene);
    }
    for (phase, journal_mode) in [("write-new", "DELETE"), ("new-only", "WAL")] {
        scene.exits(0, &format!("advance --to {phase}"));
        scene.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        scene.python().does("UPDATE persons SET name = name || '!'");
    }
    scene.exits(0, "rollback --to dual-write");
    assert_in_step(&scene);
}
