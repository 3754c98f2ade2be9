//! The book in `docs/`, as its readers get it: made by mdBook's own library, so that nobody
//! needs another program, and read again for links that lead nowhere.
//!
//! `cargo run -p book` writes it to `target/book`. `--bin picture` draws what a
//! program printed, for the README.

mod links;
mod terminal;

use std::io;
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;

pub use links::{Broken, broken};
pub use terminal::picture;

/// Where the book's sources are.
#[must_use]
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Makes the book of `sources` as HTML in `out`.
///
/// # Errors
///
/// If mdBook can't read the sources, or write the pages.
pub fn make(sources: &Path, out: &Path) -> io::Result<()> {
    let mut book = MDBook::load(sources).map_err(io::Error::other)?;
    book.config.build.build_dir = out.to_owned();
    book.build().map_err(io::Error::other)
}

/// Every file below a directory, however deep, relative to it.
///
/// # Errors
///
/// If a directory can't be read.
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
