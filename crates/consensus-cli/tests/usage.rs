//! Wrong command lines, help texts, completions, the manual page.

use std::process::Stdio;

use testkit::Outcome;

use super::support::Bench;

const COMMANDS: [&str; 25] = [
    "put artifact",
    "put synthesis",
    "specs",
    "show",
    "stats",
    "delete",
    "prune",
    "import",
    "export",
    "compact",
    "migrate check",
    "migrate plan",
    "migrate start",
    "migrate backfill",
    "migrate verify",
    "migrate repair",
    "migrate advance",
    "migrate rollback",
    "migrate abort",
    "migrate status",
    "migrate history",
    "completions",
    "man",
    "put",
    "migrate",
];

#[test]
fn a_wrong_command_line_exits_2_and_suggests() {
    let bench = Bench::empty();
    for (line, says) in [
        ("", "Usage: consensus"),
        ("spcs", "'specs'"),
        ("specs --jsno", "'--json'"),
        ("specs --json --table", "cannot be used with"),
        ("migrate", "Usage: consensus migrate"),
        ("migrate statsu", "'status'"),
        ("migrate advance --to new-onyl", "'new-only'"),
        ("migrate start split.sql", "unexpected argument"),
        ("migrate status --migration x", "unexpected argument"),
        ("put artifact --spec x --stage y", "--agent <NAME>"),
        ("put artifact --spec x --stage y --agent z --response r --response-text t", "cannot be"),
        ("put artifact --spec x --stage y --agent z --response -", "standard input"),
        ("put synthesis --spec x --stage y --status ok --artifacts-count -1", "-1"),
        ("show --spec x", "--stage <STAGE>"),
        ("prune --older-than soon", "30d"),
        ("prune --older-than=-3d", "future"),
    ] {
        let ran = Outcome::of(bench.bare(line).output().unwrap()).exits(2);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{line}");
    }
    assert!(bench.files().is_empty(), "{:?}", bench.files());
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(
        Outcome::of(Bench::empty().bare("-h").output().unwrap()).exits(0).stdout
    );
}

/// The texts of the migration's commands are written for `cutover`.
#[test]
fn help_of_migrate_advance() {
    let ran = Outcome::of(Bench::empty().bare("migrate advance --help").output().unwrap());
    insta::assert_snapshot!(ran.exits(0).stdout);
}

/// Help tells a newcomer what to type: every command has an example.
#[test]
fn every_command_shows_an_example() {
    let bench = Bench::empty();
    for command in COMMANDS.iter().filter(|command| **command != "put") {
        let ran = Outcome::of(bench.bare(&format!("{command} --help")).output().unwrap()).exits(0);
        assert!(ran.stdout.contains(&format!("consensus {command}")), "{command}: {}", ran.stdout);
        assert!(!ran.stdout.contains("cutover "), "{command}: {}", ran.stdout);
    }
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    let bench = Bench::empty();
    for line in ["completions bash", "completions zsh", "completions fish", "man"] {
        let ran = Outcome::of(bench.bare(line).output().unwrap()).exits(0);
        for word in ["artifact", "specs", "prune", "rollback", "vacuum"] {
            assert!(ran.stdout.contains(word), "{line} lacks {word}");
        }
    }
    let page = Outcome::of(bench.bare("man").output().unwrap()).exits(0).stdout;
    for command in COMMANDS {
        let heading = format!(".SH \"{}\"", command.to_uppercase());
        assert!(page.contains(&heading), "{heading}");
    }
    assert!(!page.contains("cutover advance"), "{page}");
}

#[test]
fn there_is_no_colour_without_a_terminal_and_there_is_where_it_is_forced() {
    let bench = Bench::empty();
    assert!(!bench.run("specs").exits(5).stderr.contains('\u{1b}'));
    // Proves that the assertion above could fail.
    let forced = bench.command("specs").env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(Outcome::of(forced).stderr.contains('\u{1b}'));
    let none = bench.command("specs").env("NO_COLOR", "1").output().unwrap();
    assert!(!Outcome::of(none).stderr.contains('\u{1b}'));
}

/// `consensus export | head` must not end in a panic, nor in an error.
#[test]
fn a_closed_pipe_is_no_failure() {
    let bench = Bench::legacy();
    for line in ["export", "specs", "show --spec x --stage y", "migrate plan"] {
        let mut command = bench.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Outcome::ended(child).exits(0);
        assert!(!ran.stderr.contains("error"), "{line}: {}", ran.stderr);
    }
}

/// A result that could not be written is not a success.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let bench = Bench::legacy();
    for line in ["export", "specs"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = Outcome::of(bench.command(line).stdout(full).output().unwrap()).exits(1);
        assert!(ran.stderr.contains("cause: "), "{}", ran.stderr);
    }
}

/// A path may be any bytes; what is no path is a usage error. None of it is a panic.
#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let dir = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(b"nowhere\xff.db");
    for command in COMMANDS {
        for flag in ["", "--db", "--spec", "--json"] {
            for in_the_environment in [false, true] {
                let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_consensus"));
                run.args(command.split(' ')).current_dir(dir.path()).stdin(Stdio::null());
                if !flag.is_empty() {
                    run.arg(flag);
                }
                run.arg(odd).env(
                    "CONSENSUS_DB",
                    if in_the_environment { odd } else { OsStr::new("absent.db") },
                );
                let output = run.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                let code = output.status.code().unwrap();
                // An import makes the store it is told to fill, and then it is there.
                let works = code == 0 && flag == "--db";
                assert!(works || [2, 5].contains(&code), "{command} {flag}: exit {code}: {said}");
                assert!(!said.contains("panicked"), "{command} {flag}: {said}");
            }
        }
    }
}
