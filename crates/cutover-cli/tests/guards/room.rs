//! A disk without room: refused before anything is changed, with what is needed and what
//! there is.
//!
//! How much has to stay free is an option of the engine's, so that any machine's disk can be
//! too small: these tests ask for more than there is, or for all but a little.

use cutover::{AdvanceOptions, Engine, Error, Migration, Options, Phase, Silent, StartOptions};
use serde_json::Value;

use super::bench::{Bench, MIGRATION, ends};

#[test]
fn a_start_that_does_not_fit_changes_nothing() {
    for journal in ["WAL", "DELETE"] {
        let bench = Bench::new(&format!("PRAGMA journal_mode = {journal}"), 2_000, 100);
        let before = (bench.dump(), bench.files());
        for command in ["check", "start"] {
            let line = format!("{command} split.sql --db app.db");
            // The scratch directory is on the same disk, or on another: neither has 1000 TiB.
            let ran = ends(3, bench.command(&line).env("CUTOVER_KEEP_FREE", "1000T"));
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert!(told.contains(" free and 1099511627776000 must stay free"), "{told}");
            assert!(told.contains("free some space"), "{told}");
            assert_eq!((bench.dump(), bench.files()), before, "{line}");
        }
        ends(0, bench.command("start split.sql --db app.db").env("CUTOVER_KEEP_FREE", "1K"));
        ends(5, bench.command("status --db app.db").env("CUTOVER_KEEP_FREE", "much"));
    }
}

#[test]
fn a_disk_that_runs_full_meanwhile_stops_the_backfill_and_loses_nothing() {
    for journal in ["WAL", "DELETE"] {
        let bench = Bench::new(&format!("PRAGMA journal_mode = {journal}"), 2_000, 100);
        bench.exits(0, "start split.sql --no-backfill --db app.db");
        let mut backfill = bench.command("backfill --db app.db");
        let ran = ends(1, backfill.env("CUTOVER_KEEP_FREE", "1000T"));
        assert!(ran.stderr.contains("must stay free"), "{journal}: {}", ran.stderr);
        let done = bench.json("status --db app.db")["backfill"].take();
        assert_eq!(done["complete"], false);
        assert!(done["done"].as_u64().unwrap() < 2_000, "a chunk at most: {done}");
        bench.exits(0, "backfill --db app.db");
        bench.exits(0, "verify --db app.db");
    }
}

/// What `check` expects, with nothing that has to stay free.
fn forecast(bench: &Bench) -> Value {
    let mut command = bench.command("check split.sql --db app.db --json");
    ends(0, command.env("CUTOVER_KEEP_FREE", "0")).json()["forecast"].take()
}

#[test]
fn the_need_is_what_the_migration_takes() {
    let bench = Bench::new("PRAGMA journal_mode = WAL", 20_000, 200);
    let forecast = forecast(&bench);
    let number = |key: &str| forecast[key].as_u64().unwrap_or_else(|| panic!("{key}: {forecast}"));
    assert!(number("free_bytes") > number("needed_bytes"));
    assert!(number("scratch_bytes") > 0);
    let size = || bench.db().metadata().unwrap().len();
    bench.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let before = size();
    bench.exits(0, "start split.sql --db app.db");
    bench.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    let took = size() - before;
    assert!(took <= number("needed_bytes"), "{took} bytes, and {forecast} was expected");
    assert!(took >= number("disk_bytes") / 2, "{took} bytes, and {forecast} was expected");
}

#[test]
fn pages_that_are_free_in_the_database_count() {
    let bench = Bench::new("PRAGMA journal_mode = WAL", 20_000, 200);
    let whole = forecast(&bench)["needed_bytes"].as_u64().unwrap();
    bench.sql("CREATE TABLE gone AS SELECT * FROM notes; DROP TABLE gone");
    let less = forecast(&bench)["needed_bytes"].as_u64().unwrap();
    assert!(less < whole - 4_000_000, "{less} of {whole}");
}

fn engine(bench: &Bench, keep_free_bytes: u64) -> Engine {
    let mut options = Options::default();
    options.keep_free_bytes = keep_free_bytes;
    // What the proof needs is looked at as it grows, which is not asked about here.
    options.scratch_dir = Some("/dev/shm".into()).filter(|dir: &std::path::PathBuf| dir.is_dir());
    Engine::open(&bench.db(), options).unwrap()
}

#[test]
fn a_backfill_stops_before_the_disk_is_full_and_goes_on() {
    let bench = Bench::new("PRAGMA journal_mode = WAL", 30_000, 100);
    let migration = Migration::parse("split", MIGRATION).unwrap();
    let later = StartOptions { no_backfill: true, ..Default::default() };
    engine(&bench, 0).start(&migration, later, &mut Silent).unwrap();
    let error =
        engine(&bench, u64::MAX).backfill("split", cutover::Pace::Gentle, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error}");
    assert!(error.hint().is_some());
    let status = engine(&bench, 0).snapshot("split").unwrap();
    assert!(!status.backfill.complete && status.backfill.done > 0, "the work done so far is kept");
    assert!(status.lease.is_none());
    engine(&bench, 0).backfill("split", cutover::Pace::Gentle, &mut Silent).unwrap();
    assert!(engine(&bench, 0).verify("split", cutover::Pace::Fast, &mut Silent).unwrap().ok);
}

#[test]
fn a_backup_that_does_not_fit_is_not_begun() {
    let bench = Bench::small();
    let migration = Migration::parse("split", MIGRATION).unwrap();
    engine(&bench, 0).start(&migration, StartOptions::default(), &mut Silent).unwrap();
    let to = |phase| AdvanceOptions { to: Some(phase), ..Default::default() };
    engine(&bench, 0).advance("split", &to(Phase::NewOnly), &mut Silent).unwrap();
    let mut retire = to(Phase::Retired);
    retire.confirmed = true;
    retire.backup = Some(bench.path("copy.db"));
    let error = engine(&bench, u64::MAX).advance("split", &retire, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(!bench.path("copy.db").exists());
    assert_eq!(engine(&bench, 0).snapshot("split").unwrap().phase, Phase::NewOnly);
    let report = engine(&bench, 0).advance("split", &retire, &mut Silent).unwrap();
    assert!(report.space.unwrap().unused_bytes > 0);
    let copied = rusqlite::Connection::open(bench.path("copy.db")).unwrap();
    let notes: i64 = copied.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 20);
}
