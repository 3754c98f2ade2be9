//! What goes to stdout and what to stderr, colour, closed pipes.

use std::process::Stdio;

use testkit::Outcome;

use super::support::Bench;

#[test]
fn there_is_no_colour_without_a_terminal_and_there_is_where_it_is_forced() {
    let bench = Bench::empty();
    let line = "check none.sql --db app.db";
    let ran = bench.run(line).exits(5);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    // Proves that the assertion above could fail.
    let forced = bench.command(line).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(Outcome::of(forced).stderr.contains('\u{1b}'));
    let none = bench.command(line).env("NO_COLOR", "1").output().unwrap();
    assert!(!Outcome::of(none).stderr.contains('\u{1b}'));
}

#[test]
fn errors_leave_stdout_empty() {
    let bench = Bench::empty();
    for line in ["check none.sql --db app.db", "status --db app.db", "status --db app.db --json"] {
        let ran = bench.run(line).exits(5);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

/// `cutover man | head` must not end in a panic.
#[test]
fn a_closed_pipe_is_no_failure() {
    let bench = Bench::empty();
    let mut child = bench
        .command("completions bash")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = Outcome::ended(child).exits(0);
    assert_eq!(ran.stderr, "");
}

/// A result that could not be written is not a success.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let bench = Bench::empty();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = bench.command("man").stdout(full).output().unwrap();
    assert!(Outcome::of(output).exits(1).stderr.contains("standard output"));
}
