//! Signals, as flags that the loop looks at: a handler may do next to nothing itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

/// What has been asked of the process from outside.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    leave: Arc<AtomicBool>,
    impatient: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
}

impl Signals {
    /// From here on they are told here.
    ///
    /// # Errors
    ///
    /// If the system does not let us listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let signals = Self::default();
        for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
            let impatient = Arc::clone(&signals.impatient);
            signal_hook::flag::register_conditional_shutdown(signal, 130, impatient)?;
            signal_hook::flag::register(signal, Arc::clone(&signals.leave))?;
        }
        signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.stop))?;
        signal_hook::flag::register(SIGCONT, Arc::clone(&signals.go_on))?;
        Ok(signals)
    }

    /// Whether the process is to end.
    pub(crate) fn leave(&self) -> bool {
        self.leave.load(Ordering::SeqCst)
    }

    /// From here on a signal ends the process where it is. Not before the terminal is restored.
    pub(crate) fn end_at_once(&self) {
        self.impatient.store(true, Ordering::SeqCst);
    }

    /// Whether the process is to stop for now; told once.
    pub(crate) fn stop(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// Whether the process was let go on; told once.
    pub(crate) fn go_on(&self) -> bool {
        self.go_on.swap(false, Ordering::SeqCst)
    }

    /// Stops the process, and with it what the shell started together with it, as the
    /// terminal's own Ctrl-Z does. Comes back when it is let go on.
    pub(crate) fn suspend(&self) {
        // Ours only sets the flag, so that we are still there to be stopped below.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
        self.stop.store(false, Ordering::SeqCst);
    }
}
