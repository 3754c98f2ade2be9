//! Checkpoints beside the work that writes, on a thread and a connection of their own: most
//! of a checkpoint is waiting for the disk, and a passive one holds nobody off.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use super::checkpoint::Moving;
use super::db::Db;
use crate::error::{Error, Result};

/// Moves what is in the log into the database when told to, and once more when it is dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    /// Absent once it is to end.
    orders: Option<Sender<()>>,
    answers: Receiver<Result<()>>,
    busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Opens a connection of its own to the same database.
    pub(crate) fn start(db: &Db) -> Result<Self> {
        let db = db.another()?;
        let (orders, received) = channel();
        let (answer, answers) = channel();
        let work = move || {
            for () in received {
                if answer.send(db.checkpoint(Moving::Beside).map(|_| ())).is_err() {
                    break;
                }
            }
            // What is left would fall to the next program that commits.
            let _ = db.checkpoint(Moving::Beside);
        };
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(work)
            .map_err(|source| Error::Io { doing: "starting a thread".to_owned(), source })?;
        Ok(Self { orders: Some(orders), answers, busy: false, thread: Some(thread) })
    }

    /// Has it begin a checkpoint; whether it could, or is still at the one before.
    ///
    /// # Errors
    ///
    /// Those of the checkpoint before.
    pub(crate) fn order(&mut self) -> Result<bool> {
        if self.busy {
            match self.answers.try_recv() {
                Ok(answer) => {
                    self.busy = false;
                    answer?;
                }
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Err(ended()),
            }
        }
        self.busy = self.orders.as_ref().is_some_and(|orders| orders.send(()).is_ok());
        if self.busy { Ok(true) } else { Err(ended()) }
    }

    /// Waits for the checkpoint under way, if there is one.
    ///
    /// # Errors
    ///
    /// Those of that checkpoint.
    pub(crate) fn wait(&mut self) -> Result<()> {
        if std::mem::take(&mut self.busy) {
            return self.answers.recv().unwrap_or_else(|_| Err(ended()));
        }
        Ok(())
    }
}

/// Its thread ends before it is told only by a fault of ours.
fn ended() -> Error {
    Error::Io {
        doing: "checkpointing".to_owned(),
        source: std::io::Error::other("the checkpoint thread has ended"),
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic of it has been told by the thread itself.
            let _ = thread.join();
        }
    }
}
