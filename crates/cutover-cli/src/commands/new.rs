//! `cutover new`: a migration file to edit, from the live schema.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use cli_kit::exit::{Doing, Exit, Failure};
use cli_kit::output::Output;
use cli_kit::paste::{Paste, quote};
use cli_kit::render::{BOLD, line};
use cutover::{Engine, Options};
use serde::Serialize;

use crate::cli::NewArgs;

#[derive(Debug, Serialize)]
struct Written<'a> {
    migration: &'a str,
    file: &'a Path,
    tables: &'a [String],
}

pub(crate) fn run(args: &NewArgs, output: &Output) -> Result<Exit, Failure> {
    let name = args.name.strip_suffix(".sql").unwrap_or(&args.name);
    if name.is_empty() || name.contains(['/', '\\']) {
        return Err(Failure::unusable(
            format!("`{}` can't be a migration's name: it must also be a file name", args.name),
            "use a name such as split-address; --output sets the file",
        ));
    }
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.sql")));
    let engine = Engine::open(&args.database.db, Options::default())?;
    let text = engine.scaffold(name, &args.tables, &args.renamed)?;
    write_new(&file, &text)?;
    let written = Written { migration: name, file: &file, tables: &args.tables };
    output.result(&written, |paste| render(&file, paste))?;
    Ok(Exit::Done)
}

/// Writes a file that must not exist: somebody's edits may be in it.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    if let Err(error) = &opened
        && error.kind() == ErrorKind::AlreadyExists
    {
        return Err(Failure::unusable(
            format!("{} already exists, and is left as it is", file.display()),
            "choose another name, or another file with --output FILE",
        ));
    }
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .doing(|| format!("writing {}", file.display()))
}

fn render(file: &Path, paste: &Paste) -> String {
    let mut out = String::new();
    let name = file.display().to_string();
    line!(out, "wrote {BOLD}{name}{BOLD:#}: the tables mapped onto themselves, both ways");
    line!(out, "{BOLD}next{BOLD:#}: edit it until it says what you want, then:");
    line!(out, "  {}", paste.command(&format!("check {}", quote(&name))));
    out
}
