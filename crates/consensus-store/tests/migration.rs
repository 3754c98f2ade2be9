//! The migration file, executed as it is written: no engine takes part.
//!
//! Every SQLite that may meet the file does the same with it: ours, the `sqlite3`
//! shell, Python's module.

use std::path::{Path, PathBuf};
use std::process::Command;

use consensus_store::sample::{Shape, populate};
use consensus_store::{LEGACY_SCHEMA, MIGRATION};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use tempfile::TempDir;
use testkit::cases::consensus::CASE;
use testkit::compare::{Rows, assert_same, difference};
use testkit::{Running, oracle};

struct Scratch {
    dir: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A database with the old tables.
    fn legacy(&self, name: &str) -> Connection {
        let conn = Connection::open(self.path(name)).unwrap();
        conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
        conn.execute_batch(LEGACY_SCHEMA).unwrap();
        conn
    }

    fn open(&self, name: &str) -> Connection {
        Connection::open(self.path(name)).unwrap()
    }

    fn forward(&self, old: &str, new: &str) {
        oracle::forward(MIGRATION, &self.path(old), &self.path(new));
    }
}

/// Values that programs may have put into `created_at`, the times among them first.
fn created_ats() -> Vec<Value> {
    let times = [
        "2025-01-01 10:00:00",
        "2025-01-01 10:00:00.500",
        "2025-01-01 10:00:00.001",
        "1969-12-31 23:59:59.500",
        "1970-01-01 00:00:00",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59.999",
        "2024-02-29 23:59:59",
    ];
    let others = [
        "2025-01-01 10:00:00.000",
        "2025-01-01 10:00:00.5",
        "2025-01-01 10:00:00.1234",
        "2025-01-01 10:00:00.12 ",
        "2025-01-01 10:00:00 ",
        " 2025-01-01 10:00:00",
        "2025-01-01T10:00:00",
        "2025-01-01 10:00:00Z",
        "2025-01-01 10:00:00+02:00",
        "2025-02-29 10:00:00",
        "2025-02-31 10:00:00.123",
        "2025-13-01 10:00:00",
        "2025-01-01 24:00:00",
        "2025-01-01 23:59:60",
        "2025-01-01 10:00",
        "2025-01-01",
        "10:00:00",
        "-4713-11-24 12:00:00",
        "now",
        "",
        "x",
        "2460000.5x",
        "٢٠٢٥-01-01 10:00:00",
        "2025-01-01 10:00:00.\u{0661}23",
    ];
    let numbers = [
        0,
        5,
        -1,
        1_735_725_645,
        1_735_725_645_123,
        253_402_300_799_999,
        253_402_300_800_000,
        -62_167_219_200_000,
        -62_167_219_200_001,
        1_735_725_645_123_456,
        i64::MAX,
        i64::MIN,
    ];
    let reals = [2_460_735.916_668_981_5, 1_740_823_200.123_456, -0.1, 0.1 + 0.2, -2_460_735.5];
    times
        .into_iter()
        .chain(others)
        .map(|text| Value::Text(text.to_owned()))
        .chain(numbers.map(Value::Integer))
        .chain(reals.map(Value::Real))
        .chain([Value::Null])
        .collect()
}

#[test]
fn a_realistic_store_is_lossless() {
    let scratch = Scratch::new();
    populate(&scratch.legacy("old.db"), 4_500, 1, Shape::Realistic).unwrap();
    oracle::assert_lossless(MIGRATION, CASE.canonical, &scratch.path("old.db"));
}

#[test]
fn a_store_with_every_awkward_kind_is_lossless() {
    for seed in 0..5 {
        let scratch = Scratch::new();
        populate(&scratch.legacy("old.db"), 3_000, seed, Shape::Small).unwrap();
        oracle::assert_lossless(MIGRATION, CASE.canonical, &scratch.path("old.db"));
    }
}

#[test]
fn every_created_at_comes_back() {
    let scratch = Scratch::new();
    let old = scratch.legacy("old.db");
    for (n, created_at) in (0_u32..).zip(created_ats()) {
        old.execute(
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, run_id, created_at)
             VALUES ('s', 'spec-plan', 'a', 'c', ?, ?)",
            params![n, created_at],
        )
        .unwrap();
        old.execute(
            "INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status, run_id, created_at)
             VALUES ('s', 'spec-plan', 'm', 'ok', ?, ?)",
            params![n % 3, created_at],
        )
        .unwrap();
    }
    // Only artifacts can hold these: JSON has no place for them.
    old.execute(
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, created_at) VALUES
         ('s', 'spec-plan', x'00', x'01', x'323032352d30312d30312031303a30303a3030'),
         ('s', 'spec-plan', 'a' || char(0), 'c', '2025-01-01 10:00:00' || char(0) || 'x'),
         ('s', 'spec-plan', 'a', 'c', 9e999)",
        [],
    )
    .unwrap();
    oracle::assert_lossless(MIGRATION, CASE.canonical, &scratch.path("old.db"));

    scratch.forward("old.db", "new.db");
    let new = scratch.open("new.db");
    let of = |column: &str| -> Vec<i64> {
        let sql = format!("SELECT id FROM agent_outputs WHERE {column} IS NOT NULL ORDER BY id");
        new.prepare(&sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    // The eight times, and the five numbers that are beyond the milliseconds of a date.
    assert_eq!(of("output_timestamp"), [1, 2, 3, 4, 5, 6, 7, 8, 39, 41, 42, 43, 44]);
    assert_eq!(
        of("output_timestamp").len() + of("created_at_raw").len() + 1,
        created_ats().len() + 3
    );
}

/// Programs of the new schema may write any number of milliseconds.
#[test]
fn every_millisecond_comes_back() {
    let scratch = Scratch::new();
    scratch.legacy("empty.db");
    scratch.forward("empty.db", "new.db");
    let new = scratch.open("new.db");
    new.execute_batch(
        "INSERT INTO consensus_runs (spec_id, stage) VALUES ('s', 'spec-plan'); BEGIN",
    )
    .unwrap();
    let mut insert = new
        .prepare("INSERT INTO agent_outputs (run_id, agent_name, content, output_timestamp) VALUES (1, 'a', 'c', ?)")
        .unwrap();
    // An odd step visits every millisecond of a second, and seconds of all centuries.
    for n in 0..60_000_i64 {
        insert
            .execute([-62_167_219_200_000 + n * 5_259_492_000_123 / 1_000 % 315_569_520_000_000])
            .unwrap();
        insert.execute([1_735_700_000_000 + n]).unwrap();
    }
    for edge in [
        i64::MIN,
        -62_167_219_200_001,
        -1_000,
        -999,
        -1,
        0,
        1,
        253_402_300_799_999,
        253_402_300_800_000,
        i64::MAX,
    ] {
        insert.execute([edge]).unwrap();
    }
    drop(insert);
    new.execute_batch("COMMIT").unwrap();
    scratch.legacy("back.db");
    oracle::backward(MIGRATION, &scratch.path("new.db"), &scratch.path("back.db"));
    scratch.forward("back.db", "again.db");
    let sql = "SELECT id, output_timestamp, created_at_raw FROM agent_outputs";
    assert_same(
        "agent_outputs",
        Rows { name: "new", conn: &new, sql },
        Rows { name: "forward(backward(new))", conn: &scratch.open("again.db"), sql },
    );
}

#[test]
fn a_run_is_what_the_caller_said_it_is() {
    let scratch = Scratch::new();
    let old = scratch.legacy("old.db");
    old.execute_batch(
        "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, run_id, created_at) VALUES
         ('s', 'spec-plan', 'a', '1', 'r', '2025-01-01 10:00:01'),
         ('s', 'spec-plan', 'b', '2', 'r', '2025-01-01 10:00:00.250'),
         ('s', 'spec-plan', 'a', '3', NULL, '2025-01-01 10:00:00'),
         ('s', 'spec-plan', 'a', '4', '', '2025-01-01 10:00:00'),
         ('s', 'spec-plan', 'a', '5', NULL, NULL),
         ('t', 'spec-plan', 'a', '6', 'r', 'yesterday');
         INSERT INTO consensus_synthesis (id, spec_id, stage, output_markdown, status, degraded, run_id, created_at) VALUES
         (9, 's', 'spec-plan', 'second', 'conflict', 1, 'r', '2025-01-01 09:00:00'),
         (4, 's', 'spec-plan', 'first', 'ok', 0, 'r', '2025-01-01 11:00:00'),
         (7, 'alone', 'spec-plan', 'm', 'ok', NULL, NULL, '2025-01-01 11:00:00.001');",
    )
    .unwrap();
    scratch.forward("old.db", "new.db");
    let new = scratch.open("new.db");
    let runs: Vec<String> = new
        .prepare(
            "SELECT json_array(spec_id, run_label, run_timestamp, consensus_ok, degraded, latest_synthesis_id,
                    (SELECT group_concat(content) FROM (SELECT content FROM agent_outputs o WHERE o.run_id = r.id ORDER BY o.id)),
                    json((SELECT json_group_array(s.value ->> '$.output_markdown') FROM json_each(synthesis_json) s)))
             FROM consensus_runs r ORDER BY spec_id, run_label",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        runs,
        [
            r#"["alone",null,1735729200001,1,null,7,null,["m"]]"#,
            r#"["s",null,1735725600000,null,null,null,"3,5",[]]"#,
            r#"["s","",1735725600000,null,null,null,"4",[]]"#,
            r#"["s","r",1735722000000,0,1,9,"1,2",["first","second"]]"#,
            r#"["t","r",null,null,null,null,"6",[]]"#,
        ]
    );
    let synthesis: String = new
        .query_row("SELECT synthesis_json FROM consensus_runs WHERE spec_id = 'alone'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(
        synthesis,
        r#"[{"id":7,"output_markdown":"m","output_path":null,"status":"ok","artifacts_count":null,"#
            .to_owned()
            + r#""agreements":null,"conflicts":null,"degraded":null,"created_at":"2025-01-01 11:00:00.001"}]"#
    );
}

/// What a program of the new schema asks before it writes a synthesis, and to read the
/// latest: the column is the largest id in the JSON, and neither statement opens any.
#[test]
fn the_latest_synthesis_is_found_without_its_json() {
    let scratch = Scratch::new();
    populate(&scratch.legacy("old.db"), 1_500, 6, Shape::Small).unwrap();
    scratch.forward("old.db", "new.db");
    let new = scratch.open("new.db");
    let one = |sql: &str| -> i64 { new.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert!(one("SELECT count(*) FROM consensus_runs WHERE latest_synthesis_id IS NOT NULL") > 100);
    let wrong = "SELECT count(*) FROM consensus_runs WHERE latest_synthesis_id IS NOT
                   (SELECT max(s.value ->> '$.id') FROM json_each(synthesis_json) s)
                 OR latest_synthesis_id IS NOT synthesis_json ->> '$[#-1].id'";
    assert_eq!(one(wrong), 0);
    let latest = "SELECT max(latest_synthesis_id) FROM consensus_runs";
    new.execute("ATTACH ? AS old", [scratch.path("old.db").to_str()]).unwrap();
    assert_eq!(one(latest), one("SELECT max(id) FROM old.consensus_synthesis"));

    let plan = |sql: &str| -> String {
        new.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3)).unwrap()
    };
    let of_all = plan(latest);
    assert!(of_all.ends_with("COVERING INDEX idx_consensus_runs_latest_synthesis"), "{of_all}");
    let of_one = plan(
        "SELECT id FROM consensus_runs WHERE spec_id = 's' AND stage = 't'
           AND latest_synthesis_id IS NOT NULL ORDER BY latest_synthesis_id DESC LIMIT 1",
    );
    assert!(of_one.ends_with("(spec_id=? AND stage=?)"), "{of_one}");
}

/// There is one run without a label for each spec and stage, and deleting a run takes
/// its outputs along.
#[test]
fn the_new_tables_hold_their_own_rules() {
    let scratch = Scratch::new();
    scratch.legacy("old.db");
    scratch.forward("old.db", "new.db");
    let new = scratch.open("new.db");
    new.execute_batch(
        "INSERT INTO consensus_runs (spec_id, stage) VALUES ('s', 'spec-plan');
         INSERT INTO agent_outputs (run_id, agent_name, content) VALUES (1, 'a', 'c');",
    )
    .unwrap();
    for refused in [
        "INSERT INTO consensus_runs (spec_id, stage) VALUES ('s', 'spec-plan')",
        "INSERT INTO agent_outputs (run_id, agent_name, content) VALUES (2, 'a', 'c')",
        "UPDATE agent_outputs SET output_timestamp = 'soon'",
        "UPDATE agent_outputs SET output_timestamp = 1.5",
        "UPDATE agent_outputs SET output_timestamp = 1, created_at_raw = 'soon'",
    ] {
        assert!(new.execute(refused, []).is_err(), "{refused}");
    }
    new.execute("DELETE FROM consensus_runs", []).unwrap();
    let outputs: i64 =
        new.query_row("SELECT count(*) FROM agent_outputs", [], |row| row.get(0)).unwrap();
    assert_eq!(outputs, 0);
}

/// The derived text does not depend on the plan: another order of rows in the file,
/// other indexes, statistics.
#[test]
fn the_same_rows_give_the_same_runs_whatever_the_plan() {
    let scratch = Scratch::new();
    let old = scratch.legacy("old.db");
    populate(&old, 1_500, 3, Shape::Small).unwrap();
    scratch.forward("old.db", "expected.db");
    let sql = "SELECT spec_id, stage, run_label, run_timestamp, consensus_ok, degraded, latest_synthesis_id, synthesis_json FROM consensus_runs";
    let expected = scratch.open("expected.db");
    let expected = Rows { name: "as it was", conn: &expected, sql };
    for (name, change) in [
        ("without indexes", "DROP INDEX idx_spec_stage; DROP INDEX idx_synthesis_spec_stage"),
        ("with statistics", "ANALYZE"),
        (
            "with an index that runs backwards",
            "CREATE INDEX x ON consensus_synthesis (spec_id, stage, run_id, id DESC)",
        ),
        (
            "with one that covers nothing",
            "CREATE INDEX y ON consensus_synthesis (run_id DESC, created_at)",
        ),
    ] {
        old.execute_batch(change).unwrap();
        let file = name.replace(' ', "-");
        scratch.forward("old.db", &file);
        let found = scratch.open(&file);
        assert_same("consensus_runs", expected, Rows { name, conn: &found, sql });
    }
}

/// What JSON can't hold makes the proof fail: it is never lost without a word.
#[test]
fn what_json_cannot_hold_is_not_lost_silently() {
    for value in [
        "output_markdown = x'00'",
        "created_at = -1e300",
        "created_at = 1e-300",
        "created_at = 9e999",
    ] {
        let scratch = Scratch::new();
        scratch
            .legacy("old.db")
            .execute_batch(&format!(
                "INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status)
                 VALUES ('s', 'spec-plan', 'm', 'ok'); UPDATE consensus_synthesis SET {value}"
            ))
            .unwrap();
        let proof = std::panic::catch_unwind(|| {
            oracle::assert_lossless(MIGRATION, CASE.canonical, &scratch.path("old.db"));
        });
        assert!(proof.is_err(), "{value}");
    }
}

/// The whole way, forward and back, by the SQLite of other programs.
#[test]
fn other_programs_make_the_same_of_it() {
    let scratch = Scratch::new();
    populate(&scratch.legacy("old.db"), 2_000, 4, Shape::Small).unwrap();
    scratch.forward("old.db", "ours.db");
    let shell = |script: &Path| {
        let mut command = Command::new("sqlite3");
        command.args(["-batch", "-bail", ":memory:"]).arg(format!(".read '{}'", script.display()));
        command
    };
    let python = |script: &Path| {
        let mut command = Command::new("python3");
        command
            .args(["-c", "import sqlite3, sys; sqlite3.connect(':memory:', isolation_level=None).executescript(open(sys.argv[1]).read())"])
            .arg(script);
        command
    };
    for (name, program) in [("shell", &shell as &dyn Fn(&Path) -> Command), ("python", &python)] {
        let (new, back) =
            (scratch.path(&format!("{name}-new.db")), scratch.path(&format!("{name}-back.db")));
        drop(scratch.legacy(&format!("{name}-back.db")));
        let script = scratch.path(name);
        let text = oracle::forward_script(MIGRATION, &scratch.path("old.db"), &new)
            + &oracle::backward_script(MIGRATION, &new, &back);
        std::fs::write(&script, text).unwrap();
        let outcome =
            Running::spawn(&mut program(&script)).wait(std::time::Duration::from_secs(60));
        assert_eq!(outcome.exits(0).stderr, "", "{name}");
        oracle::assert_came_back(MIGRATION, &scratch.path("old.db"), &back);
        let (ours, theirs) = (scratch.open("ours.db"), Connection::open(&new).unwrap());
        for (table, sql) in oracle::comparisons(MIGRATION, CASE.canonical) {
            let difference = difference(
                &table,
                Rows { name: "ours", conn: &ours, sql: &sql },
                Rows { name, conn: &theirs, sql: &sql },
            );
            assert_eq!(difference, None);
        }
    }
}
