//! An open file: the default file system's, with our points before each operation.

use std::ffi::{c_char, c_int, c_void};

use rusqlite::ffi;

use super::Name;
use crate::armed::{Failure, disk, strike};
use crate::orders::Point;

/// What SQLite holds of an open file: this, and behind it the real one.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    name: *mut Name,
}

/// Bytes we need before the real file.
pub(super) fn own_bytes() -> c_int {
    c_int::try_from(size_of::<File>()).expect("a few bytes")
}

/// Calls the real file's method of this name.
macro_rules! real {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let real = inner($file);
        match (*(*real).pMethods).$method {
            Some(method) => method(real $(, $argument)*),
            None => ffi::SQLITE_IOERR,
        }
    }};
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // 3 would be memory mapping.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Opens the real file behind ours.
///
/// # Safety
///
/// As for the file system's `xOpen`, with room for both.
pub(super) unsafe fn open(
    vfs: *mut ffi::sqlite3_vfs,
    known: Name,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: the caller's; what is behind ours is as large as the real file asks for.
    unsafe {
        let real = inner(file);
        (*real).pMethods = std::ptr::null();
        let Some(open) = (*vfs).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = open(vfs, name, real, flags, flags_out);
        if !(*real).pMethods.is_null() {
            let file = file.cast::<File>();
            (*file).name = Box::into_raw(Box::new(known));
            (*file).base.pMethods = &raw const METHODS;
        }
        code
    }
}

unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: every file that is handed to us has room for ours and the real one.
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn known<'a>(file: *mut ffi::sqlite3_file) -> &'a Name {
    // SAFETY: set when it was opened, and freed when it is closed.
    unsafe { &*(*file.cast::<File>()).name }
}

/// Where a file ends at this moment.
unsafe fn length(file: *mut ffi::sqlite3_file) -> i64 {
    let mut length = 0;
    // SAFETY: an open file.
    unsafe { real!(file, xFileSize, &raw mut length) };
    length
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once and never touches it again.
    unsafe {
        let code = real!(file, xClose);
        drop(Box::from_raw((*file.cast::<File>()).name));
        code
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    bytes: c_int,
    at: i64,
) -> c_int {
    // SAFETY: SQLite's arguments are handed on.
    unsafe {
        match known(file).meet(Point::Read, &mut disk()) {
            Some(Failure::Error) => ffi::SQLITE_IOERR_READ,
            _ => real!(file, xRead, to, bytes, at),
        }
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: i64,
) -> c_int {
    // SAFETY: `from` points to `bytes` bytes; the rest is handed on.
    unsafe {
        let name = known(file);
        let mut disk = disk();
        match name.meet(Point::Write, &mut disk) {
            Some(Failure::Error) => return ffi::SQLITE_IOERR_WRITE,
            Some(Failure::Full) if at + i64::from(bytes) > length(file) => {
                // As the system does it: what there is room for is written.
                strike(&format!("no room in {}", name.path.display()));
                let half = bytes / 2;
                real!(file, xWrite, from, half, at);
                return ffi::SQLITE_FULL;
            }
            _ => {}
        }
        let code = real!(file, xWrite, from, bytes, at);
        if code == ffi::SQLITE_OK && name.of_database {
            let bytes = usize::try_from(bytes).unwrap_or(0);
            let written = std::slice::from_raw_parts(from.cast::<u8>(), bytes);
            disk.wrote(&name.path, at.unsigned_abs(), written);
        }
        code
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: SQLite's arguments are handed on.
    unsafe {
        let name = known(file);
        let mut disk = disk();
        if name.meet(Point::Truncate, &mut disk) == Some(Failure::Error) {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        let code = real!(file, xTruncate, size);
        if code == ffi::SQLITE_OK {
            disk.cut(&name.path, size.unsigned_abs());
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    unsafe {
        let name = known(file);
        let mut disk = disk();
        if name.meet(Point::Sync, &mut disk) == Some(Failure::Error) {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        // What a sync is for is a loss of power, which is the model's. Waiting for a real
        // disk would show nothing, and takes most of the time.
        disk.synced(&name.path);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    mapped: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite's arguments are handed on.
    unsafe {
        match known(file).meet(Point::ShmMap, &mut disk()) {
            Some(Failure::Error) => ffi::SQLITE_IOERR_SHMMAP,
            Some(Failure::Full) if extend != 0 => {
                strike("no room in the wal-index");
                ffi::SQLITE_IOERR_SHMSIZE
            }
            _ => real!(file, xShmMap, region, bytes, extend, mapped),
        }
    }
}

/// Methods that are the real file's alone.
macro_rules! handed_on {
    ($($name:ident => $method:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: SQLite's arguments are handed on.
            unsafe { real!(file, $method $(, $argument)*) }
        }
    )*};
}

handed_on! {
    file_size => xFileSize(size: *mut i64);
    lock => xLock(level: c_int);
    unlock => xUnlock(level: c_int);
    check_reserved_lock => xCheckReservedLock(held: *mut c_int);
    file_control => xFileControl(what: c_int, argument: *mut c_void);
    sector_size => xSectorSize();
    device_characteristics => xDeviceCharacteristics();
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap => xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: an open file; its memory is shared.
    unsafe {
        let real = inner(file);
        if let Some(barrier) = (*(*real).pMethods).xShmBarrier {
            barrier(real);
        }
    }
}
