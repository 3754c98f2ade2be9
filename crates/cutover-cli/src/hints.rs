//! Every command that the engine suggests can be typed as it is spelled, and no message holds one
//! as text.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use cli_kit::paste::Paste;
use cli_kit::spelling::CUTOVER;
use cutover::Command;

use crate::cli::Cli;

#[test]
fn every_command_can_be_typed() {
    let paste =
        Paste { db: Some("app.db".into()), file: Some("m.sql".into()), ..Paste::of(&CUTOVER) };
    for command in Command::each() {
        let line = paste.typed(&command);
        if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
            panic!("{line}: {error}");
        }
    }
}

fn sources(directory: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, endings, found);
        } else if path.extension().is_some_and(|is| endings.iter().any(|ending| is == *ending)) {
            found.push(path);
        }
    }
}

/// A source without its comments and tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// A command in a message would be the same for every program, and a button could not be made of
/// it.
#[test]
fn no_message_of_the_engine_holds_a_command() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cutover/src");
    let mut files = Vec::new();
    sources(&engine, &["rs"], &mut files);
    assert!(files.len() > 100, "{}", files.len());
    // What it spells a command with, and a file that it writes for people to edit.
    let may = ["report/fix.rs", "engine/operations/new.rs"];
    for file in files.iter().filter(|file| !may.iter().any(|may| file.ends_with(may))) {
        assert!(!code(file).contains("`cutover "), "{} holds a command as text", file.display());
    }
}

/// Nothing looks for commands in a text.
#[test]
fn no_text_is_searched_for_backticks() {
    let mut files = Vec::new();
    for program in ["cutover-cli", "cli-kit", "consensus-cli", "demo"] {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        sources(&crates.join(program).join("src"), &["rs", "js"], &mut files);
    }
    assert!(files.len() > 50, "{}", files.len());
    for file in files.iter().filter(|file| !file.ends_with("hints.rs")) {
        let code = code(file);
        for search in ["'`'", "\"`\""] {
            assert!(!code.contains(search), "{} searches for {search}", file.display());
        }
    }
}
