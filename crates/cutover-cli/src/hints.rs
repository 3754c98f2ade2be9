//! Every command that a message of the engine's, or of ours, puts between backticks can be
//! typed as it is shown. Messages are in many places, so the sources are read for them.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use cli_kit::paste::Paste;
use cli_kit::spelling::CUTOVER;

use crate::cli::Cli;

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|is| is == "rs") && !path.ends_with("reference.rs") {
            found.push(path);
        }
    }
}

/// The commands between backticks in a source's strings, without the program.
fn commands(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let parts = code.split('`').skip(1).step_by(2);
    parts.filter_map(|part| part.strip_prefix("cutover ")).map(str::to_owned).collect()
}

#[test]
fn every_command_in_a_message_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for other in ["cutover", "cli-kit", "demo"] {
        sources(&root.join("../..").join(other).join("src"), &mut files);
    }
    let paste =
        Paste { db: Some("app.db".into()), file: Some("m.sql".into()), ..Paste::of(&CUTOVER) };
    let mut typed = 0;
    for file in files {
        for words in commands(&std::fs::read_to_string(&file).unwrap()) {
            // Filled in where it is printed.
            if words.contains('{') {
                continue;
            }
            let words = words.replace("PHASE", "read-new");
            let line = paste.complete(&format!("`cutover {words}`")).replace('`', "");
            if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
                let is_help = error.kind() == clap::error::ErrorKind::DisplayHelp;
                assert!(is_help, "{}: {line}: {error}", file.display());
            }
            typed += 1;
        }
    }
    assert!(typed > 30, "{typed}");
}
