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
        ("advance --db app.db --vacuum ful", "'full'"),
        ("resum --db app.db", "'resume'"),
        ("pace --db app.db --stal 1", "'--stall'"),
        ("completions bsh", "'bash'"),
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
    for line in
        ["status", "watch", "history", "verify", "advance", "abort", "check split-address.sql"]
    {
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
        "pause",
        "resume",
        "pace",
        "postpone",
        "unpostpone",
        "abort",
        "status",
        "watch",
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

/// A name that is nearly one that is there: of a file, a table, a column, a migration.
#[test]
fn a_mistyped_name_is_told_what_is_there() {
    let bench = Bench::new();
    let misspelt = |from: &str, to: &str| {
        let text = super::support::SPLIT.replace(from, to);
        std::fs::write(bench.path("misspelt.sql"), text).unwrap();
    };
    let hints = |line: &str, hint: &str| {
        let ran = bench.run(line).exits(5);
        assert!(ran.stderr.contains(hint), "{line}: {}", ran.stderr);
    };
    hints("check splitaddress.sql --db app.db", "hint: there is split-address.sql");
    hints("status --db ap.db", "hint: there is app.db");
    hints("new x --table client --db app.db", "hint: its tables are clients");
    misspelt("FROM old.clients", "FROM old.client");
    hints("check misspelt.sql --db app.db", "hint: there is old.clients");
    misspelt("SELECT id, street, city FROM", "SELECT id, stret, city FROM");
    hints("check misspelt.sql --db app.db", "hint: there is street");
    misspelt("(id, name, street, city)", "(id, name, street, ctiy)");
    hints("check misspelt.sql --db app.db", "hint: it has city");
    misspelt("INSERT INTO old.clients", "INSERT INTO old.clints");
    hints("check misspelt.sql --db app.db", "hint: there is old.clients");
    bench.run("start split-address.sql --db app.db").exits(0);
    hints("advance --migration split-adress --db app.db", "it holds split-address");
}

/// What is like nothing that is there is told what to do.
#[test]
fn a_name_like_no_other_is_told_how_to_go_on() {
    let bench = Bench::new();
    let ran = bench.run("check zzz.sql --db app.db").exits(5);
    assert!(ran.stderr.contains("hint: name a migration file; "), "{}", ran.stderr);
    let ran = bench.run("status --db /no/such/q").exits(5);
    assert!(ran.stderr.contains("hint: check the path"), "{}", ran.stderr);
}

/// What an error suggests between backticks works as it stands, in the shell that was used.
#[test]
fn a_hint_works_when_it_is_pasted() {
    let bench = Bench::new();
    bench.run("start split-address.sql --no-backfill --db app.db").exits(0);
    let pasted = |line: &str, code: i32| -> i32 {
        let ran = bench.run(line).exits(code);
        let hint = ran.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap();
        let command = hint.split('`').nth(1).unwrap_or_else(|| panic!("no command in: {hint}"));
        let status = std::process::Command::new("sh")
            .args(["-c", command])
            .current_dir(bench.dir.path())
            .output()
            .unwrap();
        status.status.code().unwrap()
    };
    // Refused for want of a backfill; the hint is to run it.
    assert_eq!(pasted("advance --to write-new --db app.db", 3), 0);
    bench.run("advance --to write-new --db app.db").exits(0);
    // Too far for leaving it; the hint is the rollback.
    assert_eq!(pasted("abort --db app.db", 3), 0);
    assert_eq!(bench.phase(), "dual-write");
    // Nothing to roll back to; the hint is how to leave.
    assert_eq!(pasted("rollback --db app.db", 3), 0);
    assert_eq!(bench.phase(), "legacy");
}

/// A path may be any bytes; what is no path is a usage error. None of it is a panic.
#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    let dir = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(b"x\xff.db");
    let db = dir.path().join(odd);
    let file = dir.path().join(OsStr::from_bytes(b"m\xfe.sql"));
    let run = |arguments: &[&OsStr], db: Option<&OsStr>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
        command.args(arguments).current_dir(dir.path()).env_remove("CUTOVER_DB");
        if let Some(db) = db {
            command.env("CUTOVER_DB", db);
        }
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        (output.status.code().unwrap(), said)
    };
    let words = |line: &'static str| line.split(' ').map(OsStr::new).collect::<Vec<_>>();
    // In every place of a command line.
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
        "history",
        "watch",
        "serve",
        "completions",
        "man",
        "help",
        "",
    ] {
        for line in ["", "--db", "--migration", "--to", "--json", "--table", "--keep"] {
            let mut arguments: Vec<&OsStr> = [command, line]
                .into_iter()
                .filter(|word| !word.is_empty())
                .map(OsStr::new)
                .collect();
            arguments.push(odd);
            let (code, said) = run(&arguments, None);
            assert!([2, 5].contains(&code), "{arguments:?}: exit {code}: {said}");
            let (code, said) = run(&[odd, OsStr::new(command)], Some(odd));
            assert_eq!(code, 2, "{said}");
        }
    }
    // A database and a file with such a name are as good as any.
    rusqlite::Connection::open(&db)
        .unwrap()
        .execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT); INSERT INTO t VALUES (1, 'a')",
        )
        .unwrap();
    std::fs::write(
        &file,
        "CREATE TABLE new.s (id INTEGER PRIMARY KEY, w TEXT);
         INSERT INTO new.s (id, w) SELECT id, w FROM old.t;
         INSERT INTO old.t (id, w) SELECT id, w FROM new.s;",
    )
    .unwrap();
    for (line, with_file) in [
        ("check", true),
        ("start", true),
        ("status", false),
        ("verify --json", false),
        ("advance --to new-only --yes", false),
        ("rollback --to dual-write", false),
        ("abort --yes", false),
    ] {
        let mut arguments = words(line);
        if with_file {
            arguments.push(file.as_os_str());
        }
        for db in [None, Some(db.as_os_str())] {
            let mut arguments = arguments.clone();
            if db.is_none() {
                arguments.extend([OsStr::new("--db"), odd]);
            }
            // Each step is taken once, the second way of naming the database is for looking.
            if db.is_some() && !["status", "check"].contains(&line) {
                continue;
            }
            let (code, said) = run(&arguments, db);
            assert_eq!(code, 0, "{arguments:?}: {said}");
        }
    }
}
