//! An example's page: its `sh` blocks are run line by line, each line of its `text` blocks
//! must be printed by one of them. A command that is to be refused says so behind a `#`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::gallery::{self, Example};

const REFUSED: &str = "# refused";

pub(super) fn holds(example: &Example) {
    let page = gallery::text(&format!("{}/README.md", example.directory));
    let dir = TempDir::new().unwrap();
    // The commands name the files as from the project's directory.
    std::os::unix::fs::symlink(gallery::root(), dir.path().join("examples")).unwrap();
    let commands = blocks(&page, "```sh");
    let migration = format!("{}/{}.sql", example.directory, example.name);
    let checked = commands.iter().any(|line| line.contains("check") && line.contains(&migration));
    assert!(checked, "{}: the page checks {migration}", example.directory);
    let printed: String = commands.iter().map(|line| run(example, dir.path(), line)).collect();
    let said = blocks(&page, "```text");
    assert!(!said.is_empty(), "{}: the page shows what check says", example.directory);
    for line in said {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{}: nothing prints\n{line}\nbut this is printed\n{printed}",
            example.directory
        );
    }
}

/// The lines of the fenced blocks of one sort.
fn blocks<'p>(page: &'p str, fence: &str) -> Vec<&'p str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == fence;
        } else if inside {
            lines.push(line);
        }
    }
    lines
}

/// Runs a line as a person would type it; gives what it prints.
fn run(example: &Example, dir: &Path, line: &str) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_cutover")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(dir)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let said = said.concat();
    let code = if line.contains(REFUSED) { 3 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{}: {line}\n{said}", example.directory);
    said
}
