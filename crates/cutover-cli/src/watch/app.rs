//! What keys lead to. Pure: a key and what is seen at that moment give the next state and, at
//! most, one thing to be done.

use std::collections::VecDeque;

use cutover::{Pace, Phase, Request, Snapshot};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::monitor::runner::{Order, Outcome};

/// Lines of the journal that PgUp and PgDn pass.
const PAGE: usize = 10;

/// What is shown besides the panels, and how far the journal is scrolled.
#[derive(Debug, Default)]
pub(crate) struct App {
    /// What lies over the panels.
    pub(crate) dialog: Option<Dialog>,
    /// Answers that came while a dialog was open.
    pub(crate) waiting: VecDeque<Outcome>,
    /// Lines of the journal that are newer than the last one shown.
    pub(crate) scrolled: usize,
}

/// A window over the panels, that takes the keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dialog {
    /// Whether an order is to be given. `phase` is what was seen when it was asked.
    Confirm {
        /// The order.
        order: Order,
        /// The phase in which that was asked.
        phase: Phase,
    },
    /// Which pace.
    Pace,
    /// Whether to leave, though this process works.
    Leave {
        /// At what.
        work: &'static str,
    },
    /// What an order came to.
    Answer {
        /// That.
        outcome: Outcome,
        /// Lines above the window.
        scrolled: u16,
    },
    /// The keys.
    Help,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An order is given.
    Give(Order),
    /// The program ends.
    Leave,
    /// The process is stopped until the shell lets it go on.
    Suspend,
}

/// What a key is pressed in view of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now<'a> {
    /// The last look.
    pub(crate) snapshot: &'a Snapshot,
    /// What this process is at.
    pub(crate) under_way: Option<&'static str>,
    /// Lines of the journal.
    pub(crate) journal: usize,
}

impl App {
    /// A key was pressed.
    pub(crate) fn press(&mut self, key: KeyEvent, now: Now<'_>) -> Option<Effect> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                // Twice means it.
                KeyCode::Char('c') if matches!(self.dialog, Some(Dialog::Leave { .. })) => {
                    Some(Effect::Leave)
                }
                KeyCode::Char('c') => self.leave(now),
                KeyCode::Char('z') => Some(Effect::Suspend),
                _ => None,
            };
        }
        match self.dialog.take() {
            Some(dialog) => {
                let (next, effect) = answer(dialog, key.code, now);
                self.dialog = next;
                self.show_the_next();
                effect
            }
            None => self.command(key.code, now),
        }
    }

    /// An order has come to an end.
    pub(crate) fn answered(&mut self, outcome: Outcome) {
        self.waiting.push_back(outcome);
        self.show_the_next();
    }

    fn show_the_next(&mut self) {
        if self.dialog.is_none() {
            self.dialog =
                self.waiting.pop_front().map(|outcome| Dialog::Answer { outcome, scrolled: 0 });
        }
    }

    fn command(&mut self, key: KeyCode, now: Now<'_>) -> Option<Effect> {
        let KeyCode::Char(letter) = key else {
            self.scroll(key, now.journal);
            return None;
        };
        let order = match letter {
            'p' => Order::Ask(Request::Pause),
            'r' => Order::Ask(Request::Resume),
            'x' if now.snapshot.control.postponed => Order::Ask(Request::Unpostpone),
            'x' => Order::Ask(Request::Postpone),
            'f' => Order::Backfill,
            'v' => Order::Verify,
            'a' => Order::Advance,
            'b' => Order::Rollback,
            's' => {
                self.dialog = Some(Dialog::Pace);
                return None;
            }
            '?' | 'h' => {
                self.dialog = Some(Dialog::Help);
                return None;
            }
            'q' => return self.leave(now),
            'j' | 'k' => {
                let key = if letter == 'j' { KeyCode::Down } else { KeyCode::Up };
                self.scroll(key, now.journal);
                return None;
            }
            _ => return None,
        };
        self.dialog = Some(Dialog::Confirm { order, phase: now.snapshot.phase });
        None
    }

    fn leave(&mut self, now: Now<'_>) -> Option<Effect> {
        let Some(work) = now.under_way else { return Some(Effect::Leave) };
        self.dialog = Some(Dialog::Leave { work });
        None
    }

    fn scroll(&mut self, key: KeyCode, lines: usize) {
        let to = match key {
            KeyCode::Up => self.scrolled + 1,
            KeyCode::Down => self.scrolled.saturating_sub(1),
            KeyCode::PageUp => self.scrolled + PAGE,
            KeyCode::PageDown => self.scrolled.saturating_sub(PAGE),
            KeyCode::Home => lines,
            KeyCode::End => 0,
            _ => return,
        };
        self.scrolled = to.min(lines.saturating_sub(1));
    }
}

/// What a key does in a dialog: the dialog that is then open, and what is to be done.
fn answer(dialog: Dialog, key: KeyCode, now: Now<'_>) -> (Option<Dialog>, Option<Effect>) {
    let closes = matches!(key, KeyCode::Esc | KeyCode::Char('n' | 'q'));
    match dialog {
        _ if closes => (None, None),
        Dialog::Confirm { order, phase } if key == KeyCode::Char('y') => {
            let moved =
                matches!(order, Order::Advance | Order::Rollback) && now.snapshot.phase != phase;
            if moved {
                let outcome = overtaken(order, phase, now.snapshot.phase);
                (Some(Dialog::Answer { outcome, scrolled: 0 }), None)
            } else {
                (None, Some(Effect::Give(order)))
            }
        }
        Dialog::Pace => match paced(key) {
            Some(pace) => (None, Some(Effect::Give(Order::Ask(Request::Pace(pace))))),
            None => (Some(Dialog::Pace), None),
        },
        Dialog::Leave { .. } if key == KeyCode::Char('y') => (None, Some(Effect::Leave)),
        Dialog::Answer { .. } | Dialog::Help if key == KeyCode::Enter => (None, None),
        Dialog::Help => (None, None),
        Dialog::Answer { outcome, scrolled } => {
            let scrolled = match key {
                KeyCode::Down | KeyCode::Char('j') => scrolled.saturating_add(1),
                KeyCode::Up | KeyCode::Char('k') => scrolled.saturating_sub(1),
                _ => scrolled,
            };
            (Some(Dialog::Answer { outcome, scrolled }), None)
        }
        // Enter is not yes: it is pressed too easily.
        open @ (Dialog::Confirm { .. } | Dialog::Leave { .. }) => (Some(open), None),
    }
}

/// The pace a key of the dialog chooses; `None` inside is each command's own.
fn paced(key: KeyCode) -> Option<Option<Pace>> {
    let KeyCode::Char(letter) = key else { return None };
    super::words::PACES.iter().find(|choice| choice.key == letter).map(|choice| choice.pace())
}

/// Somebody else took the migration to another phase while the dialog was open: what was
/// confirmed is no longer what would happen.
fn overtaken(order: Order, then: Phase, now: Phase) -> Outcome {
    Outcome {
        order: order.name(),
        actor: String::new(),
        ok: false,
        message: format!("the phase was {then} when you were asked, and is now {now}"),
        hint: Some("nothing was done; check, and try again".into()),
        examples: Vec::new(),
    }
}
