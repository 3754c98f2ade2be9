//! `consensus export`: everything the store holds, as JSON Lines.

use std::fs::{Metadata, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use cli_kit::render::count;
use cli_kit::{Doing, Exit, Failure, Output, interrupted, listen_to_interrupts, output};
use consensus_store::{Error, Exported, Store};
use tempfile::NamedTempFile;

use super::failed;
use crate::input::is_stdin;
use crate::place::Place;

/// Write everything in the store, as JSON Lines
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consensus export backup.jsonl
  consensus export | gzip > backup.jsonl.gz

A file is there once it is complete, and not before. What is written is the same
before and after the migration, and `consensus import` takes it in.")]
pub(crate) struct Arguments {
    /// The file to write; standard output if it is `-` or absent
    file: Option<PathBuf>,
    /// Overwrite the file if it exists
    #[arg(long, requires = "file")]
    force: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

pub(crate) fn run(args: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let store = args.place.read()?;
    match args.file.as_deref().filter(|file| !is_stdin(Some(file))) {
        Some(file) => {
            let exported = to_file(&store, file, args.force)?;
            output.result(&exported, |_| told(&exported))?;
        }
        None => {
            if let Some(exported) = to_stdout(&store)? {
                output::note(told(&exported).trim_end());
            }
        }
    }
    Ok(Exit::Done)
}

fn told(exported: &Exported) -> String {
    let Exported { artifacts, syntheses, .. } = *exported;
    format!("exported {} artifacts and {} syntheses\n", count(artifacts), count(syntheses))
}

/// `None`: the reader has gone away (`| head`), which is no failure.
fn to_stdout(store: &Store) -> Result<Option<Exported>, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let exported = match store.export(&mut out) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => return Ok(None),
        other => other.map_err(failed)?,
    };
    match out.flush() {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
        other => other.doing(|| "writing to standard output".into()).map(|()| Some(exported)),
    }
}

/// Writes beside the file and renames: whoever reads it never meets half of it, and
/// Ctrl-C leaves nothing behind.
fn to_file(store: &Store, file: &Path, force: bool) -> Result<Exported, Failure> {
    listen_to_interrupts();
    check(store, file, force)?;
    let writing = || format!("writing {}", file.display());
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut beside = tempfile::Builder::new()
        .prefix(".consensus-export-")
        // As any file that is made: the user's umask says who may read it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory.unwrap_or(Path::new(".")))
        .doing(writing)?;
    let mut out = BufWriter::new(Interruptible(beside.as_file_mut()));
    let exported = store.export(&mut out).map_err(failed)?;
    out.flush().doing(writing)?;
    drop(out);
    beside.as_file().sync_all().doing(writing)?;
    persist(beside, file, force).map(|()| exported)
}

fn persist(beside: NamedTempFile, file: &Path, force: bool) -> Result<(), Failure> {
    let persisted = if force { beside.persist(file) } else { beside.persist_noclobber(file) };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists(file)),
        Err(error) => Err(error.error).doing(|| format!("writing {}", file.display())),
    }
}

/// Refuses to replace what must not be replaced, before the work and not after it.
fn check(store: &Store, file: &Path, force: bool) -> Result<(), Failure> {
    let Ok(there) = std::fs::metadata(file) else { return Ok(()) };
    if !there.is_file() {
        return Err(Failure::unusable(
            format!("{}: this is not a file that can be replaced", file.display()),
            "name another file, or redirect standard output to it",
        ));
    }
    let same = |store: Metadata| (store.dev(), store.ino()) == (there.dev(), there.ino());
    if std::fs::metadata(store.path()).is_ok_and(same) {
        return Err(Failure::unusable(
            format!("{}: this is the store itself", file.display()),
            "name another file",
        ));
    }
    if force { Ok(()) } else { Err(exists(file)) }
}

fn exists(file: &Path) -> Failure {
    Failure::unusable(
        format!("{} already exists, and is left as it is", file.display()),
        "choose another name, or overwrite it with --force",
    )
}

/// Fails once Ctrl-C was pressed. Not with the error kind of that name, after which a
/// writer would be tried again.
struct Interruptible<W>(W);

impl<W: Write> Write for Interruptible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if interrupted() {
            return Err(io::Error::other("stopped on request; nothing was written"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
