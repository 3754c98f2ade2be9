//! An example's files, and the case of the testkit that they make.
//!
//! | file | what it is |
//! |---|---|
//! | `README.md` | the page |
//! | `setup.sql` | the database as the old programs know it, with its rows |
//! | `NAME.sql` | the migration; NAME is the directory's without its number |
//! | `writes.sql` | what programs do meanwhile, in the testkit's templates |
//! | `refused.sql` | a migration that `check` must refuse, where there is one |
//! | `mend.sql` | what makes rows fit that `check` refuses, where there are any |

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use testkit::sql::{Kind, statements};
use testkit::{Canonical, Case, Template, Workload};

/// What is compared of new tables that hold more than the migration decides: surrogate
/// keys, and the order of a document's keys.
const CANONICAL: &[(&str, Canonical)] = &[
    (
        "02-normalise-city",
        Canonical {
            table: "visits",
            sql: "SELECT v.id, c.name, v.note FROM visits v LEFT JOIN cities c ON c.id = v.city_id",
        },
    ),
    (
        "06-columns-to-json",
        Canonical {
            table: "catalogue",
            sql: "SELECT c.id, c.sku, c.name, p.key, p.type, p.value
                  FROM catalogue c LEFT JOIN json_each(c.properties) p",
        },
    ),
    (
        "12-enum-to-lookup",
        Canonical {
            table: "tickets",
            sql: "SELECT t.id, t.subject, s.name, p.name FROM tickets t
                  LEFT JOIN statuses s ON s.id = t.status_id LEFT JOIN priorities p ON p.id = t.priority_id",
        },
    ),
    (
        "13-text-key-to-integer",
        Canonical {
            table: "payments",
            sql: "SELECT p.id, a.code, p.account_id IS NULL, p.unknown_code, p.cents
                  FROM payments p LEFT JOIN accounts a ON a.id = p.account_id",
        },
    ),
];

const ON_OLD: &str = "-- on the old tables";
const ON_NEW: &str = "-- on the new tables";
const SAME_ON_OLD: &str = "-- the same on the old ones";

/// The directory of the examples.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// A file below it.
pub(super) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every directory there is, by number.
pub(super) fn directories() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    found
}

/// One of them.
pub(super) struct Example {
    pub(super) directory: &'static str,
    pub(super) name: &'static str,
    pub(super) setup: String,
    pub(super) mend: Option<String>,
}

impl Example {
    pub(super) fn read(directory: &'static str) -> Self {
        let (_, name) = directory.split_once('-').unwrap();
        let setup = text(&format!("{directory}/setup.sql"));
        let mend = std::fs::read_to_string(root().join(directory).join("mend.sql")).ok();
        Self { directory, name, setup, mend }
    }

    /// The path of one of its files; none if there isn't one.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        Some(root().join(self.directory).join(name)).filter(|path| path.exists())
    }

    /// The migration's file.
    pub(super) fn migration(&self) -> PathBuf {
        self.file(&format!("{}.sql", self.name)).expect("a migration named as its directory")
    }

    /// The case, with the rows as they are once they are fixed.
    pub(super) fn case(&self) -> Case {
        let migration = std::fs::read_to_string(self.migration()).unwrap();
        let schema = format!("{}{}", self.setup, self.mend.as_deref().unwrap_or_default());
        let (old, new) = workloads(&text(&format!("{}/writes.sql", self.directory)));
        assert!(old.len() > 4 && !new.is_empty(), "{}: writes.sql", self.directory);
        let canonical: Vec<Canonical> = CANONICAL
            .iter()
            .filter(|(directory, _)| *directory == self.directory)
            .map(|(_, canonical)| *canonical)
            .collect();
        Case {
            name: self.directory,
            schema: leak(schema),
            populate: |_, _, _| Ok(()),
            migration_name: self.name,
            old_tables: leak_all(old_tables(&migration)),
            migration: leak(migration),
            bystanders: &[],
            retires: true,
            workload: Workload { templates: leak_all(old) },
            new_workload: Workload { templates: leak_all(new) },
            canonical: leak_all(canonical),
        }
    }

    /// A fresh database with the rows as `setup.sql` leaves them.
    pub(super) fn set_up(&self, db: &Path) {
        Connection::open(db).unwrap().execute_batch(&self.setup).unwrap();
    }
}

/// The tables that the backward mapping fills, each once.
fn old_tables(migration: &str) -> Vec<&'static str> {
    let mut tables: Vec<&'static str> = Vec::new();
    for statement in statements(migration) {
        if let Kind::Backward(target) = statement.kind
            && !tables.contains(&target.table.as_str())
        {
            tables.push(leak(target.table));
        }
    }
    tables
}

/// The templates of a `writes.sql`: each statement on the old tables is one; those on the
/// new tables up to the next heading are one, and have an equivalent on the old tables.
fn workloads(writes: &str) -> (Vec<Template>, Vec<Template>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let mut on_new: Option<&'static [&'static str]> = None;
    for section in sections(writes) {
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        let statements = leak_all(split(body));
        match (heading, on_new.take()) {
            (ON_OLD, None) => {
                old.extend((0..statements.len()).map(|n| Template::old(1, &statements[n..=n])));
            }
            (ON_NEW, None) => on_new = Some(statements),
            (SAME_ON_OLD, Some(sql)) => new.push(Template::with_twin(1, sql, statements)),
            (heading, _) => panic!("{heading}: a heading out of place"),
        }
    }
    assert!(on_new.is_none(), "what is the last template on the old tables?");
    (old, new)
}

/// The parts that begin with a comment line.
fn sections(writes: &str) -> Vec<&str> {
    let starts: Vec<usize> = writes
        .match_indices("-- ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || writes[..*at].ends_with('\n'))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([writes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &writes[*start..end]).collect()
}

fn split(body: &str) -> Vec<&'static str> {
    body.split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(|statement| leak(statement.to_owned()))
        .collect()
}

// A case is plain data that lives as long as the program, as those in the testkit do.
fn leak(text: String) -> &'static str {
    text.leak()
}

fn leak_all<T>(list: Vec<T>) -> &'static [T] {
    list.leak()
}
