//! Keys and resizes, read on a thread of its own: on a terminal that has hung up crossterm's
//! reading never comes back, and the loop has work to bring to an end by then.

use std::io;
use std::sync::mpsc::{Receiver, channel};

use ratatui::crossterm::event::{self, Event};

/// Begins to read. The thread ends with the process, or with the first error.
pub(crate) fn listen() -> Receiver<io::Result<Event>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let over = event.is_err();
            if sender.send(event).is_err() || over {
                break;
            }
        }
    });
    receiver
}
