//! The terminal is given back, however the program ends.

use rustix::process::Signal;

use super::bench::Bench;

#[test]
fn q_and_ctrl_c_leave_and_give_the_terminal_back() {
    let bench = Bench::filled(50);
    for keys in ["q", "\u{3}"] {
        let mut screen = bench.watch();
        // Proves that the assertion below could fail.
        assert!(screen.is_taken());
        assert!(!screen.is_given_back());
        screen.press(keys);
        assert_eq!(screen.ends(), 0);
        screen.until("the terminal", || screen.is_given_back());
    }
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    let bench = Bench::filled(50);
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut screen = bench.watch();
        assert!(screen.is_taken());
        screen.signal(signal);
        assert_eq!(screen.ends(), 0);
        screen.until("the terminal", || screen.is_given_back());
    }
}

/// Closing the window ends it, and the work in it at the end of a chunk.
#[test]
fn it_does_not_outlive_its_terminal() {
    for working in [false, true] {
        let bench = Bench::started(3_000);
        bench.run("pace --stall 1 --rows-per-second 200 --db app.db");
        let mut screen = bench.watch();
        if working {
            screen.press("f");
            screen.wait("the question", |text| text.contains("Fill the new tables?"));
            screen.press("y");
            screen.wait("the backfill", |text| text.contains("running backfill"));
        }
        screen.hang_up();
        screen.ends();
        assert!(bench.status()["lease"].is_null());
    }
}

/// By the key, by the signal that the key stands for, and by the one that nobody hears of.
#[test]
#[cfg(target_os = "linux")]
fn stopped_it_gives_the_terminal_back_and_takes_it_again() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    for how in ["the key", "the signal"] {
        match how {
            "the key" => screen.press("\u{1a}"),
            _ => screen.signal(Signal::TSTP),
        }
        screen.until(how, || screen.state() == 'T' && screen.is_given_back());
        screen.signal(Signal::CONT);
        screen.until("the terminal again", || screen.is_taken());
        screen.wait("the panels again", |text| text.contains("gates"));
    }
    screen.signal(Signal::STOP);
    screen.until("the stop", || screen.state() == 'T');
    screen.signal(Signal::CONT);
    screen.press("?");
    screen.wait("the keys", |text| text.contains("scroll the journal"));
    screen.press("\u{1b}");
    screen.wait("the panels", |text| !text.contains("scroll the journal"));
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    screen.until("the terminal", || screen.is_given_back());
}

/// Work of this process stops at the end of its chunk, also where it is paused, and lets the
/// lease go.
#[test]
fn a_signal_during_work_loses_nothing() {
    for paused in [false, true] {
        let bench = Bench::started(3_000);
        bench.run("pace --stall 1 --rows-per-second 200 --db app.db");
        let mut screen = bench.watch();
        screen.press("f");
        screen.wait("the question", |text| text.contains("Fill the new tables?"));
        screen.press("y");
        screen.wait("the backfill", |text| text.contains("running backfill"));
        if paused {
            bench.run("pause --db app.db");
            screen.wait("the pause", |text| text.contains("waits     paused"));
        }
        screen.signal(Signal::TERM);
        assert_eq!(screen.ends(), 0);
        screen.until("the terminal", || screen.is_given_back());
        let text = screen.wait("what was done", |text| text.contains("stopping at the end"));
        assert!(text.contains("Ctrl-C to stop at once"), "{text}");
        let status = bench.status();
        assert!(status["lease"].is_null(), "{status}");
        bench.run("pace --own --db app.db");
        bench.run("resume --db app.db");
        bench.run("backfill --db app.db");
        bench.run("verify --db app.db");
    }
}

/// Work of this process is asked about, and what it did stays done.
#[test]
fn leaving_during_work_asks_and_loses_nothing() {
    let bench = Bench::started(3_000);
    bench.run("pace --stall 1 --rows-per-second 200 --db app.db");
    let mut screen = bench.watch();
    screen.press("f");
    screen.wait("the question", |text| text.contains("Fill the new tables?"));
    screen.press("y");
    screen.wait("the backfill", |text| text.contains("running backfill"));
    screen.press("q");
    screen.wait("the question", |text| text.contains("backfill is under way in this process"));
    screen.press("n");
    screen.wait("the panels", |text| !text.contains("under way in this process"));
    screen.press("q");
    screen.wait("the question again", |text| text.contains("under way in this process"));
    screen.press("y");
    assert_eq!(screen.ends(), 0);
    screen.until("the terminal", || screen.is_given_back());
    let status = bench.status();
    assert!(status["lease"].is_null(), "{status}");
    assert_eq!(status["backfill"]["complete"], false);

    bench.run("pace --own --db app.db");
    bench.run("backfill --db app.db");
    assert_eq!(bench.status()["backfill"]["complete"], true);
    bench.run("verify --db app.db");
}
