//! Makes a legacy database to try things on:
//! `cargo run --release --features sample --example sample -- FILE ARTIFACTS [SEED]`
#![expect(clippy::print_stdout, reason = "an example speaks")]

use std::time::Instant;

use consensus_store::LEGACY_SCHEMA;
use consensus_store::sample::{Shape, populate};
use rusqlite::Connection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(artifacts)) = (arguments.next(), arguments.next()) else {
        return Err("FILE ARTIFACTS [SEED]".into());
    };
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let conn = Connection::open(file)?;
    // The file is complete or thrown away: no journal is needed to undo half of it.
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    conn.execute_batch(LEGACY_SCHEMA)?;
    let began = Instant::now();
    let populated = populate(&conn, artifacts.parse()?, seed, Shape::Realistic)?;
    println!(
        "{} artifacts, {} syntheses in {:.1} s",
        populated.artifacts,
        populated.syntheses,
        began.elapsed().as_secs_f64()
    );
    conn.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}
