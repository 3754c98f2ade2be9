//! Whether the disk has room for what is about to be made. A disk that runs full stops the
//! programs that write, so what would not fit is refused before anything is changed.

use crate::backend::sqlite::Db;
use crate::engine::options::Options;
use crate::engine::work::disk::{FIX, free, lacking};
use crate::error::Result;
use crate::model::build::Model;
use crate::report::{Forecast, Problem};

/// What a small migration writes to the log at most before a checkpoint.
const SMALL_LOG: u64 = 1 << 20;

/// What `start` needs on the database's disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// The new tables and all indexes, as the proof measured them.
    pub(crate) tables: u64,
    /// The largest index on an old table: it goes through the log in one piece.
    pub(crate) largest_index: u64,
    /// Free pages in the database, which are used first.
    pub(crate) unused: u64,
    /// How large the log may grow; none without a write-ahead log.
    pub(crate) log_limit: Option<u64>,
}

impl Need {
    /// Bytes the log may take: the work waits when it reaches its limit, but an index is
    /// built in one transaction.
    pub(crate) fn log_bytes(&self) -> u64 {
        let all = SMALL_LOG + 2 * self.tables;
        self.log_limit.map_or(SMALL_LOG, |limit| limit.min(all).max(self.largest_index))
    }

    /// All of it. A tenth is added to the tables: pages that are written in the order of
    /// several programs' writes are less full than those of the proof, and the old tables
    /// grow meanwhile.
    pub(crate) fn bytes(&self) -> u64 {
        (self.tables + self.tables / 10).saturating_sub(self.unused) + self.log_bytes()
    }
}

/// Puts what `start` needs and what there is into the forecast, in which `disk_bytes` is
/// known. `left` is the part of the backfill that is not done yet. Gives the finding if it
/// does not fit.
pub(crate) fn forecast(
    db: &Db,
    options: &Options,
    left: f64,
    largest_index: u64,
    forecast: &mut Forecast,
) -> Result<Option<Problem>> {
    let need = Need {
        tables: part(forecast.disk_bytes, left),
        largest_index: part(largest_index, left),
        unused: db.size()?.unused_bytes,
        log_limit: db.has_log()?.then_some(options.log_limit_bytes),
    };
    forecast.log_bytes = need.log_bytes();
    forecast.needed_bytes = need.bytes();
    forecast.free_bytes = free(db.file());
    Ok(lacking(db.file(), need.bytes(), options)
        .map(|lack| Problem::new(lack.reason("the migration"), FIX)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate; the part is from 0 to 1"
)]
fn part(bytes: u64, part: f64) -> u64 {
    (bytes as f64 * part.clamp(0.0, 1.0)) as u64
}

/// How much room indexes take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IndexBytes {
    pub(crate) all: u64,
    pub(crate) largest: u64,
}

/// About how many bytes the indexes will take that old tables lack, and the largest of them,
/// from the values themselves.
pub(crate) fn index_bytes(scratch: &Db, model: &Model, schema: &str) -> Result<IndexBytes> {
    let mut found = IndexBytes::default();
    for (_, needed) in model.missing_indexes() {
        if needed.side != crate::phase::Side::Old {
            continue;
        }
        // An entry: the values, the rowid and their types; pages are about two thirds full.
        let values = crate::derive::sql::join(&needed.columns, " + ", |column| {
            format!("ifnull(length(CAST({} AS BLOB)), 0)", crate::derive::sql::ident(column))
        });
        let table =
            format!("{schema}{}{}", crate::derive::sql::ident(&needed.table), needed.rows());
        let entries =
            scratch.count(&format!("SELECT ifnull(sum({values} + 16), 0) FROM {table}"))?;
        let bytes = entries + entries / 2;
        found.all += bytes;
        found.largest = found.largest.max(bytes);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_need_has_a_margin_and_counts_what_is_unused() {
        let need = Need { tables: 1 << 30, log_limit: Some(64 << 20), ..Need::default() };
        assert_eq!(need.bytes(), (1 << 30) + (1 << 30) / 10 + (64 << 20));
        let reuse = Need { unused: 2 << 30, ..need };
        assert_eq!(reuse.bytes(), 64 << 20);
        let indexed = Need { largest_index: 100 << 20, ..reuse };
        assert_eq!(indexed.bytes(), 100 << 20);
        assert_eq!(Need { log_limit: None, ..indexed }.bytes(), SMALL_LOG);
    }

    #[test]
    fn a_small_migration_needs_a_small_log() {
        let need = Need { tables: 4096, log_limit: Some(64 << 20), ..Need::default() };
        assert_eq!(need.log_bytes(), SMALL_LOG + 8192);
    }
}
