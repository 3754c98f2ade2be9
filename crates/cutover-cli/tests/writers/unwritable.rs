//! What only reads works where nothing can be written. The superuser may write everywhere, so
//! these commands run as nobody where the tests run as root.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::scene::Scene;
use crate::writers::lane::plain;

/// Sets the modes of the database and its directory.
fn modes(scene: &Scene, file: u32, dir: u32) {
    set_permissions(&scene.db, Permissions::from_mode(file)).unwrap();
    set_permissions(scene.db.parent().unwrap(), Permissions::from_mode(dir)).unwrap();
}

/// Runs a command as someone whom permissions bind.
fn run(scene: &Scene, words: &[&str]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_cutover"));
    let root = rustix::process::geteuid().is_root();
    let mut command = if root {
        // The binary may lie where only root comes.
        let copy = scene.db.with_file_name("cutover");
        if !copy.exists() {
            testkit::program::copy_program(binary, &copy);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        command
    } else {
        Command::new(binary)
    };
    command.args(words).arg("--db").arg(&scene.db).output().unwrap()
}

#[test]
fn what_reads_needs_no_permission_to_write() {
    let scene = plain();
    scene.sql("PRAGMA journal_mode = DELETE");
    run(&scene, &["--version"]);
    modes(&scene, 0o444, 0o555);
    let file = scene.file.to_str().unwrap();
    for words in [&["status", "--json"][..], &["history"], &["check", file], &["plan", file]] {
        let told = run(&scene, words);
        assert!(told.status.success(), "{words:?}: {}", String::from_utf8_lossy(&told.stderr));
    }
    for words in [&["backfill"][..], &["advance"], &["repair"], &["abort"]] {
        let told = run(&scene, words);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(5), "{words:?}: {said}");
        assert!(said.contains("can't be written"), "{words:?}: {said}");
    }
    modes(&scene, 0o644, 0o755);
}

/// SQLite needs a shared memory file beside the log.
#[test]
fn a_log_without_room_beside_it_is_told() {
    let scene = plain();
    run(&scene, &["--version"]);
    modes(&scene, 0o444, 0o555);
    let told = run(&scene, &["status"]);
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(5), "{said}");
    assert!(said.contains("WAL mode"), "{said}");
    modes(&scene, 0o644, 0o755);
    // While another program has it open, it can be read.
    let mut python = scene.python();
    python.does("SELECT * FROM people");
    modes(&scene, 0o444, 0o555);
    for beside in ["-wal", "-shm"] {
        let mut path = scene.db.clone().into_os_string();
        path.push(beside);
        set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    }
    let told = run(&scene, &["status"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    modes(&scene, 0o644, 0o755);
}
