//! A program in a pseudo-terminal of its own, and the screen as that would show it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

/// Before a test is given up. Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at the screen.
const AGAIN: Duration = Duration::from_millis(20);

pub(crate) struct Screen {
    master: Option<Box<dyn MasterPty + Send>>,
    /// Kept open: the modes are still to be read when the program has gone.
    _slave: Box<dyn SlavePty + Send>,
    keys: Option<Box<dyn Write + Send>>,
    shown: Arc<Mutex<Shown>>,
    reader: Option<JoinHandle<()>>,
    hung_up: Arc<AtomicBool>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    /// The modes before the program began.
    before: String,
}

struct Shown {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Screen {
    /// Runs `cutover` with these arguments.
    pub(crate) fn open(directory: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let before = modes(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cutover"));
        command.args(args);
        command.cwd(directory);
        command.env("TERM", "xterm-256color");
        command.env("USER", "tester");
        for name in ["CUTOVER_DB", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let shown =
            Arc::new(Mutex::new(Shown { parser: vt100::Parser::default(), raw: Vec::new() }));
        let mut output = pair.master.try_clone_reader().unwrap();
        let into = Arc::clone(&shown);
        let hung_up = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&hung_up);
        let reader = Some(std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let mut shown = into.lock().unwrap();
                shown.parser.process(&buffer[..read]);
                shown.raw.extend_from_slice(&buffer[..read]);
                if ended.load(Ordering::SeqCst) {
                    break;
                }
            }
        }));
        let keys = Some(pair.master.take_writer().unwrap());
        let master = Some(pair.master);
        Self { master, _slave: pair.slave, keys, shown, reader, hung_up, child, before }
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        let into = self.keys.as_mut().unwrap();
        into.write_all(keys.as_bytes()).unwrap();
        into.flush().unwrap();
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.shown.lock().unwrap().parser.screen().contents()
    }

    /// Every byte that came.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap().raw).into_owned()
    }

    /// Waits until the screen shows it, and gives the screen.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, shows: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if shows(&text) {
                return text;
            }
            assert!(Instant::now() < until, "waited in vain for {what}:\n{text}");
            std::thread::sleep(AGAIN);
        }
    }

    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        let [wide, high] = [cols, rows].map(|cells| NonZeroU16::new(cells).unwrap());
        self.shown.lock().unwrap().parser.screen_mut().set_size(high, wide);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Closes the terminal, as closing its window does. Returns once it is closed: after the
    /// next thing that is drawn, because the clock is.
    pub(crate) fn hang_up(&mut self) {
        self.hung_up.store(true, Ordering::SeqCst);
        self.reader.take().unwrap().join().unwrap();
        drop(self.keys.take());
        drop(self.master.take());
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// How the kernel calls its state: `S` sleeps, `T` is stopped.
    pub(crate) fn state(&self) -> char {
        let pid = self.pid().as_raw_nonzero();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap()
    }

    /// Waits for something that the screen does not show.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        self.wait(what, |_| holds());
    }

    /// Waits for the program's end, and gives its exit code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.text());
            std::thread::sleep(AGAIN);
        }
    }

    /// Whether the terminal is the program's: raw, and showing the other screen.
    pub(crate) fn is_taken(&self) -> bool {
        let other = self.shown.lock().unwrap().parser.screen().alternate_screen();
        other && self.modes() != self.before
    }

    /// Whether the terminal is as it was before the program: its modes, the screen, the cursor.
    pub(crate) fn is_given_back(&self) -> bool {
        let shown = self.shown.lock().unwrap();
        let screen = shown.parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && self.modes() == self.before
    }

    fn modes(&self) -> String {
        modes(&**self.master.as_ref().unwrap())
    }

    fn pid(&self) -> rustix::process::Pid {
        let pid = self.child.process_id().unwrap();
        rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The terminal's modes, to be compared.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}
