//! A shape of table as data, and the way each goes.
//!
//! In a migration and in what new programs write, `@` begins the names that are new where the
//! table moves, and stay as they are where it changes in place: `@items` is `new_items` or
//! `items`.

use std::path::PathBuf;

use cutover::{AdvanceOptions, Engine, Migration, Options, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::compare::{Rows, difference};
use testkit::program::Running;
use testkit::sql::{Kind, quoted, statements};
use testkit::{Canonical, Twin};

const NAME: &str = "shape";

/// Whether the new tables have names of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Moved,
    InPlace,
}

/// A table of some shape, its migration, and what programs write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// The old schema and its rows.
    pub(crate) schema: &'static str,
    pub(crate) migration: &'static str,
    /// What an old program writes before the backfill, in `dual-write` and in `read-new`.
    pub(crate) old: [&'static str; 3],
    /// What a new program writes in `write-new` and in `new-only`, each with what does the same
    /// on the old tables.
    pub(crate) new: [(&'static str, &'static str); 2],
    /// Tables of the application that the migration leaves alone; they stay the twin's.
    pub(crate) bystanders: &'static [&'static str],
    pub(crate) canonical: &'static [Canonical],
}

impl Shape {
    /// What most shapes have in common: nothing beside the tables themselves.
    pub(crate) const PLAIN: Self = Self {
        schema: "",
        migration: "",
        old: [""; 3],
        new: [("", ""); 2],
        bystanders: &[],
        canonical: &[],
    };

    /// Goes both ways.
    #[track_caller]
    pub(crate) fn goes(&self) {
        self.goes_by(Way::Moved);
        self.goes_by(Way::InPlace);
    }

    /// The whole way: forth to `new-only`, back to `dual-write`, and forth to `retired`.
    #[track_caller]
    pub(crate) fn goes_by(&self, way: Way) {
        let mut journey = Journey::set_out(self, way);
        let before = journey.applications();
        journey.start();
        journey.old_writes(self.old[0]);
        journey.backfill();
        journey.judge("the backfill");
        journey.old_writes(self.old[1]);
        journey.judge("writes in dual-write");
        journey.advance(Phase::ReadNew);
        journey.old_writes(self.old[2]);
        journey.judge("writes in read-new");
        journey.advance(Phase::WriteNew);
        journey.judge("the switch");
        journey.new_writes(self.new[0]);
        journey.judge("writes in write-new");
        journey.advance(Phase::NewOnly);
        journey.new_writes(self.new[1]);
        journey.judge("writes in new-only");
        journey.rollback(Phase::DualWrite);
        journey.judge("the rollback");
        assert_eq!(journey.applications(), before, "{way:?}: the application's schema");
        journey.advance(Phase::Retired);
        journey.judge("the end");
        journey.assert_final(&before);
    }

    /// As far as `new-only`: the gate to `retired` refuses with these words, and nothing is
    /// lost by that.
    #[track_caller]
    pub(crate) fn stops_before_retired(&self, words: &str) {
        let mut journey = Journey::set_out(self, Way::Moved);
        journey.start();
        journey.backfill();
        journey.advance(Phase::NewOnly);
        let options = AdvanceOptions { confirmed: true, ..AdvanceOptions::default() };
        let refused = journey.engine.advance(NAME, &options, &mut Silent).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused} is not {words}");
        journey.judge("the refusal");
    }
}

/// Whether a table is one of these. SQLite compares names without regard to case.
fn among(tables: &[String], table: &str) -> bool {
    tables.iter().any(|known| known.eq_ignore_ascii_case(table))
}

/// The text for one of the ways.
pub(crate) fn on_the_way(way: Way, text: &str) -> String {
    text.replace('@', if way == Way::Moved { "new_" } else { "" })
}

/// A row of `sqlite_schema`: type, name, table, text.
type Object = (String, String, String, String);

struct Journey<'s> {
    shape: &'s Shape,
    way: Way,
    text: String,
    migration: Migration,
    engine: Engine,
    db: PathBuf,
    twin: Twin,
    phase: Phase,
    _dir: TempDir,
}

impl<'s> Journey<'s> {
    fn set_out(shape: &'s Shape, way: Way) -> Self {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("live.db");
        let conn = Connection::open(&db).unwrap();
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF",
        )
        .unwrap();
        conn.execute_batch(shape.schema).unwrap_or_else(|error| panic!("{error}"));
        testkit::workload::log::create(&conn);
        drop(conn);
        let text = on_the_way(way, shape.migration);
        let migration = Migration::parse(NAME, &text).unwrap_or_else(|error| panic!("{error}"));
        let engine = Engine::open(&db, Options::default()).unwrap();
        let twin = Twin::of(&db);
        let phase = Phase::Legacy;
        Self { shape, way, text, migration, engine, db, twin, phase, _dir: dir }
    }

    fn start(&mut self) {
        let way = self.way;
        let check = self.engine.check(&self.migration, &mut Silent).unwrap();
        assert!(check.ok, "{way:?}: {:#?}\n{:#?}", check.problems, check.lossless);
        let options = StartOptions { no_backfill: true, ..StartOptions::default() };
        self.engine
            .start(&self.migration, options, &mut Silent)
            .unwrap_or_else(|error| panic!("{way:?}: start: {error}"));
        self.phase = Phase::DualWrite;
    }

    fn backfill(&mut self) {
        self.engine
            .backfill(NAME, Pace::Fast, &mut Silent)
            .unwrap_or_else(|error| panic!("{:?}: backfill: {error}", self.way));
    }

    fn advance(&mut self, to: Phase) {
        let options = AdvanceOptions { to: Some(to), confirmed: true, ..AdvanceOptions::default() };
        self.engine
            .advance(NAME, &options, &mut Silent)
            .unwrap_or_else(|error| panic!("{:?}: advance to {to}: {error:#?}", self.way));
        self.phase = to;
    }

    fn rollback(&mut self, to: Phase) {
        self.engine
            .rollback(NAME, Some(to), &mut Silent)
            .unwrap_or_else(|error| panic!("{:?}: rollback to {to}: {error:#?}", self.way));
        self.phase = to;
    }

    /// An old program's writes, here and on the twin: it is told the same.
    fn old_writes(&self, sql: &str) {
        let (told, expected) = (shell(&self.db, sql), shell(&self.twin.path(), sql));
        assert_eq!(told, expected, "{:?}: what the program is told of {sql}", self.way);
    }

    fn new_writes(&self, (new, old): (&str, &str)) {
        shell(&self.db, &on_the_way(self.way, new));
        shell(&self.twin.path(), old);
    }

    /// Compares everything that there is in this phase with the twin.
    fn judge(&mut self, after: &str) {
        let mut found = Vec::new();
        if self.phase < Phase::NewOnly {
            let tables = old_tables(&self.text);
            let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
            found.extend(self.twin.old_differences(&self.db, &tables));
        }
        if self.phase < Phase::Retired {
            found.extend(self.live_differences());
            let verified = self.engine.verify(NAME, Pace::Fast, &mut Silent);
            if self.phase < Phase::NewOnly {
                let verified = verified.unwrap();
                assert!(verified.ok, "{:?} after {after}: {verified:#?}", self.way);
            }
        }
        found.extend(self.twin.new_differences(&self.db, &self.text, self.shape.canonical));
        found.extend(self.twin.old_differences(&self.db, self.shape.bystanders));
        assert!(found.is_empty(), "{:?} after {after}:\n{}", self.way, found.join("\n"));
        if self.phase > Phase::Legacy && self.phase < Phase::Retired {
            let drift = self.engine.snapshot(NAME).unwrap().drift;
            assert!(drift.is_empty(), "{:?} after {after}, nobody changed it: {drift:?}", self.way);
        }
        let verdict = self.strings("SELECT integrity_check FROM pragma_integrity_check");
        assert_eq!(verdict, ["ok"], "{:?} after {after}", self.way);
        let dangling = self.strings("SELECT \"table\" FROM pragma_foreign_key_check");
        assert!(dangling.is_empty(), "{:?} after {after}: {dangling:?}", self.way);
    }

    fn live_differences(&self) -> Vec<String> {
        let twin = Connection::open(self.twin.path()).unwrap();
        let live = Connection::open(&self.db).unwrap();
        let one = |table: &String| {
            let (expected, view) = (
                format!("SELECT * FROM {}", quoted(table)),
                format!("SELECT * FROM {}", quoted(&format!("cutover_live_{table}"))),
            );
            difference(
                &format!("live view of {table}"),
                Rows { name: "the twin", conn: &twin, sql: &expected },
                Rows { name: "the live view", conn: &live, sql: &view },
            )
        };
        old_tables(&self.text).iter().filter_map(one).collect()
    }

    /// The schema as the application has it: without what is ours, and without new tables.
    /// Triggers stand in the order in which they were made, which is that of their firing.
    fn applications(&self) -> Vec<Object> {
        let (old, new) = (old_tables(&self.text), new_tables(&self.text));
        let mut objects = self.not_ours();
        objects.retain(|(_, _, table, _)| among(&old, table) || !among(&new, table));
        objects
    }

    /// The new tables are the file's, and the rest of the schema is what it was.
    fn assert_final(&self, before: &[Object]) {
        let derived = self.twin.forward(&self.text);
        let (old, new) = (old_tables(&self.text), new_tables(&self.text));
        let is_new = |(kind, _, table, _): &Object| kind != "trigger" && among(&new, table);
        let mut expected = objects(&Connection::open(derived.path()).unwrap());
        expected.retain(is_new);
        let mut found = self.not_ours();
        let mut theirs = found.clone();
        found.retain(is_new);
        assert_eq!(found, expected, "{:?}: the new tables", self.way);
        let (way, stays) = (self.way, |(kind, _, table, _): &Object| {
            !among(&old, table) && !among(&new, table)
                || self.way == Way::InPlace && kind == "trigger"
        });
        theirs.retain(stays);
        let mut before = before.to_vec();
        before.retain(stays);
        assert_eq!(theirs, before, "{way:?}: the application's other objects");
    }

    /// The schema without what has one of our names.
    fn not_ours(&self) -> Vec<Object> {
        let ours = |name: &str| name.starts_with("_cutover_") || name.starts_with("cutover_live_");
        let mut objects = objects(&Connection::open(&self.db).unwrap());
        objects.retain(|(_, name, table, _)| !ours(name) && !ours(table));
        objects
    }

    fn strings(&self, sql: &str) -> Vec<String> {
        let conn = Connection::open(&self.db).unwrap();
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

fn objects(conn: &Connection) -> Vec<Object> {
    let sql = "SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema
               WHERE name NOT IN ('sqlite_sequence', 'twin_cursor')
               ORDER BY type, tbl_name, iif(type = 'trigger', rowid, 0), name";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn old_tables(migration: &str) -> Vec<String> {
    filled(migration, |kind| match kind {
        Kind::Backward(target) => Some(target.table),
        _ => None,
    })
}

fn new_tables(migration: &str) -> Vec<String> {
    filled(migration, |kind| match kind {
        Kind::Forward(target) => Some(target.table),
        _ => None,
    })
}

fn filled(migration: &str, name: fn(Kind) -> Option<String>) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    for table in statements(migration).into_iter().filter_map(|statement| name(statement.kind)) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables
}

/// Runs a script in the `sqlite3` shell with foreign keys on; gives what it printed.
pub(crate) fn shell(db: &std::path::Path, sql: &str) -> String {
    if sql.is_empty() {
        return String::new();
    }
    let script = format!("PRAGMA foreign_keys = ON;\n{sql}");
    let mut command = std::process::Command::new("sqlite3");
    command.args(["-batch", "-bail", "-init", "/dev/null", "-cmd", ".timeout 10000"]);
    let outcome =
        Running::spawn(command.arg(db).arg(&script)).wait(std::time::Duration::from_secs(60));
    assert_eq!(outcome.code, Some(0), "{sql}\n{}", outcome.stderr);
    outcome.stdout
}

/// What this harness could not fail at would prove nothing.
mod fails_where_it_should {
    use super::{Shape, Way};

    const SHAPE: Shape = Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1)",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, w);
                    INSERT INTO new.@t (id, w) SELECT id, v FROM old.t;
                    INSERT INTO old.t (id, v) SELECT id, w FROM new.@t;",
        ..Shape::PLAIN
    };

    #[test]
    #[should_panic(expected = "1 rows of the twin are not in the database")]
    fn old_rows() {
        let new = [("UPDATE @t SET w = 2", "UPDATE t SET v = 2.0"), ("", "")];
        Shape { new, ..SHAPE }.goes_by(Way::Moved);
    }

    #[test]
    #[should_panic(expected = "1 rows of forward(the twin) are not in the database")]
    fn new_rows() {
        let new = [("", ""), ("DELETE FROM t", "SELECT 1")];
        Shape { new, ..SHAPE }.goes_by(Way::InPlace);
    }

    #[test]
    #[should_panic(expected = "the application's schema")]
    fn the_schema() {
        let old = ["", "CREATE TABLE another (x)", ""];
        Shape { old, ..SHAPE }.goes_by(Way::InPlace);
    }

    #[test]
    #[should_panic(expected = "what the program is told")]
    fn what_programs_are_told() {
        let old = ["SELECT name FROM sqlite_schema WHERE type = 'table'", "", ""];
        Shape { old, ..SHAPE }.goes_by(Way::Moved);
    }
}
