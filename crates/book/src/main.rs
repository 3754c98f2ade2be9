//! Makes the book: `cargo run -p book [-- DIRECTORY]`, by default in `target/book`.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/book");
    let out = std::env::args_os().nth(1).map_or(target, PathBuf::from);
    // mdBook takes a relative directory to be below the sources.
    book::make(&book::sources(), &std::path::absolute(out)?)
}
