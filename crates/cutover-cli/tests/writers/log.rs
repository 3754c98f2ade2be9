//! A reader that holds its snapshot for long: the write-ahead log grows, and `status` says so.

use crate::scene::{Python, Scene};
use crate::writers::lane::{assert_in_step, plain};

const LARGE: u64 = 16 << 20;

fn log(scene: &Scene) -> (u64, u64) {
    let status = scene.status();
    let bytes = |key: &str| status[key].as_u64().unwrap_or_else(|| panic!("{key}: {status}"));
    (bytes("wal_bytes"), bytes("wal_pending_bytes"))
}

fn says_so(scene: &Scene) -> bool {
    scene.exits(0, "status").stdout.contains("snapshot")
}

/// Commits 24 MiB, a MiB at a time.
fn write_much(writer: &mut Python) {
    for _ in 0..24 {
        writer.does("UPDATE people SET data = randomblob(1048576) WHERE id = 1");
    }
}

#[test]
fn a_reader_that_holds_the_log_is_told_of() {
    let scene = plain();
    let (mut reader, mut writer) = (scene.python(), scene.python());
    assert!(!says_so(&scene));
    reader.does("BEGIN");
    let seen = reader.does("SELECT * FROM people");
    write_much(&mut writer);
    let (bytes, pending) = log(&scene);
    assert!(bytes >= pending && pending > LARGE, "{bytes} {pending}");
    assert!(says_so(&scene));
    assert_eq!(reader.does("SELECT * FROM people"), seen);
    // Its snapshot stands in no step's way.
    scene.exits(0, "advance --to read-new");
    assert_in_step(&scene);
    reader.does("COMMIT");
    // All is moved with one write, and with the next the log begins anew; its file stays.
    writer.does("PRAGMA wal_checkpoint");
    writer.does("UPDATE people SET name = 'next' WHERE id = 2");
    let (bytes, pending) = log(&scene);
    assert!(bytes > LARGE && pending < LARGE, "{bytes} {pending}");
    assert!(!says_so(&scene));
}

#[test]
fn without_a_log_there_is_nothing_to_tell() {
    let scene = plain();
    scene.sql("PRAGMA journal_mode = DELETE");
    write_much(&mut scene.python());
    assert_eq!(log(&scene), (0, 0));
    assert!(!says_so(&scene));
}
