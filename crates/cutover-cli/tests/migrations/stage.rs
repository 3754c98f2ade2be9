//! A case on its stage: the database, its twin, the programs, the binary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::compare::{Rows, difference};
use testkit::program::Outcome;
use testkit::workload::Writing;
use testkit::{Case, Cutover, Program, Side, Twin, Writer};

/// A populated database that is about to be migrated.
pub(crate) struct Stage {
    pub(crate) case: Case,
    pub(crate) db: PathBuf,
    pub(crate) file: PathBuf,
    pub(crate) twin: Twin,
    pub(crate) cutover: Cutover,
    writers: Vec<Writing>,
    rounds: u64,
    _dir: TempDir,
}

impl Stage {
    pub(crate) fn set(case: Case, rows: u64) -> Self {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("live.db");
        case.create(&db, rows, 7);
        let twin = Twin::of(&db);
        Self::on(case, dir, twin)
    }

    /// A database that is already on its way. `twin` knows nothing of that.
    fn on(case: Case, dir: TempDir, twin: Twin) -> Self {
        let db = dir.path().join("live.db");
        let file = dir.path().join(format!("{}.sql", case.migration_name));
        std::fs::write(&file, case.migration).unwrap();
        let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
        Self { case, db, file, twin, cutover, writers: Vec::new(), rounds: 0, _dir: dir }
    }

    pub(crate) fn start_arguments(&self) -> Vec<&str> {
        vec!["start", self.file.to_str().unwrap()]
    }

    /// A command line in full: a `start` names the migration file.
    pub(crate) fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        match command {
            ["start", options @ ..] => [&self.start_arguments()[..], options].concat(),
            command => command.to_vec(),
        }
    }

    /// Two programs that know both schemas and write to the one that takes writes:
    /// one keeps its connection, the other opens a new one each time.
    pub(crate) fn raise_curtain(&mut self) {
        self.rounds += 1;
        for (n, program) in [Program::Python, Program::Shell].into_iter().enumerate() {
            let name = format!("{program:?}-{}", self.rounds);
            let writer = Writer::new(&self.db, &name, self.case.workload)
                .program(program)
                .seed(self.rounds * 2 + n as u64)
                .side(Side::Follow(self.side_query()))
                .new_workload(self.case.new_workload)
                .pause(Duration::from_millis(3));
            self.writers.push(writer.spawn());
        }
        for writer in &mut self.writers {
            writer.wait_for(3);
        }
    }

    /// Which side takes writes, from what is there: it must be answered before the
    /// migration starts and after it has ended.
    fn side_query(&self) -> String {
        let old = self.case.old_tables[0];
        if self.changes_in_place() {
            // The same name on both sides: its columns and their types tell which it is.
            let twin = Connection::open(self.twin.path()).unwrap();
            let sql = format!(
                "SELECT group_concat(name || type || \"notnull\", ',') FROM pragma_table_info('{old}')"
            );
            let columns: String = twin.query_row(&sql, [], |row| row.get(0)).unwrap();
            return format!("SELECT CASE WHEN ({sql}) = '{columns}' THEN 'old' ELSE 'new' END");
        }
        format!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM sqlite_schema WHERE name GLOB '_cutover_*_freeze_*') \
             OR NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{}') \
             THEN 'new' ELSE 'old' END",
            old
        )
    }

    /// Whether the old tables' names are those of new ones, too.
    pub(crate) fn changes_in_place(&self) -> bool {
        self.case.migration.contains(&format!("CREATE TABLE new.{} ", self.case.old_tables[0]))
    }

    /// Lets the programs do some more, stops them, and brings the twin up to date.
    pub(crate) fn drop_curtain(&mut self) {
        for mut writer in self.writers.drain(..) {
            writer.wait_for(8);
            let report = writer.stop();
            report.assert_clean();
            report.assert_durable();
        }
        self.twin.apply_log(&self.db);
    }

    pub(crate) fn phase(&self) -> String {
        let conn = Connection::open(&self.db).unwrap();
        conn.query_row("SELECT phase FROM _cutover_migrations", [], |row| row.get(0))
            .unwrap_or_else(|_| "legacy".to_owned())
    }

    /// Runs a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.cutover.run(arguments);
        assert_eq!(
            outcome.code,
            Some(0),
            "{}: {arguments:?}\n{}\n{}",
            self.case.name,
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// Compares everything with the twin: the old tables where they are kept, the
    /// live views, the new tables.
    pub(crate) fn judge(&self, after: &str) {
        let phase = self.phase();
        let mut found = Vec::new();
        if !["new-only", "retired"].contains(&phase.as_str()) {
            found.extend(self.twin.old_differences(&self.db, self.case.old_tables));
        }
        if phase != "legacy" {
            found.extend(self.live_differences());
            found.extend(self.twin.new_differences(
                &self.db,
                self.case.migration,
                self.case.canonical,
            ));
        }
        assert!(
            found.is_empty(),
            "{} after {after}, in {phase}:\n{}",
            self.case.name,
            found.join("\n")
        );
        assert_integrity(&self.db);
    }

    fn live_differences(&self) -> Vec<String> {
        let twin = Connection::open(self.twin.path()).unwrap();
        let live = Connection::open(&self.db).unwrap();
        self.case
            .old_tables
            .iter()
            .filter_map(|table| {
                let (expected, view) = (
                    format!("SELECT * FROM \"{table}\""),
                    format!("SELECT * FROM \"cutover_live_{table}\""),
                );
                difference(
                    &format!("live view of {table}"),
                    Rows { name: "the twin", conn: &twin, sql: &expected },
                    Rows { name: "the live view", conn: &live, sql: &view },
                )
            })
            .collect()
    }

    /// The names of everything in the schema.
    /// Without the tables of the record and the journal, which an abort leaves.
    pub(crate) fn schema(&self) -> Vec<(String, String, String)> {
        let conn = Connection::open(&self.db).unwrap();
        let mut statement = conn
            .prepare(
                "SELECT type, name, ifnull(sql, '') FROM sqlite_schema WHERE name <> 'sqlite_sequence' \
                 AND tbl_name NOT IN ('_cutover_migrations', '_cutover_passes', '_cutover_positions', \
                 '_cutover_digests', '_cutover_definitions', '_cutover_journal', '_cutover_lease', \
                 '_cutover_control', '_cutover_work', '_cutover_verified', '_cutover_refused', \
                 '_cutover_seen', '_cutover_clients') \
                 ORDER BY type, name",
            )
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// A stage that was brought to its place once, to be set there many times.
pub(crate) struct Rehearsed {
    case: Case,
    before: PathBuf,
    after: PathBuf,
    _dir: TempDir,
}

impl Rehearsed {
    /// Takes these steps, with nobody writing. The first is a start without arguments.
    pub(crate) fn new(case: Case, rows: u64, steps: &[&[&str]]) -> Self {
        let stage = Stage::set(case, rows);
        let dir = TempDir::new().unwrap();
        let (before, after) = (dir.path().join("before.db"), dir.path().join("after.db"));
        copy(&stage.db, &before);
        for step in steps {
            stage.run(&stage.arguments(step));
        }
        copy(&stage.db, &after);
        Self { case, before, after, _dir: dir }
    }

    pub(crate) fn stage(&self) -> Stage {
        let dir = TempDir::new().unwrap();
        std::fs::copy(&self.after, dir.path().join("live.db")).unwrap();
        Stage::on(self.case, dir, Twin::of(&self.before))
    }
}

/// Copies a database that nobody has open.
fn copy(from: &Path, to: &Path) {
    let conn = Connection::open(from).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    std::fs::copy(from, to).unwrap();
}

pub(crate) fn assert_integrity(db: &Path) {
    let conn = Connection::open(db).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}
