//! Wrong command lines, help texts, completions, the manual page.

use super::support::Bench;

#[test]
fn a_wrong_command_line_exits_2_and_suggests() {
    let bench = Bench::empty();
    for (line, says) in [
        ("", "Usage: cutover"),
        ("statsu --db app.db", "'status'"),
        ("status --db app.db --jsno", "'--json'"),
        ("advance --db app.db --to new-onyl", "'new-only'"),
        ("check --db app.db", "<FILE>"),
        ("new x --db app.db", "--table <TABLE>"),
        ("start x.sql --db app.db --fast --no-backfill", "cannot be used with"),
        ("check x.sql --db app.db --fuzz 0", "--fuzz"),
        ("check x.sql --db app.db --seed 5", "--fuzz"),
        ("demo --rows 0", "--rows"),
    ] {
        let ran = bench.run(line).exits(2);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
    }
}

#[test]
fn a_missing_database_names_the_flag_and_the_variable() {
    let bench = Bench::empty();
    for line in ["status", "history", "verify", "advance", "abort", "check split-address.sql"] {
        let ran = bench.run(line).exits(2);
        assert!(ran.stderr.contains("--db PATH"), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("CUTOVER_DB"), "{line}: {}", ran.stderr);
    }
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(Bench::empty().run("-h").exits(0).stdout);
}

#[test]
fn help_of_advance() {
    insta::assert_snapshot!(Bench::empty().run("advance --help").exits(0).stdout);
}

/// Help tells a newcomer what to type: every command has an example.
#[test]
fn every_command_shows_an_example() {
    let bench = Bench::empty();
    for command in [
        "demo",
        "new",
        "check",
        "plan",
        "start",
        "backfill",
        "verify",
        "repair",
        "advance",
        "rollback",
        "abort",
        "status",
        "serve",
        "history",
        "completions",
        "man",
    ] {
        let ran = bench.run(&format!("{command} --help")).exits(0);
        assert!(
            ran.stdout.contains(&format!("  cutover {command}"))
                || ran.stdout.contains(&format!("(cutover {command}")),
            "{command}: {}",
            ran.stdout
        );
    }
}

#[test]
fn completions_and_the_manual_page_name_every_command_and_nothing_hidden() {
    let bench = Bench::empty();
    for line in ["completions bash", "completions zsh", "completions fish", "man"] {
        let ran = bench.run(line).exits(0);
        for command in ["demo", "start", "rollback", "history"] {
            assert!(ran.stdout.contains(command), "{line} lacks {command}");
        }
        assert!(!ran.stdout.contains("demo-process"), "{line} shows what is hidden");
    }
}
