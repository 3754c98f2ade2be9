//! Hostile names and values through the whole life of a migration: tables, columns, indexes,
//! files, operators. Each table of the database has one of the names, its columns and its
//! index too, and the values are no better. A Python program writes to it and, the same
//! statements, to a twin that no migration ever touches.

use rusqlite::Connection;
use serde_json::Value;
use testkit::program::Dialogue;

use super::bench::{Bench, ends};
use crate::scene::rows;

/// What a careless program would take for more than a name.
const NAMES: [&str; 31] = [
    "a WHERE b",
    "o'brien",
    "a\"b",
    "a]b",
    "[a]",
    "a`b",
    "x; DROP TABLE t; --",
    "'); DROP TABLE t; --",
    "/* c",
    "-- c",
    "line\nbreak",
    "tab\there",
    "\u{1}\u{1b}[31m\u{7f}",
    "select",
    "100%_of\\it",
    "__utover_",
    "crab 🦀 é",
    "a(b)",
    "a, b",
    "(x",
    "CONSTANT",
    " space ",
    "a.b",
    "?1",
    ":lo0",
    "$x",
    "{}",
    "{0}",
    "d",
    "rowid",
    "_rowid_ oid",
];

/// Values as SQL, for columns without a type.
const VALUES: [&str; 10] = [
    "''",
    "'it''s \"quoted\"; DROP TABLE t; --'",
    "'a' || char(0) || 'b'",
    "char(10, 13, 27, 127)",
    "CAST(x'ff00fe' AS TEXT)",
    "x'00ff27'",
    "-9223372036854775808",
    "9e999",
    "'007'",
    "NULL",
];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table of the old side under a hostile name, and the two it goes to.
struct Table {
    old: String,
    main: String,
    groups: String,
    key: String,
    value: String,
    group: String,
    index: String,
}

impl Table {
    fn named(name: &str) -> Self {
        Self {
            old: quoted(name),
            main: quoted(&format!("{name} main")),
            groups: quoted(&format!("{name} groups")),
            key: quoted(name),
            value: quoted(&format!("{name}_v")),
            group: quoted(&format!("{name}_g")),
            index: quoted(&format!("{name} index")),
        }
    }

    fn schema(&self) -> String {
        let Self { old, key, value, group, index, .. } = self;
        format!(
            "CREATE TABLE {old} ({key} TEXT PRIMARY KEY NOT NULL, {value}, {group} TEXT NOT NULL);
             CREATE INDEX {index} ON {old} ({group});"
        )
    }

    fn migration(&self) -> String {
        let Self { old, main, groups, key, value, group, .. } = self;
        let index = quoted(&format!("{} new", self.index.trim_matches('"')).replace("\"\"", "\""));
        format!(
            "CREATE TABLE new.{main} ({key} TEXT PRIMARY KEY NOT NULL, {value}, {group} TEXT NOT NULL);
             CREATE TABLE new.{groups} ({group} TEXT PRIMARY KEY NOT NULL, {value} INTEGER NOT NULL);
             CREATE INDEX new.{index} ON {main} ({group}, {value});
             INSERT INTO new.{main} ({key}, {value}, {group}) SELECT {key}, {value}, {group} FROM old.{old};
             INSERT INTO new.{groups} ({group}, {value})
             SELECT {group}, count(*) FROM old.{old} GROUP BY {group};
             INSERT INTO old.{old} ({key}, {value}, {group}) SELECT {key}, {value}, {group} FROM new.{main};\n"
        )
    }

    /// Statements on the old table, different in each round.
    fn writes(&self, round: usize) -> Vec<String> {
        self.writes_to(&self.old, round)
    }

    fn writes_to(&self, table: &str, round: usize) -> Vec<String> {
        let Self { key, value, group, .. } = self;
        let mut all: Vec<String> = VALUES
            .iter()
            .enumerate()
            .map(|(n, sql)| {
                let made = if *sql == "NULL" { "'null'" } else { sql };
                format!(
                    "INSERT OR REPLACE INTO {table} ({key}, {value}, {group}) \
                     VALUES ({made} || {}, {sql}, {made})",
                    (n + round) % 3
                )
            })
            .collect();
        all.push(format!(
            "UPDATE {table} SET {value} = {} WHERE rowid % 5 = 1",
            VALUES[round % 10]
        ));
        all.push(format!("UPDATE {table} SET {group} = {group} || '''' WHERE rowid % 7 = {round}"));
        all.push(format!("DELETE FROM {table} WHERE rowid % 11 = {round}"));
        all
    }
}

/// A program that executes each statement in the database and, another, in the twin.
struct Writer(Dialogue);

const WRITER: &str = r#"
import json, sqlite3, sys
conns = [sqlite3.connect(path, isolation_level=None, timeout=20) for path in sys.argv[1:]]
for line in sys.stdin:
    try:
        for conn, sql in zip(conns, json.loads(line)):
            conn.execute(sql)
        print("done", flush=True)
    except sqlite3.Error as error:
        print(repr(str(error)), flush=True)
"#;

impl Writer {
    fn open(bench: &Bench) -> Self {
        Self(Dialogue::python(WRITER, &[&bench.db(), &bench.path("twin.db")]))
    }

    #[track_caller]
    fn does(&mut self, in_database: &str, in_twin: &str) {
        let line = Value::from(vec![in_database, in_twin]).to_string();
        assert_eq!(self.0.ask(&line), "done", "{in_database}");
    }
}

/// A migration of tables with hostile names, itself under one.
struct Hostile {
    bench: Bench,
    tables: Vec<Table>,
    file: String,
    actor: String,
    writer: Writer,
    round: usize,
}

impl Hostile {
    fn set(names: &[&str], file: &str, actor: &str) -> Self {
        let bench = Bench::new("PRAGMA journal_mode = WAL", 3, 3);
        let tables: Vec<Table> = names.iter().map(|name| Table::named(name)).collect();
        let schema: String = tables.iter().map(Table::schema).collect();
        bench.sql(&schema);
        Connection::open(bench.path("twin.db")).unwrap().execute_batch(&schema).unwrap();
        let text: String = tables.iter().map(Table::migration).collect();
        std::fs::write(bench.path(file), text).unwrap();
        let writer = Writer::open(&bench);
        let mut hostile =
            Self { bench, tables, file: file.into(), actor: actor.into(), writer, round: 0 };
        hostile.write_old();
        hostile
    }

    /// Old programs write, and the old tables are what they would be without us.
    #[track_caller]
    fn write_old(&mut self) {
        for table in &self.tables {
            for sql in table.writes(self.round) {
                self.writer.does(&sql, &sql);
            }
        }
        self.round += 1;
        self.compare("old", |table| &table.old);
    }

    /// New programs write; the twin gets on the old tables what that means there.
    #[track_caller]
    fn write_new(&mut self) {
        for table in &self.tables {
            let Table { main, old, key, value, group, groups, .. } = table;
            let k = format!("'new {}'", self.round);
            let row = |into: &str| {
                format!(
                    "INSERT INTO {into} ({key}, {value}, {group}) VALUES ({k}, {k}, 'fresh {}')",
                    self.round
                )
            };
            self.writer.does(&row(main), &row(old));
            let group_sql = format!(
                "INSERT INTO {groups} ({group}, {value}) VALUES ('fresh {}', 1)",
                self.round
            );
            self.writer.does(&group_sql, "SELECT 1");
            let update =
                |into: &str| format!("UPDATE {into} SET {value} = 'it''s' WHERE {key} = {k}");
            self.writer.does(&update(main), &update(old));
        }
        self.round += 1;
        self.compare("new", |table| &table.main);
    }

    #[track_caller]
    fn compare(&self, what: &str, of: impl Fn(&Table) -> &String) {
        let (live, twin) =
            (self.bench.open(), Connection::open(self.bench.path("twin.db")).unwrap());
        for table in &self.tables {
            let Table { old, key, value, group, .. } = table;
            let select = |from: &str| {
                format!("SELECT {key}, {value}, {group} FROM {from} ORDER BY CAST({key} AS BLOB)")
            };
            let found = rows(&live, &select(of(table)));
            assert_eq!(found, rows(&twin, &select(old)), "{what}: {old}, round {}", self.round);
            assert!(!found.is_empty());
        }
    }

    /// The groups are what SQLite makes of the twin.
    #[track_caller]
    fn compare_groups(&self) {
        let (live, twin) =
            (self.bench.open(), Connection::open(self.bench.path("twin.db")).unwrap());
        for Table { old, groups, value, group, .. } in &self.tables {
            let found =
                format!("SELECT {group}, {value} FROM {groups} ORDER BY CAST({group} AS BLOB)");
            let made = format!(
                "SELECT {group}, count(*) FROM {old} GROUP BY {group} ORDER BY CAST({group} AS BLOB)"
            );
            assert_eq!(rows(&live, &found), rows(&twin, &made), "{groups}");
        }
    }

    #[track_caller]
    fn exits(&self, code: i32, words: &[&str]) -> testkit::program::Outcome {
        ends(code, self.bench.words(words).args(["--db", "app.db"]))
    }

    #[track_caller]
    fn operates(&self, words: &[&str]) {
        let by: Vec<&str> = words.iter().copied().chain(["--actor", &self.actor]).collect();
        self.exits(0, &by);
    }

    fn lives(mut self) {
        let file = self.file.clone();
        self.exits(0, &["check", &file, "--json"]);
        self.exits(0, &["plan", &file]);
        self.operates(&["start", &file]);
        self.write_old();
        self.compare("copied", |table| &table.main);
        self.compare_groups();
        self.operates(&["advance"]);
        self.write_old();
        self.operates(&["advance"]);
        self.write_new();
        self.compare("mirrored", |table| &table.old);
        self.operates(&["advance"]);
        self.write_new();
        self.operates(&["rollback", "--to", "dual-write"]);
        self.write_old();
        self.exits(0, &["verify"]);
        self.operates(&["repair"]);
        self.compare("after the rollback", |table| &table.main);
        self.operates(&["advance", "--to", "new-only"]);
        self.operates(&[
            "advance",
            "--yes",
            "--backup",
            "it's \"a\" backup; --.db",
            "--vacuum",
            "full",
        ]);
        self.compare("retired", |table| &table.main);
        self.compare_groups();
        self.ended();
    }

    /// What is told is what was named, and nothing of the database is gone or left over.
    fn ended(&self) {
        let status: Value = self.exits(0, &["status", "--json"]).json();
        assert_eq!(status["phase"], "retired");
        assert_eq!(format!("{}.sql", status["migration"].as_str().unwrap()), self.file);
        let history: Value = self.exits(0, &["history", "--json"]).json();
        assert!(
            history.as_array().unwrap().iter().all(|line| line["actor"] == self.actor.as_str())
        );
        self.exits(0, &["status"]);
        self.exits(0, &["history"]);
        assert_eq!(self.bench.number("SELECT count(*) FROM notes"), 3, "a bystander");
        for Table { old, .. } in &self.tables {
            let conn = self.bench.open();
            let late = conn.execute_batch(&format!("INSERT INTO {old} DEFAULT VALUES"));
            let told = late.expect_err("a late write").to_string();
            let name = status["migration"].as_str().unwrap();
            assert!(told.contains(&format!("migration {name} went to retired")), "{told}");
            conn.prepare(&format!("SELECT * FROM {old}")).unwrap();
        }
        let name = self.file.strip_suffix(".sql").unwrap();
        self.exits(0, &["list"]);
        self.operates(&["forget", name]);
        for Table { old, .. } in &self.tables {
            let gone = self.bench.open().prepare(&format!("SELECT * FROM {old}")).is_err();
            assert!(gone, "{old} is still there");
        }
        let left = "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view') \
                    OR name LIKE '%cutover%'";
        assert_eq!(self.bench.number(left), 0, "nothing of ours is left");
    }
}

#[test]
fn names_that_break_quoting() {
    Hostile::set(&NAMES[..10], "x'; DROP TABLE y; --.sql", "o'brien\"; --").lives();
}

#[test]
fn names_that_break_messages_and_patterns() {
    Hostile::set(&NAMES[10..20], "100%_{}\n\u{1b}[31m.sql", "\u{1b}[31m\nred").lives();
}

#[test]
fn names_that_mean_something_elsewhere() {
    Hostile::set(&NAMES[20..], "old.new.sql", "$(touch pwned) `id` %s").lives();
}

#[test]
fn long_names() {
    let long = "l".repeat(5_000);
    let other = format!("{long}m");
    let file = format!("{}.sql", "f".repeat(200));
    Hostile::set(&[&long, &other], &file, &"a".repeat(5_000)).lives();
}

/// Our names are written in one way only: what an application calls `_CUTOVER_…` is its own, and
/// stays.
#[test]
fn an_application_may_have_our_prefix_in_other_letters() {
    let bench = Bench::small();
    bench.sql(
        "CREATE TABLE _CUTOVER_log (id INTEGER PRIMARY KEY, what TEXT);
         INSERT INTO _CUTOVER_log VALUES (1, 'mine');
         CREATE VIEW Cutover_live_log AS SELECT what FROM _CUTOVER_log;
         CREATE TABLE _CUTOVER_kept_notes (what TEXT)",
    );
    // SQLite would take this one for a table that we may need.
    let refused = bench.exits(3, "start split.sql --db app.db");
    assert!(refused.stderr.contains("_CUTOVER_kept_notes"), "{}", refused.stderr);
    bench.sql("DROP TABLE _CUTOVER_kept_notes");
    for line in ["check split.sql", "start split.sql", "abort"] {
        bench.exits(0, &format!("{line} --db app.db"));
    }
    let forgotten = bench.json("forget split --db app.db");
    assert_eq!(forgotten["clean"], true, "{forgotten}");
    assert_eq!(forgotten["dropped"], Value::from(Vec::<Value>::new()), "{forgotten}");
    assert_eq!(bench.number("SELECT count(*) FROM Cutover_live_log WHERE what = 'mine'"), 1);
}
