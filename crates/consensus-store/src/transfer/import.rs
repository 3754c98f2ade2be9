//! Import: lines into a store.

use std::io::{self, BufRead};

use cutover::Side;
use rusqlite::ErrorCode;
use rusqlite::types::ValueRef;

use super::into_new::IntoNew;
use super::line::{Line, Lines, NoLine};
use super::rows::{Rows, difference};
use super::{ARTIFACT, Kind, Row, SYNTHESIS, into_old};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::fault::{Fault, Step};
use crate::layout::Layout;
use crate::reports::Imported;
use crate::store::Store;

/// How [`Store::import`] treats ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Whether all rows get new ids. Otherwise they keep theirs, and a row that the store
    /// has already is left as it is.
    pub new_ids: bool,
}

impl ImportOptions {
    /// Whether all rows get new ids.
    #[must_use]
    pub fn new_ids(mut self, new_ids: bool) -> Self {
        self.new_ids = new_ids;
        self
    }
}

impl Store {
    /// Reads what [`export`](Self::export) writes, and stores it: all of it, or nothing.
    ///
    /// What is stored is what the lines say, to the bit; a value that the tables would
    /// change is an error. Rows that the store has already, the very same, are counted and
    /// left as they are, so that importing twice is as good as once. Blank lines are skipped.
    ///
    /// It is one transaction, for which other programs wait: give it a file, rather than
    /// a pipe whose other end takes its time. Memory does not grow with the number of rows.
    ///
    /// # Errors
    ///
    /// [`Error::Line`] for a line that is not what an export writes, or that holds what
    /// the tables can't; [`Error::Conflict`] for an id that holds something else here;
    /// [`Error::IdTooLarge`] for an id behind which there would be none for later rows;
    /// [`Error::NoPlace`] for a model version while writes enter the old tables;
    /// [`Error::Io`] when the lines can't be read; [`Error::Busy`] and such.
    pub fn import(&self, lines: &mut dyn BufRead, options: ImportOptions) -> Result<Imported> {
        // Who waits for the first line needs no lock yet.
        lines.fill_buf().map_err(unread)?;
        self.write("importing", |conn, layout| {
            let mut import = Import::new(conn, layout, options);
            let mut lines = Lines::new(lines);
            while let Some((number, text)) = lines.next().map_err(no_line)? {
                let line =
                    Line::parse(text).map_err(|reason| Error::Line { line: number, reason })?;
                import.line(number, &line).map_err(|fault| at(number, fault))?;
            }
            import.finish()
        })
    }
}

/// The largest id that is taken. Each id that is given out later is one more than the largest
/// there was, so one at the end of the range would be the last row that the store takes. What is
/// left behind this one is more than any store will see.
const LARGEST_ID: i64 = i64::MAX - (1 << 32);

/// An import under way.
struct Import<'c> {
    conn: &'c Connection,
    rows: Rows<'c>,
    side: Side,
    new: IntoNew<'c>,
    new_ids: bool,
    done: Imported,
}

/// What the tables have under the id of a line.
enum There {
    Nothing,
    /// The very same row.
    Same,
    /// Another.
    Other(String),
}

impl<'c> Import<'c> {
    fn new(conn: &'c Connection, layout: Layout, options: ImportOptions) -> Self {
        let side = layout.writes;
        Self {
            conn,
            rows: Rows::new(conn, side),
            side,
            new: IntoNew::new(conn),
            new_ids: options.new_ids,
            done: Imported::default(),
        }
    }

    fn line(&mut self, number: u64, line: &Line) -> Step<()> {
        match line {
            Line::Artifact(row) => self.artifact(number, row),
            Line::Synthesis(row) => self.synthesis(number, row),
        }
    }

    fn artifact(&mut self, number: u64, row: &Row<8>) -> Step<()> {
        let id = self.own_id(number, &ARTIFACT, row.id)?;
        if self.side == Side::Old {
            into_old::check(&row.values)?;
        }
        if !self.new_ids
            && self.is_there(number, &ARTIFACT, row.id, self.artifact_at(row.id, row)?)?
        {
            return Ok(());
        }
        let id = match self.side {
            Side::Old => into_old::artifact(self.conn, id, &row.values)?,
            Side::New => self.new.artifact(id, &row.values)?,
        };
        self.done.artifacts += 1;
        exactly(number, self.artifact_at(id, row)?)
    }

    fn synthesis(&mut self, number: u64, row: &Row<11>) -> Step<()> {
        let id = self.own_id(number, &SYNTHESIS, row.id)?;
        if !self.new_ids {
            let there = self.synthesis_at(row.id, row)?;
            if self.is_there(number, &SYNTHESIS, row.id, there)? {
                return Ok(());
            }
        }
        let id = match self.side {
            Side::Old => into_old::synthesis(self.conn, id, &row.values)?,
            Side::New => self.new.synthesis(number, id, &row.values)?,
        };
        self.done.syntheses += 1;
        let there = self.synthesis_at(id, row)?;
        exactly(number, there)
    }

    /// The id that a row keeps, if it keeps its own.
    fn own_id<const N: usize>(&self, line: u64, kind: &Kind<N>, id: i64) -> Step<Option<i64>> {
        if self.new_ids {
            return Ok(None);
        }
        if id > LARGEST_ID {
            let table = kind.name;
            return Err(Error::IdTooLarge { line, table, id, largest: LARGEST_ID }.into());
        }
        Ok(Some(id))
    }

    fn artifact_at(&self, id: i64, row: &Row<8>) -> Step<There> {
        let found = self.rows.artifact(id, |_, held| Ok(There::is(&ARTIFACT, row, held)))?;
        Ok(found.unwrap_or(There::Nothing))
    }

    fn synthesis_at(&self, id: i64, row: &Row<11>) -> Step<There> {
        let look = |held: &[ValueRef<'_>; 11]| Ok(There::is(&SYNTHESIS, row, held));
        let found = match self.side {
            Side::Old => self.rows.old_synthesis(id, look)?,
            // Those of the store itself are looked at when all lines were read.
            Side::New => self.new.waiting(&self.rows, id, look)?,
        };
        Ok(found.unwrap_or(There::Nothing))
    }

    /// Whether the row is there already: then nothing is to be done but to count it.
    fn is_there<const N: usize>(
        &mut self,
        line: u64,
        kind: &Kind<N>,
        id: i64,
        there: There,
    ) -> Step<bool> {
        match there {
            There::Nothing => Ok(false),
            There::Same => {
                self.done.already_there += 1;
                Ok(true)
            }
            There::Other(_) => Err(conflict(line, kind.name, id).into()),
        }
    }

    fn finish(mut self) -> Step<Imported> {
        if self.side == Side::New {
            self.settle().map_err(|fault| self.rows.malformed(fault))?;
        }
        Ok(self.done)
    }

    /// What the new tables do once all lines were read.
    fn settle(&mut self) -> Step<()> {
        if !self.new_ids {
            let known = self.new.take_known(&self.rows)?;
            self.done.syntheses -= known;
            self.done.already_there += known;
        }
        self.new.finish()
    }
}

impl There {
    fn is<const N: usize>(kind: &Kind<N>, row: &Row<N>, held: &[ValueRef<'_>; N]) -> Self {
        difference(kind, &row.values, held).map_or(Self::Same, Self::Other)
    }
}

/// Fails unless a row that was written is there, as the line says.
fn exactly(line: u64, there: There) -> Step<()> {
    let reason = match there {
        There::Same => return Ok(()),
        There::Other(difference) => difference,
        There::Nothing => "the tables did not store the row".to_owned(),
    };
    Err(Error::Line { line, reason }.into())
}

pub(super) fn conflict(line: u64, kind: &'static str, id: i64) -> Error {
    Error::Conflict { line, table: kind, id }
}

/// An error in what a row holds, rather than in the database, is one of its line.
fn at(line: u64, fault: Fault) -> Fault {
    match &fault {
        Fault::Sqlite(rusqlite::Error::SqliteFailure(failure, Some(message)))
            if !message.starts_with("cutover: ")
                && matches!(
                    failure.code,
                    ErrorCode::ConstraintViolation
                        | ErrorCode::TypeMismatch
                        | ErrorCode::TooBig
                        | ErrorCode::Unknown
                ) =>
        {
            Error::Line { line, reason: message.clone() }.into()
        }
        _ => fault,
    }
}

fn no_line(why: NoLine) -> Fault {
    match why {
        NoLine::Io(source) => unread(source).into(),
        NoLine::TooLong { line, longest } => {
            Error::Line { line, reason: format!("longer than {longest} bytes") }.into()
        }
    }
}

fn unread(source: io::Error) -> Error {
    Error::Io { doing: "reading the import".to_owned(), source }
}
