//! The pages that a reader types from, taken at their word.
//!
//! - [`page`]: a page's commands and what it says they print; its files.
//! - [`shell`]: runs commands in one shell, one after the other, as a reader's terminal does.
//! - [`same`]: whether what is printed is what the page says, whatever was measured.
//! - [`keys`]: every key of a command's JSON is on the book's page of JSON.
//!
//! Every `console` block of the README and of the book is run here: a page that has one and
//! is not in the list fails a test.

mod keys;
mod page;
mod same;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};

/// Makes a test of each page, and the list of them.
macro_rules! pages {
    ($($test:ident: $path:literal,)+) => {
        const PAGES: &[&str] = &[$($path),+];
        $(
            #[test]
            fn $test() {
                page::holds($path);
            }
        )+
    };
}

pages! {
    readme: "README.md",
    tutorial: "docs/src/tutorial.md",
    lossless: "docs/src/guides/lossless.md",
    random_writes: "docs/src/guides/random-writes.md",
    big: "docs/src/guides/big.md",
    rollout: "docs/src/guides/rollout.md",
    write_both: "docs/src/guides/write-both.md",
    after: "docs/src/guides/after.md",
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Markdown file below a directory, relative to the project's.
fn texts(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(directory)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{directory}/{name}");
        if root().join(&path).is_dir() {
            found.extend(texts(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_page_with_commands_is_left_out() {
    let mut typed: Vec<String> = texts("docs/src")
        .into_iter()
        .chain(["README.md".to_owned()])
        .filter(|path| fs::read_to_string(root().join(path)).unwrap().contains("```console"))
        .collect();
    typed.sort();
    let mut listed = PAGES.to_vec();
    listed.sort_unstable();
    assert_eq!(typed, listed);
}
