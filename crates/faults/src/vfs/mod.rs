//! A shim around the file system's operations, below SQLite
//! (<https://www.sqlite.org/vfs.html>).
//!
//! It is a copy of the default file system in which opening and deleting are our own,
//! and whose files hold the default's ([`file`]). All else is the default's. Memory
//! mapping of the database is left out: there is no telling when such a page is read.
#![expect(unsafe_code, reason = "a file system of SQLite's is a table of C functions")]

mod file;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::ffi;

use crate::armed::{Failure, disk, is_of_database, meet};
use crate::disk::Disk;
use crate::orders::Point;

/// The file system that does the work.
static REAL: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(std::ptr::null_mut());

/// Makes the shim the default file system.
pub(crate) fn register() -> Result<(), String> {
    // SAFETY: the default file system lives forever; so does the copy, which is leaked.
    let code = unsafe {
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        if real.is_null() {
            return Err("SQLite has no file system".to_owned());
        }
        REAL.store(real, Ordering::SeqCst);
        let mut shim = *real;
        shim.szOsFile += file::own_bytes();
        shim.pNext = std::ptr::null_mut();
        shim.zName = c"faulty".as_ptr();
        shim.xOpen = Some(open);
        shim.xDelete = Some(delete);
        ffi::sqlite3_vfs_register(Box::leak(Box::new(shim)), 1)
    };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(format!("sqlite3_vfs_register gave {code}")) }
}

fn real() -> *mut ffi::sqlite3_vfs {
    REAL.load(Ordering::SeqCst)
}

/// A file and what it is to us.
#[derive(Debug)]
struct Name {
    path: PathBuf,
    of_database: bool,
}

impl Name {
    /// # Safety
    ///
    /// `name` is null or a C string.
    unsafe fn new(name: *const c_char) -> Self {
        if name.is_null() {
            return Self { path: PathBuf::from("(a temporary file)"), of_database: false };
        }
        // SAFETY: the caller's.
        let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
        let path = Path::new(OsStr::from_bytes(bytes)).to_owned();
        Self { of_database: is_of_database(&path), path }
    }

    /// Counts an operation on it; gives why it fails, if it does.
    fn meet(&self, point: Point, disk: &mut Disk) -> Option<Failure> {
        let counted = if self.of_database { point } else { Point::Scratch };
        meet(counted, disk, || {
            let name = self.path.file_name().unwrap_or_default().to_string_lossy();
            format!("{point:?} of {name}")
        })
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    opened: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string or null, and room for `szOsFile` bytes.
    unsafe {
        let known = Name::new(name);
        // Without methods SQLite takes it for closed.
        (*opened).pMethods = std::ptr::null();
        let mut disk = disk();
        if known.meet(Point::Open, &mut disk).is_some() {
            return ffi::SQLITE_CANTOPEN;
        }
        if known.of_database {
            disk.opens(&known.path, flags & ffi::SQLITE_OPEN_CREATE != 0);
        }
        file::open(real(), known, name, opened, flags, flags_out)
    }
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string; the real file system has all its functions.
    unsafe {
        let known = Name::new(name);
        let mut disk = disk();
        if known.meet(Point::Delete, &mut disk).is_some() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        let Some(delete) = (*real()).xDelete else { return ffi::SQLITE_IOERR_DELETE };
        let code = delete(real(), name, sync_directory);
        if code == ffi::SQLITE_OK {
            disk.removed(&known.path, sync_directory != 0);
        }
        code
    }
}
