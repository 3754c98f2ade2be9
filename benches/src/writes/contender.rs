//! The databases: the raw limit, triggers by hand, cutover's.

use std::path::{Path, PathBuf};

use consensus_store::sample::{Shape as SampleShape, populate};
use cutover::{AdvanceOptions, Engine, Migration, Pace, Phase, Silent, StartOptions};
use rusqlite::Connection;

use benches::database::{Result, connect, copy, engine};
use benches::offline::{Mapping, Offline};

use super::bench::{Bench, Rows, Shape};

/// Who does the writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Only the tables that the writes enter.
    Raw,
    /// Both schemas, and the least triggers a person would write.
    ByHand,
    /// Both schemas, kept in step one way by cutover, beside [`Who::Ours`] that writes both.
    OneWay,
    /// Both schemas, kept in step by cutover.
    Ours,
}

pub(super) struct Contender {
    pub(super) who: Who,
    pub(super) path: PathBuf,
    pub(super) conn: Connection,
}

/// The contenders of a bench, and how to see that a mirror is what it should be.
pub(super) struct Contenders {
    pub(super) all: Vec<Contender>,
    pub(super) operator: Engine,
    name: &'static str,
    mirrors: Vec<Mapping>,
}

impl Contenders {
    pub(super) fn make(dir: &Path, bench: &Bench) -> Result<Contenders> {
        let shape = &bench.shape;
        let raw = populated(dir, shape)?;
        let (by_hand, ours) = (copy(&raw, "by-hand.db")?, copy(&raw, "ours.db")?);
        let to_new = bench.entered() == Phase::WriteNew;
        let offline = Offline::of(&shape.migration);
        let direction = if to_new { &shape.backward_by_hand } else { &shape.forward_by_hand };
        let mut all = Vec::new();
        if !direction.is_empty() && bench.beside.is_none() {
            let conn = connect(&by_hand)?;
            conn.execute_batch(&format!("BEGIN; {} {} COMMIT;", offline.tables, offline.fill()))?;
            conn.execute_batch(direction)?;
            all.push(Contender { who: Who::ByHand, path: by_hand, conn });
        }
        if let Some(phase) = bench.beside {
            let path = copy(&raw, "one-way.db")?;
            in_phase(&path, shape, phase)?;
            all.push(Contender { who: Who::OneWay, conn: connect(&path)?, path });
        }
        let operator = in_phase(&ours, shape, bench.phase)?;
        if to_new {
            only_new(&raw, &offline)?;
        }
        all.insert(0, Contender { who: Who::Raw, conn: connect(&raw)?, path: raw });
        all.push(Contender { who: Who::Ours, conn: connect(&ours)?, path: ours });
        let mirrors = if to_new { offline.backward } else { offline.forward };
        Ok(Contenders { all, operator, name: shape.name, mirrors })
    }

    /// Fails unless the mirrors are what the mappings give: a fast trigger that is wrong wins
    /// nothing.
    pub(super) fn verify(&mut self) -> Result<()> {
        for by_hand in self.all.iter().filter(|c| c.who == Who::ByHand) {
            for mapping in &self.mirrors {
                let differing: i64 =
                    by_hand.conn.query_row(&mapping.differing(), [], |row| row.get(0))?;
                if differing != 0 {
                    return Err(
                        format!("by hand: {differing} rows of {} differ", mapping.table).into()
                    );
                }
            }
        }
        let report = self.operator.verify(self.name, Pace::Fast, &mut Silent)?;
        if report.ok { Ok(()) } else { Err(format!("ours: {report:?}").into()) }
    }
}

fn in_phase(path: &Path, shape: &Shape, phase: Phase) -> Result<Engine> {
    let mut operator = engine(path)?;
    let options = StartOptions { pace: Pace::Fast, ..StartOptions::default() };
    operator.start(&Migration::parse(shape.name, &shape.migration)?, options, &mut Silent)?;
    if phase != Phase::DualWrite {
        let to = AdvanceOptions { to: Some(phase), ..AdvanceOptions::default() };
        operator.advance(shape.name, &to, &mut Silent)?;
    }
    Ok(operator)
}

fn populated(dir: &Path, shape: &Shape) -> Result<PathBuf> {
    let path = dir.join("raw.db");
    let conn = Connection::open(&path)?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    conn.execute_batch(&shape.old)?;
    match &shape.rows {
        Rows::Sql(sql) => conn.execute_batch(&format!("BEGIN; {sql} COMMIT;"))?,
        Rows::Sample(artifacts) => {
            populate(&conn, *artifacts, 1, SampleShape::Plain)?;
        }
    }
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(path)
}

/// Makes a database of the old tables one that never had them.
fn only_new(path: &Path, offline: &Offline) -> Result<()> {
    let conn = Connection::open(path)?;
    conn.execute_batch(&format!(
        "PRAGMA foreign_keys = OFF; BEGIN; {} {}",
        offline.tables,
        offline.fill()
    ))?;
    for mapping in &offline.backward {
        conn.execute_batch(&format!("DROP TABLE {};", mapping.table))?;
    }
    conn.execute_batch("COMMIT; VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}
