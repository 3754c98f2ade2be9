//! Which tables hold the rows, and whether they are the store's.

use std::fmt::Write as _;

use cutover::{STANDING, STATE_TABLE, Side, Standing, Writes};
use rusqlite::OptionalExtension as _;

use crate::connection::Connection;
use crate::error::Error;
use crate::fault::Step;
use crate::schema::MIGRATION_NAME;
use crate::tables::{self, Tables};

/// Where calls read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The side that answers reads.
    pub(crate) reads: Side,
    /// The side that writes enter.
    pub(crate) writes: Side,
}

impl Layout {
    /// The tables that answer reads.
    pub(crate) fn reads(self) -> &'static dyn Tables {
        tables::of(self.reads)
    }

    /// The tables that writes enter.
    pub(crate) fn writes(self) -> &'static dyn Tables {
        tables::of(self.writes)
    }

    /// Where old and new programs write at once, this one is a new program: it finds in the new
    /// tables what it has written there.
    fn of(standing: Standing) -> Self {
        let writes = standing.writes().preferring(Side::New);
        let reads = match standing.writes() {
            Writes::Both => writes,
            Writes::Old | Writes::New => standing.reads(),
        };
        Self { reads, writes }
    }

    /// All on one side: there is no migration under way.
    fn only(side: Side) -> Self {
        Self { reads: side, writes: side }
    }
}

/// A table of the store's: what it needs of it.
struct Shape {
    table: &'static str,
    columns: &'static [&'static str],
    /// Columns that must be a UNIQUE constraint; none: no such need.
    unique: &'static [&'static str],
}

const OLD: [Shape; 2] = [
    Shape {
        table: "consensus_artifacts",
        columns: &[
            "id",
            "spec_id",
            "stage",
            "agent_name",
            "content_json",
            "response_text",
            "run_id",
            "created_at",
        ],
        unique: &[],
    },
    Shape {
        table: "consensus_synthesis",
        columns: &[
            "id",
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
        ],
        unique: &[],
    },
];

const NEW: [Shape; 2] = [
    Shape {
        table: "consensus_runs",
        columns: &[
            "id",
            "spec_id",
            "stage",
            "run_label",
            "run_timestamp",
            "consensus_ok",
            "degraded",
            "latest_synthesis_id",
            "synthesis_json",
        ],
        unique: &["spec_id", "stage", "run_label"],
    },
    Shape {
        table: "agent_outputs",
        columns: &[
            "id",
            "run_id",
            "agent_name",
            "model_version",
            "content",
            "response_text",
            "output_timestamp",
            "created_at_raw",
        ],
        unique: &[],
    },
];

/// Finds the layout, in the transaction at hand.
pub(crate) fn detect(conn: &Connection) -> Step<Layout> {
    match detect_if_any(conn)? {
        Some(layout) => Ok(layout),
        None => {
            Err(unknown(conn, "it has no tables of the store", "open it for writing once").into())
        }
    }
}

/// As [`detect`]; `None` where the file holds none of the store's tables.
pub(crate) fn detect_if_any(conn: &Connection) -> Step<Option<Layout>> {
    if let Some(standing) = standing(conn)? {
        let layout = Layout::of(standing);
        for side in [layout.reads, layout.writes] {
            check(conn, side)?;
        }
        return Ok(Some(layout));
    }
    let old = OLD.iter().map(|shape| exists(conn, shape.table)).collect::<Step<Vec<_>>>()?;
    let new = NEW.iter().map(|shape| exists(conn, shape.table)).collect::<Step<Vec<_>>>()?;
    let side = match (old.contains(&true), new.contains(&true)) {
        (false, false) => return Ok(None),
        (true, false) => Side::Old,
        (false, true) => Side::New,
        (true, true) => return Err(both(conn)?.into()),
    };
    check(conn, side)?;
    Ok(Some(Layout::only(side)))
}

/// Where the store's own migration stands, if it was started.
fn standing(conn: &Connection) -> Step<Option<Standing>> {
    if !exists(conn, STATE_TABLE)? {
        return Ok(None);
    }
    let row: Option<(String, bool)> = conn
        .prepare(STANDING)?
        .query_row([MIGRATION_NAME], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((phase, backfilled)) = row else { return Ok(None) };
    let phase = phase.parse().map_err(|_| {
        let found = format!("its migration is in a phase unknown to this version, {phase}");
        unknown(conn, found, "use a newer version of this program")
    })?;
    Ok(Some(Standing { phase, backfilled }))
}

fn exists(conn: &Connection, table: &str) -> Step<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema \
               WHERE type = 'table' AND lower(name) = ?1)";
    Ok(conn.prepare(sql)?.query_row([table], |row| row.get(0))?)
}

/// Fails unless the tables of a side are the store's.
fn check(conn: &Connection, side: Side) -> Step<()> {
    let shapes = if side == Side::Old { &OLD } else { &NEW };
    let mut found = String::new();
    for shape in shapes {
        if let Some(flaw) = flaw(conn, shape)? {
            let _ = write!(found, "{}{flaw}", if found.is_empty() { "" } else { "; " });
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let [first, second] = [shapes[0].table, shapes[1].table];
    let fix = format!(
        "open another file; or keep these rows aside, and open it again: \
         ALTER TABLE {first} RENAME TO kept_{first}; ALTER TABLE {second} RENAME TO kept_{second}"
    );
    Err(unknown(conn, found, fix).into())
}

/// What a table lacks.
fn flaw(conn: &Connection, shape: &Shape) -> Step<Option<String>> {
    let table = shape.table;
    let sql = "SELECT lower(name) FROM pragma_table_info(?1)";
    let columns: Vec<String> =
        conn.prepare(sql)?.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Ok(Some(format!("there is no table {table}")));
    }
    let missing: Vec<&str> = shape
        .columns
        .iter()
        .copied()
        .filter(|column| !columns.iter().any(|there| there == column))
        .collect();
    let uniques = uniques(conn, table)?;
    let wanted = shape.unique.join(", ");
    if missing.is_empty() && (wanted.is_empty() || uniques.contains(&wanted)) {
        return Ok(None);
    }
    let mut flaw = format!("{table} has the columns {}", columns.join(", "));
    for unique in &uniques {
        let _ = write!(flaw, " and UNIQUE ({unique})");
    }
    if missing.is_empty() {
        let _ = write!(flaw, ", but not UNIQUE ({wanted})");
    } else {
        let _ = write!(flaw, ", but not {}", missing.join(", "));
    }
    Ok(Some(flaw))
}

/// The columns of each UNIQUE constraint of a table.
fn uniques(conn: &Connection, table: &str) -> Step<Vec<String>> {
    let sql = "SELECT (SELECT group_concat(lower(name), ', ') FROM \
                 (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) \
               FROM pragma_index_list(?1) AS l WHERE l.\"unique\" AND NOT l.partial";
    let mut statement = conn.prepare(sql)?;
    let found = statement.query_map([table], |row| row.get::<_, Option<String>>(0))?;
    Ok(found.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// Old and new tables, and no migration that ties them together.
fn both(conn: &Connection) -> Step<Error> {
    let mut found = String::from(
        "it has the old tables and the new ones, but no migration of the store between them",
    );
    for shape in &NEW {
        if let Some(flaw) = flaw(conn, shape)? {
            let _ = write!(found, "; {flaw}");
        }
    }
    let fix = "keep the new tables' rows aside, and open it again: \
               ALTER TABLE consensus_runs RENAME TO kept_consensus_runs; \
               ALTER TABLE agent_outputs RENAME TO kept_agent_outputs";
    Ok(unknown(conn, found, fix))
}

fn unknown(conn: &Connection, found: impl Into<String>, fix: impl Into<String>) -> Error {
    Error::UnknownSchema { path: conn.path().to_owned(), found: found.into(), fix: fix.into() }
}
