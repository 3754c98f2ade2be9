//! On a terminal: tables without being asked for, as wide as it is, and questions.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::support::Bench;

/// Runs a command on a terminal of this many columns on which `typed` is typed; gives
/// the exit code and what the terminal showed.
fn on_a_terminal(command: &mut Command, columns: u16, typed: &str) -> (i32, String) {
    let (master, slave) = terminal(columns);
    let stream = || Stdio::from(slave.try_clone().unwrap());
    let mut child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
    // The command holds its own copies of the terminal; once it and this process have
    // closed theirs, reading ends.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(slave);
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).unwrap();
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // Linux reports the end of a terminal as an error.
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..read]);
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, String::from_utf8(shown).unwrap().replace("\r\n", "\n"))
}

fn terminal(columns: u16) -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).unwrap();
    (master, slave)
}

#[test]
fn lists_are_tables_as_wide_as_the_terminal() {
    let bench = Bench::empty();
    bench.put("S-1", "claude", &"word ".repeat(300)).exits(0);
    let (code, shown) = on_a_terminal(&mut bench.command("specs"), 80, "");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.starts_with("spec   stage       artifacts"), "{shown}");
    for columns in [72, 132] {
        let line = "show --spec S-1 --stage spec-plan";
        let (code, shown) = on_a_terminal(&mut bench.command(line), columns, "");
        assert_eq!(code, 0, "{shown}");
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= usize::from(columns) && widest > usize::from(columns) - 12, "{shown}");
    }
    let (_, json) = on_a_terminal(&mut bench.command("specs --json"), 80, "");
    assert!(json.starts_with('['), "{json}");
}

#[test]
fn whole_texts_on_a_terminal_are_safe() {
    let bench = Bench::empty();
    bench.put("S-1", "claude", "\u{1b}]0;owned\u{7}\u{1b}[2J").exits(0);
    for rest in ["", " --full"] {
        let line = format!("show --spec S-1 --stage spec-plan{rest}");
        let mut command = bench.command(&line);
        let (_, shown) = on_a_terminal(command.env("NO_COLOR", "1"), 100, "");
        assert!(shown.contains("␛]0;owned␇␛[2J"), "{shown:?}");
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
    }
}

#[test]
fn a_deletion_is_asked_for_first() {
    let bench = Bench::fresh();
    for (typed, code) in [("n\n", 3), ("\n", 3), ("maybe\n", 3), ("\u{4}", 3), ("y\n", 0)] {
        let (ended, shown) = on_a_terminal(&mut bench.command("delete --spec S-1"), 80, typed);
        assert_eq!(ended, code, "{typed:?}: {shown}");
        assert!(shown.contains("delete 1 artifact and 0 syntheses of spec S-1? [y/N]"), "{shown}");
        let left = bench.number("SELECT count(*) FROM agent_outputs");
        assert_eq!(left, i64::from(code != 0), "{typed:?}");
    }
    // Nothing is left to ask about.
    let (code, shown) = on_a_terminal(&mut bench.command("delete --spec S-1"), 80, "");
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
}

#[test]
fn who_types_a_text_is_told_how_it_ends() {
    let bench = Bench::empty();
    let mut put = bench.command("put artifact --spec S-1 --stage spec-plan --agent a");
    let (code, shown) = on_a_terminal(&mut put, 80, "typed\n\u{4}");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Ctrl-D"), "{shown}");
    let shown = bench.run("show --spec S-1 --stage spec-plan").exits(0).json();
    assert_eq!(shown["artifacts"][0]["content_json"], "typed\n");
}
