//! Every kind of statement, by every kind of connection, beside a twin.
//!
//! What a program is told must be the same: rows, errors, `changes()`,
//! `last_insert_rowid()`. Then the source is the twin's, and the mirror what the mapping's own
//! SQL makes of the twin.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::compare::{Rows, difference};
use testkit::{Cutover, Twin};

use crate::scene::{Python, Scene, shell};
use crate::writers::statements::{ROWS, TABLES, statements};

/// The tables as the old programs name them, and as the new ones do.
const OLD: [&str; 3] = ["authors", "books", "words"];
const NEW: [&str; 3] = ["writers", "volumes", "terms"];

/// While the old side takes the writes: split, grouped, with another key.
const SPLIT: &str = "
    CREATE TABLE new.writers (id INTEGER PRIMARY KEY, handle TEXT UNIQUE, name TEXT NOT NULL);
    CREATE TABLE new.volumes (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT UNIQUE, writer INTEGER REFERENCES writers (id));
    CREATE TABLE new.places (volume INTEGER PRIMARY KEY REFERENCES volumes (id), shelf TEXT, slot INTEGER, UNIQUE (shelf, slot));
    CREATE TABLE new.shelves (shelf TEXT PRIMARY KEY NOT NULL, volumes INTEGER NOT NULL, last INTEGER);
    CREATE TABLE new.terms (lang TEXT NOT NULL, word TEXT NOT NULL, n REAL, PRIMARY KEY (lang, word)) WITHOUT ROWID;
    INSERT INTO new.writers (id, handle, name) SELECT id, handle, name FROM old.authors;
    INSERT INTO new.volumes (id, code, writer) SELECT id, isbn, author FROM old.books;
    INSERT INTO new.places (volume, shelf, slot) SELECT id, shelf, slot FROM old.books;
    INSERT INTO new.shelves (shelf, volumes, last)
    SELECT shelf, count(*), max(slot) FROM old.books WHERE shelf IS NOT NULL GROUP BY shelf;
    INSERT INTO new.terms (lang, word, n) SELECT lang, word, n FROM old.words;
    INSERT INTO old.authors (id, handle, name) SELECT id, handle, name FROM new.writers;
    INSERT INTO old.books (id, isbn, author, shelf, slot)
    SELECT v.id, v.code, v.writer, p.shelf, p.slot FROM new.volumes v LEFT JOIN new.places p ON p.volume = v.id;
    INSERT INTO old.words (word, lang, n) SELECT word, lang, n FROM new.terms;";

/// While the new side does, its tables have the shape that the statements know.
fn renamed() -> String {
    let tables = named(TABLES, NEW).replace("CREATE TABLE ", "CREATE TABLE new.");
    let columns = ["id, handle, name", "id, isbn, author, shelf, slot", "word, lang, n"];
    let mut text = tables;
    for (n, columns) in columns.iter().enumerate() {
        let (old, new) = (OLD[n], NEW[n]);
        text += &format!("\nINSERT INTO new.{new} ({columns}) SELECT {columns} FROM old.{old};");
    }
    for (n, columns) in columns.iter().enumerate() {
        let (old, new) = (OLD[n], NEW[n]);
        text += &format!("\nINSERT INTO old.{old} ({columns}) SELECT {columns} FROM new.{new};");
    }
    text
}

fn named(text: &str, [a, b, k]: [&str; 3]) -> String {
    text.replace("{a}", a).replace("{b}", b).replace("{k}", k)
}

/// What a connection sets, and what the program is.
#[derive(Debug, Clone, Copy)]
struct Connected {
    python: bool,
    foreign_keys: bool,
    recursive_triggers: bool,
}

impl Connected {
    fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|n| Self {
            python: n & 1 > 0,
            foreign_keys: n & 2 > 0,
            recursive_triggers: n & 4 > 0,
        })
    }

    fn pragmas(self) -> Vec<String> {
        [
            ("foreign_keys", self.foreign_keys),
            ("recursive_triggers", self.recursive_triggers),
            // Each statement is a commit.
            ("synchronous", false),
        ]
        .map(|(pragma, on)| format!("PRAGMA {pragma} = {}", u8::from(on)))
        .into()
    }

    /// Runs the statements; gives what the program was told, with neutral table names.
    fn run(self, db: &Path, tables: [&str; 3], statements: &[String]) -> Vec<String> {
        // An INSERT that fails at a foreign key has set `last_insert_rowid()` where the table
        // has a trigger, anyone's, and has not where it has none.
        let rowid = if self.foreign_keys { "0" } else { "last_insert_rowid()" };
        let asked = format!("SELECT changes(), {rowid}");
        let mut told = Vec::new();
        if self.python {
            let mut python = Python::open(db);
            for pragma in self.pragmas() {
                python.does(&pragma);
            }
            for statement in statements {
                let answer = python.attempt(&named(statement, tables));
                told.push(format!("{statement}: {answer:?} {}", python.does(&asked)));
            }
        } else {
            let mut script = self.pragmas().join(";\n") + ";\n";
            for statement in statements {
                script += &format!("{};\n{asked};\n", named(statement, tables));
            }
            let file = db.with_extension("script");
            std::fs::write(&file, script).unwrap();
            let outcome = shell(db, &format!(".read '{}'", file.display()));
            told.extend(outcome.stdout.lines().map(str::to_owned));
            // Errors name their line of the script, which is the same on both.
            let place = file.display().to_string();
            told.extend(outcome.stderr.lines().map(|line| line.replace(&place, "script")));
        }
        let neutral = |line: String| {
            tables.iter().zip(["{a}", "{b}", "{k}"]).fold(line, |line, (name, sign)| {
                line.replace(&format!("{name}."), &format!("{sign}."))
            })
        };
        told.into_iter().map(neutral).collect()
    }
}

/// A database brought to its phase once, to be written to many times.
struct Prepared {
    tables: [&'static str; 3],
    migration: String,
    /// Without anything of ours.
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Prepared {
    fn new(journal_mode: &str, migration: &str, tables: [&'static str; 3], steps: &[&str]) -> Self {
        let scene = Scene::set(&(named(TABLES, OLD) + &named(ROWS, OLD)), migration);
        scene.sql(&format!("PRAGMA journal_mode = {journal_mode}"));
        let before = bytes(&scene.db);
        for step in steps {
            scene.exits(0, step);
        }
        Self { tables, migration: migration.to_owned(), before, after: bytes(&scene.db) }
    }

    /// Writes by every kind of connection, each with statements of its own.
    fn written_by_all(&self, seed: u64) {
        for (n, connected) in Connected::all().enumerate() {
            let what = format!("seed {}, {connected:?}", seed + n as u64);
            let statements = statements(seed + n as u64);
            let dir = TempDir::new().unwrap();
            let db = dir.path().join("live.db");
            std::fs::write(&db, &self.before).unwrap();
            let twin = Twin::of(&db);
            std::fs::write(&db, &self.after).unwrap();
            // The twin's tables keep their names.
            let expected = connected.run(&twin.path(), OLD, &statements);
            let told = connected.run(&db, self.tables, &statements);
            for (told, expected) in told.iter().zip(&expected) {
                assert_eq!(told, expected, "{what}");
            }
            assert_eq!(told.len(), expected.len(), "{what}");
            self.judge(&db, &twin, &what);
        }
    }

    fn judge(&self, db: &Path, twin: &Twin, what: &str) {
        let (live, plain) = (Connection::open(db).unwrap(), Connection::open(twin.path()).unwrap());
        let mut found = Vec::new();
        for (old, new) in OLD.iter().zip(NEW) {
            let mut names = vec![(*old).to_owned(), format!("cutover_live_{old}")];
            if self.tables == NEW {
                names.push(new.to_owned());
            }
            for name in names {
                found.extend(difference(
                    &name,
                    Rows { name: "the twin", conn: &plain, sql: &format!("SELECT * FROM {old}") },
                    Rows {
                        name: "the live one",
                        conn: &live,
                        sql: &format!("SELECT * FROM {name}"),
                    },
                ));
            }
        }
        found.extend(twin.new_differences(db, &self.migration, &[]));
        assert!(found.is_empty(), "{what}\n{}", found.join("\n"));
        let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), db);
        let verified = cutover.run(&["verify", "--json"]);
        assert_eq!(verified.code, Some(0), "{what}\n{}{}", verified.stdout, verified.stderr);
    }
}

fn bytes(db: &Path) -> Vec<u8> {
    let conn = Connection::open(db).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    std::fs::read(db).unwrap()
}

#[test]
fn dual_write_with_a_log() {
    Prepared::new("WAL", SPLIT, OLD, &["start FILE"]).written_by_all(100);
}

#[test]
fn dual_write_with_a_rollback_journal() {
    Prepared::new("DELETE", SPLIT, OLD, &["start FILE"]).written_by_all(200);
}

#[test]
fn read_new_with_a_log() {
    Prepared::new("WAL", SPLIT, OLD, &["start FILE", "advance"]).written_by_all(300);
}

#[test]
fn read_new_with_a_rollback_journal() {
    Prepared::new("DELETE", SPLIT, OLD, &["start FILE", "advance"]).written_by_all(400);
}

#[test]
fn write_new_with_a_log() {
    let steps = ["start FILE", "advance --to write-new"];
    Prepared::new("WAL", &renamed(), NEW, &steps).written_by_all(500);
}

#[test]
fn write_new_with_a_rollback_journal() {
    let steps = ["start FILE", "advance --to write-new"];
    Prepared::new("DELETE", &renamed(), NEW, &steps).written_by_all(600);
}
