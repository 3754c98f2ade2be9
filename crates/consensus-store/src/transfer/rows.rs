//! The rows of a side, as lines have them.

use cutover::Side;
use rusqlite::types::ValueRef;

use super::value::{self, OldColumns, Value};
use super::{ARTIFACT, Kind, SYNTHESIS};
use crate::connection::Connection;
use crate::error::Error;
use crate::fault::{Fault, Step};
use crate::kept;
use crate::time::TEXT_MS;

const OLD_ARTIFACTS: &str = "\
SELECT id, spec_id, stage, agent_name, content_json, response_text, run_id, NULL, created_at \
FROM consensus_artifacts";

const OLD_SYNTHESES: &str = "\
SELECT id, spec_id, stage, output_markdown, output_path, status, artifacts_count, agreements, \
conflicts, degraded, run_id, created_at FROM consensus_synthesis";

/// The time is that of the backward mapping, in the same words.
fn new_artifacts() -> String {
    format!(
        "SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.response_text, r.run_label, \
         o.model_version, \
         CASE \
           WHEN o.output_timestamp IS NULL THEN o.created_at_raw \
           WHEN o.output_timestamp NOT BETWEEN {} AND {} THEN o.output_timestamp \
           WHEN o.output_timestamp % 1000 = 0 THEN datetime(o.output_timestamp / 1000, 'unixepoch') \
           ELSE strftime('%Y-%m-%d %H:%M:%f', o.output_timestamp / 1000.0, 'unixepoch') \
         END, o.run_id \
         FROM agent_outputs AS o LEFT JOIN consensus_runs AS r ON r.id = o.run_id",
        TEXT_MS.start(),
        TEXT_MS.end()
    )
}

const NEW_SYNTHESES: &str = "\
SELECT iif(s.type = 'object', s.value ->> '$.id', NULL) AS id, r.spec_id, r.stage, r.run_label, s.value, r.id AS run, s.type \
FROM consensus_runs AS r, json_each(r.synthesis_json) AS s ORDER BY id, run";

/// A kept synthesis, taken apart as in the backward mapping. `created_at` comes last.
const KEPT: &str = "\
SELECT ?1 ->> '$.output_markdown', ?1 ->> '$.output_path', ?1 ->> '$.status', \
?1 ->> '$.artifacts_count', ?1 ->> '$.agreements', ?1 ->> '$.conflicts', ?1 ->> '$.degraded', \
CASE json_type(?1, '$.created_at') \
  WHEN 'array' THEN (?1 ->> '$.created_at[0]') + (?1 ->> '$.created_at[1]') * 1.0 / (1 << 62) \
  ELSE ?1 ->> '$.created_at' \
END";

/// A synthesis of the new tables: its run's columns, and the object that keeps the rest.
#[derive(Clone, Copy)]
pub(super) struct Kept<'r> {
    pub(super) spec_id: ValueRef<'r>,
    pub(super) stage: ValueRef<'r>,
    pub(super) run_label: ValueRef<'r>,
    pub(super) object: ValueRef<'r>,
}

/// The rows of a side.
pub(super) struct Rows<'c> {
    conn: &'c Connection,
    side: Side,
    /// All artifacts; one of them.
    artifacts: [String; 2],
    columns: OldColumns,
}

impl<'c> Rows<'c> {
    pub(super) fn new(conn: &'c Connection, side: Side) -> Self {
        let artifacts = match side {
            Side::Old => {
                ["ORDER BY id", "WHERE id = ?1"].map(|end| format!("{OLD_ARTIFACTS} {end}"))
            }
            Side::New => {
                ["ORDER BY o.id", "WHERE o.id = ?1"].map(|end| format!("{} {end}", new_artifacts()))
            }
        };
        Self { conn, side, artifacts, columns: OldColumns::default() }
    }

    /// Every artifact, in the order of id.
    pub(super) fn each_artifact(
        &self,
        mut visit: impl FnMut(i64, &[ValueRef<'_>; 8]) -> Step<()>,
    ) -> Step<()> {
        let mut statement = self.conn.prepare(&self.artifacts[0])?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            self.artifact_of(row, &mut visit)?;
        }
        Ok(())
    }

    /// Looks at an artifact; `None` if there is none with this id.
    pub(super) fn artifact<T>(
        &self,
        id: i64,
        look: impl FnOnce(i64, &[ValueRef<'_>; 8]) -> Step<T>,
    ) -> Step<Option<T>> {
        let mut statement = self.conn.prepare(&self.artifacts[1])?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(|row| self.artifact_of(row, look)).transpose()
    }

    fn artifact_of<T>(
        &self,
        row: &rusqlite::Row<'_>,
        look: impl FnOnce(i64, &[ValueRef<'_>; 8]) -> Step<T>,
    ) -> Step<T> {
        let id = row.get(0)?;
        let cells = cells(row, 1)?;
        if self.side == Side::Old {
            return look(id, &cells);
        }
        if cells[0] == ValueRef::Null {
            // Foreign keys hold only for programs that ask for it.
            return Err(Error::UnexpectedValue {
                table: "agent_outputs",
                id,
                column: "run_id",
                found: format!("{}, and there is no such run", value::describe(row.get_ref(9)?)),
            }
            .into());
        }
        let instead = self.instead(&ARTIFACT, &cells)?;
        look(id, &with(&cells, &instead))
    }

    /// Every synthesis, in the order of id.
    pub(super) fn each_synthesis(
        &self,
        mut visit: impl FnMut(i64, &[ValueRef<'_>; 11]) -> Step<()>,
    ) -> Step<()> {
        if self.side == Side::New {
            return self.each_kept(visit).map_err(|fault| self.malformed(fault));
        }
        let mut statement = self.conn.prepare(&format!("{OLD_SYNTHESES} ORDER BY id"))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, &cells(row, 1)?)?;
        }
        Ok(())
    }

    fn each_kept(&self, mut visit: impl FnMut(i64, &[ValueRef<'_>; 11]) -> Step<()>) -> Step<()> {
        let mut statement = self.conn.prepare(NEW_SYNTHESES)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let run = row.get(5)?;
            let kind = row.get_ref(6)?;
            if kind != ValueRef::Text(b"object") {
                let found = format!(
                    "a list with {} in it",
                    String::from_utf8_lossy(kind.as_bytes().unwrap_or_default())
                );
                return Err(kept::unexpected(run, found).into());
            }
            let ValueRef::Integer(id) = row.get_ref(0)? else {
                let found = "a list with a synthesis that has no id".to_owned();
                return Err(kept::unexpected(run, found).into());
            };
            self.kept(&Kept::of(row, 1)?, |cells| visit(id, cells))?;
        }
        Ok(())
    }

    /// Looks at a synthesis of the old tables; `None` if there is none with this id.
    pub(super) fn old_synthesis<T>(
        &self,
        id: i64,
        look: impl FnOnce(&[ValueRef<'_>; 11]) -> Step<T>,
    ) -> Step<Option<T>> {
        let mut statement = self.conn.prepare(&format!("{OLD_SYNTHESES} WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(|row| look(&cells(row, 1)?)).transpose()
    }

    /// Looks at a synthesis of the new tables.
    pub(super) fn kept<T>(
        &self,
        kept: &Kept<'_>,
        look: impl FnOnce(&[ValueRef<'_>; 11]) -> Step<T>,
    ) -> Step<T> {
        let mut statement = self.conn.prepare(KEPT)?;
        let mut rows = statement.query([rusqlite::types::ToSqlOutput::Borrowed(kept.object)])?;
        let Some(row) = rows.next()? else {
            return Err(rusqlite::Error::QueryReturnedNoRows.into());
        };
        let [markdown, path, status, count, agreements, conflicts, degraded, created_at] =
            cells(row, 0)?;
        let cells = [
            kept.spec_id,
            kept.stage,
            markdown,
            path,
            status,
            count,
            agreements,
            conflicts,
            degraded,
            kept.run_label,
            created_at,
        ];
        let instead = self.instead(&SYNTHESIS, &cells)?;
        look(&with(&cells, &instead))
    }

    /// What the old tables would hold in place of what the new ones do.
    fn instead<const N: usize>(
        &self,
        kind: &Kind<N>,
        cells: &[ValueRef<'_>; N],
    ) -> Step<[Option<Value>; N]> {
        let mut instead = std::array::from_fn(|_| None);
        for (n, (column, cell)) in kind.columns.iter().zip(cells).enumerate() {
            instead[n] = self.columns.instead(column.affinity, *cell)?;
        }
        Ok(instead)
    }

    /// Finds the run whose text is not JSON, which SQLite doesn't name.
    pub(super) fn malformed(&self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::Sqlite(_)) {
            return fault;
        }
        let sql = "SELECT id FROM consensus_runs \
                   WHERE synthesis_json IS NOT NULL AND NOT json_valid(synthesis_json) LIMIT 1";
        let run = self.conn.raw().query_row(sql, (), |row| row.get(0));
        run.map_or(fault, |run| kept::unexpected(run, "no JSON".to_owned()).into())
    }
}

impl<'r> Kept<'r> {
    /// Four columns of a row, from this one on.
    pub(super) fn of(row: &'r rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Self> {
        let [spec_id, stage, run_label, object] = cells(row, from)?;
        Ok(Self { spec_id, stage, run_label, object })
    }
}

/// The columns of a row, from this one on.
fn cells<'r, const N: usize>(
    row: &'r rusqlite::Row<'_>,
    from: usize,
) -> rusqlite::Result<[ValueRef<'r>; N]> {
    let mut cells = [ValueRef::Null; N];
    for (n, cell) in cells.iter_mut().enumerate() {
        *cell = row.get_ref(from + n)?;
    }
    Ok(cells)
}

fn with<'r, const N: usize>(
    cells: &[ValueRef<'r>; N],
    instead: &'r [Option<Value>; N],
) -> [ValueRef<'r>; N] {
    std::array::from_fn(|n| instead[n].as_ref().map_or(cells[n], Value::borrow))
}

/// What a table holds, or would hold, in place of what a line says; `None` where they agree.
pub(super) fn difference<const N: usize>(
    kind: &Kind<N>,
    said: &[Value; N],
    held: &[ValueRef<'_>; N],
) -> Option<String> {
    let n = (0..N).find(|n| !value::same(said[*n].borrow(), held[*n]))?;
    Some(format!(
        "`{}` is {}, and the tables would hold {}",
        kind.columns[n].key,
        value::describe(said[n].borrow()),
        value::describe(held[n])
    ))
}
