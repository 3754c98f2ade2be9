//! Export and import in every phase of the migration.

use consensus_store::sample::Shape;
use consensus_store::{Error, ImportOptions, NewArtifact, Stage, Store};
use cutover::{Phase, Silent};

use crate::transfer::support::{
    Files, assert_same_export, assert_same_new_tables, export, go, import, lines, raw, try_import,
    verify,
};

#[test]
fn every_phase_exports_the_same_bytes() {
    let files = Files::new();
    let path = files.sample("store.db", 1_200, 1, Shape::Small);
    let first = export(&path);
    for phase in Phase::ALL {
        go(&path, phase);
        assert_same_export(phase.name(), &first, &export(&path));
    }
}

/// Half of the rows are there, in the same runs; the other half is imported, in each phase.
#[test]
fn every_phase_takes_an_import() {
    let files = Files::new();
    let whole = files.sample("whole.db", 700, 2, Shape::Small);
    let expected = export(&whole);
    let derived = files.derive(&whole, "derived.db");
    let all = lines(&expected);
    let half = |odd: usize| {
        all.iter()
            .enumerate()
            .filter(|(n, _)| n / 3 % 2 == odd)
            .map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"));
        import(&path, half(0));
        go(&path, phase);
        let imported = import(&path, half(1));
        assert_eq!((imported.artifacts + imported.syntheses) as usize, half(1).lines().count());
        assert_same_export(phase.name(), &expected, &export(&path));
        if phase > Phase::Legacy {
            assert_same_new_tables(&derived, &path);
        }
        if (Phase::DualWrite..=Phase::WriteNew).contains(&phase) {
            verify(&path);
        }
        // What was imported goes the rest of the way like any other row.
        if phase < Phase::Retired {
            go(&path, Phase::Retired);
            assert_same_export("retired", &expected, &export(&path));
        }
    }
}

/// The old tables have no place for a model's version.
#[test]
fn a_model_version_waits_for_the_new_tables() {
    let files = Files::new();
    let line = r#"{"kind":"artifact","id":1,"spec_id":"s","stage":"spec-plan","agent_name":"a","#
        .to_owned()
        + r#""content_json":"c","response_text":null,"run_id":null,"model_version":"m","created_at":null}"#;
    for phase in [Phase::Legacy, Phase::DualWrite, Phase::ReadNew] {
        let path = files.legacy(&format!("{phase}.db"));
        go(&path, phase);
        let error = try_import(&path, &line, ImportOptions::default()).unwrap_err();
        assert!(matches!(error, Error::NoPlace { field: "model_version" }), "{error}");
        assert_eq!(export(&path), b"");
        go(&path, Phase::WriteNew);
        assert_eq!(import(&path, &line).artifacts, 1);
        assert_eq!(lines(&export(&path)), [line.as_str()]);
        verify(&path);
    }
}

/// Who goes back keeps what only the new tables hold as long as they answer.
#[test]
fn a_model_version_is_exported_as_it_is_read() {
    let files = Files::new();
    let path = files.legacy("store.db");
    go(&path, Phase::WriteNew);
    let store = Store::open(&path).unwrap();
    let artifact = NewArtifact::new("s", Stage::Plan, "a", "{}").model_version("m-1");
    store.store_artifact(&artifact).unwrap();
    for (phase, version) in
        [(Phase::WriteNew, Some("m-1")), (Phase::ReadNew, Some("m-1")), (Phase::DualWrite, None)]
    {
        if phase < Phase::WriteNew {
            store.migration().unwrap().rollback(Some(phase), &mut Silent).unwrap();
        }
        let read = store.query_artifacts("s", &Stage::Plan).unwrap();
        assert_eq!(read[0].model_version.as_deref(), version, "{phase}");
        let text = export(&path);
        let written = match version {
            Some(version) => format!(r#""model_version":"{version}""#),
            None => r#""model_version":null"#.to_owned(),
        };
        assert!(lines(&text)[0].contains(&written), "{phase}");
        // The tables that take the writes say what becomes of it.
        match try_import(&path, &text, ImportOptions::default()) {
            Err(Error::NoPlace { .. }) => assert_eq!(phase, Phase::ReadNew),
            other => assert_eq!(other.unwrap().already_there, 1, "{phase}"),
        }
    }
}

/// In `write-new` the old tables follow: with the ids of the lines, which they never hand
/// out again.
#[test]
fn in_write_new_the_old_tables_follow() {
    let files = Files::new();
    let whole = files.sample("whole.db", 300, 3, Shape::Small);
    let path = files.legacy("store.db");
    go(&path, Phase::WriteNew);
    import(&path, export(&whole));
    verify(&path);
    let rows = |path| {
        let conn = raw(path);
        let of = |sql: &str| -> Vec<String> {
            conn.prepare(sql)
                .unwrap()
                .query_map((), |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        [
            of(
                "SELECT quote(id) || quote(spec_id) || quote(stage) || quote(agent_name) || quote(content_json) \
                || quote(response_text) || quote(run_id) || quote(created_at) FROM consensus_artifacts ORDER BY id",
            ),
            of(
                "SELECT quote(id) || quote(spec_id) || quote(stage) || quote(output_markdown) || quote(output_path) \
                || quote(status) || quote(artifacts_count) || quote(agreements) || quote(conflicts) || quote(degraded) \
                || quote(run_id) || quote(created_at) FROM consensus_synthesis ORDER BY id",
            ),
        ]
    };
    assert_eq!(rows(&path), rows(&whole));
}
