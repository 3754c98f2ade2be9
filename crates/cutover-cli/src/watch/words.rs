//! What dialogs say. Pure.

use std::time::Duration;

use cli_kit::paste::Paste;
use cli_kit::render::{count, differences};
use cutover::Command;
use cutover::{Limits, Pace, Phase, Request, Snapshot};

use super::app::Dialog;
use crate::commands::status::rollback_forecast;
use crate::commands::steer;
use crate::monitor::runner::{Order, Outcome};

/// A dialog in words.
#[derive(Debug)]
pub(crate) struct Words {
    /// What it is about.
    pub(crate) title: String,
    /// What it says; each a paragraph.
    pub(crate) text: Vec<String>,
    /// The keys it takes.
    pub(crate) keys: &'static str,
}

/// A pace that may be chosen.
pub(crate) struct Choice {
    /// By this key.
    pub(crate) key: char,
    says: &'static str,
    is: Kind,
}

enum Kind {
    Gentle,
    Fast,
    StallMs(u64),
    Own,
}

impl Choice {
    /// What is asked for; `None` is each command's own.
    pub(crate) fn pace(&self) -> Option<Pace> {
        match self.is {
            Kind::Gentle => Some(Pace::Gentle),
            Kind::Fast => Some(Pace::Fast),
            Kind::StallMs(ms) => {
                let stall = Some(Duration::from_millis(ms));
                Some(Pace::Limited(Limits { stall, rows_per_second: None }))
            }
            Kind::Own => None,
        }
    }
}

/// The paces that may be chosen; others are for `cutover pace`.
pub(crate) const PACES: [Choice; 6] = [
    Choice { key: 'g', says: "gentle: chunks of a few ms, with pauses", is: Kind::Gentle },
    Choice { key: 'f', says: "fast: writers may wait for tens of ms", is: Kind::Fast },
    Choice { key: '1', says: "chunks of about 1 ms", is: Kind::StallMs(1) },
    Choice { key: '2', says: "chunks of about 5 ms", is: Kind::StallMs(5) },
    Choice { key: '3', says: "chunks of about 20 ms", is: Kind::StallMs(20) },
    Choice { key: 'o', says: "own: each command's own options", is: Kind::Own },
];

/// A dialog in words, in view of what is seen.
pub(crate) fn of(dialog: &Dialog, seen: &Snapshot, paste: &Paste) -> Words {
    match dialog {
        Dialog::Confirm { order, phase } => {
            let (title, text) = question(*order, *phase, seen, paste);
            Words { title, text, keys: "y yes   n no" }
        }
        Dialog::Pace => {
            let now = seen.control.pace.as_ref().map_or("at its own pace".to_owned(), steer::pace);
            let mut text = vec![format!("Work runs {now}. From the next chunk on:")];
            text.extend(PACES.iter().map(|choice| format!("{}  {}", choice.key, choice.says)));
            Words { title: "Pace of all work?".into(), text, keys: "Esc cancel" }
        }
        Dialog::Leave { work } => Words {
            title: "Leave?".into(),
            text: vec![format!(
                "{work} is under way in this process. It stops at the end of its chunk; its work \
                 is kept."
            )],
            keys: "y yes   n no",
        },
        Dialog::Answer { outcome, .. } => answer(outcome, paste),
        Dialog::Help => Words {
            title: "Keys".into(),
            text: HELP.iter().map(|&line| line.to_owned()).collect(),
            keys: "any key: close",
        },
    }
}

const HELP: [&str; 12] = [
    "p  pause the work under way        r  resume it",
    "s  set the pace of all work",
    "f  fill the new tables",
    "v  compare every row, both ways",
    "a  go one phase on",
    "b  go one phase back",
    "x  postpone the cutover, or allow it again",
    "",
    "Up, Down, PgUp, PgDn, Home, End   scroll the journal",
    "q, Ctrl-C  quit        Ctrl-Z  suspend until `fg`",
    "",
    "Each command asks first. Pause and pace reach work in any process.",
];

/// What an order would do: a question, and what yes means.
fn question(order: Order, phase: Phase, seen: &Snapshot, paste: &Paste) -> (String, Vec<String>) {
    let here = "It runs in this process, gently; quitting stops it at the end of a chunk.";
    let backfill = seen.backfill;
    let (title, text) = match order {
        Order::Ask(Request::Pause) => (
            "Pause work?".into(),
            vec![
                "It stops at the end of its chunk and keeps what it did; new work waits too. Both \
                 schemas stay in step."
                    .into(),
            ],
        ),
        Order::Ask(Request::Resume) => {
            ("Resume paused work?".into(), vec!["At its earlier pace.".into()])
        }
        Order::Ask(Request::Postpone) => (
            "Postpone the cutover?".into(),
            vec![
                "Going to write-both, write-new or new-only is refused until it is allowed again."
                    .into(),
            ],
        ),
        Order::Ask(Request::Unpostpone) => (
            "Allow the cutover?".into(),
            vec![format!(
                "If {} waits, it switches at once.",
                paste.quoted(&Command::ADVANCE_WHEN_TOLD)
            )],
        ),
        Order::Ask(Request::Pace(_)) => ("Set the pace?".into(), Vec::new()),
        Order::Backfill => (
            "Fill the new tables?".into(),
            vec![format!(
                "{} of {} rows are filled. {here}",
                count(backfill.done),
                count(backfill.total)
            )],
        ),
        Order::Verify => (
            "Compare every row of both schemas, both ways?".into(),
            vec![format!("No table is changed. {here}")],
        ),
        Order::Advance => on(phase, here),
        Order::Rollback => match (phase.previous(), &seen.rollback) {
            (Some(to), Some(forecast)) => {
                (format!("Go back from {phase} to {to}?"), vec![rollback_forecast(forecast)])
            }
            (Some(to), None) => (format!("Go back from {phase} to {to}?"), Vec::new()),
            (None, _) => (format!("Go back from {phase}?"), Vec::new()),
        },
    };
    (title, text)
}

/// What the next phase means.
fn on(phase: Phase, here: &str) -> (String, Vec<String>) {
    let Some(to) = phase.next() else { return (format!("Go on from {phase}?"), Vec::new()) };
    let means = match to {
        Phase::Legacy | Phase::DualWrite => "Both schemas are kept in step.",
        Phase::ReadNew => "The live views read the new tables. Writes still enter the old ones.",
        Phase::WriteBoth => {
            "Every row is verified first, both ways; if anything differs, nothing is changed. Then \
             old and new tables take writes at once."
        }
        Phase::WriteNew => {
            "Every row is verified first, both ways; if anything differs, nothing is changed. Then \
             the new tables take the writes, and the old ones refuse them but stay in step."
        }
        Phase::NewOnly => {
            "Every row is verified first, both ways; if anything differs, nothing is changed. Then \
             the old tables are frozen. A rollback brings them up to date first."
        }
        Phase::Retired => "The old tables are dropped. This cannot be undone.",
    };
    let mut text = vec![means.to_owned()];
    if to.is_gated() && to != Phase::Retired {
        text.push(here.to_owned());
    }
    (format!("Go from {phase} to {to}?"), text)
}

/// What an order came to.
fn answer(outcome: &Outcome, paste: &Paste) -> Words {
    let Outcome { order, ok, message, hint, examples, .. } = outcome;
    let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
    let mut text = lines(message);
    text.extend(lines(&differences(examples)));
    if let Some(hint) = hint {
        text.extend(lines(&format!("hint: {}", paste.fix(hint))));
    }
    let title = if *ok { format!("{order}: done") } else { (*order).to_owned() };
    Words { title, text, keys: "Enter close   Up, Down scroll" }
}
