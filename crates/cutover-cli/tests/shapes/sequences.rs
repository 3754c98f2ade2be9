//! AUTOINCREMENT: an id that was given out is never given out again, on either side, whatever
//! became of its row and in whichever phase.

use std::path::PathBuf;

use cutover::{AdvanceOptions, Engine, Migration, Options, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::shapes::shape::{Way, on_the_way};

const SCHEMA: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);
     INSERT INTO t (v) VALUES ('a'), ('b'), ('c');";

const MIGRATION: &str = "CREATE TABLE new.@t (id INTEGER PRIMARY KEY AUTOINCREMENT, w TEXT);
     INSERT INTO new.@t (id, w) SELECT id, v FROM old.t;
     INSERT INTO old.t (id, v) SELECT id, w FROM new.@t;";

/// A database whose ids are counted.
struct Counted {
    db: PathBuf,
    engine: Engine,
    migration: Migration,
    /// What a program inserts while the old side, or the new one, takes the writes.
    inserts: [String; 2],
    /// The highest id that was ever given out.
    highest: i64,
    phase: Phase,
    _dir: TempDir,
}

impl Counted {
    fn new(schema: &str, migration: &str, way: Way) -> Self {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("live.db");
        let conn = Connection::open(&db).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
        conn.execute_batch(schema).unwrap();
        let highest = conn.query_row("SELECT max(seq) FROM sqlite_sequence", [], |row| row.get(0));
        Self {
            engine: Engine::open(&db, Options::default()).unwrap(),
            migration: Migration::parse("counted", &on_the_way(way, migration)).unwrap(),
            inserts: [
                "INSERT INTO t (v) VALUES ('x') RETURNING id".to_owned(),
                on_the_way(way, "INSERT INTO @t (w) VALUES ('x') RETURNING id"),
            ],
            highest: highest.unwrap(),
            phase: Phase::Legacy,
            db,
            _dir: dir,
        }
    }

    /// A program inserts two rows: ids that never were. The second is gone at once.
    #[track_caller]
    fn give(&mut self) {
        let conn = Connection::open(&self.db).unwrap();
        let new = self.phase >= Phase::WriteNew;
        let insert = &self.inserts[usize::from(new)];
        for _ in 0..2 {
            let id: i64 = conn.query_row(insert, [], |row| row.get(0)).unwrap();
            assert!(id > self.highest, "in {}: {id} again, after {}", self.phase, self.highest);
            self.highest = id;
        }
        self.delete(self.highest);
    }

    fn delete(&self, id: i64) {
        let new = self.phase >= Phase::WriteNew;
        let table = self.inserts[usize::from(new)].split_whitespace().nth(2).unwrap();
        let conn = Connection::open(&self.db).unwrap();
        conn.execute(&format!("DELETE FROM {table} WHERE id = ?"), [id]).unwrap();
    }

    fn start(&mut self) {
        let options = StartOptions { no_backfill: true, ..StartOptions::default() };
        self.engine.start(&self.migration, options, &mut Silent).unwrap();
        self.phase = Phase::DualWrite;
    }

    fn backfill(&mut self) {
        self.engine.backfill("counted", Pace::Fast, &mut Silent).unwrap();
    }

    fn go(&mut self, to: Phase) {
        if to > self.phase {
            let options =
                AdvanceOptions { to: Some(to), confirmed: true, ..AdvanceOptions::default() };
            self.engine.advance("counted", &options, &mut Silent).unwrap();
        } else {
            self.engine.rollback("counted", Some(to), &mut Silent).unwrap();
        }
        self.phase = to;
    }
}

fn ways(test: impl Fn(Way)) {
    test(Way::Moved);
    test(Way::InPlace);
}

/// Given out and deleted in every phase, on the way there, back, and there again.
#[test]
fn no_id_comes_twice() {
    ways(|way| {
        let mut counted = Counted::new(SCHEMA, MIGRATION, way);
        counted.give();
        counted.start();
        counted.give();
        counted.backfill();
        counted.give();
        use Phase::{DualWrite, NewOnly, ReadNew, Retired, WriteNew};
        for phase in [ReadNew, WriteNew, ReadNew, NewOnly, DualWrite, NewOnly, WriteNew, Retired] {
            counted.go(phase);
            counted.give();
        }
    });
}

/// The highest rows of all, gone before the backfill came to them: nothing of them is in the
/// mirror.
#[test]
fn rows_that_were_gone_before_the_backfill_came() {
    ways(|way| {
        let mut counted = Counted::new(SCHEMA, MIGRATION, way);
        counted.delete(3);
        counted.start();
        counted.delete(2);
        counted.backfill();
        counted.go(Phase::WriteNew);
        counted.give();
    });
}

/// Without a single row left, and without one that ever came to the mirror.
#[test]
fn a_table_without_rows() {
    ways(|way| {
        let schema = format!("{SCHEMA} DELETE FROM t;");
        let mut counted = Counted::new(&schema, MIGRATION, way);
        counted.start();
        counted.backfill();
        counted.go(Phase::WriteNew);
        counted.give();
        counted.go(Phase::NewOnly);
        let conn = Connection::open(&counted.db).unwrap();
        let table = if way == Way::Moved { "new_t" } else { "t" };
        conn.execute(&format!("DELETE FROM {table}"), []).unwrap();
        counted.go(Phase::DualWrite);
        counted.give();
    });
}

/// The ids of two tables that come from one.
#[test]
fn a_table_that_is_split() {
    let mut counted = Counted::new(
        SCHEMA,
        "CREATE TABLE new.new_t (id INTEGER PRIMARY KEY AUTOINCREMENT, w TEXT);
         CREATE TABLE new.short (id INTEGER PRIMARY KEY AUTOINCREMENT, w TEXT NOT NULL);
         INSERT INTO new.new_t (id, w) SELECT id, v FROM old.t WHERE v <> 's';
         INSERT INTO new.short (id, w) SELECT id, v FROM old.t WHERE v = 's';
         INSERT INTO old.t (id, v) SELECT id, w FROM new.new_t UNION ALL SELECT id, w FROM new.short;",
        Way::Moved,
    );
    counted.start();
    counted.backfill();
    counted.give();
    counted.go(Phase::NewOnly);
    counted.give();
    let conn = Connection::open(&counted.db).unwrap();
    let of_short: i64 = conn
        .query_row("INSERT INTO short (w) VALUES ('s') RETURNING id", [], |row| row.get(0))
        .unwrap();
    assert!(of_short > 5, "{of_short} again");
    counted.highest = of_short.max(counted.highest);
    conn.execute("DELETE FROM short", []).unwrap();
    counted.go(Phase::DualWrite);
    counted.give();
}
