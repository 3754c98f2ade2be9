//! The backup that is written before the old tables are retired: killed at whatever
//! moment, there is a whole one, or none and the old tables are still there.

use faults::{Effect, Point};
use rusqlite::Connection;

use crate::operations;
use crate::prepared::{Journal, Prepared};
use crate::scene::LIBRARY;
use crate::sweep::{once, sample};

const COMMAND: &str = "advance --to retired --yes --backup BACKUP";

/// Kills the command at a point; gives whether it was killed.
fn killed(prepared: &Prepared, point: Point, n: u64) -> bool {
    let trial = prepared.trial();
    let (_, report) = trial.run(COMMAND, Some(once(point, n, Effect::Kill)), None);
    let what = format!("killed at {:?}", report.struck);
    let backup = trial.beside("backup");
    let phase = trial.standing().phase;
    if backup.exists() {
        let conn = Connection::open(&backup).unwrap();
        let verdict: String =
            conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{what}");
        let differences = trial.twin(0).old_differences(prepared.scene, &conn);
        assert!(differences.is_empty(), "{differences:?}: {what}");
    } else {
        assert_eq!(phase, "new-only", "retired without the backup: {what}");
    }
    trial.judge(0, false, &what);
    if phase == "new-only" && backup.exists() {
        // Nothing that exists is written over, its own earlier work neither.
        let _ = trial.plain(COMMAND).exits(3);
        std::fs::remove_file(&backup).unwrap();
    }
    let _ = trial.plain(COMMAND).exits(0);
    trial.is_finished(&what);
    assert!(backup.exists(), "{what}");
    trial.programs_write(1);
    trial.judge(1, false, &what);
    !report.struck.is_empty()
}

#[test]
fn a_backup_is_whole_or_is_not_there() {
    let prepared = Prepared::new(&LIBRARY, operations::RETIRE, Journal::Wal);
    let census = prepared.trial().run(COMMAND, None, None).1;
    for point in [Point::Statement, Point::Scratch, Point::Write] {
        let points = sample(&census, point, 10, 17);
        let struck = points.iter().filter(|n| killed(&prepared, point, **n)).count();
        assert!(struck * 2 > points.len(), "{point:?}: {struck} of {points:?}");
    }
}
