//! The consensus store: its own migration, and agents that go on writing.

use consensus_store::sample::{Shape, populate as sample};
use rusqlite::Connection;

use crate::case::{Canonical, Case};
use crate::workload::{Template, Workload};

/// `consensus_artifacts`, `consensus_synthesis` → `consensus_runs`, `agent_outputs`
pub const CASE: Case = Case {
    name: "consensus",
    schema: consensus_store::LEGACY_SCHEMA,
    populate,
    migration_name: consensus_store::MIGRATION_NAME,
    migration: consensus_store::MIGRATION,
    old_tables: &["consensus_artifacts", "consensus_synthesis"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[Canonical {
        table: "agent_outputs",
        sql:
            "SELECT o.id, r.spec_id, r.stage, r.run_label, o.agent_name, o.content, o.response_text,
                     o.output_timestamp, o.created_at_raw
              FROM agent_outputs o LEFT JOIN consensus_runs r ON r.id = o.run_id",
    }],
};

const OLD: &[Template] = &[
    // The program leaves the id to SQLite, and stays in a run that is there.
    Template::with_twin(
        10,
        &["INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
           SELECT spec_id, stage, {g=word}, {c=text}, {r=text?}, run_id, {t=time?}
           FROM consensus_artifacts WHERE id = {i=pick:consensus_artifacts.id}"],
        &["INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
           SELECT {rowid}, spec_id, stage, {g}, {c}, {r}, run_id, {t}
           FROM consensus_artifacts WHERE id = {i}"],
    ),
    // A run of its own, or the one without a run id.
    Template::with_twin(
        6,
        &["INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
           VALUES ({s=pick:consensus_artifacts.spec_id}, {st=one:'spec-plan'|'spec-tasks'|'new'}, {g=word}, {c=text}, {r=text?}, {n=text?},
                   {t=one:'2025-06-01 12:00:00'|'2025-06-01 12:00:00.250'|'soon'|1750000000|1750000000.123456|NULL})"],
        &["INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
           VALUES ({rowid}, {s}, {st}, {g}, {c}, {r}, {n}, {t})"],
    ),
    Template::with_twin(
        6,
        &["INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status, artifacts_count, degraded, run_id, created_at)
           SELECT spec_id, stage, {m=text}, {u=one:'ok'|'ok'|'conflict'}, {a=int:0..9}, {d=one:0|1|NULL|'maybe'}, run_id,
                  {t=one:'2025-06-01 12:00:00'|'2025-06-01 12:00:00.250'|'soon'|1750000000.123456|NULL}
           FROM consensus_artifacts WHERE id = {i=pick:consensus_artifacts.id}"],
        &["INSERT INTO consensus_synthesis (id, spec_id, stage, output_markdown, status, artifacts_count, degraded, run_id, created_at)
           SELECT {rowid}, spec_id, stage, {m}, {u}, {a}, {d}, run_id, {t}
           FROM consensus_artifacts WHERE id = {i}"],
    ),
    Template::old(
        2,
        &["INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, run_id, created_at) VALUES
           ({a=fresh:consensus_artifacts.id}, {s=word}, 'spec-plan', 'x', {text}, {r=word?}, {t=time}),
           ({a} + 1, {s}, 'spec-plan', 'y', {text}, {r}, {t}),
           ({a} + 2, {s}, 'spec-audit', 'y', {text}, {r}, {t})"],
    ),
    Template::old(
        3,
        &["REPLACE INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, run_id, created_at)
           VALUES ({pick:consensus_artifacts.id}, {pick:consensus_artifacts.spec_id}, 'spec-plan', 'r', {text}, {pick:consensus_artifacts.run_id}, {time})"],
    ),
    Template::old(
        2,
        &["REPLACE INTO consensus_synthesis (id, spec_id, stage, output_markdown, status, run_id, created_at)
           VALUES ({pick:consensus_synthesis.id}, {pick:consensus_synthesis.spec_id}, 'spec-plan', {text}, 'ok', {pick:consensus_synthesis.run_id}, {time})"],
    ),
    Template::old(
        2,
        &["INSERT OR IGNORE INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, created_at)
           VALUES ({pick:consensus_artifacts.id}, 's', 'spec-plan', 'i', '{{}}', {time}),
                  ({fresh:consensus_artifacts.id}, 's', 'spec-plan', 'i', {text?}, {time})"],
    ),
    Template::old(
        2,
        &["INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, created_at)
           VALUES ({pick:consensus_artifacts.id}, 's', 'spec-plan', 'u', {text}, {time})
           ON CONFLICT (id) DO UPDATE SET content_json = excluded.content_json, response_text = NULL"],
    ),
    Template::old(3, &["UPDATE consensus_artifacts SET response_text = {text?} WHERE id = {pick:consensus_artifacts.id}"]),
    Template::old(2, &["UPDATE consensus_artifacts SET created_at = {time?} WHERE id = {pick:consensus_artifacts.id}"]),
    // Artifacts that move to another run; a run that gets another name, or none.
    Template::old(
        2,
        &["UPDATE consensus_artifacts SET run_id = {pick:consensus_artifacts.run_id} WHERE id = {pick:consensus_artifacts.id}"],
    ),
    Template::old(
        1,
        &["UPDATE consensus_artifacts SET run_id = {text?} WHERE run_id IS {pick:consensus_artifacts.run_id}
           AND spec_id = {pick:consensus_artifacts.spec_id}"],
    ),
    Template::old(
        2,
        &["UPDATE consensus_synthesis SET run_id = {pick:consensus_artifacts.run_id}, status = {one:'ok'|'failed'}
           WHERE id = {pick:consensus_synthesis.id}"],
    ),
    Template::old(
        2,
        &["UPDATE consensus_artifacts SET id = {fresh:consensus_artifacts.id} WHERE id = {pick:consensus_artifacts.id}"],
    ),
    // Which synthesis is the latest depends on the ids.
    Template::old(
        1,
        &["UPDATE OR REPLACE consensus_synthesis SET id = {pick:consensus_synthesis.id} WHERE id = {pick:consensus_synthesis.id}"],
    ),
    Template::old(2, &["DELETE FROM consensus_artifacts WHERE id = {pick:consensus_artifacts.id}"]),
    Template::old(2, &["DELETE FROM consensus_synthesis WHERE id = {pick:consensus_synthesis.id}"]),
    Template::old(
        1,
        &["DELETE FROM consensus_artifacts WHERE spec_id = {s=pick:consensus_artifacts.spec_id} AND stage = {t=pick:consensus_artifacts.stage}",
          "DELETE FROM consensus_synthesis WHERE spec_id = {s} AND stage = {t}"],
    ),
];

const THE_RUN: &str = "INSERT INTO consensus_runs (spec_id, stage, run_label) SELECT {s}, {t}, {r}
    WHERE NOT EXISTS (SELECT 1 FROM consensus_runs WHERE spec_id = {s} AND stage = {t} AND run_label IS {r})";

/// The old program's words for a time in milliseconds.
macro_rules! created_at {
    () => {
        "CASE {m} % 1000 WHEN 0 THEN datetime({m} / 1000, 'unixepoch')
              ELSE strftime('%Y-%m-%d %H:%M:%f', {m} / 1000.0, 'unixepoch') END"
    };
}

const NEW: &[Template] = &[
    Template::with_twin(
        8,
        &[
            "UPDATE consensus_runs SET run_timestamp = min(coalesce(run_timestamp, {m=ms}), {m})
             WHERE spec_id = {s=pick:consensus_runs.spec_id} AND stage = {t=one:'spec-plan'|'spec-tasks'|'new'}
               AND run_label IS {r=pick:consensus_runs.run_label}",
            THE_RUN,
            "UPDATE consensus_runs SET run_timestamp = {m}
             WHERE spec_id = {s} AND stage = {t} AND run_label IS {r} AND run_timestamp IS NULL",
            "INSERT INTO agent_outputs (run_id, agent_name, content, response_text, output_timestamp)
             SELECT id, {g=word}, {c=text}, {x=text?}, {m} FROM consensus_runs
             WHERE spec_id = {s} AND stage = {t} AND run_label IS {r}",
        ],
        &[concat!(
            "INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
             VALUES ({rowid}, {s}, {t}, {g}, {c}, {x}, {r}, ",
            created_at!(),
            ")"
        )],
    ),
    Template::with_twin(
        4,
        &[concat!(
            "UPDATE consensus_runs SET
                 run_timestamp = min(coalesce(run_timestamp, {m=ms}), {m}),
                 consensus_ok = {u=one:'ok'|'conflict'} = 'ok', degraded = {d=one:0|1|NULL},
                 latest_synthesis_id = {i=sql:SELECT coalesce(max(latest_synthesis_id), 0) + 1 FROM consensus_runs},
                 synthesis_json = json_insert(coalesce(synthesis_json, '[]'), '$[#]', json_object(
                     'id', {i}, 'output_markdown', {o=text}, 'output_path', NULL, 'status', {u}, 'artifacts_count', {a=int:0..9},
                     'agreements', {k=text?}, 'conflicts', NULL, 'degraded', {d}, 'created_at', ",
            created_at!(),
            ")) WHERE id = {n=pick:consensus_runs.id}"
        )],
        &[concat!(
            "INSERT INTO consensus_synthesis (id, spec_id, stage, output_markdown, status, artifacts_count, agreements, degraded, run_id, created_at)
             VALUES ({i}, {sql:SELECT spec_id FROM consensus_runs WHERE id = $n}, {sql:SELECT stage FROM consensus_runs WHERE id = $n},
                     {o}, {u}, {a}, {k}, {d}, {sql:SELECT run_label FROM consensus_runs WHERE id = $n}, ",
            created_at!(),
            ")"
        )],
    ),
    Template::with_twin(
        3,
        &["UPDATE agent_outputs SET response_text = {x=text?}, content = {c=text} WHERE id = {i=pick:agent_outputs.id}"],
        &["UPDATE consensus_artifacts SET response_text = {x}, content_json = {c} WHERE id = {i}"],
    ),
    Template::with_twin(
        1,
        &[
            "DELETE FROM agent_outputs WHERE run_id IN
             (SELECT id FROM consensus_runs WHERE spec_id = {s=pick:consensus_runs.spec_id} AND stage = {t=pick:consensus_runs.stage})",
            "DELETE FROM consensus_runs WHERE spec_id = {s} AND stage = {t}",
        ],
        &[
            "DELETE FROM consensus_artifacts WHERE spec_id = {s} AND stage = {t}",
            "DELETE FROM consensus_synthesis WHERE spec_id = {s} AND stage = {t}",
        ],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    sample(conn, rows, seed, Shape::Small).map(|_| ())
}
