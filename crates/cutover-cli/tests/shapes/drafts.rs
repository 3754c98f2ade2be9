//! `cutover new`: what it drafts passes `check` as it is, goes the whole way and back, and its
//! tables refuse what the old ones refuse.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Cutover;
use testkit::program::Outcome;

/// A schema, and writes that its tables refuse.
struct Drafted {
    schema: &'static str,
    tables: &'static [&'static str],
    refused: &'static [&'static str],
}

const DRAFTED: &[Drafted] = &[
    Drafted {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, seat INTEGER, n TEXT DEFAULT 'x' CHECK (n <> ''));
                 CREATE UNIQUE INDEX t_mail ON t (mail); CREATE UNIQUE INDEX t_seat ON t (seat) WHERE seat > 0;
                 CREATE INDEX t_low ON t (lower(mail));
                 INSERT INTO t (id, mail, seat) VALUES (1, 'a', 1), (2, 'b', 0), (3, 'c', 0);",
        tables: &["t"],
        refused: &[
            "INSERT INTO t (mail) VALUES ('a')",
            "INSERT INTO t (mail, seat) VALUES ('d', 1)",
            "INSERT INTO t (mail) VALUES (NULL)",
            "INSERT INTO t (mail, n) VALUES ('e', '')",
        ],
    },
    Drafted {
        schema: "CREATE TABLE \"my table\" (\"a b\" TEXT COLLATE NOCASE, [c] INTEGER, `d` ANY, \
                 f TEXT GENERATED ALWAYS AS (\"a b\" || c) STORED, PRIMARY KEY (\"a b\", c), CHECK (\"my table\".c > 0)) STRICT, WITHOUT ROWID;
                 CREATE UNIQUE INDEX \"by f\" ON \"my table\" (f);
                 INSERT INTO \"my table\" VALUES ('x', 1, 2.5), ('y', 2, 'z');",
        tables: &["My Table"],
        refused: &[
            "INSERT INTO \"my table\" VALUES ('X', 1, 0)",
            "INSERT INTO \"my table\" VALUES ('x', 0, 0)",
            "INSERT INTO \"my table\" VALUES ('x', 'k', 0)",
        ],
    },
    Drafted {
        schema: "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(20) UNIQUE, up INT REFERENCES parent);
                 CREATE TABLE 'child' (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent (id) ON DELETE CASCADE,
                     o INTEGER, UNIQUE (p, o) ON CONFLICT IGNORE, FOREIGN KEY (o) REFERENCES other (id));
                 CREATE TABLE other (id INTEGER PRIMARY KEY);
                 INSERT INTO parent (name) VALUES ('a'), ('b'); INSERT INTO other VALUES (1);
                 INSERT INTO child VALUES (1, 1, 1), (2, 2, NULL);",
        tables: &["parent", "child"],
        refused: &[
            "INSERT INTO parent (name) VALUES ('a')",
            "INSERT INTO child VALUES (3, 9, NULL)",
            "INSERT INTO child VALUES (3, 1, 9)",
        ],
    },
    Drafted {
        schema: "create table if not exists T (k text not null, v, at timestamp default current_timestamp, constraint \"the key\" unique (k)); -- as it is
                 create unique index if not exists t_v on T (v desc) where v is not null;
                 insert into T (k, v) values ('a', 1), ('b', NULL), ('c', NULL);",
        tables: &["t"],
        refused: &["INSERT INTO T (k, v) VALUES ('d', 1)", "INSERT INTO T (k) VALUES ('a')"],
    },
];

struct Bench {
    cutover: Cutover,
    dir: TempDir,
}

impl Bench {
    fn new(schema: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("live.db");
        Connection::open(&db).unwrap().execute_batch(schema).unwrap();
        Self { cutover: Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db), dir }
    }

    #[track_caller]
    fn exits(&self, code: i32, words: &[&str]) -> Outcome {
        let outcome = self.cutover.run(words);
        let said = format!("{}\n{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.code, Some(code), "{words:?}: {said}");
        outcome
    }

    fn open(&self) -> Connection {
        let conn = Connection::open(self.dir.path().join("live.db")).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        conn
    }

    /// Drafts these tables, under new names where `to` gives them, and takes the draft there,
    /// back and to the end.
    #[track_caller]
    fn goes(&self, drafted: &Drafted, to: &dyn Fn(&str) -> Option<String>) {
        let file = self.dir.path().join("draft.sql");
        let file = file.to_str().unwrap();
        let names: Vec<String> = drafted.tables.iter().filter_map(|table| to(table)).collect();
        let mut words = vec!["new", "draft", "--output", file, "--table"];
        words.extend(drafted.tables);
        if !names.is_empty() {
            words.push("--as");
            words.extend(names.iter().map(String::as_str));
        }
        self.exits(0, &words);
        let before = dump(&self.dir.path().join("live.db"));
        self.refuses(drafted, &|_| None);
        let checked = self.exits(0, &["check", "--json", file]);
        let checked: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
        // Rowids that change are told, and nothing else is lost.
        let notes = checked["notes"].as_array().unwrap().iter();
        let lost: Vec<_> =
            notes.filter(|note| !note["reason"].as_str().unwrap().contains("rowid")).collect();
        assert!(lost.is_empty(), "{lost:#?}");
        self.exits(0, &["start", file]);
        self.exits(0, &["advance", "--to", "write-new", "--yes"]);
        self.refuses(drafted, to);
        self.exits(0, &["rollback", "--to", "dual-write"]);
        self.refuses(drafted, &|_| None);
        self.exits(0, &["abort"]);
        assert_eq!(dump(&self.dir.path().join("live.db")), before);
        self.exits(0, &["start", file]);
        self.exits(0, &["advance", "--to", "retired", "--yes"]);
        self.refuses(drafted, to);
    }

    /// The writes are refused, whichever table has the rows.
    #[track_caller]
    fn refuses(&self, drafted: &Drafted, to: &dyn Fn(&str) -> Option<String>) {
        for write in drafted.refused {
            let mut write = (*write).to_owned();
            for table in drafted.tables {
                if let Some(name) = to(table) {
                    for spelled in
                        [format!("INTO {table} "), format!("INTO {} ", table.to_uppercase())]
                    {
                        write = write.replace(&spelled, &format!("INTO \"{name}\" "));
                    }
                    write = write.replace("INTO \"my table\" ", &format!("INTO \"{name}\" "));
                }
            }
            self.open().execute_batch(&write).expect_err(&write);
        }
    }
}

/// The application's tables and rows.
fn dump(db: &Path) -> Vec<String> {
    let conn = Connection::open(db).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let mut found = texts(
        "SELECT type || name || coalesce(sql, '') FROM sqlite_schema \
         WHERE tbl_name NOT LIKE '\\_cutover%' ESCAPE '\\' ORDER BY type, name",
    );
    let tables = texts(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cutover%' ESCAPE '\\'",
    );
    for table in tables {
        let columns = texts(&format!(
            "SELECT 'quote(\"' || name || '\")' FROM pragma_table_xinfo('{table}')"
        ));
        let row = columns.join(" || ',' || ");
        found.extend(texts(&format!("SELECT {row} FROM \"{table}\" ORDER BY 1")));
    }
    found
}

#[test]
fn in_place() {
    for drafted in DRAFTED {
        Bench::new(drafted.schema).goes(drafted, &|_| None);
    }
}

#[test]
fn under_new_names() {
    for drafted in DRAFTED {
        Bench::new(drafted.schema)
            .goes(drafted, &|table| Some(format!("{} 2", table.to_lowercase())));
    }
}

#[test]
fn as_many_names_as_tables() {
    let bench = Bench::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER PRIMARY KEY)",
    );
    let outcome = bench.exits(5, &["new", "x", "--table", "t", "u", "--as", "v"]);
    assert!(outcome.stderr.contains("there are 2 tables and 1 new names"), "{}", outcome.stderr);
}
