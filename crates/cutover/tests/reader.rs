//! Any text at all as a migration file: a migration, or an error with its place. Files
//! that are nearly right get further into the reader than noise does, so these are made
//! from real ones, and from their words.
//!
//! The inputs come from a seed. A reader that hangs never comes to the end, and the run is
//! ended from outside; how long one input takes is no one's threshold here.
//! `CUTOVER_READER_INPUTS` makes the run longer.

use std::path::Path;

use cutover::Migration;
use fastrand::Rng;

/// Inputs of each kind in CI.
const INPUTS: usize = 6_000;
/// No input is longer: what is looked for is found in small ones.
const LONGEST_BYTES: usize = 6_000;

fn inputs() -> usize {
    match std::env::var("CUTOVER_READER_INPUTS") {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{text}: {error}")),
        Err(_) => INPUTS,
    }
}

/// The migration files that the tests and the examples run.
fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    let mut folders = vec![root.join("examples"), root.join("crates/testkit/cases")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                files.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(files.len() >= 8, "only {} files", files.len());
    files
}

/// Reads a text. What is accepted must be read the same again; what is refused has a
/// place inside of the text and says why.
fn read(text: &str) -> bool {
    match Migration::parse("any", text) {
        Ok(migration) => {
            let again = Migration::parse("any", migration.text());
            assert_eq!(again.unwrap().hash(), migration.hash(), "{text}");
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{text}");
            false
        }
    }
}

/// Reads texts made by `make`, and tells on which it panicked.
fn read_all(seed: u64, make: &dyn Fn(&mut Rng) -> String) -> usize {
    let mut rng = Rng::with_seed(seed);
    let mut accepted = 0;
    for n in 0..inputs() {
        let mut text = make(&mut rng);
        while text.len() > LONGEST_BYTES {
            text.pop();
        }
        match std::panic::catch_unwind(|| read(&text)) {
            Ok(was) => accepted += usize::from(was),
            Err(_) => panic!("input {n} of seed {seed}:\n{text:?}"),
        }
    }
    accepted
}

/// What a mutation puts in: what means something somewhere in SQL.
const PIECES: &[&str] = &[
    "(",
    ")",
    "((",
    "))",
    "'",
    "\"",
    "`",
    "[",
    "]",
    ";",
    ",",
    ".",
    "--",
    "/*",
    "*/",
    "\n",
    "\0",
    "\u{feff}",
    "é",
    "👩🏽‍💻",
    "?1",
    ":a",
    "@b",
    "$c",
    "0x",
    "1e",
    "1e999",
    "9223372036854775808",
    "x'0'",
    "x'00'",
    "->>",
    "||",
    "<>",
    "==",
    "IS NOT",
    "NOT",
    "NULL",
    "old.",
    "new.",
    "main.",
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "PARTITION BY",
    "OVER",
    "FILTER",
    "UNION",
    "UNION ALL",
    "EXCEPT",
    "JOIN",
    "LEFT JOIN",
    "NATURAL",
    "USING",
    "WITH",
    "RECURSIVE",
    "VALUES",
    "INSERT INTO",
    "OR REPLACE",
    "ON CONFLICT",
    "RETURNING",
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE VIEW",
    "TEMP",
    "IF NOT EXISTS",
    "WITHOUT ROWID",
    "STRICT",
    "AS",
    "CASE",
    "WHEN",
    "END",
    "CAST",
    "COLLATE",
    "LIKE",
    "ESCAPE",
    "BETWEEN",
    "IN",
    "EXISTS",
    "LIMIT",
    "RAISE(ABORT, 'x')",
    "random()",
    "datetime('now')",
    "-- scope: id\n",
    "-- scope:",
    "*",
    "sqlite_x",
    "_cutover_x",
    "rowid",
    "id",
];

/// A real file with a few places changed: removed, doubled, moved, replaced.
fn mutated(rng: &mut Rng, files: &[String]) -> String {
    let mut words: Vec<String> = rng
        .choice(files)
        .unwrap()
        .split_inclusive([' ', '\n', ',', '(', ')', '.'])
        .map(str::to_owned)
        .collect();
    for _ in 0..rng.usize(1..6) {
        if words.is_empty() {
            break;
        }
        let at = rng.usize(..words.len());
        match rng.u8(..6) {
            0 => drop(words.remove(at)),
            1 => words[at] = rng.choice(PIECES).unwrap().to_string(),
            2 => words.insert(at, rng.choice(PIECES).unwrap().to_string()),
            3 => {
                let other = rng.usize(..words.len());
                words.swap(at, other);
            }
            4 => {
                let end = (at + rng.usize(1..40)).min(words.len());
                let copy = words[at..end].to_vec();
                let to = rng.usize(..words.len());
                words.splice(to..to, copy);
            }
            _ => words.truncate(at),
        }
    }
    words.concat()
}

#[test]
fn files_with_a_few_changes() {
    let files = files();
    for file in &files {
        // A file that sets an example up is no migration, and is refused in order.
        read(file);
    }
    let accepted = read_all(1, &|rng| mutated(rng, &files));
    // Some must get through the whole reader, or nothing was tried but its first lines.
    assert!(accepted > 0);
}

#[test]
fn words_in_any_order() {
    read_all(2, &|rng| {
        let words = rng.usize(1..120);
        (0..words).map(|_| format!("{} ", rng.choice(PIECES).unwrap())).collect()
    });
}

#[test]
fn words_of_files_in_any_order() {
    let files = files();
    let words: Vec<&str> = files.iter().flat_map(|file| file.split_whitespace()).collect();
    read_all(3, &|rng| {
        let chosen = rng.usize(1..100);
        (0..chosen).map(|_| format!("{} ", rng.choice(&words).unwrap())).collect()
    });
}

/// Depth that is within what the reader accepts, and far beyond it.
#[test]
fn pieces_again_and_again() {
    read_all(4, &|rng| {
        let (one, other) = (rng.choice(PIECES).unwrap(), rng.choice(PIECES).unwrap());
        let times = rng.usize(1..400);
        let middle = format!(" {one} {other}").repeat(times);
        format!(
            "CREATE TABLE new.t (id INTEGER PRIMARY KEY); INSERT INTO new.t (id) SELECT {middle} FROM old.s"
        )
    });
}
