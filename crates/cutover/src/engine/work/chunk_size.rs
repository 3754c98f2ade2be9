//! How many rows a chunk has, so that it takes a given time: a pure decision from what the
//! last chunks took. Rows differ in size, so they say little by themselves.

use std::time::Duration;

/// Rows in the first chunk, before anything is known of their size.
pub(crate) const FIRST_ROWS: u64 = 64;
const MOST_ROWS: u64 = 50_000;

/// Chunks that are remembered. The middle one of them tells what a row takes, so that one
/// during which the processor was another's says nothing of its rows.
const REMEMBERED: usize = 3;

/// The size of the next chunk.
#[derive(Debug, Clone)]
pub(crate) struct ChunkSize {
    rows: u64,
    /// At most so many.
    most: u64,
    /// Rows of the last chunks, and what each took.
    recent: Vec<(u64, Duration)>,
}

impl ChunkSize {
    pub(crate) fn new() -> Self {
        Self { rows: FIRST_ROWS, most: MOST_ROWS, recent: Vec::new() }
    }

    /// Begins with another table, whose rows may be of another size.
    pub(crate) fn begin(&mut self) {
        self.rows = self.rows.min(FIRST_ROWS);
        self.most = MOST_ROWS;
        self.recent.clear();
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// A chunk of `rows` took so long, where `target` is what one may take.
    pub(crate) fn learn(&mut self, rows: u64, took: Duration, target: Duration) {
        if self.recent.len() == REMEMBERED {
            self.recent.remove(0);
        }
        self.recent.push((rows, took));
        let mut each: Vec<f64> = self.recent.iter().map(|&chunk| per_row(chunk)).collect();
        each.sort_by(f64::total_cmp);
        let fitting = target.as_secs_f64() / each[each.len() / 2];
        // Grows at most twofold, so that one quick chunk does not make a long one.
        let largest = self.recent.iter().map(|(rows, _)| *rows).max().unwrap_or(rows);
        let mut next = fitting.min(largest as f64 * 2.0);
        // The rows may have become larger, and nobody is to wait for several such chunks.
        let over = took.as_secs_f64() / target.as_secs_f64().max(1e-6);
        if over > 2.0 {
            next = next.min(rows as f64 / over.min(10.0));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small range"
        )]
        let next = next.clamp(1.0, self.most as f64) as u64;
        self.rows = next;
    }

    /// Learns how much the log grew by a chunk for which so many rows were asked, so that none
    /// makes it grow by much more than `limit` at one go.
    pub(crate) fn wrote(&mut self, rows: u64, bytes: u64, limit: u64) {
        let fitting = u128::from(rows) * u128::from(limit) / u128::from(bytes.max(1));
        self.most = u64::try_from(fitting).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        self.rows = self.rows.min(self.most);
    }
}

fn per_row((rows, took): (u64, Duration)) -> f64 {
    took.as_secs_f64().max(1e-6) / rows.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(2);

    #[test]
    fn chunks_shrink_at_once_and_grow_step_by_step() {
        let mut size = ChunkSize::new();
        size.learn(FIRST_ROWS, TARGET / 4, TARGET);
        assert_eq!(size.rows(), FIRST_ROWS * 2);
        size.learn(FIRST_ROWS * 2, TARGET * 10, TARGET);
        assert_eq!(size.rows(), FIRST_ROWS * 2 / 10);
    }

    #[test]
    fn one_slow_chunk_says_nothing_of_the_rows() {
        let (mut size, row) = (ChunkSize::new(), Duration::from_micros(4));
        let cost = |rows: u64| row * u32::try_from(rows).unwrap();
        for _ in 0..20 {
            size.learn(size.rows(), cost(size.rows()), TARGET);
        }
        assert_eq!(size.rows(), 500);
        // The processor was another's.
        size.learn(500, TARGET * 8, TARGET);
        assert!(size.rows() < 100);
        size.learn(size.rows(), cost(size.rows()), TARGET);
        assert_eq!(size.rows(), 500);
        // The rows are larger from here on.
        size.learn(500, cost(500) * 8, TARGET);
        size.learn(size.rows(), cost(size.rows()) * 8, TARGET);
        size.learn(size.rows(), cost(size.rows()) * 8, TARGET);
        assert!((55..=65).contains(&size.rows()), "{}", size.rows());
    }

    #[test]
    fn half_of_all_chunks_may_be_slow() {
        let (mut size, mut rows) = (ChunkSize::new(), 0);
        for chunk in 0..200 {
            let slow = chunk % 2 == 1;
            let took = Duration::from_micros(4) * u32::try_from(size.rows()).unwrap();
            rows += size.rows();
            size.learn(size.rows(), if slow { took + TARGET * 4 } else { took }, TARGET);
        }
        assert!(rows > 200 * 50, "{rows}");
    }

    #[test]
    fn chunks_are_bounded_by_what_they_write() {
        let mut size = ChunkSize::new();
        let quick = Duration::from_micros(1);
        size.learn(FIRST_ROWS, quick, TARGET);
        assert_eq!(size.rows(), FIRST_ROWS * 2);
        size.wrote(FIRST_ROWS, 10_000, 1_000);
        assert_eq!(size.rows(), FIRST_ROWS / 10);
        size.learn(size.rows(), quick, TARGET);
        assert_eq!(size.rows(), FIRST_ROWS / 10);
        // Rows become smaller.
        size.wrote(FIRST_ROWS / 10, 100, 1_000);
        size.learn(size.rows(), quick, TARGET);
        assert!(size.rows() > FIRST_ROWS / 10);
        size.wrote(1, u64::MAX, 1);
        assert_eq!(size.rows(), 1);
        // What is known of one table says nothing of the next.
        size.begin();
        for _ in 0..9 {
            size.learn(size.rows(), quick, TARGET);
        }
        assert!(size.rows() > FIRST_ROWS);
        size.begin();
        assert_eq!(size.rows(), FIRST_ROWS);
    }

    #[test]
    fn it_never_stops() {
        let mut size = ChunkSize::new();
        for _ in 0..50 {
            size.learn(size.rows(), Duration::from_secs(1), TARGET);
        }
        assert_eq!(size.rows(), 1);
    }
}
