//! Tells what happens, as it happens: one line each with the time since the demo
//! began, and bars for long work.

use std::time::{Duration, Instant};

use cli_kit::output;
use cli_kit::paste::Paste;
use cli_kit::progress::{Progress, interrupted};
use cli_kit::render::{BOLD, DIM};
use cli_kit::spelling::CUTOVER;
use cutover::{Event, Phase, Watch};
use serde::Serialize;

/// The narrator, and the engine's watch.
#[derive(Debug)]
pub(crate) struct Story {
    began: Instant,
    progress: Progress,
    /// Every switch, in order.
    pub(crate) switches: Vec<Switch>,
}

/// A phase entered, and for how long that held writers off.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Switch {
    pub(crate) phase: Phase,
    pub(crate) held_ms: f64,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            progress: Progress::new(&Paste::of(&CUTOVER)),
            switches: Vec::new(),
        }
    }

    /// Begins an act.
    pub(crate) fn act(&self, title: &str) {
        self.say(&format!("{BOLD}{title}{BOLD:#}"));
    }

    /// One thing that happened. What the database says can be long.
    pub(crate) fn tell(&self, what: &str) {
        self.say(&format!("  {}", wrap(what)));
    }

    fn say(&self, line: &str) {
        output::note(&format!("{DIM}{:5.1} s{DIM:#}  {line}", self.elapsed().as_secs_f64()));
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Breaks a text so that it fits 80 columns behind the time.
fn wrap(text: &str) -> String {
    const WIDTH: usize = 80 - INDENT.len();
    const INDENT: &str = "             ";
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(INDENT);
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

impl Watch for Story {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Entered { phase, held_ms } => {
                self.progress.event(&Event::Finished);
                self.tell(&format!("→ {BOLD}{phase}{BOLD:#}: write lock held {held_ms:.1} ms"));
                self.switches.push(Switch { phase: *phase, held_ms: *held_ms });
            }
            event => self.progress.event(event),
        }
    }

    fn interrupted(&mut self) -> bool {
        interrupted()
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrap("short enough"), "short enough");
        let long = wrap(&"word ".repeat(30));
        assert!(long.lines().all(|line| line.chars().count() <= 80), "{long}");
        assert_eq!(long.split_whitespace().count(), 30);
    }
}
