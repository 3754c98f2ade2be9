//! The terminal: taken over and given back, whatever happens in between.

use std::io::{self, Stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::crossterm::{cursor, execute, terminal};
use ratatui::{Frame, Terminal};

/// Whether the terminal is ours at this moment.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal, ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes it over.
    ///
    /// # Errors
    ///
    /// If there is none, or it does not do what is asked of it.
    pub(crate) fn enter() -> io::Result<Self> {
        restore_before_a_panic_is_told();
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        if terminal.is_err() {
            restore();
        }
        Ok(Self { terminal: terminal? })
    }

    /// Draws; only what has changed is sent.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(|_| ())
    }

    /// Whether the terminal is still ours: after a panic in any thread it is not.
    pub(crate) fn is_ours(&self) -> bool {
        OURS.load(Ordering::SeqCst)
    }

    /// Gives it back for as long as `away` takes.
    ///
    /// # Errors
    ///
    /// If the terminal is gone.
    pub(crate) fn lend(&mut self, away: impl FnOnce()) -> io::Result<()> {
        restore();
        away();
        take()?;
        // Whoever had it has drawn over what we believe to be there: a new one believes nothing.
        // `Terminal::clear` would ask where the cursor is, and not every terminal answers.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        self.terminal.backend_mut().clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    OURS.store(true, Ordering::SeqCst);
    let taken = terminal::enable_raw_mode()
        .and_then(|()| execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide));
    if taken.is_err() {
        restore();
    }
    taken
}

/// Gives the terminal back, if it is ours. There is nobody to tell if that fails.
pub(crate) fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// A panic's message would be lost with the other screen, and be a staircase in raw mode.
fn restore_before_a_panic_is_told() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            tell(panic);
        }));
    });
}
