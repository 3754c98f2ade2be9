//! What is to be stored: from a file, or from standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Seek};
use std::path::Path;

use cli_kit::{Doing, Failure, output};

/// Whether this names standard input: by `-`, or by naming nothing.
pub(crate) fn is_stdin(file: Option<&Path>) -> bool {
    file.is_none_or(|file| file == "-")
}

/// All of it, as text.
pub(crate) fn text(file: Option<&Path>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    open(file)?.read_to_end(&mut bytes).doing(|| format!("reading {}", name(file)))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::unusable(
            format!("{}: this is not UTF-8 text", name(file)),
            "the store holds text; encode other content, for example in base64",
        )
    })
}

/// To be read line by line, without waiting for another program: what a pipe gives is
/// read to its end first, because an import locks the store from its first line to its
/// last.
pub(crate) fn lines(file: Option<&Path>) -> Result<Box<dyn BufRead>, Failure> {
    let mut lines = open(file)?;
    if !is_stdin(file) {
        return Ok(lines);
    }
    let doing = || "reading standard input into a temporary file".to_owned();
    let mut spool = tempfile::tempfile().doing(doing)?;
    std::io::copy(&mut lines, &mut spool).doing(doing)?;
    spool.rewind().doing(doing)?;
    Ok(Box::new(BufReader::new(spool)))
}

fn open(file: Option<&Path>) -> Result<Box<dyn BufRead>, Failure> {
    let Some(path) = file.filter(|_| !is_stdin(file)) else {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            output::note("reading from the terminal; Ctrl-D ends the text");
        }
        return Ok(Box::new(stdin.lock()));
    };
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::unusable(format!("{}: {error}", path.display()), "name a file that can be read")
    };
    let file = File::open(path).map_err(|error| unusable(&error))?;
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(unusable(&std::io::Error::from(ErrorKind::IsADirectory)));
    }
    Ok(Box::new(BufReader::new(file)))
}

fn name(file: Option<&Path>) -> String {
    match file {
        Some(path) if !is_stdin(file) => path.display().to_string(),
        _ => "standard input".into(),
    }
}
