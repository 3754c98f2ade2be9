//! The whole demo, small.

use std::process::Stdio;

use testkit::program::{Outcome, Signal, signal};

use super::support::Bench;

#[test]
fn it_proves_that_nothing_was_lost() {
    let bench = Bench::empty();
    let ran = bench.run("demo --rows 1000 --json").exits(0);
    let proof = ran.json();
    assert_eq!(proof["ok"], true, "{proof}");
    assert_eq!(proof["lost"], 0);
    assert_ne!(proof["acknowledged"], 0);
    assert_eq!(proof["compared"].as_array().unwrap().len(), 4);
}

/// Asked to stop, it leaves no process and no file behind.
#[test]
fn it_cleans_up_when_it_is_stopped() {
    let bench = Bench::empty();
    let mut demo = bench
        .command("demo --rows 300")
        .env("TMPDIR", bench.dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its first words come once the handler of signals stands.
    let mut stderr = std::io::BufReader::new(demo.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut String::new()).unwrap();
    signal(demo.id(), Signal::TERM);
    let ran = Outcome::ended(demo).exits(1);
    assert_eq!(ran.stdout, "");
    let left: Vec<_> = std::fs::read_dir(bench.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("cutover-demo"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // A child that lived on would hold this pipe open, and this would never end.
    std::io::Read::read_to_end(&mut stderr, &mut Vec::new()).unwrap();
}
