//! What is shown.

use super::bench::Bench;
use super::terminal::Screen;

/// The bar of another process's backfill grows, and pausing that from here holds it.
#[test]
fn a_backfill_of_another_process_is_seen_and_paused() {
    let bench = Bench::started(4_000);
    bench.run("pace --stall 1 --rows-per-second 200 --db app.db");
    let backfill = bench.spawn("backfill --db app.db --actor mei");
    let mut screen = bench.watch();
    let text = screen.wait("the work", |text| passed(text).is_some_and(|rows| rows > 0));
    assert!(text.contains(" backfill ─"), "{text}");
    let first = passed(&text).unwrap();
    screen.wait("more rows", |text| passed(text).is_some_and(|rows| rows > first));
    screen.wait("the operator", |text| text.contains("operator  mei on "));
    screen.press("p");
    screen.wait("the question", |text| text.contains("Pause work?"));
    screen.press("y");
    screen.wait("the answer", |text| text.contains("pause: done"));
    screen.press("\r");
    screen.wait("the pause", |text| text.contains("waits     paused"));
    assert_eq!(bench.status()["work"]["waiting"], "paused");
    screen.press("s");
    screen.wait("the paces", |text| text.contains("Pace of all work?"));
    screen.press("f");
    screen.wait("the answer", |text| text.contains("pace: done"));
    screen.press("\r");
    screen.press("r");
    screen.wait("the question", |text| text.contains("Resume paused work?"));
    screen.press("y");
    screen.wait("the end", |text| text.contains("backfill complete"));
    let _ = backfill.wait(std::time::Duration::from_secs(60)).success();
    bench.run("verify --db app.db");
}

/// The rows of the line `1,234 of 4,000, …`.
fn passed(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(" of ") && line.contains("last chunk"))?;
    line.split(" of ").next()?.trim().replace(',', "").parse().ok()
}

#[test]
fn it_takes_every_size_and_comes_back() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    for (columns, rows) in [(40, 12), (20, 5), (3, 2), (1, 1), (200, 60)] {
        screen.resize(columns, rows);
    }
    screen.wait("200 columns", |text| text.lines().any(|line| line.chars().count() > 150));
    screen.resize(50, 10);
    screen.wait("what is left out", |text| text.contains("left out:"));
    screen.resize(80, 24);
    screen.wait("all of it", |text| text.contains("journal") && text.contains("q leave"));
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn there_is_colour_unless_it_is_not_wanted() {
    let bench = Bench::filled(50);
    // Colours are `ESC [ 3x m`, alone or after others.
    let coloured = |raw: &str| {
        raw.split("\u{1b}[")
            .filter_map(|rest| rest.split_once('m'))
            .flat_map(|(codes, _)| codes.split(';'))
            .any(|code| matches!(code, "31" | "32" | "33" | "36" | "38"))
    };
    assert!(coloured(&bench.watch().raw()));
    let plain = bench.watch_with(&[("NO_COLOR", "1")]);
    assert!(!coloured(&plain.raw()), "{:?}", plain.raw());
    assert!(plain.text().contains("[dual-write]"));
}

/// Where nobody watches it is `status`.
#[test]
fn piped_it_is_status() {
    let bench = Bench::filled(50);
    let [watch, status] =
        ["watch", "status"].map(|it| bench.run(&format!("{it} --db app.db")).stdout);
    assert!(!watch.contains('\u{1b}'), "{watch:?}");
    assert_eq!(watch, status);
    let json = bench.run("watch --db app.db --json").json();
    assert_eq!(json["phase"], "dual-write");
}

/// A terminal that can show lines alone gets them.
#[test]
fn on_a_dumb_terminal_it_is_status() {
    let bench = Bench::filled(50);
    let args = ["watch", "--db", "app.db"];
    let mut screen = Screen::open(bench.path(), &args, &[("TERM", "dumb")]);
    assert_eq!(screen.ends(), 0);
    screen.wait("the status", |text| text.contains("backfill  complete"));
    assert!(!screen.raw().contains("[?1049h"), "{:?}", screen.raw());
}

#[test]
fn somebody_else_aborts_and_it_goes_on_and_says_so() {
    let bench = Bench::filled(50);
    let mut screen = bench.watch();
    bench.run("abort --db app.db");
    screen.wait("the end of it", |text| text.contains("[legacy]") || text.contains("look failed"));
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}
