//! Whatever SQLite can hold.

use std::path::Path;

use cutover::Phase;
use rusqlite::Connection;

use crate::transfer::support::{
    Files, assert_same_export, assert_same_new_tables, export, go, import, lines, raw, verify,
};

/// Values that SQLite holds, as SQL writes them, and as a line does.
fn values() -> Vec<(String, String)> {
    [
        ("''", r#""""#),
        ("'null'", r#""null""#),
        ("'{\"$blob\":\"00\"}'", r#""{\"$blob\":\"00\"}""#),
        ("'a' || char(0) || 'b'", r#""a\u0000b""#),
        ("char(0)", r#""\u0000""#),
        (
            "char(1, 8, 9, 10, 12, 13, 31, 34, 92, 127, 133, 8232, 65279, 65533)",
            "\"\\u0001\\b\\t\\n\\f\\r\\u001f\\\"\\\\\u{7f}\u{85}\u{2028}\u{feff}\u{fffd}\"",
        ),
        ("'🦀 é e\u{301}'", "\"🦀 é e\u{301}\""),
    ]
    .map(|(sql, line)| (sql.to_owned(), line.to_owned()))
    .to_vec()
}

/// Text that is not UTF-8: half of a pair, what is cut off, bytes of no character.
fn broken_texts() -> Vec<(String, String)> {
    [
        ("CAST(x'eda080' AS TEXT)", r#"{"$text":"eda080"}"#),
        ("CAST(x'61c3' AS TEXT)", r#"{"$text":"61c3"}"#),
        ("CAST(x'ff00fe22' AS TEXT)", r#"{"$text":"ff00fe22"}"#),
        ("CAST(x'c080' AS TEXT)", r#"{"$text":"c080"}"#),
    ]
    .map(|(sql, line)| (sql.to_owned(), line.to_owned()))
    .to_vec()
}

/// Values that JSON has no place for, or that only numeric columns hold.
fn blobs() -> Vec<(String, String)> {
    [
        ("x''", r#"{"$blob":""}"#),
        ("x'00ff'", r#"{"$blob":"00ff"}"#),
        ("CAST('text' AS BLOB)", r#"{"$blob":"74657874"}"#),
    ]
    .map(|(sql, line)| (sql.to_owned(), line.to_owned()))
    .to_vec()
}

fn numbers() -> Vec<(String, String)> {
    [
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775807 - 1", "-9223372036854775808"),
        ("0.1 + 0.2", r#"{"$real":"0.30000000000000004"}"#),
        ("-0.5", r#"{"$real":"-0.5"}"#),
        ("9e999", r#"{"$real":"inf"}"#),
        ("-9e999", r#"{"$real":"-inf"}"#),
        ("1e300", r#"{"$real":"1e300"}"#),
        ("5e-324", r#"{"$real":"5e-324"}"#),
        // SQLite makes NULL of what is no number, and whole numbers of those that are.
        ("9e999 - 9e999", "null"),
        ("5.0", "5"),
        ("'5.50'", r#"{"$real":"5.5"}"#),
        ("'5x'", r#""5x""#),
    ]
    .map(|(sql, line)| (sql.to_owned(), line.to_owned()))
    .to_vec()
}

fn insert_artifact(conn: &Connection, column: &str, value: &str) {
    let columns =
        ["spec_id", "stage", "agent_name", "content_json", "response_text", "run_id", "created_at"];
    let values = columns.map(|name| if name == column { value } else { "'v'" });
    let sql = format!(
        "INSERT INTO consensus_artifacts ({}) VALUES ({})",
        columns.join(", "),
        values.join(", ")
    );
    conn.execute(&sql, ()).unwrap();
}

fn insert_synthesis(conn: &Connection, column: &str, value: &str) {
    let columns = [
        "spec_id",
        "stage",
        "output_markdown",
        "output_path",
        "status",
        "artifacts_count",
        "agreements",
        "conflicts",
        "degraded",
        "run_id",
        "created_at",
    ];
    let values = columns.map(|name| if name == column { value } else { "'v'" });
    let sql = format!(
        "INSERT INTO consensus_synthesis ({}) VALUES ({})",
        columns.join(", "),
        values.join(", ")
    );
    conn.execute(&sql, ()).unwrap();
}

/// Panics unless the last line of the export has this in this column.
fn last_says(path: &Path, column: &str, value: &str) {
    let export = lines(&export(path));
    let line = export.last().unwrap();
    assert!(line.contains(&format!("\"{column}\":{value}")), "{column}: {value}: {line}");
}

#[test]
fn an_artifact_holds_whatever_sqlite_does() {
    let files = Files::new();
    let old = files.legacy("old.db");
    let conn = raw(&old);
    for column in
        ["spec_id", "stage", "agent_name", "content_json", "response_text", "run_id", "created_at"]
    {
        let mut all = values();
        all.extend(blobs());
        match column {
            "created_at" => all.extend(numbers()),
            _ => all.extend(broken_texts()),
        }
        for (sql, line) in all {
            insert_artifact(&conn, column, &sql);
            last_says(&old, column, &line);
        }
    }
    round_trip(&files, &old);
    verify_in_write_new(&files, &export(&old));
    for phase in Phase::ALL {
        let before = export(&old);
        go(&old, phase);
        assert_same_export(phase.name(), &before, &export(&old));
    }
}

#[test]
fn a_synthesis_holds_whatever_json_can() {
    let files = Files::new();
    let old = files.legacy("old.db");
    let conn = raw(&old);
    for column in [
        "spec_id",
        "stage",
        "output_markdown",
        "output_path",
        "status",
        "artifacts_count",
        "agreements",
        "conflicts",
        "degraded",
        "run_id",
        "created_at",
    ] {
        let mut all = values();
        if !["artifacts_count", "degraded", "created_at"].contains(&column) {
            all.extend(broken_texts());
        }
        if ["spec_id", "stage", "run_id"].contains(&column) {
            all.extend(blobs());
        }
        for (sql, line) in all {
            insert_synthesis(&conn, column, &sql);
            last_says(&old, column, &line);
        }
    }
    for column in ["artifacts_count", "degraded", "created_at"] {
        for (sql, line) in numbers() {
            // These JSON would write with too few digits, or can't.
            let whole = [
                "9223372036854775807",
                "-9223372036854775807 - 1",
                "5.0",
                "-0.5",
                "'5.50'",
                "'5x'",
            ];
            if whole.contains(&sql.as_str()) || (column == "created_at" && sql == "0.1 + 0.2") {
                insert_synthesis(&conn, column, &sql);
                last_says(&old, column, &line);
            }
        }
    }
    round_trip(&files, &old);
    verify_in_write_new(&files, &export(&old));
    for phase in Phase::ALL {
        let before = export(&old);
        go(&old, phase);
        assert_same_export(phase.name(), &before, &export(&old));
    }
}

#[test]
fn numeric_columns_hold_text_that_is_not_utf8() {
    let files = Files::new();
    let old = files.legacy("old.db");
    let conn = raw(&old);
    for (sql, line) in broken_texts() {
        insert_artifact(&conn, "created_at", &sql);
        assert!(lines(&export(&old)).iter().any(|row| row.contains(&line)));
        for column in ["artifacts_count", "degraded", "created_at"] {
            insert_synthesis(&conn, column, &sql);
            last_says(&old, column, &line);
        }
    }
    round_trip(&files, &old);
}

/// What the new tables have no place for, from old file to old file.
#[test]
fn old_tables_hold_more() {
    let files = Files::new();
    let old = files.legacy("old.db");
    let conn = raw(&old);
    for column in ["output_markdown", "output_path", "artifacts_count", "degraded", "created_at"] {
        let mut all = blobs();
        if ["artifacts_count", "degraded", "created_at"].contains(&column) {
            all.extend(numbers());
        }
        for (sql, line) in all {
            insert_synthesis(&conn, column, &sql);
            last_says(&old, column, &line);
        }
    }
    let back = files.legacy("back.db");
    import(&back, export(&old));
    assert_same_export("back", &export(&old), &export(&back));
}

/// Megabytes in one value, among them what each must be escaped for.
#[test]
fn megabytes_in_one_value() {
    let files = Files::new();
    let old = files.legacy("old.db");
    let conn = raw(&old);
    conn.execute_batch(
        "CREATE TEMP TABLE big (t); \
         WITH RECURSIVE n(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 4999999) \
         INSERT INTO temp.big SELECT group_concat(char(1 + n % 300), '') FROM n; \
         INSERT INTO consensus_artifacts (spec_id, stage, agent_name, content_json, response_text) \
         SELECT 's', 'spec-plan', 'a', t, CAST(t AS BLOB) FROM temp.big; \
         INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status) \
         SELECT 's', 'spec-plan', t, 'ok' FROM temp.big;",
    )
    .unwrap();
    assert!(export(&old).len() > 20_000_000);
    round_trip(&files, &old);
}

/// Ids at both ends of what there is, but for those behind which there is no room.
#[test]
fn ids_of_every_size() {
    let files = Files::new();
    let old = files.legacy("old.db");
    for id in [i64::MIN, -5, 0, 7, i64::MAX - (1 << 32)] {
        raw(&old)
            .execute_batch(&format!(
                "INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, created_at) \
                 VALUES ({id}, 's', 'spec-plan', 'a', 'c', NULL); \
                 INSERT INTO consensus_synthesis (id, spec_id, stage, output_markdown, status, created_at) \
                 VALUES ({id}, 's', 'spec-plan', 'm', 'ok', NULL);"
            ))
            .unwrap();
    }
    round_trip(&files, &old);
    verify_in_write_new(&files, &export(&old));
}

/// New tables that some other program wrote to, with values that the old ones would hold
/// otherwise: what is exported is what the old ones would hold.
#[test]
fn what_other_programs_wrote_into_new_tables() {
    let files = Files::new();
    let new = files.path("new.db");
    drop(consensus_store::Store::open(&new).unwrap());
    raw(&new)
        .execute_batch(
            r#"INSERT INTO consensus_runs (id, spec_id, stage, latest_synthesis_id, synthesis_json) VALUES (1, 's', 'p', 3,
               '[ {"id": 3, "output_markdown": 5, "output_path": ["x"], "status": "o\/k", "artifacts_count": "7",
                   "degraded": true, "created_at": 20.0, "more": 1} ]');
               INSERT INTO agent_outputs (id, run_id, agent_name, content, created_at_raw) VALUES
               (1, 1, 'a', 'c', '20'), (2, 1, 'a', 'c', 20.0), (3, 1, 'a', 'c', ' 1e1 ');"#,
        )
        .unwrap();
    let found = export(&new);
    let text = lines(&found).join("\n");
    assert_eq!(text.matches(r#""created_at":20}"#).count(), 3, "{text}");
    assert!(text.contains(r#""created_at":10}"#), "{text}");
    assert!(
        text.contains(
            r#""output_markdown":"5","output_path":"[\"x\"]","status":"o/k","artifacts_count":7,"agreements":null,"conflicts":null,"degraded":1,"#
        ),
        "{text}"
    );
    for path in [files.legacy("old.db"), files.path("again.db")] {
        import(&path, &found);
        assert_same_export("again", &found, &export(&path));
    }
}

fn round_trip(files: &Files, old: &Path) {
    let first = export(old);
    let new = files.path("new.db");
    import(&new, &first);
    assert_same_export("new", &first, &export(&new));
    assert_same_new_tables(&files.derive(old, "derived.db"), &new);
    let back = files.legacy("back.db");
    import(&back, &first);
    assert_same_export("back", &first, &export(&back));
    let all = lines(&first).len();
    for path in [&new, &back] {
        assert_eq!(import(path, &first).already_there as usize, all);
    }
}

fn verify_in_write_new(files: &Files, text: &[u8]) {
    let path = files.legacy("write-new.db");
    go(&path, Phase::WriteNew);
    import(&path, text);
    verify(&path);
    assert_same_export("write-new", text, &export(&path));
}
