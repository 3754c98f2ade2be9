//! Export: a store as lines.

use std::io::{self, BufWriter, Write};

use rusqlite::types::ValueRef;

use super::rows::Rows;
use super::{ARTIFACT, Kind, SYNTHESIS, value};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::reports::Exported;
use crate::store::Store;

impl Store {
    /// Writes every artifact and every synthesis as JSON, one a line: the artifacts in the
    /// order of their ids, then the syntheses in that of theirs.
    ///
    /// Nothing is lost, whatever the rows hold: what SQLite can hold and JSON can't is
    /// written as `{"$real":"0.5"}`, `{"$blob":"00ff"}`, or `{"$text":"ff"}` for text that
    /// is not UTF-8. The same rows give the same bytes, in every phase of the migration.
    ///
    /// All of it is from one state of the store; others can write meanwhile. Rows are
    /// written as they are read, so that memory does not grow with the store.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when it can't be written; [`Error::UnexpectedValue`] for a row of the
    /// new tables that no version of the store writes; [`Error::Corrupt`] and such. Part
    /// of it may be written then.
    pub fn export(&self, out: &mut dyn Write) -> Result<Exported> {
        self.read("exporting", |conn, layout| {
            let mut out = BufWriter::new(out);
            let rows = Rows::new(conn, layout.reads);
            let mut exported = Exported::default();
            rows.each_artifact(|id, cells| {
                exported.artifacts += 1;
                write_row(&mut out, &ARTIFACT, id, cells).map_err(unwritten)
            })?;
            rows.each_synthesis(|id, cells| {
                exported.syntheses += 1;
                write_row(&mut out, &SYNTHESIS, id, cells).map_err(unwritten)
            })?;
            out.flush().map_err(unwritten)?;
            Ok(exported)
        })
    }
}

fn write_row<const N: usize>(
    out: &mut dyn Write,
    kind: &Kind<N>,
    id: i64,
    cells: &[ValueRef<'_>; N],
) -> io::Result<()> {
    write!(out, r#"{{"kind":"{}","id":{id}"#, kind.name)?;
    for (column, cell) in kind.columns.iter().zip(cells) {
        write!(out, r#","{}":"#, column.key)?;
        value::write(out, *cell)?;
    }
    out.write_all(b"}\n")
}

fn unwritten(source: io::Error) -> Fault {
    Error::Io { doing: "writing the export".to_owned(), source }.into()
}
