//! How long a program waits that goes by SQLite's own busy handler (`sqlite3_busy_timeout`,
//! <https://www.sqlite.org/c3ref/busy_timeout.html>): it sleeps, and only looks at the lock
//! between two sleeps, so it waits for longer than the lock was held.

use std::time::Duration;

/// Its sleeps, in milliseconds; the last one is repeated.
const SLEEPS_MS: [u64; 12] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/// Chunks in a row that an unlucky program meets, where each is followed by a pause: with
/// a pause as long as the chunk every second look finds the lock free.
const UNLUCKY: usize = 3;

/// The moments at which it looks, counted from the first time.
fn looks() -> impl Iterator<Item = Duration> {
    let last = SLEEPS_MS[SLEEPS_MS.len() - 1];
    let sleeps = SLEEPS_MS.into_iter().chain(std::iter::repeat(last));
    sleeps.scan(Duration::ZERO, |at, sleep| {
        *at += Duration::from_millis(sleep);
        Some(*at)
    })
}

/// What is felt of a lock that is held once, for so long.
pub(crate) fn felt_of_one(held: Duration) -> Duration {
    looks().find(|at| *at >= held).unwrap_or(held)
}

/// What is felt of chunks that hold the lock for so long each, with pauses between them.
pub(crate) fn felt_of_chunks(held: Duration) -> Duration {
    looks().filter(|at| *at >= held).nth(UNLUCKY - 1).unwrap_or(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_feels_more_than_is_held() {
        let ms = Duration::from_millis;
        assert_eq!(
            [0, 1, 2, 15, 100].map(|held| felt_of_one(ms(held))),
            [1, 1, 3, 18, 103].map(ms)
        );
        assert_eq!(felt_of_one(ms(1_000)), ms(1_028));
        assert_eq!([1, 2, 10].map(|held| felt_of_chunks(ms(held))), [8, 18, 53].map(ms));
        for held in (0..300).map(ms) {
            assert!(felt_of_one(held) >= held && felt_of_chunks(held) > felt_of_one(held));
        }
    }
}
