//! Long work made visible: a bar with rate and ETA on a terminal, a line every
//! few seconds elsewhere; and Ctrl-C, which stops at the end of a chunk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cutover::Command;
use cutover::{Event, Watch, Work};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;
use crate::paste::Paste;
use crate::render::{bytes, count, counted};

/// Between two lines where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);

static STOP: AtomicBool = AtomicBool::new(false);

/// From here on the first Ctrl-C (or SIGTERM) asks long work to stop at the end
/// of its chunk, and the second ends the process at once.
pub fn listen_to_interrupts() {
    // Fails only if a handler is set already, which then does the same.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        output::note("\nstopping at the end of this chunk; press again to stop at once");
    });
}

/// Whether Ctrl-C was pressed.
#[must_use]
pub fn interrupted() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Shows the engine's events.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    work: &'static str,
    total: u64,
    /// Where this call began, to give its own rate: earlier calls may have
    /// passed rows before.
    first: Option<(u64, Instant)>,
    last_line: Instant,
    /// How commands are spelled.
    paste: Paste,
}

impl Progress {
    /// `paste` spells the commands that it names.
    pub fn new(paste: &Paste) -> Self {
        let paste = paste.clone();
        Self { bar: None, work: "", total: 0, first: None, last_line: Instant::now(), paste }
    }

    fn began(&mut self, work: Work, total: u64) {
        self.work = name(work);
        self.total = total;
        self.first = None;
        self.last_line = Instant::now();
        self.bar = output::watched().then(|| bar(self.work, total));
    }

    fn advanced(&mut self, done: u64) {
        let now = Instant::now();
        let (from, since) = *self.first.get_or_insert((done, now));
        if let Some(bar) = &self.bar {
            // Rows may be added while we count them.
            bar.set_length(self.total.max(done));
            bar.set_position(done);
            if since == now {
                bar.reset_eta();
            }
        } else if now - self.last_line >= LINE_EVERY {
            self.last_line = now;
            output::note(&line(self.work, done, self.total, done - from.min(done), now - since));
        }
    }

    fn finished(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Progress {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Began { work, total } => self.began(*work, *total),
            Event::Advanced { done } => self.advanced(*done),
            Event::Waiting { log_bytes } => output::note(&format!(
                "{}: waiting; the write-ahead log has {} and can't restart while another program \
                 keeps a read transaction open",
                self.work,
                bytes(*log_bytes)
            )),
            Event::Paused => {
                let how = self.paste.quoted(&Command::Resume);
                output::note(&format!("{}: paused; continue with {how}", self.work));
            }
            Event::Resumed => output::note(&format!("{}: goes on", self.work)),
            Event::Postponed => {
                self.finished();
                let how = self.paste.quoted(&Command::Unpostpone);
                output::note(&format!(
                    "everything is verified, and is kept verified; {how} switches"
                ));
            }
            Event::Rechecked { rows, differences } => {
                self.finished();
                output::note(&format!(
                    "{} compared, {} so far",
                    counted(*rows, "row"),
                    counted(*differences, "difference")
                ));
            }
            Event::Finished => self.finished(),
            Event::Entered { phase, held_ms } => {
                self.finished();
                output::note(&format!("entered {phase}: the write lock was held {held_ms:.1} ms"));
            }
            _ => {}
        }
    }

    fn interrupted(&mut self) -> bool {
        interrupted()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finished();
    }
}

/// What a bar is called.
pub fn name(work: Work) -> &'static str {
    use cutover::Direction::{Backward, Forward};
    match work {
        Work::Check => "checking",
        Work::Index => "creating an index",
        Work::Backfill => "backfill",
        Work::Verify(Forward) => "verifying forward",
        Work::Verify(Backward) => "verifying backward",
        Work::Repair(Forward) => "repairing forward",
        Work::Repair(Backward) => "repairing backward",
        Work::CatchUp => "bringing old up to date",
        Work::Retire => "emptying old tables",
        Work::Fuzz => "random writes",
        Work::Vacuum => "giving back pages",
        _ => "working",
    }
}

/// A bar, or a spinner where the number of rows is not known.
pub fn bar(work: &'static str, total: u64) -> ProgressBar {
    let template = if total == 0 {
        "{prefix:>23} {spinner} {human_pos} rows  {elapsed}"
    } else {
        "{prefix:>23} {wide_bar} {human_pos}/{human_len}  {rate}/s  ETA {eta}"
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&count(rounded(state.per_sec())));
        })
        .progress_chars("█▉▊▋▌▍▎▏ ");
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(style).with_prefix(work)
}

fn line(work: &str, done: u64, total: u64, passed: u64, took: Duration) -> String {
    let rate = rounded(passed as f64 / took.as_secs_f64().max(1e-3));
    let rows = match (done * 100).checked_div(total) {
        Some(percent) => {
            format!("{} of {} rows ({} %)", count(done), count(total), percent.min(100))
        }
        None => format!("{} rows", count(done)),
    };
    format!("{work}: {rows}, {} rows/s", count(rate))
}

/// A rate as a whole number; a rate is never negative or above u64.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub fn rounded(rate: f64) -> u64 {
    if rate.is_finite() { rate.clamp(0.0, 1e15) as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        assert_eq!(
            line("backfill", 150_000, 1_000_000, 100_000, Duration::from_secs(2)),
            "backfill: 150,000 of 1,000,000 rows (15 %), 50,000 rows/s"
        );
        assert_eq!(line("checking", 5, 0, 5, Duration::ZERO), "checking: 5 rows, 5,000 rows/s");
    }
}
