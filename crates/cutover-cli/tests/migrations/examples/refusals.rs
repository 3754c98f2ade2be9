//! What an example shows to be refused: by `check` and by `start`, with the exit code of a
//! proof that failed, and the database as it was.

use std::path::Path;

use tempfile::TempDir;
use testkit::Cutover;

use super::gallery::Example;
use crate::scene::dump;

pub(super) fn hold(example: &Example) {
    if let Some(file) = example.file("refused.sql") {
        is_refused(example, &file);
    }
    if example.mend.is_some() {
        is_refused(example, &example.migration());
    }
}

fn is_refused(example: &Example, file: &Path) {
    let dir = TempDir::new().unwrap();
    let db = dir.path().join("live.db");
    example.set_up(&db);
    let before = dump(&db);
    let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
    for command in ["check", "start"] {
        let _ = cutover.run(&[command, file.to_str().unwrap()]).exits(3);
        assert_eq!(dump(&db), before, "{}: {command} changes nothing", example.directory);
    }
}
