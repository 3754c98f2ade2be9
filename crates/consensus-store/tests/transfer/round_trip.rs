//! From file to file: the same bytes.

use consensus_store::sample::Shape;
use consensus_store::{NewArtifact, NewSynthesis, Stage, Store};

use crate::transfer::support::{Files, assert_same_export, export, import, lines, raw};

#[test]
fn a_legacy_file_goes_to_a_new_one_and_to_a_legacy_one() {
    for (seed, artifacts, shape) in [(1, 4_500, Shape::Realistic), (2, 1_500, Shape::Small)] {
        let files = Files::new();
        let old = files.sample("old.db", artifacts, seed, shape);
        let first = export(&old);

        let new = files.path("new.db");
        let imported = import(&new, &first);
        assert!(imported.artifacts > artifacts);
        assert_eq!(imported.already_there, 0);
        assert_eq!((imported.artifacts + imported.syntheses) as usize, lines(&first).len());
        assert_same_export("new", &first, &export(&new));

        let back = files.legacy("back.db");
        assert_eq!(import(&back, export(&new)), imported);
        assert_same_export("back", &first, &export(&back));
    }
}

#[test]
fn an_export_says_how_much_it_wrote() {
    let files = Files::new();
    let old = files.sample("old.db", 300, 3, Shape::Small);
    let mut out = Vec::new();
    let exported = Store::open(&old).unwrap().export(&mut out).unwrap();
    let count = |table: &str| -> i64 {
        raw(&old).query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!(exported.artifacts as i64, count("consensus_artifacts"));
    assert_eq!(exported.syntheses as i64, count("consensus_synthesis"));
    assert_eq!((exported.artifacts + exported.syntheses) as usize, lines(&out).len());
}

/// The lines are a format that other programs read, and files that are kept.
#[test]
fn lines_look_so_and_not_otherwise() {
    let files = Files::new();
    let (old, new) = (files.legacy("old.db"), files.path("new.db"));
    for path in [&old, &new] {
        let store = Store::open(path).unwrap();
        store
            .store_artifact(
                &NewArtifact::new("SPEC-1", Stage::Plan, "claude", "{\"a\": 1}")
                    .created_at_ms(1_751_328_000_250),
            )
            .unwrap();
        store
            .store_synthesis(
                &NewSynthesis::new("SPEC-1", Stage::Plan, "# Plan\n", "ok")
                    .run_id("r")
                    .artifacts_count(3)
                    .degraded(true)
                    .created_at_ms(1_751_328_000_000),
            )
            .unwrap();
        assert_eq!(
            lines(&export(path)),
            [
                r#"{"kind":"artifact","id":1,"spec_id":"SPEC-1","stage":"spec-plan","agent_name":"claude","#
                    .to_owned()
                    + r#""content_json":"{\"a\": 1}","response_text":null,"run_id":null,"#
                    + r#""model_version":null,"created_at":"2025-07-01 00:00:00.250"}"#,
                r##"{"kind":"synthesis","id":1,"spec_id":"SPEC-1","stage":"spec-plan","output_markdown":"# Plan\n","##
                    .to_owned()
                    + r#""output_path":null,"status":"ok","artifacts_count":3,"agreements":null,"#
                    + r#""conflicts":null,"degraded":1,"run_id":"r","created_at":"2025-07-01 00:00:00"}"#,
            ]
        );
    }
}

/// What only the new tables hold comes along.
#[test]
fn model_versions_come_along() {
    let files = Files::new();
    let (one, two) = (files.path("one.db"), files.path("two.db"));
    let store = Store::open(&one).unwrap();
    let artifact = NewArtifact::new("s", Stage::Plan, "a", "{}").model_version("m-1");
    store.store_artifact(&artifact).unwrap();
    let first = export(&one);
    assert!(lines(&first)[0].contains(r#""model_version":"m-1""#));
    import(&two, &first);
    assert_same_export("two", &first, &export(&two));
    let found = Store::open(&two).unwrap().query_artifacts("s", &Stage::Plan).unwrap();
    assert_eq!(found[0].model_version.as_deref(), Some("m-1"));
}

#[test]
fn an_empty_store_is_no_lines() {
    let files = Files::new();
    let old = files.legacy("old.db");
    assert_eq!(export(&old), b"");
    assert_eq!(export(&files.path("new.db")), b"");
    assert_eq!(import(&old, ""), import(&files.path("new.db"), "\n\n"));
}

/// The order of the lines, line ends and blank lines mean nothing.
#[test]
fn lines_come_in_any_order() {
    let files = Files::new();
    let old = files.sample("old.db", 400, 5, Shape::Small);
    let first = export(&old);
    let mut shuffled = lines(&first);
    fastrand::Rng::with_seed(1).shuffle(&mut shuffled);
    let text = format!("\u{feff}\n{}", shuffled.join("\r\n\r\n"));
    for path in [files.path("new.db"), files.legacy("back.db")] {
        import(&path, &text);
        assert_same_export("shuffled", &first, &export(&path));
    }
}

/// Keys in another order, blanks, escapes: what another program's JSON looks like.
#[test]
fn another_programs_json_is_as_good() {
    let files = Files::new();
    let path = files.path("new.db");
    import(
        &path,
        r#" { "created_at" : null, "id":7, "stage":"\u0073pec-plan", "spec_id":"s", "agent_name":"\ud83e\udd80",
            "#
        .replace('\n', " ")
            + r#""content_json":"\/", "model_version":null, "run_id":null, "response_text":null, "kind":"artifact" } "#,
    );
    assert_eq!(
        lines(&export(&path)),
        [r#"{"kind":"artifact","id":7,"spec_id":"s","stage":"spec-plan","agent_name":"🦀","content_json":"/","#
            .to_owned()
            + r#""response_text":null,"run_id":null,"model_version":null,"created_at":null}"#]
    );
}
