//! Migrations that are wrong in a way that neither the engine's own look at the file nor
//! the proof on the present rows can tell: random writes find them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rusqlite::Connection;

use super::support::Bench;

/// A trigger refuses large bookings with FAIL, which stops the program's statement and takes
/// nothing of it back. While the old tables are the mirror, the new row is there by then.
/// Which rows it refuses only shows when they are written.
const BOOKS: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER);
    CREATE TABLE moves (id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER);
    CREATE TRIGGER limited BEFORE INSERT ON moves WHEN NEW.amount > 7 BEGIN
        SELECT RAISE(FAIL, 'over the limit');
    END;
    INSERT INTO accounts VALUES (1, 'Ada', 10), (2, 'Ben', 20), (3, 'Cy', NULL);
    INSERT INTO moves (account, amount) VALUES (1, 5), (2, 7), (9, 1);";

const LIMITED: &str = "\
CREATE TABLE new.owners (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER);
CREATE TABLE new.transfers (id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER);
INSERT INTO new.owners (id, owner, balance) SELECT id, owner, balance FROM old.accounts;
INSERT INTO new.transfers (id, account, amount) SELECT id, account, amount FROM old.moves;
INSERT INTO old.accounts (id, owner, balance) SELECT id, owner, balance FROM new.owners;
INSERT INTO old.moves (id, account, amount) SELECT id, account, amount FROM new.transfers;
";

/// Right for every row there is, and wrong for the first empty text.
const NO_EMPTY_TEXT: &str = "\
CREATE TABLE new.owners (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, balance INTEGER);
INSERT INTO new.owners (id, owner, balance) SELECT id, coalesce(owner, ''), balance FROM old.accounts;
INSERT INTO old.accounts (id, owner, balance) SELECT id, nullif(owner, ''), balance FROM new.owners;
";

#[test]
fn a_divergence_is_found_and_shrunk_to_a_statement() {
    let bench = Bench::new(BOOKS, LIMITED);
    // Nothing is wrong with the rows as they are; what may be is said.
    let checked = bench.run(&["check", "moved.sql", "--db", "app.db", "--json"]).exits(0).json();
    assert!(checked["notes"].to_string().contains("limited on moves refuses with RAISE(FAIL)"));
    for seed in 1..3 {
        let ran = bench.fuzz("moved.sql".as_ref(), 3_000, seed).exits(3);
        let report = ran.json();
        assert_eq!(report["ok"], false);
        let failure = &report["fuzz"]["failure"];
        assert_eq!(failure["direction"], "backward", "{failure}");
        // The row that the failed statement left, or the image that it lacks.
        let (fault, table) = (&failure["fault"], &failure["difference"]["table"]);
        assert!(
            (fault == "source" && table == "transfers") || (fault == "mirror" && table == "moves"),
            "{failure}"
        );
        let script = failure["script"].as_array().unwrap();
        assert_eq!(script.len(), 3, "two settings and one write: {failure}");
        assert!(script[2].as_str().unwrap().contains("\"transfers\""), "{failure}");
    }
}

/// What is printed is pasted into a shell of another SQLite: the row that should not be
/// there is there, and a verification finds that the mirror goes without it.
#[test]
fn the_script_shows_it_anywhere() {
    let bench = Bench::new(BOOKS, LIMITED);
    let arguments = ["check", "moved.sql", "--db", "app.db", "--fuzz", "3000", "--seed", "1"];
    let ran = bench.run(&arguments).exits(3);
    let script = ran
        .stdout
        .lines()
        .skip_while(|line| !line.contains("sqlite3 fuzz.db"))
        .skip(1)
        .take_while(|line| !line.starts_with("and then:"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut shell = Command::new("sqlite3")
        .args(["-batch", "fuzz.db"])
        .current_dir(bench.dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(format!("{script}\n").as_bytes()).unwrap();
    let said = shell.wait_with_output().unwrap();
    let rows = "SELECT (SELECT count(*) FROM transfers) - (SELECT count(*) FROM moves)";
    let more: i64 = Connection::open(bench.path("fuzz.db"))
        .unwrap()
        .query_row(rows, [], |row| row.get(0))
        .unwrap();
    assert_eq!(more, 1, "{script}\n{said:?}");
    let verified = bench.run(&["verify", "--db", "fuzz.db"]);
    assert_eq!(verified.code, Some(1), "{script}\n{said:?}\n{}", verified.stderr);
    let id = ran.stdout.split_once("transfers where id = ").unwrap().1;
    let (id, _) = id.split_once(": should not be there").unwrap();
    let shown = format!("backward: moves where id = {id}");
    assert!(verified.stdout.contains(&shown), "{shown}\n{}", verified.stdout);
}

#[test]
fn values_that_would_be_lost_are_shown_and_do_not_fail() {
    let bench = Bench::new(BOOKS, NO_EMPTY_TEXT);
    let ran = (1..6)
        .map(|seed| bench.fuzz("moved.sql".as_ref(), 2_000, seed).exits(0).json())
        .find(|ran| ran["fuzz"]["lossy"].as_u64().unwrap() > 0)
        .expect("one of five seeds makes an empty text");
    let fuzz = &ran["fuzz"];
    let difference = &fuzz["loss"]["difference"];
    assert_eq!(difference["table"], "accounts", "{fuzz}");
    assert_eq!(difference["expected"], "NULL", "{fuzz}");
    assert_eq!(difference["found"], "''", "{fuzz}");
}

/// Bookings change balances, by a trigger on a table in between or on a view. While the old
/// tables are the mirror each booking would come with its balance, and be booked again:
/// that is seen without a single write.
#[test]
fn a_trigger_in_between_needs_no_random_writes() {
    for between in [
        "CREATE TABLE queue (account INTEGER, amount INTEGER);
         CREATE TRIGGER booked AFTER INSERT ON queue",
        "CREATE VIEW queue AS SELECT account, amount FROM moves;
         CREATE TRIGGER booked INSTEAD OF INSERT ON queue",
    ] {
        let bench = Bench::new(
            &format!(
                "{BOOKS} DROP TRIGGER limited; {between} BEGIN
                     UPDATE accounts SET balance = balance + NEW.amount WHERE id = NEW.account;
                 END;
                 CREATE TRIGGER moved AFTER INSERT ON moves BEGIN
                     INSERT INTO queue VALUES (NEW.account, NEW.amount);
                 END;"
            ),
            LIMITED,
        );
        let ran = bench.run(&["check", "moved.sql", "--db", "app.db"]).exits(3);
        let reason = "the application's trigger moved on moves, over booked, writes to accounts";
        assert!(ran.stdout.contains(reason), "{}", ran.stdout);
    }
}
