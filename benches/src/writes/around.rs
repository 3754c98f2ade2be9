//! Opening a file, and the first statement after its schema has changed.

use benches::clock::Clock;
use cutover::{AdvanceOptions, Engine, Phase, Silent};

use benches::database::{Result, connect};
use benches::stats::{median, median_ratio};

use super::bench::Row;
use super::contender::{Contender, Contenders, Who};
use super::measure::{Effort, Taken, timed};

/// Opening the file and reading its schema.
pub(super) fn opening(contenders: &Contenders, effort: Effort) -> Result<Vec<Taken>> {
    let mut times = vec![Vec::new(); contenders.all.len()];
    for _ in 0..effort.rounds * 3 {
        for (contender, times) in contenders.all.iter().zip(&mut times) {
            let began = effort.clock.now();
            let conn = rusqlite::Connection::open(&contender.path)?;
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
            times.push((effort.clock.now() - began).as_secs_f64() * 1e6);
        }
    }
    Ok(taken(&contenders.all, &times))
}

/// The first execution of a kept statement after a transition. For the others, after somebody
/// made and dropped a view: what any change of a schema costs those who have it open.
pub(super) fn after_transition(
    contenders: &mut Contenders,
    migration: &str,
    row: &Row,
    effort: Effort,
) -> Result<Vec<Taken>> {
    // Far from the numbers that the row itself has used.
    let mut next = 1_000_000;
    let mut times = vec![Vec::new(); contenders.all.len()];
    for round in 0..effort.transitions {
        for (contender, times) in contenders.all.iter().zip(&mut times) {
            timed(&contender.conn, row, next, Clock::Wall)?;
            if contender.who == Who::Ours {
                step(&mut contenders.operator, migration, round % 2 == 0)?;
            } else {
                connect(&contender.path)?
                    .execute_batch("CREATE VIEW another AS SELECT 1; DROP VIEW another;")?;
            }
            times.push(timed(&contender.conn, row, next + 1, effort.clock)?);
        }
        next += 2;
    }
    Ok(taken(&contenders.all, &times))
}

fn step(operator: &mut Engine, migration: &str, forth: bool) -> Result<()> {
    if forth {
        let to = AdvanceOptions { to: Some(Phase::ReadNew), ..AdvanceOptions::default() };
        operator.advance(migration, &to, &mut Silent)?;
    } else {
        operator.rollback(migration, Some(Phase::DualWrite), &mut Silent)?;
    }
    Ok(())
}

fn taken(contenders: &[Contender], times: &[Vec<f64>]) -> Vec<Taken> {
    contenders
        .iter()
        .zip(times)
        .map(|(contender, own)| Taken {
            who: contender.who,
            micros: median(&mut own.clone()),
            ratio: median_ratio(own, &times[0]),
            mean_ratio: own.iter().sum::<f64>() / times[0].iter().sum::<f64>(),
            frames: 0.0,
        })
        .collect()
}
