//! Who may read the files that we make: those who may read the database, and for scratch
//! files nobody else at all.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Gid, Uid, chown};
use testkit::program::Running;

use super::bench::{Bench, ends};

/// A shell that sets the umask and runs the binary.
fn under_umask(bench: &Bench, umask: &str, line: &str) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_cutover");
    command
        .args(["-c", &format!("umask {umask}; exec '{binary}' {line}")])
        .current_dir(bench.dir());
    command
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

#[test]
fn files_beside_the_database_have_its_permissions() {
    // Under a strict umask the copy is not stricter, under a loose one not looser.
    for (umask, bits) in [("022", 0o640), ("000", 0o600), ("077", 0o664)] {
        let bench = Bench::small();
        std::fs::set_permissions(bench.db(), std::fs::Permissions::from_mode(bits)).unwrap();
        let root = rustix::process::geteuid().is_root();
        let owner = root.then_some((1234, 2345));
        if let Some((uid, gid)) = owner {
            chown(bench.db(), Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).unwrap();
        }
        let held = bench.open();
        let _: i64 = held.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
        for line in [
            "start split.sql --db app.db",
            "advance --to new-only --db app.db",
            "advance --to retired --yes --backup copy.db --vacuum full --db app.db",
        ] {
            ends(0, &mut under_umask(&bench, umask, line));
            for name in bench.files().iter().filter(|name| name.contains(".db")) {
                let path = bench.path(name);
                assert_eq!(mode(&path), bits, "{name} after {line}, umask {umask}");
                if let Some(owner) = owner {
                    let meta = path.metadata().unwrap();
                    assert_eq!((meta.uid(), meta.gid()), owner, "{name} after {line}");
                }
            }
        }
        assert!(bench.files().iter().any(|name| name == "copy.db"));
    }
}

#[test]
fn a_backup_follows_no_link_and_overwrites_nothing() {
    let bench = Bench::small();
    bench.exits(0, "start split.sql --db app.db");
    bench.exits(0, "advance --to new-only --db app.db");
    std::os::unix::fs::symlink("elsewhere.db", bench.path("link.db")).unwrap();
    std::fs::write(bench.path("mine.db"), "mine").unwrap();
    for name in ["link.db", "mine.db", "app.db"] {
        let line = format!("advance --to retired --yes --backup {name} --db app.db");
        let ran = bench.exits(3, &line);
        assert!(ran.stderr.contains("exists already"), "{}", ran.stderr);
    }
    assert!(!bench.path("elsewhere.db").exists());
    assert_eq!(std::fs::read_to_string(bench.path("mine.db")).unwrap(), "mine");
    // Where no file can be made, the step is not made either.
    bench.exits(1, "advance --to retired --yes --backup none/copy.db --db app.db");
    assert_eq!(bench.json("status --db app.db")["phase"], "new-only");
}

#[test]
fn scratch_databases_are_nobody_else_s() {
    for journal in ["WAL", "DELETE"] {
        let bench = Bench::new(&format!("PRAGMA journal_mode = {journal}"), 20_000, 400);
        std::fs::set_permissions(bench.db(), std::fs::Permissions::from_mode(0o666)).unwrap();
        let scratch = bench.path("tmp");
        std::fs::create_dir(&scratch).unwrap();
        let mut command = under_umask(&bench, "000", "check split.sql --db app.db");
        let mut check = Running::spawn(command.env("TMPDIR", &scratch));
        let mut seen = Vec::new();
        while check.is_running() {
            look(&scratch, &mut seen);
            std::thread::sleep(Duration::from_micros(500));
        }
        let _ = check.wait(Duration::from_secs(1)).exits(0);
        let private = |(name, mode): &(String, u32)| {
            *mode == if name.ends_with(".db") { 0o600 } else { 0o700 }
        };
        let known = |name: &str| seen.iter().any(|(seen, _)| seen == name);
        assert!(known("scratch.db"), "{seen:?}");
        assert_eq!(known("snapshot.db"), journal == "DELETE", "{seen:?}");
        assert!(seen.iter().all(private), "{seen:?}");
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "nothing is left");
    }
}

/// Notes the names and modes of what there is at this moment.
fn look(dir: &Path, seen: &mut Vec<(String, u32)>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        // It may be gone already.
        let Ok(meta) = entry.metadata() else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        // A journal that SQLite makes and deletes has the mode of its database, like any.
        let found = (name, meta.mode() & 0o7777);
        if !seen.contains(&found) {
            seen.push(found);
        }
        if meta.is_dir() {
            look(&entry.path(), seen);
        }
    }
}
