//! The wall around SQLite: the engine knows a database by what `backend/` answers. A file that
//! spoke to SQLite by itself would have to be found and undone for any other database.

use std::path::{Path, PathBuf};

/// What stands for SQLite, in code and in comments; and the kinds of affinity, of which the
/// others ask questions.
const NAMES: [&str; 10] = [
    "rusqlite",
    "sqlite_schema",
    "sqlite_master",
    "PRAGMA",
    "pragma_",
    "Affinity::Text",
    "Affinity::Numeric",
    "Affinity::Integer",
    "Affinity::Real",
    "Affinity::Blob",
];

/// Files that speak of it all the same.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("migration/kind.rs", "the statements that a migration file may not hold"),
    ("migration/tests/", "such files"),
];

#[test]
fn only_the_backend_speaks_to_sqlite() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = Vec::new();
    let mut used = Vec::new();
    for path in files(&sources) {
        let file = path.strip_prefix(&sources).unwrap().to_str().unwrap();
        if file.starts_with("backend/") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let found = text
            .lines()
            .enumerate()
            .filter(|(_, line)| NAMES.iter().any(|name| line.contains(name)));
        let found: Vec<String> =
            found.map(|(n, line)| format!("{file}:{}: {}", n + 1, line.trim())).collect();
        match EXCEPTIONS.iter().find(|(excepted, _)| file.starts_with(excepted)) {
            Some((excepted, _)) if !found.is_empty() => used.push(*excepted),
            Some(_) => {}
            None => named.extend(found),
        }
    }
    assert!(named.is_empty(), "ask backend/sqlite instead:\n{}", named.join("\n"));
    let unused: Vec<_> = EXCEPTIONS.iter().filter(|(file, _)| !used.contains(file)).collect();
    assert!(unused.is_empty(), "no exceptions any more: {unused:?}");
}

/// All sources below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
