//! What only some files may name. Only `migration/` and `backend/` know the parser: everything else
//! works on this tree. Only `backend/sqlite/triggers/` writes triggers.

use std::path::{Path, PathBuf};

/// Every source file of the crate, relative to `src/`, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut directories) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 100, "the sources were not found");
    found
}

fn is_test(path: &Path) -> bool {
    path == Path::new("tree/wall.rs")
        || path.ends_with("tests.rs")
        || path.iter().any(|part| part == "tests")
}

/// What a file has besides comments and tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The files outside of these directories that name one of these words, tests apart.
fn outside(allowed: &[&str], words: &[&str]) -> Vec<PathBuf> {
    let named = |text: &str| code(text).any(|line| words.iter().any(|word| line.contains(word)));
    let elsewhere = |path: &Path| !allowed.iter().any(|directory| path.starts_with(directory));
    sources()
        .into_iter()
        .filter(|(path, text)| elsewhere(path) && !is_test(path) && named(text))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn the_parser_is_known_to_the_reader_and_the_backend_alone() {
    assert_eq!(
        outside(&["migration", "backend"], &["turso_parser", "sqlparser"]),
        [] as [PathBuf; 0]
    );
}

/// One call has its limits, its stack and its panics in hand.
#[test]
fn the_parser_is_called_in_one_place() {
    let calls = outside(&["migration/parser.rs"], &["parser::Parser", "Parser::new"]);
    assert_eq!(calls, [] as [PathBuf; 0]);
}

#[test]
fn triggers_are_written_in_one_place() {
    let allowed = ["backend/sqlite/triggers"];
    let words = ["CREATE TRIGGER", "SELECT RAISE("];
    assert_eq!(outside(&allowed, &words), [] as [PathBuf; 0]);
}
