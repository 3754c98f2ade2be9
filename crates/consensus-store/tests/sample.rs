//! Samples hold what they promise: a kind that silently disappears would take the
//! meaning of every test that relies on it along.

use consensus_store::LEGACY_SCHEMA;
use consensus_store::sample::{Populated, Shape, populate};
use rusqlite::Connection;

fn sample(artifacts: u64, seed: u64, shape: Shape) -> (Connection, Populated) {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(LEGACY_SCHEMA).unwrap();
    let populated = populate(&conn, artifacts, seed, shape).unwrap();
    (conn, populated)
}

fn count(conn: &Connection, sql: &str) -> u64 {
    conn.query_row(&format!("SELECT count(*) FROM {sql}"), [], |row| row.get::<_, i64>(0)).unwrap()
        as u64
}

#[test]
fn a_sample_has_the_rows_it_says() {
    for shape in [Shape::Realistic, Shape::Small, Shape::Plain] {
        for artifacts in [0, 1, 777] {
            let (conn, populated) = sample(artifacts, 1, shape);
            assert_eq!(populated.artifacts, artifacts);
            assert_eq!(count(&conn, "consensus_artifacts"), artifacts);
            assert_eq!(count(&conn, "consensus_synthesis"), populated.syntheses);
        }
    }
}

#[test]
fn a_seed_gives_the_same_rows() {
    let rows = |seed| -> Vec<String> {
        let (conn, _) = sample(300, seed, Shape::Small);
        let mut statement = conn
            .prepare(
                "SELECT quote(id) || quote(spec_id) || quote(stage) || quote(agent_name) || quote(content_json)
                     || quote(response_text) || quote(run_id) || quote(created_at) FROM consensus_artifacts
                 UNION ALL
                 SELECT quote(id) || quote(spec_id) || quote(output_markdown) || quote(run_id) || quote(created_at)
                 FROM consensus_synthesis",
            )
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(rows(1), rows(1));
    assert_ne!(rows(1), rows(2));
}

#[test]
fn every_awkward_kind_is_there() {
    let run = "SELECT spec_id, stage, run_id FROM consensus_artifacts";
    let synthesis = "SELECT spec_id, stage, run_id FROM consensus_synthesis";
    let kinds = [
        "consensus_artifacts WHERE run_id IS NULL".to_owned(),
        "consensus_artifacts WHERE run_id = ''".to_owned(),
        "consensus_artifacts WHERE run_id <> lower(run_id)".to_owned(),
        "(SELECT 1 FROM consensus_artifacts GROUP BY run_id HAVING count(DISTINCT spec_id) > 2 AND run_id <> '')".to_owned(),
        format!("({run} GROUP BY 1, 2, 3 HAVING count(DISTINCT agent_name) > 2)"),
        format!("({run} GROUP BY 1, 2, 3, agent_name HAVING count(*) > 1)"),
        format!("({synthesis} GROUP BY 1, 2, 3 HAVING count(*) > 1)"),
        format!("({synthesis} EXCEPT {run})"),
        format!("({run} EXCEPT {synthesis})"),
        "(SELECT 1 FROM consensus_artifacts GROUP BY run_id, created_at HAVING count(*) > 1)".to_owned(),
        "(SELECT 1 FROM consensus_synthesis GROUP BY run_id, created_at HAVING count(*) > 1)".to_owned(),
        "consensus_artifacts WHERE created_at GLOB '????-??-?? ??:??:??.???'".to_owned(),
        "consensus_artifacts a JOIN consensus_artifacts b ON b.id = a.id + 1 AND b.created_at < a.created_at".to_owned(),
        "consensus_artifacts WHERE created_at IS NULL".to_owned(),
        "consensus_artifacts WHERE typeof(created_at) = 'integer'".to_owned(),
        "consensus_artifacts WHERE typeof(created_at) = 'real'".to_owned(),
        "consensus_artifacts WHERE created_at LIKE '%T%Z'".to_owned(),
        "consensus_synthesis WHERE created_at IS NULL OR typeof(created_at) <> 'text'".to_owned(),
        "consensus_artifacts WHERE NOT json_valid(content_json)".to_owned(),
        "consensus_artifacts WHERE content_json = ''".to_owned(),
        "consensus_artifacts WHERE response_text IS NULL".to_owned(),
        "consensus_artifacts WHERE response_text = ''".to_owned(),
        "consensus_artifacts WHERE length(response_text) >= 10000".to_owned(),
        "consensus_artifacts WHERE stage NOT GLOB 'spec-[a-z]*[a-z]'".to_owned(),
        "consensus_artifacts WHERE spec_id LIKE '%''%' OR unicode(spec_id) > 127".to_owned(),
        "consensus_artifacts WHERE unicode(agent_name) > 65535".to_owned(),
        "consensus_synthesis WHERE degraded IS NULL".to_owned(),
        "consensus_artifacts a WHERE NOT EXISTS (SELECT 1 FROM consensus_artifacts WHERE id = a.id + 1)".to_owned(),
        "sqlite_sequence WHERE seq > (SELECT max(id) FROM consensus_artifacts)".to_owned(),
    ];
    let (conn, _) = sample(2_000, 1, Shape::Small);
    for kind in kinds {
        assert!(count(&conn, &kind) > 1 || kind.starts_with("sqlite_sequence"), "{kind}");
    }
}

#[test]
fn a_realistic_sample_has_the_sizes_of_real_ones() {
    let (conn, _) = sample(2_000, 1, Shape::Realistic);
    assert!(
        count(&conn, "consensus_artifacts WHERE length(response_text) BETWEEN 100000 AND 800000")
            > 0
    );
    assert!(count(&conn, "consensus_artifacts WHERE length(response_text) > 1000000") > 0);
    let (content, response, stages): (f64, f64, f64) = conn
        .query_row(
            "SELECT avg(length(content_json)),
                    (SELECT avg(length(response_text)) FROM consensus_artifacts WHERE length(response_text) < 100000),
                    count(*) * 1.0 / (SELECT count(*) FROM (SELECT DISTINCT spec_id, stage FROM consensus_artifacts))
             FROM consensus_artifacts",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert!((450.0..550.0).contains(&content), "{content}");
    assert!((1_800.0..2_200.0).contains(&response), "{response}");
    assert!((12.0..20.0).contains(&stages), "{stages}");
}
