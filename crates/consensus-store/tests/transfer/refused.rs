//! Each line that is no row; and that nothing is imported then.

use std::path::{Path, PathBuf};

use consensus_store::{Error, ImportOptions, NewArtifact, Stage, Store};
use cutover::{ErrorKind, Phase};

use crate::transfer::support::{Files, export, go, import, lines, raw, try_import};

const ARTIFACT: &str = r#"{"kind":"artifact","id":1,"spec_id":"s","stage":"spec-plan","agent_name":"a","content_json":"c","response_text":null,"run_id":null,"model_version":null,"created_at":"2025-01-01 10:00:00"}"#;
const SYNTHESIS: &str = r#"{"kind":"synthesis","id":1,"spec_id":"s","stage":"spec-plan","output_markdown":"m","output_path":null,"status":"ok","artifacts_count":1,"agreements":null,"conflicts":null,"degraded":0,"run_id":"r","created_at":"2025-01-01 10:00:00"}"#;

/// Stores on every pair of sides that there is, each with a row of both kinds.
fn stores(files: &Files) -> [PathBuf; 4] {
    let dual_write = files.legacy("dual-write.db");
    go(&dual_write, Phase::DualWrite);
    let write_new = files.legacy("write-new.db");
    go(&write_new, Phase::WriteNew);
    [files.legacy("old.db"), files.path("new.db"), dual_write, write_new].map(|path| {
        import(&path, format!("{ARTIFACT}\n{SYNTHESIS}"));
        path
    })
}

/// Panics unless the line is refused with this reason, and with it all that came before.
fn refused(paths: &[PathBuf], bad: impl AsRef<[u8]>, reason: &str) {
    let good = format!(
        "{}\n\n{}\n",
        ARTIFACT.replace(r#""id":1"#, r#""id":2"#),
        SYNTHESIS.replace(r#""id":1"#, r#""id":2"#)
    );
    for path in paths {
        let before = export(path);
        let mut text = good.clone().into_bytes();
        text.extend_from_slice(bad.as_ref());
        text.extend_from_slice(b"\nnor this");
        for options in [ImportOptions::default(), ImportOptions::default().new_ids(true)] {
            let error = try_import(path, &text, options).unwrap_err();
            match &error {
                Error::Line { line, reason: found } => {
                    assert_eq!((*line, found.as_str()), (4, reason))
                }
                other => panic!("{other:?}, not {reason}"),
            }
            assert_eq!(error.kind(), ErrorKind::Unusable);
            assert_eq!(error.to_string(), format!("line 4: {reason}"));
        }
        assert_eq!(export(path), before);
        // The store goes on.
        assert_eq!(import(path, &before).already_there as usize, lines(&before).len());
    }
}

/// A line with something else in place of a part of it.
fn with(line: &str, part: &str, other: &str) -> String {
    assert!(line.contains(part), "{part}");
    line.replace(part, other).replacen(r#""id":1,"#, r#""id":3,"#, 1)
}

#[test]
fn what_is_no_json() {
    let files = Files::new();
    let paths = stores(&files);
    for (bad, reason) in [
        ("x", "not JSON: expected value (column 1)"),
        (r#"{"kind":"artifact""#, "not JSON: EOF while parsing an object (column 18)"),
        (r#"{"kind":"artifact"} {"#, "not JSON: trailing characters (column 21)"),
        (r#"{"kind":"\ud800"}"#, "not JSON: unexpected end of hex escape (column 16)"),
        ("SQLite format 3\0", "not JSON: expected value (column 1)"),
        ("[1]", "a list, not an object with the columns of a row"),
        ("null", "null, not an object with the columns of a row"),
        ("\"kind\"", "the text \"kind\", not an object with the columns of a row"),
    ] {
        refused(&paths, bad, reason);
    }
    refused(&paths, b"{\"kind\":\"\xff\"}", "not JSON: invalid unicode code point (column 10)");
    let deep = "{\"kind\":".repeat(100_000);
    refused(&paths, deep, "not JSON: recursion limit exceeded (column 1017)");
    let deep = format!("{{\"kind\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reason = "`kind` is a list; the kinds are artifact and synthesis";
    refused(&paths, deep, reason);
}

#[test]
fn what_has_other_keys_than_a_row() {
    let files = Files::new();
    let paths = stores(&files);
    refused(&paths, "{}", "`kind` is missing");
    refused(
        &paths,
        with(ARTIFACT, "artifact", "run"),
        "`kind` is the text \"run\"; the kinds are artifact and synthesis",
    );
    refused(
        &paths,
        with(ARTIFACT, "\"artifact\"", "1"),
        "`kind` is the number 1; the kinds are artifact and synthesis",
    );
    for (line, key, value) in [
        (ARTIFACT, "id", "1"),
        (ARTIFACT, "stage", "\"spec-plan\""),
        (ARTIFACT, "response_text", "null"),
        (ARTIFACT, "created_at", "\"2025-01-01 10:00:00\""),
        (SYNTHESIS, "status", "\"ok\""),
        (SYNTHESIS, "degraded", "0"),
    ] {
        let pair = format!("\"{key}\":{value}");
        let without = with(line, &pair, "").replace(",,", ",").replace(",}", "}");
        refused(&paths, without, &format!("`{key}` is missing"));
        refused(
            &paths,
            with(line, &pair, &format!("{pair},{pair}")),
            &format!("`{key}` is given twice"),
        );
    }
    refused(
        &paths,
        with(ARTIFACT, "}", ",\"colour\":1}"),
        "`colour` is not a column of artifact rows",
    );
    refused(
        &paths,
        with(SYNTHESIS, "}", ",\"model_version\":null}"),
        "`model_version` is not a column of synthesis rows",
    );
    refused(&paths, with(ARTIFACT, "}", ",\"kind\":\"artifact\"}"), "`kind` is given twice");
}

#[test]
fn what_has_other_values_than_a_row() {
    let files = Files::new();
    let paths = stores(&files);
    let stage = "\"spec-plan\"";
    for (line, part, other, reason) in [
        (ARTIFACT, "\"id\":1", "\"id\":null", "`id` is null, not a whole number"),
        (ARTIFACT, "\"id\":1", "\"id\":\"1\"", "`id` is the text \"1\", not a whole number"),
        (ARTIFACT, "\"id\":1", "\"id\":1.5", "`id` is the number 1.5, not a whole number"),
        (
            ARTIFACT,
            "\"id\":1",
            "\"id\":9223372036854775808",
            "`id` is the number 9223372036854775808, not a whole number",
        ),
        (ARTIFACT, "\"id\":1", "\"id\":{\"$real\":\"1\"}", "`id` is an object, not a whole number"),
        (ARTIFACT, stage, "null", "`stage` is null, and every row must have one"),
        (SYNTHESIS, "\"ok\"", "null", "`status` is null, and every row must have one"),
        (ARTIFACT, stage, "true", "`stage` is true, not a string, a whole number or null"),
        (
            ARTIFACT,
            stage,
            "[\"spec-plan\"]",
            "`stage` is a list, not a string, a whole number or null",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"a\":1}",
            "`content_json` is an object; JSON is kept as text: write it as a string",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{}",
            "`content_json` is an object; JSON is kept as text: write it as a string",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$blob\":\"00\",\"$text\":\"00\"}",
            "`content_json` is an object; JSON is kept as text: write it as a string",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$blob\":1}",
            "`content_json` is an object; JSON is kept as text: write it as a string",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$blob\":\"0\"}",
            "`content_json` is bytes that are not two hexadecimal digits each",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$text\":\"zz\"}",
            "`content_json` is bytes that are not two hexadecimal digits each",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$json\":\"{}\"}",
            "`content_json` is an object with the key \"$json\": only $real, $blob and $text are known",
        ),
        (
            SYNTHESIS,
            "\"degraded\":0",
            "\"degraded\":0.5",
            "`degraded` is 0.5; a number with a fraction, or beyond 64 bits, is written {\"$real\":\"0.5\"}",
        ),
        (
            SYNTHESIS,
            "\"degraded\":0",
            "\"degraded\":{\"$real\":\"NaN\"}",
            "`degraded` is NaN, which SQLite can't hold",
        ),
        (
            SYNTHESIS,
            "\"degraded\":0",
            "\"degraded\":{\"$real\":\"much\"}",
            "`degraded` is \"much\", which is no number",
        ),
    ] {
        refused(&paths, with(line, part, other), reason);
    }
}

/// What a column would turn into something else would not come back as the line says.
#[test]
fn what_a_column_would_change() {
    let files = Files::new();
    let paths = stores(&files);
    let time = "\"2025-01-01 10:00:00\"";
    for (line, part, other, reason) in [
        (
            ARTIFACT,
            "\"s\"",
            "5",
            "`spec_id` is the whole number 5, and the tables would hold the text \"5\"",
        ),
        (
            SYNTHESIS,
            "\"s\"",
            "5",
            "`spec_id` is the whole number 5, and the tables would hold the text \"5\"",
        ),
        (
            ARTIFACT,
            "\"c\"",
            "{\"$real\":\"1.5\"}",
            "`content_json` is the number 1.5 ($real), and the tables would hold the text \"1.5\"",
        ),
        (
            SYNTHESIS,
            "\"m\"",
            "7",
            "`output_markdown` is the whole number 7, and the tables would hold the text \"7\"",
        ),
        (
            SYNTHESIS,
            "\"artifacts_count\":1",
            "\"artifacts_count\":\"1\"",
            "`artifacts_count` is the text \"1\", and the tables would hold the whole number 1",
        ),
        (
            SYNTHESIS,
            "\"degraded\":0",
            "\"degraded\":{\"$real\":\"1\"}",
            "`degraded` is the number 1.0 ($real), and the tables would hold the whole number 1",
        ),
        (
            SYNTHESIS,
            "\"degraded\":0",
            "\"degraded\":{\"$real\":\"-0.0\"}",
            "`degraded` is the number -0.0 ($real), and the tables would hold the whole number 0",
        ),
        (
            ARTIFACT,
            time,
            "\" 1.50 \"",
            "`created_at` is the text \" 1.50 \", and the tables would hold the number 1.5 ($real)",
        ),
        (
            ARTIFACT,
            time,
            "{\"$text\":\"3230\"}",
            "`created_at` is the text \"20\", and the tables would hold the whole number 20",
        ),
        (
            SYNTHESIS,
            time,
            "\"20\"",
            "`created_at` is the text \"20\", and the tables would hold the whole number 20",
        ),
    ] {
        refused(&paths, with(line, part, other), reason);
    }
}

/// New tables hold syntheses as JSON, which has no place for some of what SQLite holds.
#[test]
fn what_the_new_tables_have_no_place_for() {
    let files = Files::new();
    let [old, new, ..] = stores(&files);
    for (part, other, reason) in [
        (
            "\"m\"",
            "{\"$blob\":\"00\"}",
            "`output_markdown` is a blob, and the new tables keep syntheses as JSON, which has none",
        ),
        (
            "\"degraded\":0",
            "\"degraded\":{\"$blob\":\"00\"}",
            "`degraded` is a blob, and the new tables keep syntheses as JSON, which has none",
        ),
        (
            "\"2025-01-01 10:00:00\"",
            "{\"$real\":\"inf\"}",
            "`created_at` is the number inf ($real), and the tables would hold the number 9.223372036854776e18 ($real)",
        ),
    ] {
        let line = with(SYNTHESIS, part, other);
        let before = export(&new);
        match try_import(&new, &line, ImportOptions::default()).unwrap_err() {
            Error::Line { line: 1, reason: found } => assert_eq!(found, reason),
            error => panic!("{error:?}"),
        }
        assert_eq!(export(&new), before);
        // The old ones hold it.
        let rows = lines(&export(&old)).len();
        let id = format!("\"id\":{},", rows + 10);
        let line = line.replacen("\"id\":3,", &id, 1);
        import(&old, &line);
        assert_eq!(lines(&export(&old)).last(), Some(&line));
    }
}

/// An empty store stays without tables of its own: no run is left behind.
#[test]
fn nothing_is_left_behind() {
    let files = Files::new();
    let path = files.path("new.db");
    let store = Store::open(&path).unwrap();
    let error = store
        .import(&mut format!("{ARTIFACT}\n{SYNTHESIS}\nx").as_bytes(), ImportOptions::default());
    assert!(matches!(error, Err(Error::Line { line: 3, .. })));
    let conn = raw(&path);
    for table in ["consensus_runs", "agent_outputs", "sqlite_sequence"] {
        let rows: i64 =
            conn.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    // The same connection imports them once they are right.
    let imported =
        store.import(&mut format!("{ARTIFACT}\n{SYNTHESIS}").as_bytes(), ImportOptions::default());
    assert_eq!(imported.unwrap().artifacts, 1);
}

/// An id is one more than the largest there was, so a row at the end of the range would be the
/// last one that the store takes.
#[test]
fn an_id_that_leaves_none_for_later_rows() {
    let files = Files::new();
    for path in stores(&files) {
        let before = export(&path);
        for (line, kind) in [(ARTIFACT, "artifact"), (SYNTHESIS, "synthesis")] {
            for id in [i64::MAX, i64::MAX - 1, i64::MAX - 1_000_000] {
                let bad = line.replace(r#""id":1"#, &format!(r#""id":{id}"#));
                let text = format!("{}\n{bad}", ARTIFACT.replace(r#""id":1"#, r#""id":2"#));
                let error =
                    try_import(&path, text.as_bytes(), ImportOptions::default()).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!(
                        "line 2: {kind} {id} would leave no ids for later rows; the largest that can be imported is {}",
                        i64::MAX - (1 << 32)
                    )
                );
                assert_eq!(error.kind(), ErrorKind::Unusable);
                assert_eq!(error.hint(), Some("let the rows get new ids: --new-ids".into()));
                assert_eq!(export(&path), before);
                // As the hint says.
                let options = ImportOptions::default().new_ids(true);
                let imported = try_import(&path, bad.as_bytes(), options).unwrap();
                assert_eq!(imported.artifacts + imported.syntheses, 1);
                let store = Store::open(&path).unwrap();
                store.delete_spec("s").unwrap();
                drop(store);
                import(&path, &before);
                assert_eq!(export(&path), before);
            }
        }
        let largest = ARTIFACT.replace(r#""id":1"#, &format!(r#""id":{}"#, i64::MAX - (1 << 32)));
        import(&path, &largest);
        let store = Store::open(&path).unwrap();
        store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
    }
}

/// A store that some other program brought there: SQLite's error is that of a full disk.
#[test]
fn a_store_without_ids_says_so() {
    let files = Files::new();
    for path in stores(&files) {
        let (table, of) = match writes_enter_new(&path) {
            true => ("agent_outputs", "id, run_id, agent_name, content"),
            false => ("consensus_artifacts", "id, spec_id, stage, agent_name, content_json"),
        };
        let values = if of.contains("run_id") { "1, 'a', 'c'" } else { "'s', 'p', 'a', 'c'" };
        raw(&path)
            .execute_batch(&format!("INSERT INTO {table} ({of}) VALUES ({}, {values})", i64::MAX))
            .unwrap();
        let store = Store::open(&path).unwrap();
        let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}");
        let error = store.store_artifact(&artifact).unwrap_err();
        let Error::NoIdsLeft { .. } = error else { panic!("{error:?}") };
        // In dual-write the mirror has the same ids, so it may be either that is named.
        let text = "has used its last id, 9223372036854775807";
        assert!(error.to_string().ends_with(text), "{error}");
        let all = export(&path);
        let fresh = files.path("fresh.db");
        let _ = std::fs::remove_file(&fresh);
        try_import(&fresh, &all, ImportOptions::default().new_ids(true)).unwrap();
        Store::open(&fresh).unwrap().store_artifact(&artifact).unwrap();
    }
}

/// Whether writes enter the new tables.
fn writes_enter_new(path: &Path) -> bool {
    let conn = raw(path);
    let there = |table: &str| {
        conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)",
            [table],
            |row| row.get::<_, bool>(0),
        )
        .unwrap()
    };
    path.ends_with("write-new.db") || (there("agent_outputs") && !there("consensus_artifacts"))
}
