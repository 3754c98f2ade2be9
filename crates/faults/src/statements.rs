//! The points at statements and inside of them: callbacks on every connection.
#![expect(unsafe_code, reason = "SQLite's callbacks are C functions")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use rusqlite::ffi;

use crate::armed::{disk, meet, note_commit};
use crate::orders::Point;

/// Steps of SQLite's virtual machine between two [`Point::Steps`].
pub const STEPS: c_int = 20;

/// Has every connection that is opened from here on watched.
pub(crate) fn register() -> Result<(), String> {
    // SAFETY: the function has the signature that SQLite asks for and lives forever.
    match unsafe { ffi::sqlite3_auto_extension(Some(watch)) } {
        ffi::SQLITE_OK => Ok(()),
        code => Err(format!("sqlite3_auto_extension gave {code}")),
    }
}

unsafe extern "C" fn watch(
    conn: *mut ffi::sqlite3,
    _: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    // SAFETY: the connection is being opened, and both callbacks live forever.
    unsafe {
        ffi::sqlite3_progress_handler(conn, STEPS, Some(on_steps), std::ptr::null_mut());
        ffi::sqlite3_trace_v2(
            conn,
            ffi::SQLITE_TRACE_STMT,
            Some(on_statement),
            std::ptr::null_mut(),
        )
    }
}

unsafe extern "C" fn on_statement(
    _: c_uint,
    _: *mut c_void,
    _: *mut c_void,
    text: *mut c_void,
) -> c_int {
    // SAFETY: with SQLITE_TRACE_STMT the last argument is the statement's text, or a
    // comment that names the trigger.
    let text = unsafe { CStr::from_ptr(text.cast()) }.to_string_lossy();
    let _ = meet(Point::Statement, &mut disk(), || text.chars().take(200).collect());
    if text.starts_with("COMMIT") {
        note_commit();
    }
    0
}

unsafe extern "C" fn on_steps(_: *mut c_void) -> c_int {
    let failure = meet(Point::Steps, &mut disk(), || "inside a statement".to_owned());
    c_int::from(failure.is_some())
}
