//! An application that carries its own migration: it moves its database by itself, while other
//! programs go on writing, and asks in each of its transactions where the rows are.
//!
//! `cargo run -p cutover --example embed`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use cutover::{
    AdvanceOptions, Engine, Event, Migration, Options, Pace, Phase, STANDING, STATE_TABLE, Side,
    Standing, StartOptions, Watch,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

const NAME: &str = "split-address";

const MIGRATION: &str = "
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (customer_id INTEGER PRIMARY KEY REFERENCES customers(id), city TEXT);

INSERT INTO new.customers (id, name)          SELECT id, name FROM old.clients;
INSERT INTO new.addresses (customer_id, city) SELECT id, city FROM old.clients;

INSERT INTO old.clients (id, name, city)
SELECT c.id, c.name, a.city
FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
";

/// Passes on what happens to wherever the application's logs go. `interrupted` could ask whether
/// it is about to be shut down: long work then stops at the end of its chunk.
struct Log(Vec<String>);

impl Watch for Log {
    fn event(&mut self, event: &Event) {
        if let Event::Entered { phase, held_ms } = event {
            self.0.push(format!("{phase}, writers held off for {held_ms:.1} ms"));
        }
    }
}

/// Which side holds the rows, as this transaction sees it.
fn standing(conn: &Connection) -> Result<Standing, Box<dyn Error>> {
    let none = Standing { phase: Phase::Legacy, backfilled: false };
    // A database that never saw a migration does not have the table. Ask with a statement:
    // `table_exists` may answer from what the connection knew earlier.
    let known = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = ?1)";
    if !conn.query_row(known, [STATE_TABLE], |row| row.get(0))? {
        return Ok(none);
    }
    let row = conn
        .query_row(STANDING, [NAME], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)));
    match row.optional()? {
        Some((phase, backfilled)) => Ok(Standing { phase: phase.parse()?, backfilled }),
        None => Ok(none),
    }
}

/// What the application does all day, right in every phase: the answer holds until the
/// transaction ends, because every transition is a write transaction.
fn add_client(conn: &mut Connection, name: &str, city: &str) -> Result<Side, Box<dyn Error>> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Where both sides take writes, it writes the new one.
    let side = standing(&tx)?.writes().preferring(Side::New);
    match side {
        Side::Old => {
            tx.execute("INSERT INTO clients (name, city) VALUES (?1, ?2)", [name, city])?;
        }
        Side::New => {
            tx.execute("INSERT INTO customers (name) VALUES (?1)", [name])?;
            let id = tx.last_insert_rowid();
            tx.execute("INSERT INTO addresses VALUES (?1, ?2)", (id, city))?;
        }
    }
    tx.commit()?;
    Ok(side)
}

/// Moves the database as far as `write-new`, from wherever an earlier run left it.
fn migrate(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut options = Options::default();
    options.actor = "the application itself".to_owned();
    let mut engine = Engine::open(path, options)?;
    let migration = Migration::parse(NAME, MIGRATION)?;
    let mut log = Log(Vec::new());

    if engine.migrations()?.iter().all(|name| name != NAME) {
        // Proves first that no row can be lost, and refuses if one would be.
        let start = engine.start(&migration, StartOptions::default(), &mut log)?;
        log.0.push(format!("{} rows, lossless: {}", start.check.rows, start.check.lossless.ok));
    } else if !engine.snapshot(NAME)?.backfill.complete {
        // An earlier run was killed in the middle of it.
        engine.backfill(NAME, Pace::Gentle, &mut log)?;
    }
    if engine.snapshot(NAME)?.phase < Phase::WriteNew {
        let advance = AdvanceOptions { to: Some(Phase::WriteNew), ..AdvanceOptions::default() };
        engine.advance(NAME, &advance, &mut log)?;
    }
    Ok(log.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("app.db");
    let mut conn = Connection::open(&path)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);",
    )?;
    let before = add_client(&mut conn, "Ada", "Leeds")?;
    for line in migrate(&path)? {
        println!("{line}");
    }
    let after = add_client(&mut conn, "Ben", "York")?;
    println!("Ada was written to the {before} tables, Ben to the {after} ones");
    let clients: i64 =
        conn.query_row("SELECT count(*) FROM cutover_live_clients", [], |row| row.get(0))?;
    println!("clients: {clients}");
    assert_eq!((before, after, clients), (Side::Old, Side::New, 2));
    assert!(migrate(&path)?.is_empty(), "a second call finds nothing left to do");
    Ok(())
}

#[test]
fn every_client_is_there_and_nothing_is_left_to_do() {
    main().unwrap();
}
