//! Databases and migration files that can't be used: exit 5, and nothing is made.

use super::support::Bench;

const ON_A_DATABASE: [&str; 9] = [
    "new x --table clients --output x.sql",
    "check split-address.sql",
    "plan split-address.sql",
    "start split-address.sql",
    "backfill",
    "verify",
    "advance",
    "status",
    "history",
];

#[test]
fn a_database_that_does_not_exist_is_not_made() {
    let bench = Bench::empty();
    for line in ON_A_DATABASE {
        let ran = bench.run(&format!("{line} --db app.db")).exits(5);
        assert!(ran.stderr.starts_with("error: "), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("app.db"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
        assert!(!bench.path("app.db").exists(), "{line} made it");
        assert!(!bench.path("x.sql").exists(), "{line} wrote a migration");
    }
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let bench = Bench::empty();
    let text = "no database, but long enough to have a header of a hundred bytes ".repeat(3);
    std::fs::write(bench.path("app.db"), &text).unwrap();
    for line in ON_A_DATABASE {
        let ran = bench.run(&format!("{line} --db app.db")).exits(5);
        assert!(ran.stderr.contains("app.db"), "{line}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(bench.path("app.db")).unwrap(), text);
    bench.run("status --db .").exits(5);
}

#[test]
fn a_database_without_a_migration_says_how_to_begin() {
    let bench = Bench::new();
    let before = bench.dump();
    for line in
        ["status", "history", "backfill", "verify", "repair", "advance", "rollback", "abort"]
    {
        let ran = bench.run(&format!("{line} --db app.db")).exits(5);
        assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
    }
    assert_eq!(bench.dump(), before);
}

#[test]
fn a_migration_that_is_not_in_the_database_is_named() {
    let bench = Bench::new();
    bench.run("start split-address.sql --db app.db").exits(0);
    let ran = bench.run("status --db app.db --migration other").exits(5);
    assert!(ran.stderr.contains("other"), "{}", ran.stderr);
    assert!(ran.stderr.contains("split-address"), "{}", ran.stderr);
}

#[test]
fn a_migration_file_that_can_t_be_read_is_named() {
    let bench = Bench::new();
    let ran = bench.run("check none.sql --db app.db").exits(5);
    assert!(ran.stderr.contains("none.sql"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn a_wrong_statement_is_shown_with_its_place() {
    let bench = Bench::new();
    let text = "CREATE TABLE new.t (id INTEGER PRIMARY KEY);\nDROP TABLE old.clients;\n";
    std::fs::write(bench.path("wrong.sql"), text).unwrap();
    let before = bench.dump();
    for command in ["check", "plan", "start"] {
        let ran = bench.run(&format!("{command} wrong.sql --db app.db")).exits(5);
        assert!(ran.stderr.contains("wrong.sql:2:1: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("2 | DROP TABLE old.clients;"), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    }
    assert_eq!(bench.dump(), before);
}

#[test]
fn a_migration_file_without_statements_is_an_error() {
    let bench = Bench::new();
    for text in ["", "-- nothing\n"] {
        std::fs::write(bench.path("empty.sql"), text).unwrap();
        bench.run("check empty.sql --db app.db").exits(5);
        bench.run("start empty.sql --db app.db").exits(5);
    }
}

#[test]
fn new_never_overwrites() {
    let bench = Bench::new();
    bench.run("new fresh --table clients --db app.db").exits(0);
    let written = std::fs::read_to_string(bench.path("fresh.sql")).unwrap();
    std::fs::write(bench.path("fresh.sql"), "mine").unwrap();
    let ran = bench.run("new fresh --table clients --db app.db").exits(5);
    assert!(ran.stderr.contains("fresh.sql"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(bench.path("fresh.sql")).unwrap(), "mine");
    bench.run("new fresh --table clients --db app.db --output other.sql").exits(0);
    assert_eq!(std::fs::read_to_string(bench.path("other.sql")).unwrap(), written);
    bench.run("new fresh2 --table nothing --db app.db").exits(5);
    assert!(!bench.path("fresh2.sql").exists());
}
