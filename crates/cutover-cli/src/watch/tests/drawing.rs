//! What is drawn, on a buffer.

use cutover::{Command, Fix};
use cutover::{Phase, Problem, Request};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::sample::{difference, differing, filling, sight, still};
use crate::monitor::runner::{Order, Outcome};
use crate::watch::app::{App, Dialog};
use crate::watch::view::{self, Sight, Theme};

fn buffer(sight: &Sight, app: &App, columns: u16, rows: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(frame, sight, app)).unwrap();
    terminal.backend().buffer().clone()
}

fn drawn(sight: &Sight, app: &App, columns: u16, rows: u16) -> String {
    let buffer = buffer(sight, app, columns, rows);
    let line = |row| {
        let cells = (0..columns).map(|column| buffer[(column, row)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

fn refusal() -> Outcome {
    Outcome {
        order: "advance",
        actor: "mei".into(),
        ok: false,
        message: "going to write-new was refused: 1 row differs".into(),
        hint: Some(Fix::run(Command::Repair)),
        examples: vec![difference()],
    }
}

/// Every dialog there is.
fn dialogs() -> Vec<Dialog> {
    let orders = [
        Order::Ask(Request::Pause),
        Order::Ask(Request::Resume),
        Order::Ask(Request::Postpone),
        Order::Ask(Request::Unpostpone),
        Order::Backfill,
        Order::Verify,
        Order::Advance,
        Order::Rollback,
    ];
    let mut dialogs = vec![
        Dialog::Pace,
        Dialog::Help,
        Dialog::Leave { work: "backfill" },
        Dialog::Answer { outcome: refusal(), scrolled: 0 },
        Dialog::Answer { outcome: refusal(), scrolled: 9 },
    ];
    for phase in Phase::ALL {
        dialogs.extend(orders.map(|order| Dialog::Confirm { order, phase }));
    }
    dialogs
}

fn with(dialog: Dialog) -> App {
    App { dialog: Some(dialog), ..App::default() }
}

#[test]
fn a_backfill_at_80_by_24() {
    insta::assert_snapshot!(drawn(&sight(filling()), &App::default(), 80, 24));
}

#[test]
fn differences_and_a_postponed_cutover_at_80_by_24() {
    insta::assert_snapshot!(drawn(&sight(differing()), &App::default(), 80, 24));
}

#[test]
fn a_gates_answer_at_80_by_24() {
    let app = with(Dialog::Answer { outcome: refusal(), scrolled: 0 });
    insta::assert_snapshot!(drawn(&sight(still(Phase::ReadNew)), &app, 80, 24));
}

#[test]
fn a_question_at_80_by_24() {
    let app = with(Dialog::Confirm { order: Order::Advance, phase: Phase::ReadNew });
    insta::assert_snapshot!(drawn(&sight(still(Phase::ReadNew)), &app, 80, 24));
}

#[test]
fn more_is_shown_at_140_by_50() {
    insta::assert_snapshot!(drawn(&sight(differing()), &App::default(), 140, 50));
}

#[test]
fn less_is_shown_at_40_by_12_and_it_says_what_is_left_out() {
    insta::assert_snapshot!(drawn(&sight(filling()), &App::default(), 40, 12));
}

/// Everything that can go wrong at once, where 24 rows are not enough for it.
#[test]
fn a_failed_look_and_a_changed_schema_are_told() {
    let mut seen = differing();
    seen.drift = vec![Problem {
        line: None,
        column: None,
        reason: "the trigger audit writes to customers".into(),
        fix: Fix::from("drop it, or ").with(Command::ROLLBACK),
    }];
    let mut sight = sight(seen);
    sight.error = Some("reading the status: the database is locked".into());
    let text = drawn(&sight, &App::default(), 80, 24);
    for says in ["the last look failed: reading the status", "the trigger audit writes"] {
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn an_order_of_this_process_is_told_before_it_is_seen() {
    let mut sight = sight(still(Phase::ReadNew));
    sight.under_way = Some("advance");
    let text = drawn(&sight, &App::default(), 80, 24);
    assert!(text.contains("advance is under way in this process; backfill complete"), "{text}");
}

#[test]
fn every_phase_is_named_and_the_present_one_is_in_brackets() {
    for phase in Phase::ALL {
        for columns in [30, 80] {
            let text = drawn(&sight(still(phase)), &App::default(), columns, 24);
            assert!(text.contains(&format!("[{phase}]")), "{text}");
        }
    }
}

#[test]
fn nothing_is_coloured_where_colour_is_not_wanted() {
    let coloured = |buffer: &Buffer| buffer.content.iter().any(|cell| cell.fg != Color::Reset);
    let mut sight = sight(differing());
    assert!(coloured(&buffer(&sight, &App::default(), 80, 24)));
    sight.theme = Theme { colour: false };
    assert!(!coloured(&buffer(&sight, &App::default(), 80, 24)));
    for dialog in dialogs() {
        assert!(!coloured(&buffer(&sight, &with(dialog), 80, 24)));
    }
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let sights = [sight(filling()), sight(differing()), sight(still(Phase::Retired))];
    let sizes = (1..=30).flat_map(|columns| (1..=12).map(move |rows| (columns, rows))).chain([
        (1, 60),
        (200, 1),
        (59, 24),
        (60, 24),
        (80, 5),
        (79, 23),
        (200, 60),
        (500, 200),
    ]);
    for (columns, rows) in sizes {
        for sight in &sights {
            drawn(sight, &App { scrolled: 5, ..App::default() }, columns, rows);
        }
    }
    for (columns, rows) in [(1, 1), (2, 3), (7, 4), (20, 6), (80, 24), (200, 60)] {
        for dialog in dialogs() {
            drawn(&sights[0], &with(dialog), columns, rows);
        }
    }
}

/// A name may be wide, long, or of no width.
#[test]
fn hostile_names_stay_in_their_columns() {
    for name in ["東京".repeat(40), "x".repeat(300), "\u{200b}\u{1b}[31m\n\t".into(), String::new()]
    {
        let mut seen = differing();
        seen.migration.clone_from(&name);
        seen.database.clone_from(&name);
        for table in &mut seen.tables {
            table.table.clone_from(&name);
        }
        for (columns, rows) in [(10, 10), (80, 24), (200, 60)] {
            let text = drawn(&sight(seen.clone()), &App::default(), columns, rows);
            assert!(!text.contains('\u{1b}'), "{text:?}");
            assert!(columns < 80 || text.contains("[write-new]"), "{text}");
        }
    }
}
