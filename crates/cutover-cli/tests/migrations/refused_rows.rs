//! A constraint of the new side that a row breaks which came in before the backfill had reached
//! its partner: the rows are named, `status` says what to do, and doing it works.

use crate::scene::Scene;

/// A constraint, and rows that break it.
struct Breaks {
    /// The new table's columns after its key `id`, and what follows it.
    table: &'static str,
    after: &'static str,
    /// What a program writes before the backfill.
    late: &'static str,
    /// Words that the refusal must have.
    named: &'static [&'static str],
    /// What fixes it.
    fix: &'static str,
}

const ONE: Breaks = Breaks {
    table: "mail TEXT UNIQUE COLLATE NOCASE, team INT, name TEXT",
    after: "",
    late: "INSERT INTO users VALUES (3, 'A@X', 1, 'c')",
    named: &["mail", "id = 3", "id = 1", "'A@X'", "'a@x'", "users"],
    fix: "UPDATE users SET mail = 'c@x' WHERE id = 3",
};

/// What a command was refused for is said by who only looks, too, and what is to be done next is
/// nothing that would meet the same rows.
#[track_caller]
fn meets_them_again(scene: &Scene, command: &str, said: &str) {
    let status = scene.status();
    let blocked = status["blocked"].as_array().unwrap();
    let one = blocked.iter().find(|one| one["action"] == command);
    let told = one.unwrap_or_else(|| panic!("{status}"))["reason"].as_str().unwrap();
    // A guard may have said it in words of its own: not what is said of the row, but the row.
    let row = told.split("): ").next().unwrap();
    assert!(said.contains(row), "{row} is not in {said}");
    assert_eq!(status["next"][0]["action"], "abort", "{status}");
    // Only what is filled is compared before read-new.
    let others = if status["backfill"]["complete"] == true { "advance --yes" } else { "backfill" };
    for command in ["repair", others] {
        let again = scene.exits(3, command);
        assert!(again.stderr.contains(told), "{}", again.stderr);
    }
}

#[track_caller]
fn named_and_mended(breaks: &Breaks) {
    let Breaks { table, after, late, named, fix } = breaks;
    for in_place in [false, true] {
        let new = if in_place { "users" } else { "people" };
        let after = after.replace("NEW", new);
        let scene = Scene::set(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT, team INT, name TEXT);
             INSERT INTO users VALUES (1, 'a@x', 1, 'a'), (2, 'b@x', 2, 'b');",
            &format!(
                "CREATE TABLE new.{new} (id INTEGER PRIMARY KEY, {table}); {after}
                 INSERT INTO new.{new} (id, mail, team, name) SELECT id, mail, team, name FROM old.users;
                 INSERT INTO old.users (id, mail, team, name) SELECT id, mail, team, name FROM new.{new};"
            ),
        );
        scene.exits(0, "start FILE --no-backfill");
        scene.sql(late);
        let refused = scene.exits(3, "backfill");
        for word in *named {
            assert!(refused.stderr.contains(word), "{word} is not in {}", refused.stderr);
        }
        assert!(!refused.stderr.contains("_cutover_"), "{}", refused.stderr);
        meets_them_again(&scene, "backfill", &refused.stderr);
        // It is looked at anew: once it is fixed nothing is in the way.
        scene.sql(fix);
        let status = scene.status();
        assert_eq!(status["next"][0]["action"], "backfill", "{status}");
        scene.exits(0, "backfill");
        scene.exits(0, "verify");
        scene.exits(0, "advance --to new-only --yes");
        scene.exits(0, "rollback --to dual-write");
        scene.exits(0, "abort");
    }
}

#[test]
fn a_unique_column() {
    named_and_mended(&ONE);
}

#[test]
fn a_unique_constraint_over_two_columns() {
    named_and_mended(&Breaks {
        table: "mail TEXT, team INT, name TEXT, UNIQUE (team, name)",
        late: "INSERT INTO users VALUES (3, 'c@x', 2, 'b')",
        named: &["team, name", "id = 3", "id = 2", "'b'"],
        fix: "DELETE FROM users WHERE id = 2",
        ..ONE
    });
}

#[test]
fn a_unique_index_of_a_part() {
    named_and_mended(&Breaks {
        table: "mail TEXT, team INT, name TEXT",
        after: "CREATE UNIQUE INDEX new.captains ON NEW(team) WHERE name = 'b';",
        late: "INSERT INTO users VALUES (3, 'c@x', 2, 'b')",
        named: &["team", "id = 3", "id = 2"],
        fix: "UPDATE users SET name = 'c' WHERE id = 3",
    });
}

/// A write that no trigger of ours sees.
#[track_caller]
fn unseen(scene: &Scene, sql: &str) {
    let drop: String = scene
        .conn()
        .query_row(
            "SELECT group_concat('DROP TRIGGER \"' || name || '\"', ';') FROM sqlite_schema
             WHERE type = 'trigger' AND tbl_name = 'users'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    scene.sql(&drop);
    scene.sql(sql);
}

/// A row that no trigger of ours saw: NOT NULL, CHECK, and a type, found by the repair.
#[test]
fn a_row_that_came_while_triggers_were_missing() {
    let cases = [
        (
            "mail TEXT NOT NULL, n INT",
            "INSERT INTO users VALUES (3, NULL, 1)",
            "NOT NULL constraint",
        ),
        (
            "mail TEXT CHECK (mail <> ''), n INT",
            "INSERT INTO users VALUES (3, '', 1)",
            "CHECK constraint",
        ),
        ("mail TEXT UNIQUE, n INT", "INSERT INTO users VALUES (3, 'a@x', 1)", "the same mail"),
    ];
    for (table, late, word) in cases {
        let scene = Scene::set(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT, n INT);
             INSERT INTO users VALUES (1, 'a@x', 1), (2, 'b@x', 2);",
            &format!(
                "CREATE TABLE new.people (id INTEGER PRIMARY KEY, {table});
                 INSERT INTO new.people (id, mail, n) SELECT id, mail, n FROM old.users;
                 INSERT INTO old.users (id, mail, n) SELECT id, mail, n FROM new.people;"
            ),
        );
        scene.exits(0, "start FILE");
        unseen(&scene, late);
        let refused = scene.exits(3, "repair");
        assert!(
            refused.stderr.contains("id = 3") && refused.stderr.contains(word),
            "{}",
            refused.stderr
        );
        meets_them_again(&scene, "repair", &refused.stderr);
        scene.sql("UPDATE users SET mail = 'c@x' WHERE id = 3");
        scene.exits(0, "repair");
        scene.exits(0, "verify");
    }
}

/// A scope for which the mapping fails is a row that can't be there, too.
#[test]
fn a_value_for_which_the_mapping_fails() {
    for start in ["start FILE", "start FILE --no-backfill"] {
        let scene = Scene::set(
            r#"CREATE TABLE users (id INTEGER PRIMARY KEY, note TEXT);
               INSERT INTO users VALUES (1, '{"n":1}'), (2, '{"n":2}');"#,
            "CREATE TABLE new.people (id INTEGER PRIMARY KEY, n INT, note TEXT);
             INSERT INTO new.people (id, n, note)
             SELECT id, json_extract(note, '$.n'), note FROM old.users;
             INSERT INTO old.users (id, note) SELECT id, note FROM new.people;",
        );
        scene.exits(0, start);
        unseen(&scene, "INSERT INTO users VALUES (3, 'none')");
        let refused = scene.exits(3, "repair");
        assert!(refused.stderr.contains("id = 3"), "{}", refused.stderr);
        meets_them_again(&scene, "repair", &refused.stderr);
        scene.sql("UPDATE users SET note = '{}' WHERE id = 3");
        scene.exits(0, "repair");
        scene.exits(0, "backfill");
        scene.exits(0, "verify");
    }
}

/// A key that its column would store as another type: no row has it, so nothing compares right.
#[test]
fn a_key_that_is_stored_as_another_type() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, code, name TEXT);
        CREATE INDEX codes ON users (ifnull(code, 0));
        INSERT INTO users VALUES (1, 10, 'a'), (2, 20, 'b');";
    let migration = "CREATE TABLE new.people (code INTEGER NOT NULL UNIQUE, id INTEGER, name TEXT);
        INSERT INTO new.people (code, id, name) SELECT ifnull(code, 0), id, name FROM old.users;
        INSERT INTO old.users (id, code, name) SELECT id, code, name FROM new.people;";
    // Rows that are there are found by the proof.
    let scene = Scene::set(schema, migration);
    scene.sql("UPDATE users SET code = '10' WHERE id = 1");
    for command in ["check FILE", "start FILE"] {
        let outcome = scene.exits(3, command);
        let said = outcome.stdout + &outcome.stderr;
        assert!(said.contains("another type") && said.contains("CAST"), "{said}");
    }
    // Rows that come in while nothing looks, by the command that meets them.
    for start in ["start FILE", "start FILE --no-backfill"] {
        let scene = Scene::set(schema, migration);
        scene.exits(0, start);
        unseen(&scene, "INSERT INTO users VALUES (3, '30', 'c')");
        let refused = scene.exits(3, "repair");
        assert!(refused.stderr.contains("'30'"), "{}", refused.stderr);
        meets_them_again(&scene, "repair", &refused.stderr);
        scene.sql("UPDATE users SET code = 30 WHERE id = 3");
        scene.exits(0, "repair");
        scene.exits(0, "backfill");
        scene.exits(0, "verify");
    }
}
