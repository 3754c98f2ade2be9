//! What is written after a gate has verified, and before it switches.

use cutover::{AdvanceOptions, Engine, Error, Event, Migration, Options, Phase, Watch, Work};
use cutover::{Silent, StartOptions};
use rusqlite::Connection;
use tempfile::TempDir;

const MIGRATION: &str = "
    CREATE TABLE new.u (id INTEGER PRIMARY KEY, code INTEGER);
    INSERT INTO new.u (id, code) SELECT id, code FROM old.t;
    INSERT INTO old.t (id, code) SELECT id, code FROM new.u;";

/// Runs a statement from another connection once every row has been verified: the
/// moment in which a gate that trusted its verification would lose a row.
struct AfterVerification {
    program: Connection,
    sql: &'static str,
    verifying: bool,
    ran: bool,
}

impl Watch for AfterVerification {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Began { work: Work::Verify(_), .. } => self.verifying = true,
            Event::Finished if self.verifying && !self.ran => {
                self.program.execute_batch(self.sql).unwrap();
                self.ran = true;
            }
            _ => {}
        }
    }
}

#[test]
fn a_row_written_between_verification_and_switch_is_verified_too() {
    let dir = TempDir::new().unwrap();
    let db = dir.path().join("app.db");
    let program = Connection::open(&db).unwrap();
    program
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT);
             INSERT INTO t VALUES (1, '8'), (2, '9');",
        )
        .unwrap();
    let migration = Migration::parse("m", MIGRATION).unwrap();
    let mut engine = Engine::open(&db, Options::default()).unwrap();
    engine.start(&migration, StartOptions::default(), &mut Silent).unwrap();
    let to = |to| AdvanceOptions { to: Some(to), ..AdvanceOptions::default() };
    engine.advance("m", &to(Phase::ReadNew), &mut Silent).unwrap();
    let to = to(Phase::WriteNew);

    // '007' becomes 7 and can't be had back.
    let sql = "INSERT INTO t VALUES (3, '007')";
    let mut watch = AfterVerification { program, sql, verifying: false, ran: false };
    let refusal = match engine.advance("m", &to, &mut watch) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert!(watch.ran);
    assert_eq!(refusal.examples[0].key["id"], 3, "{refusal:?}");
    assert_eq!(engine.snapshot("m").unwrap().phase, Phase::ReadNew);

    watch.program.execute_batch("UPDATE t SET code = '7' WHERE id = 3").unwrap();
    engine.advance("m", &to, &mut Silent).unwrap();
    assert_eq!(engine.snapshot("m").unwrap().phase, Phase::WriteNew);
}
