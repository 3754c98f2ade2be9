//! Programs that go on writing, with other SQLites than ours, and something that breaks the
//! mirror.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use testkit::Running;

use crate::judge::names;
use crate::trial::Trial;

impl Trial<'_> {
    /// A round of writes by a program of its own, to the side that takes writes.
    pub(crate) fn programs_write(&self, round: usize) {
        let scene = self.prepared.scene;
        let phase = self.standing().phase;
        let script = match phase.as_str() {
            "legacy" | "dual-write" | "read-new" => scene.old_writes(round),
            _ => scene.new_writes(round),
        };
        let script = format!("PRAGMA foreign_keys = ON; {script}");
        // Each program has another SQLite than ours.
        let mut program =
            if round == 1 { shell(&self.db, &script) } else { python(&self.db, &script) };
        let outcome = Running::spawn(&mut program).wait(Duration::from_secs(60));
        assert!(
            outcome.code == Some(0) && outcome.stderr.is_empty(),
            "a program can't write in {phase}, round {round}: {}\n{}",
            outcome.stderr,
            self.db.display()
        );
    }

    /// Breaks the mirror, around its guards.
    pub(crate) fn damage(&self) {
        let conn = Connection::open(&self.db).unwrap();
        let flags = names(&conn, "name GLOB '_cutover_*_syncing'");
        let open = |depth: u8| format!("UPDATE \"{}\" SET depth = {depth};", flags[0]);
        let script =
            format!("BEGIN; {} {} {} COMMIT;", open(1), self.prepared.scene.damage, open(0));
        conn.execute_batch(&script).unwrap();
        assert_eq!(self.plain("verify").code, Some(1), "the damage is seen");
    }
}

fn shell(db: &Path, script: &str) -> Command {
    let mut command = Command::new("sqlite3");
    command.args(["-batch", "-bail", "-init", "/dev/null", "-cmd", ".timeout 20000"]).arg(db);
    command.arg(script);
    command
}

const PYTHON: &str = "
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
conn.executescript(sys.argv[2])
";

fn python(db: &Path, script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-S", "-c", PYTHON]).arg(db).arg(script);
    command
}
