//! What keys lead to.

use cutover::{Pace, Phase, Request, Snapshot};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::sample::{differing, filling, still};
use crate::monitor::runner::{Order, Outcome};
use crate::watch::app::{App, Dialog, Effect, Now};

fn key(app: &mut App, code: KeyCode, seen: &Snapshot) -> Option<Effect> {
    let now = Now { snapshot: seen, under_way: None, journal: 30 };
    app.press(KeyEvent::from(code), now)
}

fn letter(app: &mut App, letter: char, seen: &Snapshot) -> Option<Effect> {
    key(app, KeyCode::Char(letter), seen)
}

fn outcome(order: &'static str) -> Outcome {
    Outcome {
        order,
        actor: "mei".into(),
        ok: true,
        message: String::new(),
        hint: None,
        examples: Vec::new(),
    }
}

const ORDERS: [(char, Order); 7] = [
    ('p', Order::Ask(Request::Pause)),
    ('r', Order::Ask(Request::Resume)),
    ('x', Order::Ask(Request::Postpone)),
    ('f', Order::Backfill),
    ('v', Order::Verify),
    ('a', Order::Advance),
    ('b', Order::Rollback),
];

#[test]
fn no_order_is_given_without_yes() {
    let seen = still(Phase::ReadNew);
    for (asks, order) in ORDERS {
        let mut app = App::default();
        assert_eq!(letter(&mut app, asks, &seen), None);
        // Neither Enter nor the key once more nor another one is yes.
        for code in [KeyCode::Enter, KeyCode::Char(asks), KeyCode::Char('z'), KeyCode::Tab] {
            assert_eq!(key(&mut app, code, &seen), None);
            assert_eq!(app.dialog, Some(Dialog::Confirm { order, phase: Phase::ReadNew }));
        }
        assert_eq!(letter(&mut app, 'y', &seen), Some(Effect::Give(order)));
        assert_eq!(app.dialog, None);
    }
}

#[test]
fn no_and_escape_close_every_dialog() {
    let seen = still(Phase::ReadNew);
    for asks in ['p', 'r', 's', 'x', 'f', 'v', 'a', 'b', '?'] {
        for closes in [KeyCode::Esc, KeyCode::Char('n'), KeyCode::Char('q')] {
            let mut app = App::default();
            letter(&mut app, asks, &seen);
            assert!(app.dialog.is_some());
            assert_eq!(key(&mut app, closes, &seen), None);
            assert_eq!(app.dialog, None);
        }
    }
}

#[test]
fn x_takes_back_what_was_postponed() {
    let mut app = App::default();
    letter(&mut app, 'x', &differing());
    let order = Order::Ask(Request::Unpostpone);
    assert_eq!(letter(&mut app, 'y', &differing()), Some(Effect::Give(order)));
}

/// What was confirmed is not what would happen any more.
#[test]
fn a_step_is_not_taken_from_another_phase_than_the_one_asked_about() {
    for asks in ['a', 'b'] {
        let mut app = App::default();
        letter(&mut app, asks, &still(Phase::ReadNew));
        assert_eq!(letter(&mut app, 'y', &still(Phase::WriteNew)), None);
        let Some(Dialog::Answer { outcome, .. }) = &app.dialog else { unreachable!() };
        assert!(!outcome.ok);
        assert!(outcome.message.contains("is now write-new"), "{}", outcome.message);
    }
    // What is the same in every phase still is.
    let mut app = App::default();
    letter(&mut app, 'v', &still(Phase::ReadNew));
    let given = letter(&mut app, 'y', &still(Phase::WriteNew));
    assert_eq!(given, Some(Effect::Give(Order::Verify)));
}

#[test]
fn a_pace_is_chosen_by_its_key() {
    let seen = filling();
    for (choice, pace) in [('g', Some(Pace::Gentle)), ('f', Some(Pace::Fast)), ('o', None)] {
        let mut app = App::default();
        letter(&mut app, 's', &seen);
        assert_eq!(letter(&mut app, 'z', &seen), None);
        let order = Order::Ask(Request::Pace(pace));
        assert_eq!(letter(&mut app, choice, &seen), Some(Effect::Give(order)));
    }
}

#[test]
fn answers_wait_for_an_open_dialog_and_none_is_lost() {
    let seen = filling();
    let mut app = App::default();
    letter(&mut app, 'p', &seen);
    app.answered(outcome("verify"));
    app.answered(outcome("pause"));
    assert!(matches!(app.dialog, Some(Dialog::Confirm { .. })));
    for expected in ["verify", "pause"] {
        key(&mut app, KeyCode::Esc, &seen);
        let Some(Dialog::Answer { outcome, .. }) = &app.dialog else { unreachable!() };
        assert_eq!(outcome.order, expected);
    }
    key(&mut app, KeyCode::Enter, &seen);
    assert_eq!(app.dialog, None);
}

#[test]
fn leaving_asks_only_while_this_process_works() {
    let seen = filling();
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for leaves in [KeyEvent::from(KeyCode::Char('q')), ctrl_c] {
        let idle = Now { snapshot: &seen, under_way: None, journal: 0 };
        assert_eq!(App::default().press(leaves, idle), Some(Effect::Leave));
        let busy = Now { under_way: Some("verify"), ..idle };
        let mut app = App::default();
        assert_eq!(app.press(leaves, busy), None);
        assert_eq!(app.dialog, Some(Dialog::Leave { work: "verify" }));
        // Ctrl-C twice means it.
        assert_eq!(app.press(ctrl_c, busy), Some(Effect::Leave));
        let mut app = App { dialog: Some(Dialog::Leave { work: "verify" }), ..App::default() };
        assert_eq!(letter(&mut app, 'y', &seen), Some(Effect::Leave));
    }
    // Also from a dialog: nobody is to be caught in one.
    let mut app = App { dialog: Some(Dialog::Help), ..App::default() };
    let idle = Now { snapshot: &seen, under_way: None, journal: 0 };
    assert_eq!(app.press(ctrl_c, idle), Some(Effect::Leave));
}

#[test]
fn the_journal_is_scrolled_within_its_ends() {
    let seen = filling();
    let mut app = App::default();
    for (code, at) in [
        (KeyCode::Down, 0),
        (KeyCode::Up, 1),
        (KeyCode::PageUp, 11),
        (KeyCode::Home, 29),
        (KeyCode::PageUp, 29),
        (KeyCode::PageDown, 19),
        (KeyCode::Char('j'), 18),
        (KeyCode::Char('k'), 19),
        (KeyCode::End, 0),
    ] {
        assert_eq!(key(&mut app, code, &seen), None);
        assert_eq!(app.scrolled, at, "{code:?}");
    }
}
