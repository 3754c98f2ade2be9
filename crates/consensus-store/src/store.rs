//! The store.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::artifact::{Artifact, NewArtifact};
use crate::connection::{Connection, Purpose};
use crate::error::{Error, Result};
use crate::fault::Step;
use crate::layout::Layout;
use crate::migration::{StoreMigration, definition};
use crate::options::Options;
use crate::readers::Readers;
use crate::reports::{Deleted, StageSummary};
use crate::stage::Stage;
use crate::synthesis::{NewSynthesis, Synthesis};
use crate::time::TEXT_MS;
use crate::writer::{Write, Writer};

/// Where agents' outputs and what was made of them are kept: one SQLite file, shared by
/// any number of programs.
///
/// Every method is right in every phase of the store's migration, also while another
/// process takes it from one to the next: a caller never learns of a phase.
///
/// Cheap to clone; clones share their connections. Share one in a process, rather than
/// opening the file again: callers of one store share commits.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    readers: Readers,
    /// None: opened read-only.
    writer: Option<Writer>,
}

impl Store {
    /// Opens a store, and makes the file if it is missing.
    ///
    /// A file on the old schema is opened as it is, and stays so until somebody starts the
    /// migration. A new file begins on the new schema.
    ///
    /// # Errors
    ///
    /// [`Error::NotADatabase`], [`Error::Corrupt`], [`Error::Busy`]; and
    /// [`Error::UnknownSchema`] for a file that holds tables of the store's names in
    /// another shape, which is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    ///
    /// As `open`, and [`Error::NotFound`] for a missing file that must not be made.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        if (options.read_only || !options.create) && !path.exists() {
            return Err(Error::NotFound { path: path.to_owned() });
        }
        let writer = if options.read_only { None } else { Some(open_to_write(path, &options)?) };
        let readers = Readers::new(path.to_owned(), options);
        // What is wrong with the file is found now, not at the first call.
        readers.lend()?.read("opening the store", |_| Ok(()))?;
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), readers, writer }) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Stores an agent's output; gives its id.
    ///
    /// It is committed when this returns. Callers on several threads share commits.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::DiskFull`], [`Error::Invalid`]; [`Error::NoPlace`] for a
    /// model version while writes enter the old tables. Nothing was stored then.
    pub fn store_artifact(&self, artifact: &NewArtifact<'_>) -> Result<i64> {
        check_time(artifact.created_at_ms)?;
        self.writer()?.submit(Write::Artifact(Cow::Borrowed(artifact)))
    }

    /// Stores a synthesis. Gives its id while writes enter the old tables, and from then on
    /// that of its run.
    ///
    /// # Errors
    ///
    /// As [`store_artifact`](Self::store_artifact).
    pub fn store_synthesis(&self, synthesis: &NewSynthesis<'_>) -> Result<i64> {
        check_time(synthesis.created_at_ms)?;
        self.writer()?.submit(Write::Synthesis(Cow::Borrowed(synthesis)))
    }

    /// The outputs for a spec and stage, the latest first: in the order of their ids,
    /// which is that in which they were stored.
    ///
    /// # Errors
    ///
    /// [`Error::UnexpectedValue`] for a row with something else than text where the store
    /// writes text; [`Error::Corrupt`] and such.
    pub fn query_artifacts(&self, spec_id: &str, stage: &Stage) -> Result<Vec<Artifact>> {
        self.read("reading artifacts", |conn, layout| {
            layout.reads().artifacts(conn, spec_id, stage)
        })
    }

    /// The synthesis for a spec and stage that was stored last, of whatever run.
    ///
    /// # Errors
    ///
    /// As [`query_artifacts`](Self::query_artifacts).
    pub fn query_latest_synthesis(
        &self,
        spec_id: &str,
        stage: &Stage,
    ) -> Result<Option<Synthesis>> {
        self.read("reading the latest synthesis", |conn, layout| {
            layout.reads().latest_synthesis(conn, spec_id, stage)
        })
    }

    /// All syntheses for a spec and stage, the latest first.
    ///
    /// # Errors
    ///
    /// As [`query_artifacts`](Self::query_artifacts).
    pub fn query_syntheses(&self, spec_id: &str, stage: &Stage) -> Result<Vec<Synthesis>> {
        self.read("reading syntheses", |conn, layout| {
            layout.reads().syntheses(conn, spec_id, stage)
        })
    }

    /// How many outputs a spec has.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Corrupt`] and such.
    pub fn count_artifacts(&self, spec_id: &str) -> Result<u64> {
        self.read("counting artifacts", |conn, layout| {
            layout.reads().count_artifacts(conn, spec_id)
        })
    }

    /// The specs that have outputs, sorted.
    ///
    /// # Errors
    ///
    /// As [`count_artifacts`](Self::count_artifacts).
    pub fn list_specs(&self) -> Result<Vec<String>> {
        self.read("listing specs", |conn, layout| layout.reads().specs(conn))
    }

    /// What each spec and stage has: those with syntheses alone, too. Sorted.
    ///
    /// # Errors
    ///
    /// As [`count_artifacts`](Self::count_artifacts).
    pub fn summaries(&self) -> Result<Vec<StageSummary>> {
        self.read("summing up", |conn, layout| layout.reads().summaries(conn))
    }

    /// Deletes the outputs of a spec; gives how many there were. Its syntheses stay.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] and such; nothing was deleted then.
    pub fn delete_spec_artifacts(&self, spec_id: &str) -> Result<u64> {
        self.delete_artifacts(spec_id, None)
    }

    /// Deletes the outputs of a spec and stage; gives how many there were. Their syntheses
    /// stay.
    ///
    /// # Errors
    ///
    /// As [`delete_spec_artifacts`](Self::delete_spec_artifacts).
    pub fn delete_stage_artifacts(&self, spec_id: &str, stage: &Stage) -> Result<u64> {
        self.delete_artifacts(spec_id, Some(stage))
    }

    /// Deletes the outputs and the syntheses of a spec.
    ///
    /// # Errors
    ///
    /// As [`delete_spec_artifacts`](Self::delete_spec_artifacts).
    pub fn delete_spec(&self, spec_id: &str) -> Result<Deleted> {
        self.delete_all(spec_id, None)
    }

    /// Deletes the outputs and the syntheses of a spec and stage.
    ///
    /// # Errors
    ///
    /// As [`delete_spec_artifacts`](Self::delete_spec_artifacts).
    pub fn delete_stage(&self, spec_id: &str, stage: &Stage) -> Result<Deleted> {
        self.delete_all(spec_id, Some(stage))
    }

    fn delete_all(&self, spec_id: &str, stage: Option<&Stage>) -> Result<Deleted> {
        self.write("deleting", |conn, layout| layout.writes().delete_all(conn, spec_id, stage))
    }

    fn delete_artifacts(&self, spec_id: &str, stage: Option<&Stage>) -> Result<u64> {
        self.write("deleting artifacts", |conn, layout| {
            layout.writes().delete_artifacts(conn, spec_id, stage)
        })
    }

    /// The engine on the store's own migration, for an application that moves its store
    /// itself.
    ///
    /// # Errors
    ///
    /// As [`cutover::Engine::open`].
    pub fn migration(&self) -> Result<StoreMigration> {
        self.migration_as("consensus-store")
    }

    /// As [`migration`](Self::migration); the history names this operator.
    ///
    /// # Errors
    ///
    /// As [`cutover::Engine::open`].
    pub fn migration_as(&self, operator: &str) -> Result<StoreMigration> {
        StoreMigration::open(&self.inner.path, operator)
    }

    /// Reads, all of it from one state of the database.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Connection, Layout) -> Step<T>,
    ) -> Result<T> {
        let conn = self.inner.readers.lend()?;
        conn.read(doing, |layout| body(&conn, layout))
    }

    /// Writes, all of it or nothing.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Connection, Layout) -> Step<T>,
    ) -> Result<T> {
        let conn = self.writer()?.alone();
        conn.write(doing, |layout| body(&conn, layout))
    }

    pub(crate) fn writer(&self) -> Result<&Writer> {
        let none = || Error::ReadOnly { path: self.inner.path.clone(), source: None };
        self.inner.writer.as_ref().ok_or_else(none)
    }
}

/// Opens the connection that writes; makes the tables in a file that has none.
fn open_to_write(path: &Path, options: &Options) -> Result<Writer> {
    let purpose = if options.create { Purpose::Create } else { Purpose::Write };
    let mut conn = Connection::open(path, purpose, options)?;
    prepare_file(&mut conn)
        .map_err(|source| Error::of_sqlite(path, 0, "opening the database", source))?;
    // A look first: to find that there is nothing to make, nobody has to wait.
    if conn.look()?.is_none() {
        conn.make(|| match conn.layout_if_any()? {
            Some(_) => Ok(()),
            None => make_tables(&conn),
        })?;
    }
    Ok(Writer::new(conn))
}

/// What a file keeps by itself from then on.
fn prepare_file(conn: &mut Connection) -> rusqlite::Result<()> {
    let raw = conn.raw();
    // Counts only while a file has no tables: then its free pages can be given back later.
    raw.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let mode: String = raw.query_row("PRAGMA journal_mode", (), |row| row.get(0))?;
    if mode != "wal" {
        // Where programs hold the file just now it stays as it is, which is as right, only
        // slower; the next to open it tries again. So nobody waits for this.
        raw.busy_timeout(Duration::ZERO)?;
        match raw.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0)) {
            Err(error) if is_busy(&error) => {}
            other => drop(other?),
        }
        conn.wait_for_locks()?;
    }
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn make_tables(conn: &Connection) -> Step<()> {
    let migration = definition()?;
    for statement in migration.new_schema() {
        conn.raw().execute_batch(statement)?;
    }
    Ok(())
}

/// Fails for a time that old programs could not read.
pub(crate) fn check_time(ms: Option<i64>) -> Result<()> {
    match ms {
        Some(ms) if !TEXT_MS.contains(&ms) => Err(Error::Invalid {
            field: "created_at_ms",
            reason: format!("{ms} is outside the years 0000 to 9999"),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite gives the same error where a file may have no more pages as where the disk
    /// has no more room.
    #[test]
    fn a_full_disk_is_told_apart_and_stores_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store.db")).unwrap();
        let pages = "SELECT page_count + 3 FROM pragma_page_count";
        {
            let conn = store.writer().unwrap().alone();
            let most: i64 = conn.raw().query_row(pages, (), |row| row.get(0)).unwrap();
            conn.raw().pragma_update(None, "max_page_count", most).unwrap();
        }
        let long = "r".repeat(100_000);
        let artifact = NewArtifact::new("S", Stage::Plan, "claude", "{}").response_text(&*long);
        let error = store.store_artifact(&artifact).unwrap_err();
        let Error::DiskFull { .. } = error else { panic!("{error:?}") };
        assert_eq!(store.summaries().unwrap(), []);
        // What still fits is stored.
        store.store_artifact(&NewArtifact::new("S", Stage::Plan, "claude", "{}")).unwrap();
        assert_eq!(store.count_artifacts("S").unwrap(), 1);
    }
}
