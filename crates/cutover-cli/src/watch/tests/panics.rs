//! A panic while the terminal is ours: in a real one, in a process of its own.

use std::io::Read;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::watch::terminal::Screen;

/// Says in which part a test of this name is run: as the process that panics, where it is set.
const PANICS: &str = "CUTOVER_TEST_PANICS";

#[test]
fn the_terminal_is_given_back_before_a_panic_is_told() {
    for place in ["here", "another thread"] {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "watch::tests::panics::panics_where_told", "--nocapture"]);
        command.env(PANICS, place);
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // The end of a pseudo-terminal is an error.
            let _ = output.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        assert!(!child.wait().unwrap().success());
        assert_eq!(format!("{:?}", pair.master.get_termios()), before);
        drop(pair);
        let said = reader.join().unwrap();
        let (taken, rest) = said.split_once("\u{1b}[?1049h").expect("the other screen");
        let (drawn, after) = rest.split_once("\u{1b}[?1049l").expect("the first screen again");
        assert!(!taken.contains("on purpose") && !drawn.contains("on purpose"), "{said:?}");
        assert!(after.contains("\u{1b}[?25h"), "the cursor: {said:?}");
        assert!(after.contains("on purpose"), "{said:?}");
    }
}

/// The other part. Without the variable there is nothing to be tested.
#[test]
fn panics_where_told() {
    let Some(place) = std::env::var_os(PANICS) else { return };
    let screen = Screen::enter().unwrap();
    if place == "here" {
        panic!("on purpose");
    }
    std::thread::spawn(|| panic!("on purpose")).join().unwrap_err();
    assert!(!screen.is_ours());
    panic!("on purpose, and seen by the loop");
}
