//! The judgement of what a trial leaves: where the migration is, and whether all agrees
//! with the twin.

use rusqlite::{Connection, OptionalExtension as _};

use crate::trial::Trial;
use crate::twins::Twin;

/// Where the migration is, by the engine's own tables.
pub(crate) struct Standing {
    pub(crate) phase: String,
    /// Whether the passes over the mirror are complete.
    pub(crate) complete: bool,
}

impl Trial<'_> {
    pub(crate) fn is_finished(&self, what: &str) {
        let operation = &self.prepared.operation;
        let standing = self.standing();
        assert_eq!(standing.phase, operation.done(), "{what}");
        let conn = Connection::open(&self.db).unwrap();
        if operation.leaves() {
            let ours = names(
                &conn,
                "name LIKE '\\_cutover\\_%' ESCAPE '\\' OR name LIKE 'cutover\\_live%' ESCAPE '\\'",
            );
            let left: Vec<_> = ours
                .into_iter()
                .chain(
                    self.prepared
                        .scene
                        .new_tables
                        .iter()
                        .flat_map(|table| names(&conn, &format!("name = '{table}'"))),
                )
                .collect();
            // An aborted migration leaves its record and its journal, and nothing else.
            let state = [
                "migrations",
                "passes",
                "positions",
                "digests",
                "definitions",
                "journal",
                "lease",
                "control",
                "work",
                "verified",
                "refused",
                "seen",
                "clients",
            ]
            .map(|table| format!("_cutover_{table}"));
            let kept = operation.command == "abort";
            let left: Vec<_> =
                left.into_iter().filter(|name| !(kept && state.contains(name))).collect();
            assert!(left.is_empty(), "left behind: {left:?} after {what}");
            if kept {
                let sql = "SELECT (SELECT count(*) FROM _cutover_lease), pending FROM _cutover_migrations";
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                let found: (i64, String) = conn.query_row(sql, [], row).unwrap();
                assert_eq!(found, (0, "aborted".to_owned()), "{what}");
            }
            return;
        }
        let (held, pending): (i64, i64) = conn
            .query_row(
                "SELECT (SELECT count(*) FROM _cutover_lease), \
                 (SELECT count(*) FROM _cutover_migrations WHERE pending IS NOT NULL)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!((held, pending), (0, 0), "a lease or a task is left after {what}");
        let notes = names(&conn, "name GLOB '_cutover_*_touch*'");
        assert!(notes.is_empty(), "notes of a gate are left: {notes:?} after {what}");
    }

    pub(crate) fn standing(&self) -> Standing {
        let conn = Connection::open(&self.db).unwrap();
        let none = || Standing { phase: "legacy".to_owned(), complete: false };
        if names(&conn, "name = '_cutover_migrations'").is_empty() {
            return none();
        }
        let sql = "SELECT phase, NOT EXISTS (SELECT 1 FROM _cutover_passes WHERE complete = 0) \
                   FROM _cutover_migrations";
        conn.query_row(sql, [], |row| Ok(Standing { phase: row.get(0)?, complete: row.get(1)? }))
            .optional()
            .unwrap()
            .unwrap_or_else(none)
    }

    /// Compares all that can be compared with the twin of a round, and looks into the
    /// file.
    #[track_caller]
    pub(crate) fn judge(&self, round: usize, damaged: bool, what: &str) {
        self.compare(&self.prepared.twins[round], damaged, what);
    }

    #[track_caller]
    pub(crate) fn compare(&self, twin: &Twin, damaged: bool, what: &str) {
        let scene = self.prepared.scene;
        let Standing { phase, complete, .. } = self.standing();
        let conn = Connection::open(&self.db).unwrap();
        let mut found = Vec::new();
        let verdict: String =
            conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        if verdict != "ok" {
            found.push(verdict);
        }
        if !["new-only", "retired"].contains(&phase.as_str()) {
            found.extend(twin.old_differences(scene, &conn));
        }
        if phase != "legacy" {
            found.extend(twin.live_view_differences(scene, &conn));
        }
        let mirror = ["dual-write", "read-new"].contains(&phase.as_str());
        if phase != "legacy" && !damaged {
            if mirror && !complete {
                found.extend(twin.rows_that_should_not_be(scene, &conn));
            } else {
                found.extend(twin.new_differences(scene, &conn));
            }
        }
        assert!(found.is_empty(), "in {phase}:\n{}\nafter {what}", found.join("\n"));
    }
}

pub(crate) fn names(conn: &Connection, condition: &str) -> Vec<String> {
    let mut statement =
        conn.prepare(&format!("SELECT name FROM sqlite_schema WHERE {condition}")).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}
