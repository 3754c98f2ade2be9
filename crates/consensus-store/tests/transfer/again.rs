//! Rows that are there already, ids that hold something else, new ids.

use consensus_store::sample::Shape;
use consensus_store::{Error, ImportOptions, NewArtifact, NewSynthesis, Stage, Store};
use cutover::{ErrorKind, Phase};

use crate::transfer::support::{
    Files, assert_same_export, assert_same_new_tables, export, go, import, lines, raw, try_import,
    verify,
};

#[test]
fn importing_twice_changes_nothing() {
    let files = Files::new();
    let old = files.sample("old.db", 500, 1, Shape::Small);
    let text = export(&old);
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"));
        go(&path, phase);
        let first = import(&path, &text);
        let changes: i64 = raw(&path)
            .query_row("SELECT sum(seq) FROM sqlite_sequence", (), |row| row.get(0))
            .unwrap();
        let second = import(&path, &text);
        assert_eq!((second.artifacts, second.syntheses), (0, 0), "{phase}");
        assert_eq!(second.already_there, first.artifacts + first.syntheses, "{phase}");
        assert_same_export(phase.name(), &text, &export(&path));
        let again: i64 = raw(&path)
            .query_row("SELECT sum(seq) FROM sqlite_sequence", (), |row| row.get(0))
            .unwrap();
        assert_eq!(again, changes, "{phase}");
        // A store takes its own export, too.
        assert_eq!(import(&path, export(&path)).already_there, second.already_there);
    }
}

/// The same line twice in one import is one row.
#[test]
fn the_same_line_twice_is_one_row() {
    let files = Files::new();
    let old = files.sample("old.db", 100, 2, Shape::Small);
    let text = export(&old);
    let twice = [text.as_slice(), &text].concat();
    for path in [files.path("new.db"), files.legacy("back.db")] {
        let imported = import(&path, &twice);
        assert_eq!(imported.already_there as usize, lines(&text).len());
        assert_same_export("twice", &text, &export(&path));
    }
}

/// Part is there, part is not.
#[test]
fn what_is_missing_is_added() {
    let files = Files::new();
    let old = files.sample("old.db", 400, 3, Shape::Small);
    let text = export(&old);
    let all = lines(&text);
    let some: String = all.iter().step_by(3).map(|line| format!("{line}\n")).collect();
    for path in [files.path("new.db"), files.legacy("back.db")] {
        let first = import(&path, &some);
        let second = import(&path, &text);
        assert_eq!(second.already_there, first.artifacts + first.syntheses);
        assert_same_export("added", &text, &export(&path));
    }
    assert_same_new_tables(&files.derive(&old, "derived.db"), &files.path("new.db"));
}

fn artifact(id: i64, content: &str) -> String {
    format!(
        r#"{{"kind":"artifact","id":{id},"spec_id":"s","stage":"spec-plan","agent_name":"a","content_json":"{content}","response_text":null,"run_id":"r","model_version":null,"created_at":"2025-01-01 10:00:00"}}"#
    )
}

fn synthesis(id: i64, run: &str, markdown: &str) -> String {
    format!(
        r#"{{"kind":"synthesis","id":{id},"spec_id":"s","stage":"spec-plan","output_markdown":"{markdown}","output_path":null,"status":"ok","artifacts_count":1,"agreements":null,"conflicts":null,"degraded":0,"run_id":"{run}","created_at":"2025-01-01 10:00:00"}}"#
    )
}

#[test]
fn an_id_that_holds_something_else_is_a_conflict() {
    let files = Files::new();
    let base = [artifact(5, "c"), synthesis(7, "r", "m"), synthesis(9, "other", "m")].join("\n");
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"));
        go(&path, phase);
        import(&path, &base);
        let before = export(&path);
        for (line, kind, id, text) in [
            (2, "artifact", 5, [artifact(6, "c"), artifact(5, "d")]),
            (2, "synthesis", 7, [synthesis(8, "r", "m"), synthesis(7, "r", "n")]),
            // The same but for its run.
            (2, "synthesis", 9, [artifact(6, "c"), synthesis(9, "r", "m")]),
            // Both rows of the import.
            (2, "artifact", 6, [artifact(6, "c"), artifact(6, "d")]),
            (2, "synthesis", 8, [synthesis(8, "r", "m"), synthesis(8, "r", "n")]),
            (2, "synthesis", 8, [synthesis(8, "r", "m"), synthesis(8, "x", "m")]),
            // Of two, the first.
            (1, "synthesis", 9, [synthesis(9, "r", "n"), synthesis(7, "r", "n")]),
        ] {
            let error = try_import(&path, text.join("\n"), ImportOptions::default()).unwrap_err();
            match &error {
                Error::Conflict { line: at, table, id: of } => {
                    assert_eq!((*at, *table, *of), (line, kind, id), "{phase}");
                }
                other => panic!("{phase}: {other}"),
            }
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert_eq!(
                error.to_string(),
                format!("line {line}: {kind} {id} is there already and holds something else")
            );
            assert_same_export("after a conflict", &before, &export(&path));
        }
    }
}

/// With new ids nothing is compared: everything comes in once more, behind what is there.
#[test]
fn new_ids_are_behind_all_that_is_there() {
    let files = Files::new();
    let old = files.sample("old.db", 200, 4, Shape::Small);
    let text = export(&old);
    let options = ImportOptions::default().new_ids(true);
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"));
        import(&path, &text);
        go(&path, phase);
        let imported = try_import(&path, &text, options).unwrap();
        assert_eq!(imported.already_there, 0);
        let all = lines(&export(&path));
        let rows = lines(&text);
        assert_eq!((imported.artifacts + imported.syntheses) as usize, rows.len(), "{phase}");
        assert_eq!(all.len(), rows.len() * 2, "{phase}");
        // Each row is there twice, the same but for the id.
        let id = |line: &str| -> i64 {
            line.split_once(r#""id":"#).unwrap().1.split_once(',').unwrap().0.parse().unwrap()
        };
        let without_ids = |lines: &[String], kind: &str| -> Vec<String> {
            lines
                .iter()
                .filter(|line| line.starts_with(&format!(r#"{{"kind":"{kind}""#)))
                .map(|line| line.replacen(&format!(r#""id":{}"#, id(line)), "", 1))
                .collect()
        };
        for kind in ["artifact", "synthesis"] {
            let once = without_ids(&rows, kind);
            assert_eq!(without_ids(&all, kind), [once.clone(), once].concat(), "{phase}");
        }
        if (Phase::DualWrite..=Phase::WriteNew).contains(&phase) {
            verify(&path);
        }
    }
}

/// What is stored after an import gets an id that no line had.
#[test]
fn imported_ids_are_not_handed_out_again() {
    let files = Files::new();
    let text = [artifact(1_000, "c"), synthesis(2_000, "r", "m")].join("\n");
    for phase in Phase::ALL {
        let path = files.legacy(&format!("{phase}.db"));
        go(&path, phase);
        import(&path, &text);
        let store = Store::open(&path).unwrap();
        let new = NewArtifact::new("s", Stage::Plan, "b", "d");
        assert_eq!(store.store_artifact(&new).unwrap(), 1_001, "{phase}");
        store.store_synthesis(&NewSynthesis::new("s", Stage::Plan, "n", "ok")).unwrap();
        let latest = store.query_latest_synthesis("s", &Stage::Plan).unwrap().unwrap();
        assert_eq!(latest.id, 2_001, "{phase}");
        // Nor by an import with new ids.
        let options = ImportOptions::default().new_ids(true);
        try_import(&path, &text, options).unwrap();
        let ids: Vec<i64> =
            store.query_syntheses("s", &Stage::Plan).unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids, [2_002, 2_001, 2_000], "{phase}");
        // Nor when its row is gone, whoever asks.
        import(&path, [artifact(4_000, "c"), synthesis(5_000, "r", "m")].join("\n"));
        store.delete_spec("s").unwrap();
        try_import(&path, &text, options).unwrap();
        assert_eq!(store.store_artifact(&new).unwrap(), 4_002, "{phase}");
        store.store_synthesis(&NewSynthesis::new("s", Stage::Plan, "n", "ok")).unwrap();
        let ids: Vec<i64> =
            store.query_syntheses("s", &Stage::Plan).unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids, [5_002, 5_001], "{phase}");
        if (Phase::DualWrite..=Phase::WriteNew).contains(&phase) {
            verify(&path);
        }
    }
}

/// Ids that the old table gave out are not given out by an import into the new ones, nor
/// when their rows are gone.
#[test]
fn ids_of_the_old_table_are_not_handed_out_again() {
    let files = Files::new();
    let options = ImportOptions::default().new_ids(true);
    for phase in [Phase::Legacy, Phase::ReadNew, Phase::WriteNew, Phase::NewOnly] {
        let path = files.legacy(&format!("{phase}.db"));
        import(&path, synthesis(3_000, "r", "m"));
        Store::open(&path).unwrap().delete_spec("s").unwrap();
        go(&path, phase);
        try_import(&path, synthesis(1, "r", "m"), options).unwrap();
        assert!(lines(&export(&path))[0].contains(r#""id":3001,"#), "{phase}");
    }
}
