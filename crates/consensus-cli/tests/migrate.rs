//! The migration, and every command before, within and after it.

use serde_json::Value;

use testkit::Outcome;

use super::support::{Bench, STEPS, stages};

/// Everything that the reading commands give, in every form that doesn't depend on the
/// file's size.
fn everything(bench: &Bench) -> Vec<String> {
    let specs = bench.run("specs").exits(0);
    let mut all = vec![bench.export(), bench.run("specs --table").exits(0).stdout];
    for (spec, stage) in stages(&specs.json()) {
        for rest in [&["--all-syntheses"][..], &["--table"], &["--table", "--full"]] {
            let mut show = bench.command("show");
            show.args(["--spec", &spec, "--stage", &stage]).args(rest);
            all.push(Outcome::of(show.output().unwrap()).exits(0).stdout);
        }
    }
    let stats = bench.run("stats").exits(0).json();
    all.extend(["artifacts", "syntheses", "runs", "specs"].map(|key| stats[key].to_string()));
    all.push(specs.stdout);
    all
}

/// What a caller reads is the same in every phase; what it writes is there in the next.
#[test]
fn a_caller_learns_of_no_phase() {
    let bench = Bench::legacy();
    let mut before = everything(&bench);
    for (n, step) in STEPS.into_iter().enumerate() {
        bench.run(step).exits(0);
        assert_eq!(everything(&bench), before, "{step}");
        bench.put("S-new", "claude", &format!("{{\"n\": {n}}}")).exits(0);
        let put = format!("put synthesis --spec S-new --stage spec-plan --status ok --run-id r{n}");
        bench.run_with(&put, b"# text").exits(0);
        let shown = bench.run("show --spec S-new --stage spec-plan").exits(0).json();
        assert_eq!(shown["artifacts"].as_array().unwrap().len(), n + 1, "{step}");
        assert_eq!(shown["synthesis"]["run_id"], format!("r{n}"), "{step}");
        before = everything(&bench);
    }
    let tables = "SELECT count(*) FROM sqlite_schema \
                  WHERE type <> 'view' AND name LIKE 'consensus_artifacts%'";
    assert_eq!(bench.number(tables), 0);
    // Forgotten, it is a store that this program might have made.
    bench.run("migrate forget").exits(0);
    assert_eq!(everything(&bench), before);
    assert_eq!(bench.number("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%cutover%'"), 0);
    assert_eq!(
        bench.number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'consensus_artifacts%'"),
        0
    );
    bench.put("S-late", "claude", "{}").exits(0);
    bench.run("migrate status").exits(5);
}

/// What a program of the seed's time does at each start, in Python and in the shell. The error
/// of the last statement it ignores.
const STARTS: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS consensus_artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, \
     spec_id TEXT NOT NULL, stage TEXT NOT NULL, agent_name TEXT NOT NULL, content_json TEXT NOT NULL, \
     response_text TEXT, run_id TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX IF NOT EXISTS idx_spec_stage ON consensus_artifacts(spec_id, stage)",
    "CREATE TABLE IF NOT EXISTS consensus_synthesis (id INTEGER PRIMARY KEY AUTOINCREMENT, \
     spec_id TEXT NOT NULL, stage TEXT NOT NULL, output_markdown TEXT NOT NULL, output_path TEXT, \
     status TEXT NOT NULL, artifacts_count INTEGER, agreements TEXT, conflicts TEXT, \
     degraded BOOLEAN DEFAULT 0, run_id TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX IF NOT EXISTS idx_synthesis_spec_stage ON consensus_synthesis(spec_id, stage)",
    "CREATE TABLE IF NOT EXISTS agent_executions (agent_id TEXT PRIMARY KEY, spec_id TEXT)",
    "CREATE INDEX IF NOT EXISTS idx_agent_spec ON agent_executions(spec_id)",
    "ALTER TABLE agent_executions ADD COLUMN run_id TEXT",
];

const PYTHON: &str = "
import json, sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
for sql in json.load(sys.stdin):
    try: conn.execute(sql); print('done')
    except sqlite3.Error as error: print(error)
";

/// Runs statements as an old program; gives what came of each.
fn old_program(bench: &Bench, statements: &[&str]) -> Vec<String> {
    let mut python = std::process::Command::new("python3");
    python.args(["-c", PYTHON]).arg(bench.path("store.db"));
    let ran = super::support::given(&mut python, &serde_json::to_vec(statements).unwrap());
    ran.exits(0).stdout.lines().map(str::to_owned).collect()
}

#[test]
fn an_old_program_starts_in_every_phase_and_after() {
    let bench = Bench::legacy();
    for step in STEPS {
        bench.run(step).exits(0);
        let before = everything(&bench);
        let retired = bench.phase() == "retired";
        for (number, outcome) in old_program(&bench, &STARTS).iter().enumerate() {
            // It works, or fails loudly.
            match number {
                1 | 3 if retired => assert_eq!(outcome, "views may not be indexed"),
                6 => assert!(outcome == "done" || outcome.contains("duplicate"), "{outcome}"),
                _ => assert_eq!(outcome, "done", "{step}: {}", STARTS[number]),
            }
        }
        assert_eq!(everything(&bench), before, "{step}");
    }
    let rows = "SELECT count(*) FROM consensus_artifacts";
    assert_eq!(bench.number(rows), bench.number("SELECT count(*) FROM agent_outputs"));
    let said = old_program(
        &bench,
        &[
            "INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json) \
             VALUES ('S', 'spec-plan', 'a', '{}')",
            "DELETE FROM consensus_artifacts",
            "UPDATE consensus_synthesis SET status = 'ok'",
            "INSERT OR REPLACE INTO consensus_synthesis (id, spec_id, stage, output_markdown, status) \
             VALUES (1, 'S', 'spec-plan', '', 'ok')",
        ],
    );
    for (outcome, new) in
        said.iter().zip(["agent_outputs", "agent_outputs", "consensus_runs", "consensus_runs"])
    {
        assert!(outcome.contains("migration normalize-consensus went to retired at"), "{outcome}");
        assert!(outcome.contains(new), "{outcome}");
    }
    // The store itself opens such a file, and writes to it.
    bench.put("S-late", "claude", "{}").exits(0);
    old_program(&bench, &STARTS);
    bench.run("migrate forget").exits(0);
    bench.put("S-later", "claude", "{}").exits(0);
}

/// The same commands as `cutover` has, on a store whose migration needs no naming.
#[test]
fn the_suggested_commands_lead_from_check_to_retired() {
    let bench = Bench::legacy();
    let mut line = "migrate check --db store.db".to_owned();
    let mut typed = Vec::new();
    while typed.len() < 12 {
        let ran = Outcome::of(bench.bare(&line).output().unwrap()).exits(0);
        typed.push(line);
        match ran.suggested("consensus").last() {
            Some(next) => line = next.clone(),
            None => break,
        }
    }
    assert_eq!(
        typed,
        [
            "migrate check --db store.db",
            "migrate start --db store.db",
            "migrate advance --db store.db",
            "migrate advance --to write-both --db store.db",
            "migrate advance --db store.db",
            "migrate advance --db store.db",
            "migrate advance --to retired --yes --backup before-retire.db --db store.db",
        ]
    );
    assert!(bench.path("before-retire.db").exists());
}

/// Each of the migration's commands, and that each gives JSON.
#[test]
fn every_command_of_the_migration_works() {
    let bench = Bench::legacy();
    let before = bench.export();
    let plan = bench.run("migrate plan").exits(0).stdout;
    assert!(plan.starts_with("-- normalize-consensus: "), "{plan}");
    for line in [
        "migrate check",
        "migrate plan",
        "migrate start --no-backfill --actor alice",
        "migrate backfill --fast",
        "migrate verify",
        "migrate repair",
        "migrate advance --to new-only",
        "migrate rollback --to dual-write",
        "migrate status",
        "migrate history",
    ] {
        let ran = bench.run(&format!("{line} --json")).exits(0);
        ran.json();
        assert_eq!(bench.export(), before, "{line}");
    }
    let history = bench.run("migrate history").exits(0).stdout;
    assert!(history.contains("alice") && history.contains("tester"), "{history}");
    let status = bench.run("migrate status").exits(0).stdout;
    assert!(status.contains("[dual-write]"), "{status}");
    assert!(status.contains("consensus migrate advance --db store.db"), "{status}");
    bench.run("migrate abort --json").exits(0).json();
    bench.run("migrate start").exits(0);
    let abort = bench.run("migrate abort").exits(0);
    assert_eq!(abort.suggested("consensus"), ["migrate start --db store.db"], "{}", abort.stdout);
    assert_eq!(bench.export(), before);
}

/// Hints are spelled so that they can be pasted.
#[test]
fn refusals_suggest_commands_of_this_program() {
    let bench = Bench::legacy();
    let ran = bench.run("migrate status").exits(5);
    assert!(ran.stderr.contains("consensus migrate start --db store.db`"), "{}", ran.stderr);
    bench.run("migrate start --no-backfill").exits(0);
    for (line, says) in [
        ("migrate rollback", "consensus migrate abort --db store.db"),
        ("migrate advance --to write-new", "consensus migrate backfill --db store.db"),
    ] {
        let ran = bench.run(line).exits(3);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
        assert!(!ran.stderr.contains("`cutover"), "{line}: {}", ran.stderr);
    }
    bench.run("migrate backfill").exits(0);
    bench.run("migrate advance --to new-only").exits(0);
    let ran = bench.run("migrate advance --to retired").exits(3);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(bench.phase(), "new-only");
}

/// A store that this program made has had the new tables from its beginning.
#[test]
fn a_fresh_store_has_nothing_to_migrate() {
    let bench = Bench::fresh();
    for command in ["check", "plan", "start", "backfill", "verify", "advance", "status", "history"]
    {
        let ran = bench.run(&format!("migrate {command}")).exits(5);
        assert!(ran.stderr.contains("nothing to migrate"), "{command}: {}", ran.stderr);
    }
    let tables: Vec<String> = bench
        .open()
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(tables, ["agent_outputs", "consensus_runs"]);
}

/// Retired, the store is as one that this program made: the rest of the commands works.
#[test]
fn a_retired_store_is_a_store_like_any_other() {
    let bench = Bench::legacy();
    for step in STEPS {
        bench.run(step).exits(0);
    }
    let status: Value = bench.run("migrate status --json").exits(0).json();
    assert_eq!(status["phase"], "retired");
    let put = "put artifact --spec S-1 --stage spec-plan --agent a --model m";
    let id = bench.run(put).exits(0).number();
    let model =
        format!("SELECT count(*) FROM agent_outputs WHERE id = {id} AND model_version = 'm'");
    assert_eq!(bench.number(&model), 1);
    bench.run("prune --older-than 1d --vacuum").exits(0);
    bench.run("delete --spec S-1 --yes").exits(0);
    bench.run("compact --full").exits(0);
    let exported = bench.export();
    let copy = Bench::empty();
    copy.run_with("import", exported.as_bytes()).exits(0);
    assert_eq!(copy.export(), exported);
    for command in ["rollback", "abort", "advance"] {
        bench.run(&format!("migrate {command}")).exits(3);
    }
}
