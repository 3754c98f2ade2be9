//! What may be named as a database or a migration file. Everything else: exit 5, a reason, a
//! way out, and nothing is made.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::bench::{Bench, ends};
use crate::scene::rows;

const COMMANDS: [&[&str]; 9] = [
    &["new", "x", "--table", "notes"],
    &["check", "split.sql"],
    &["plan", "split.sql"],
    &["start", "split.sql"],
    &["backfill"],
    &["verify"],
    &["advance"],
    &["status"],
    &["history"],
];

/// Every command refuses this database, says why, and leaves the directory as it was.
#[track_caller]
fn refused(bench: &Bench, db: &str, reason: &str) {
    let before = bench.files();
    for words in COMMANDS {
        let line: Vec<&str> = words.iter().copied().chain(["--db", db]).collect();
        let ran = ends(5, &mut bench.words(&line));
        assert!(ran.stderr.contains(reason), "{line:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{line:?}: {}", ran.stderr);
        assert_eq!(bench.files(), before, "{line:?}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let bench = Bench::small();
    std::fs::create_dir(bench.path("dir")).unwrap();
    let made = Command::new("mkfifo").arg(bench.path("fifo")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(bench.path("socket")).unwrap();
    refused(&bench, "dir", "a directory");
    refused(&bench, "fifo", "a FIFO");
    refused(&bench, "socket", "a socket");
    refused(&bench, "/dev/null", "a device");
}

#[test]
fn what_is_not_there_is_not_made() {
    let bench = Bench::small();
    symlink(bench.path("gone.db"), bench.path("dangling.db")).unwrap();
    symlink("loop.db", bench.path("loop.db")).unwrap();
    std::fs::write(bench.path("empty.db"), "").unwrap();
    refused(&bench, "none.db", "no such file");
    refused(&bench, "app.db/none.db", "app.db/none.db");
    refused(&bench, "dangling.db", "a symbolic link to a missing file");
    refused(&bench, "loop.db", "loop.db");
    refused(&bench, "empty.db", "empty");
}

#[test]
fn a_uri_or_a_database_in_memory_is_no_file() {
    let bench = Bench::small();
    for name in [":memory:", "file:app.db", "file:app.db?mode=rwc", "file:x?mode=memory"] {
        refused(&bench, name, "not a file name");
    }
}

#[test]
fn a_file_with_the_name_of_a_uri_is_that_file() {
    let bench = Bench::small();
    for name in ["file:strange.db?mode=ro", ":memory:"] {
        bench.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        std::fs::copy(bench.db(), bench.path(name)).unwrap();
        for line in [
            &["start", "split.sql"][..],
            &["advance", "--to", "new-only"],
            &["advance", "--yes", "--backup", "file:copy.db?mode=memory"],
        ] {
            ends(0, bench.words(line).args(["--db", name]));
        }
        let copy = bench.path("file:copy.db?mode=memory");
        assert!(copy.metadata().unwrap().len() > 0, "the backup is a file");
        std::fs::remove_file(copy).unwrap();
    }
    assert_eq!(bench.number("SELECT count(*) FROM sqlite_schema"), 1, "app.db is untouched");
}

#[test]
fn a_symbolic_link_leads_to_the_one_log() {
    let bench = Bench::small();
    std::fs::create_dir(bench.path("links")).unwrap();
    symlink("../app.db", bench.path("links/link.db")).unwrap();
    let twin = rusqlite::Connection::open_in_memory().unwrap();
    twin.execute_batch(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT)",
    )
    .unwrap();
    for row in rows(&bench.open(), "SELECT id FROM notes") {
        let id = row.trim_start_matches("Integer(").trim_end_matches(')').to_owned();
        twin.execute_batch(&format!("INSERT INTO notes VALUES ({id}, 'title {id}', '0000000000')"))
            .unwrap();
    }
    // A program by the file's own name and one by the link, while we go by the link.
    let (by_name, by_link) =
        (bench.open(), rusqlite::Connection::open(bench.path("links/link.db")).unwrap());
    for (n, line) in
        ["start split.sql", "advance", "advance", "rollback", "rollback"].into_iter().enumerate()
    {
        bench.exits(0, &format!("{line} --db links/link.db"));
        if line == "advance" && n == 2 {
            // The old tables are the mirror at this moment.
            continue;
        }
        for (conn, what) in [(&by_name, "name"), (&by_link, "link")] {
            let sql = format!("INSERT INTO notes (title, body) VALUES ('{what} {n}', NULL)");
            conn.execute_batch(&sql).unwrap();
            twin.execute_batch(&sql).unwrap();
        }
    }
    let found = rows(&by_name, "SELECT * FROM notes ORDER BY id");
    assert_eq!(found, rows(&twin, "SELECT * FROM notes ORDER BY id"));
    assert_eq!(found, rows(&by_link, "SELECT * FROM notes ORDER BY id"));
    let beside: Vec<_> = std::fs::read_dir(bench.path("links")).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing lies beside the link: {beside:?}");
    bench.exits(0, "verify --db links/link.db");
}

#[test]
fn a_database_with_two_names_is_refused() {
    let bench = Bench::small();
    std::fs::hard_link(bench.db(), bench.path("second.db")).unwrap();
    let before = bench.dump();
    refused(&bench, "app.db", "2 names");
    refused(&bench, "second.db", "2 names");
    assert_eq!(bench.dump(), before);
    std::fs::remove_file(bench.path("second.db")).unwrap();
    bench.exits(0, "check split.sql --db app.db");
}

#[test]
fn a_migration_file_that_is_none_is_named() {
    let bench = Bench::small();
    let before = bench.dump();
    std::fs::create_dir(bench.path("dir.sql")).unwrap();
    assert!(Command::new("mkfifo").arg(bench.path("fifo.sql")).status().unwrap().success());
    std::fs::write(bench.path("latin1.sql"), b"-- f\xfcr\nCREATE TABLE new.t (id);\n").unwrap();
    std::fs::write(bench.path("nul.sql"), b"CREATE TABLE new.t (id\0);\n").unwrap();
    let huge = std::fs::File::create(bench.path("huge.sql")).unwrap();
    huge.set_len(1 << 40).unwrap();
    for (file, reason) in [
        ("dir.sql", "not a file"),
        ("fifo.sql", "not a file"),
        ("none.sql", "No such file"),
        ("latin1.sql", "line 1"),
        ("nul.sql", "nul.sql"),
        ("huge.sql", "larger than"),
        ("/dev/null", "not a file"),
        ("/dev/zero", "not a file"),
    ] {
        for command in ["check", "plan", "start"] {
            let ran = bench.exits(5, &format!("{command} {file} --db app.db"));
            assert!(ran.stderr.contains(file), "{command} {file}: {}", ran.stderr);
            assert!(ran.stderr.contains(reason), "{command} {file}: {}", ran.stderr);
            assert!(ran.stderr.contains("hint: "), "{command} {file}: {}", ran.stderr);
        }
    }
    assert_eq!(bench.dump(), before);
}

/// Permissions say nothing to root: the binary runs as somebody else then, from a copy
/// that this somebody may reach.
fn powerless(bench: &Bench, line: &str) -> Command {
    let command = bench.command(line);
    if !rustix::process::geteuid().is_root() {
        return command;
    }
    let copy = bench.path("cutover");
    if !copy.exists() {
        testkit::program::copy_program(Path::new(env!("CARGO_BIN_EXE_cutover")), &copy);
    }
    let mut other = Command::new(copy);
    other.args(command.get_args()).current_dir(bench.dir()).uid(65534).gid(65534);
    other
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_can_t_be_read_or_written_is_said_before_anything_is_made() {
    let bench = Bench::small();
    // In WAL mode a reader needs files beside the database, and leaves them there.
    bench.sql("PRAGMA journal_mode = DELETE");
    let before = bench.dump();
    mode(&bench.db(), 0o666);
    let root = rustix::process::geteuid().is_root();
    // What may be done where: by what only reads, and by what writes.
    let cases = [
        (0o444, 0o777, true, "the file can't be written"),
        (0o000, 0o777, false, "the file can't be read"),
        (0o666, 0o555, true, "the directory can't be written"),
    ];
    let _ = powerless(&bench, "status");
    for (of_file, of_dir, readable, reason) in cases {
        mode(&bench.db(), of_file);
        mode(bench.dir(), of_dir);
        let files = bench.files();
        let refused = |line: &str, reason: &str| {
            let ran = ends(5, &mut powerless(&bench, &format!("{line} --db app.db")));
            assert!(ran.stderr.contains(reason), "{line}, root {root}: {}", ran.stderr);
            assert!(ran.stderr.contains("hint: "), "{line}: {}", ran.stderr);
        };
        refused("start split.sql", reason);
        refused("backfill", reason);
        if readable {
            ends(0, &mut powerless(&bench, "check split.sql --db app.db"));
            refused("status", "holds no migration");
        } else {
            refused("check split.sql", reason);
            refused("status", reason);
        }
        assert_eq!(bench.files(), files);
    }
    mode(&bench.db(), 0o666);
    mode(bench.dir(), 0o777);
    mode(&bench.path("split.sql"), 0o000);
    let ran = ends(5, &mut powerless(&bench, "check split.sql --db app.db"));
    assert!(ran.stderr.contains("split.sql"), "{}", ran.stderr);
    mode(&bench.path("split.sql"), 0o644);
    assert_eq!(bench.dump(), before);
    ends(0, &mut powerless(&bench, "check split.sql --db app.db"));
}
