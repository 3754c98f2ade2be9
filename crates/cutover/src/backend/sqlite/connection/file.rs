//! The files around a database: what may be opened as one, and how files of our own are made.
//!
//! SQLite opens much that is no database file, and says little where it can't. A FIFO blocks,
//! an empty file is an empty database, and a second name of the same file is worst: the
//! write-ahead log and the lock of a database lie beside it *by name*, so two programs that
//! use two names overwrite each other's work
//! (<https://www.sqlite.org/howtocorrupt.html#multiple_links>). Symbolic links are resolved,
//! by SQLite and by us; hard links can't be, and are refused.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Gid, Uid, accessat, fchown};
use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::nearest::nearest;

/// The file that a path leads to, if it may be a database: an absolute path without symbolic
/// links. Opens nothing: closing a file gives up the locks that this
/// process holds on it.
pub(crate) fn database(path: &Path) -> Result<PathBuf> {
    let unusable = |(reason, fix): (String, String)| Error::Unusable {
        path: path.to_owned(),
        reason,
        fix: fix.into(),
    };
    let file = path.canonicalize().map_err(|error| unusable(absent(path, &error)))?;
    let meta = file.metadata().map_err(|error| unusable(absent(path, &error)))?;
    match fault(&file, &meta) {
        Some((reason, fix)) => Err(unusable((reason, fix.to_owned()))),
        None => Ok(file),
    }
}

fn absent(path: &Path, error: &io::Error) -> (String, String) {
    let name = path.to_string_lossy();
    if name.starts_with("file:") || name == ":memory:" || name.is_empty() {
        return (
            "this is not a file name".to_owned(),
            "give the path of the database file; cutover takes no URIs and no in-memory databases"
                .to_owned(),
        );
    }
    match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => (
            "this is a symbolic link to a missing file".to_owned(),
            "name the database itself".to_owned(),
        ),
        io::ErrorKind::NotFound => {
            let fix = match beside(path) {
                Some(meant) => format!("there is {meant}; cutover never creates a database"),
                None => "check the path; cutover never creates a database".to_owned(),
            };
            ("there is no such file".to_owned(), fix)
        }
        _ => (error.to_string(), "check the path and its permissions".to_owned()),
    }
}

/// The file that may have been meant: the one in the same directory whose name is most alike.
fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = directory.unwrap_or(Path::new(".")).read_dir().ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    // Of its kind: not a migration's file, nor a write-ahead log.
    let names = names.filter(|name| Path::new(name).extension() == path.extension());
    let meant = nearest(name, names)?;
    Some(path.with_file_name(meant).display().to_string())
}

/// Why a file can't be worked on as a database, and what to do about it.
fn fault(file: &Path, meta: &Metadata) -> Option<(String, &'static str)> {
    if !meta.is_file() {
        return Some((format!("this is {}, not a file", kind(meta)), "name the database's file"));
    }
    if meta.len() == 0 {
        return Some((
            "the file is empty: there is no database in it".to_owned(),
            "check the path; cutover never creates a database",
        ));
    }
    if meta.nlink() > 1 {
        return Some((
            format!(
                "the file has {} names (hard links): programs that open it under another name use \
                 another write-ahead log, and would overwrite each other's writes",
                meta.nlink()
            ),
            "remove the other names; `find DIR -samefile FILE` shows them",
        ));
    }
    if denied(file, Access::READ_OK) {
        return Some(("the file can't be read".to_owned(), "check the file's permissions"));
    }
    None
}

/// Fails unless a database's file and its directory can be written.
pub(crate) fn writable(path: &Path, file: &Path) -> Result<()> {
    match unwritable(file) {
        Some((reason, fix)) => {
            Err(Error::Unusable { path: path.to_owned(), reason, fix: fix.into() })
        }
        None => Ok(()),
    }
}

fn unwritable(file: &Path) -> Option<(String, &'static str)> {
    if denied(file, Access::WRITE_OK) {
        return Some((
            "the file can't be written".to_owned(),
            "check the file's and the directory's permissions",
        ));
    }
    if file.parent().is_some_and(|dir| denied(dir, Access::WRITE_OK | Access::EXEC_OK)) {
        return Some((
            "the directory can't be written, and SQLite keeps its log beside the file".to_owned(),
            "check the directory's permissions",
        ));
    }
    None
}

fn kind(meta: &Metadata) -> &'static str {
    let kind = meta.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether the system says no. What it can't answer, opening will.
fn denied(path: &Path, access: Access) -> bool {
    use rustix::io::Errno;
    let answer = accessat(CWD, path, access, AtFlags::EACCESS);
    matches!(answer, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}

/// A directory for scratch databases that nobody else can look into: they hold the rows of
/// a database that others may not be allowed to read.
pub(crate) fn private_dir(parent: Option<&Path>) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("cutover-").permissions(Permissions::from_mode(0o700));
    let made = match parent {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    };
    made.map_err(|source| Error::Io { doing: "creating a scratch directory".to_owned(), source })
}

/// Makes a file that only its owner may open. Fails if there is one of that name, were it
/// a symbolic link.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Gives a copy of a database the owner and the permissions of the database. Where the group
/// can't be the same, the copy is not for groups at all.
pub(crate) fn permit_as(database: &Path, copy: &File) -> io::Result<()> {
    let meta = database.metadata()?;
    let group = Some(Gid::from_raw(meta.gid()));
    // Only root may give a file away; a member of a group may give it to the group.
    let given = fchown(copy, Some(Uid::from_raw(meta.uid())), group)
        .or_else(|_| fchown(copy, None, group))
        .is_ok();
    let bits = if given { 0o777 } else { 0o707 };
    copy.set_permissions(Permissions::from_mode(meta.mode() & bits))
}
