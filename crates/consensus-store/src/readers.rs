//! A small pool of connections that read.

use std::ops::Deref;
use std::path::PathBuf;

use parking_lot::{Condvar, Mutex};

use crate::connection::{Connection, Purpose};
use crate::error::Result;
use crate::options::Options;

/// Connections to read with, opened as they are needed and kept.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    options: Options,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    /// Those that are idle and those that are lent.
    open: usize,
}

/// A connection that goes back into the pool.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    readers: &'p Readers,
    conn: Option<Connection>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, options: Options) -> Self {
        Self { path, options, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// A connection of one's own, once there is one.
    pub(crate) fn lend(&self) -> Result<Reader<'_>> {
        let mut pool = self.pool.lock();
        loop {
            if let Some(conn) = pool.idle.pop() {
                return Ok(Reader { readers: self, conn: Some(conn) });
            }
            if pool.open < self.options.readers.max(1) {
                pool.open += 1;
                break;
            }
            self.returned.wait(&mut pool);
        }
        // Opening takes a while; the others need not wait for it.
        drop(pool);
        match Connection::open(&self.path, Purpose::Read, &self.options) {
            Ok(conn) => Ok(Reader { readers: self, conn: Some(conn) }),
            Err(error) => {
                self.pool.lock().open -= 1;
                self.returned.notify_one();
                Err(error)
            }
        }
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.conn {
            Some(conn) => conn,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.readers.pool.lock().idle.push(conn);
            self.readers.returned.notify_one();
        }
    }
}
