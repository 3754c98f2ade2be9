//! Writers and readers that fail, stores that can't be written, files that are damaged.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use consensus_store::sample::Shape;
use consensus_store::{Error, ImportOptions, NewArtifact, NewSynthesis, Options, Stage, Store};
use cutover::ErrorKind;

use crate::transfer::support::{Files, assert_same_export, export, lines, raw};

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let some = bytes.len().min(self.0);
        self.0 -= some;
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that breaks at its end.
struct Broken<R>(R);

impl<R: Read> Read for Broken<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes)? {
            0 => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            some => Ok(some),
        }
    }
}

#[test]
fn what_can_not_be_written_is_an_error() {
    let files = Files::new();
    let path = files.sample("old.db", 200, 1, Shape::Small);
    let store = Store::open(&path).unwrap();
    let bytes = export(&path).len();
    for room in [0, 1, bytes / 2, bytes - 1] {
        let error = store.export(&mut Full(room)).unwrap_err();
        assert!(
            matches!(&error, Error::Io { doing, .. } if doing == "writing the export"),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::Failed);
    }
    // The connection goes on, and holds no state of the store back.
    store.export(&mut Full(bytes)).unwrap();
    store.store_artifact(&NewArtifact::new("s", Stage::Plan, "a", "c")).unwrap();
    let mut again = Vec::new();
    store.export(&mut again).unwrap();
    assert!(again.len() > bytes);
}

#[test]
fn what_can_not_be_read_is_an_error_and_nothing_is_imported() {
    let files = Files::new();
    let text = export(&files.sample("old.db", 200, 1, Shape::Small));
    let path = files.path("new.db");
    let store = Store::open(&path).unwrap();
    for some in [0, text.len() / 2, text.len()] {
        let mut lines = BufReader::new(Broken(&text[..some]));
        let error = store.import(&mut lines, ImportOptions::default()).unwrap_err();
        assert!(
            matches!(&error, Error::Io { doing, .. } if doing == "reading the import"),
            "{error:?}"
        );
        assert_eq!(export(&path), b"");
    }
    store.import(&mut text.as_slice(), ImportOptions::default()).unwrap();
}

/// A stream that says when it was read, and goes no further until it is told.
struct Slow<'a> {
    store: &'a Store,
    text: &'a [u8],
    begun: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.text.read(bytes)
    }
}

impl BufRead for Slow<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.begun {
            self.begun = true;
            // As another program would, while nobody has written a line yet.
            let other = Store::open(self.store.path()).unwrap();
            other.store_artifact(&NewArtifact::new("other", Stage::Plan, "a", "c")).unwrap();
        }
        Ok(self.text)
    }

    fn consume(&mut self, bytes: usize) {
        self.text = &self.text[bytes..];
    }
}

#[test]
fn waiting_for_the_first_line_holds_nobody_up() {
    let files = Files::new();
    let path = files.path("new.db");
    let store = Store::open(&path).unwrap();
    store
        .import(&mut Slow { store: &store, text: b"\n", begun: false }, ImportOptions::default())
        .unwrap();
    assert_eq!(store.count_artifacts("other").unwrap(), 1);
}

#[test]
fn a_store_that_is_read_only_exports_and_takes_no_import() {
    let files = Files::new();
    let path = files.sample("old.db", 100, 1, Shape::Small);
    let expected = export(&path);
    let store = Store::open_with(&path, Options::default().read_only(true)).unwrap();
    let mut found = Vec::new();
    store.export(&mut found).unwrap();
    assert_same_export("read-only", &expected, &found);
    let error = store.import(&mut found.as_slice(), ImportOptions::default()).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[test]
fn a_store_that_others_write_to_is_busy() {
    let files = Files::new();
    let path = files.sample("old.db", 100, 1, Shape::Small);
    let text = export(&path);
    let options = Options::default().busy_timeout(Duration::from_millis(50));
    let store = Store::open_with(&path, options).unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.import(&mut text.as_slice(), ImportOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    // Who only reads is not kept waiting.
    let mut found = Vec::new();
    store.export(&mut found).unwrap();
    assert_same_export("beside a writer", &text, &found);
}

/// All of an export is from one state, whatever is written while it is under way.
#[test]
fn an_export_is_of_one_state() {
    /// Writes to the store with every piece that it is given.
    struct Busy<'a>(&'a Store, Vec<u8>);
    impl Write for Busy<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.store_artifact(&NewArtifact::new("new", Stage::Plan, "a", "c")).unwrap();
            self.0.delete_spec("SPEC-00000").unwrap();
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let files = Files::new();
    let path = files.sample("old.db", 500, 1, Shape::Small);
    let expected = export(&path);
    let store = Store::open(&path).unwrap();
    let mut out = Busy(&store, Vec::new());
    store.export(&mut out).unwrap();
    assert_same_export("while it is written to", &expected, &out.1);
    assert_ne!(export(&path), expected);
}

/// Rows of the new tables that no version of the store writes are told, not left out.
#[test]
fn rows_that_make_no_sense_are_told() {
    for (damage, message) in [
        (
            "INSERT INTO agent_outputs (id, run_id, agent_name, content) VALUES (7, 99, 'a', 'c')",
            "agent_outputs 7: run_id is the whole number 99, and there is no such run",
        ),
        (
            "UPDATE consensus_runs SET synthesis_json = 'x'",
            "consensus_runs 1: synthesis_json is no JSON",
        ),
        (
            "UPDATE consensus_runs SET synthesis_json = '[1]'",
            "consensus_runs 1: synthesis_json is a list with integer in it",
        ),
        (
            "UPDATE consensus_runs SET synthesis_json = '[\"x\"]'",
            "consensus_runs 1: synthesis_json is a list with text in it",
        ),
        (
            "UPDATE consensus_runs SET synthesis_json = '[{}]'",
            "consensus_runs 1: synthesis_json is a list with a synthesis that has no id",
        ),
    ] {
        let files = Files::new();
        let path = files.path("new.db");
        let store = Store::open(&path).unwrap();
        store.store_artifact(&NewArtifact::new("s", Stage::Plan, "a", "c")).unwrap();
        let conn = raw(&path);
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        conn.execute_batch(damage).unwrap();
        let error = store.export(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::UnexpectedValue { .. }), "{error:?}");
        assert_eq!(error.to_string(), message);
    }
}

/// Nor are they written over.
#[test]
fn what_makes_no_sense_is_not_added_to() {
    let files = Files::new();
    let path = files.path("new.db");
    let store = Store::open(&path).unwrap();
    store.store_synthesis(&NewSynthesis::new("s", Stage::Plan, "m", "ok")).unwrap();
    let mut text = Vec::new();
    store.export(&mut text).unwrap();
    let conn = raw(&path);
    conn.execute_batch("UPDATE consensus_runs SET synthesis_json = '[{\"id\":1'").unwrap();
    for new_ids in [false, true] {
        let options = ImportOptions::default().new_ids(new_ids);
        let error = store.import(&mut text.as_slice(), options).unwrap_err();
        assert_eq!(error.to_string(), "consensus_runs 1: synthesis_json is no JSON");
    }
    let kept: String =
        conn.query_row("SELECT synthesis_json FROM consensus_runs", (), |row| row.get(0)).unwrap();
    assert_eq!(kept, "[{\"id\":1");
}

/// An old file whose columns have other types than usual: what they hold comes back, into
/// a file of the same types.
#[test]
fn columns_of_other_types() {
    let schema = "CREATE TABLE consensus_artifacts (id INTEGER PRIMARY KEY, spec_id, stage, agent_name BLOB, \
                    content_json JSON, response_text, run_id INTEGER, created_at TEXT); \
                  CREATE TABLE consensus_synthesis (id INTEGER PRIMARY KEY, spec_id, stage, output_markdown, output_path, \
                    status, artifacts_count TEXT, agreements, conflicts, degraded REAL, run_id INTEGER, created_at TEXT);";
    let files = Files::new();
    let (one, two) = (files.path("one.db"), files.path("two.db"));
    for path in [&one, &two] {
        raw(path).execute_batch(schema).unwrap();
    }
    raw(&one)
        .execute_batch(
            "INSERT INTO consensus_artifacts VALUES (1, 5, 2.5, 'a', '7', 1.0, '8', 9), (2, 's', 'p', 'a', '[]', 'r', 'r', '2025'); \
             INSERT INTO consensus_synthesis VALUES (1, 5, 2.5, 1, 2, 3, 4, 5, 6, 1, '8', 9)",
        )
        .unwrap();
    let first = export(&one);
    Store::open(&two).unwrap().import(&mut first.as_slice(), ImportOptions::default()).unwrap();
    assert_same_export("two", &first, &export(&two));
    assert_eq!(lines(&first).len(), 3);
    // Into the usual types it does not go as it is.
    let error = Store::open(files.path("new.db"))
        .unwrap()
        .import(&mut first.as_slice(), ImportOptions::default())
        .unwrap_err();
    assert!(matches!(error, Error::Line { line: 1, .. }), "{error:?}");
}
