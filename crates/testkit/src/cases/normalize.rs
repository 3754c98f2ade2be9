//! Many rows share one, under a surrogate key. The last one gone takes it along.

use rusqlite::{Connection, params};

use crate::case::{Canonical, Case};
use crate::workload::{Template, Workload};

/// `events` → `cities`, `visits`
pub const CASE: Case = Case {
    name: "normalize",
    schema: "
        CREATE TABLE events (id INTEGER PRIMARY KEY, city TEXT, note TEXT);
        CREATE INDEX events_city ON events (city);",
    populate,
    migration_name: "normalize",
    migration: include_str!("../../cases/normalize.sql"),
    old_tables: &["events"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[Canonical {
        table: "visits",
        sql: "SELECT v.id, c.name, v.note FROM visits v LEFT JOIN cities c ON c.id = v.city_id",
    }],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &["INSERT INTO events (id, city, note) VALUES ({fresh:events.id}, {word?}, {text?})"],
    ),
    // Cities of their own, so that some have one event only.
    Template::old(3, &["INSERT INTO events (id, city) VALUES ({fresh:events.id}, {text})"]),
    Template::old(
        2,
        &[
            "INSERT INTO events (id, city) VALUES ({a=fresh:events.id}, {c=text}), ({a} + 1, {c}), ({a} + 2, lower({c}))",
        ],
    ),
    Template::old(
        4,
        &["REPLACE INTO events (id, city, note) VALUES ({pick:events.id}, {word?}, {text?})"],
    ),
    Template::old(
        3,
        &["INSERT OR IGNORE INTO events (id, city) VALUES ({pick:events.id}, {text})"],
    ),
    Template::old(
        3,
        &["INSERT INTO events (id, city) VALUES ({pick:events.id}, {word})
           ON CONFLICT (id) DO UPDATE SET city = excluded.city"],
    ),
    Template::old(4, &["UPDATE events SET city = {word?} WHERE id = {pick:events.id}"]),
    Template::old(3, &["UPDATE events SET note = {text?} WHERE id = {pick:events.id}"]),
    Template::old(2, &["UPDATE events SET city = {text?} WHERE city IS {pick:events.city}"]),
    Template::old(
        1,
        &["UPDATE events SET city = upper(city) WHERE id BETWEEN {a=pick:events.id} AND {a} + 20"],
    ),
    Template::old(2, &["UPDATE events SET id = {fresh:events.id} WHERE id = {pick:events.id}"]),
    Template::old(
        2,
        &["UPDATE OR REPLACE events SET id = {pick:events.id} WHERE id = {pick:events.id}"],
    ),
    Template::old(3, &["DELETE FROM events WHERE id = {pick:events.id}"]),
    Template::old(
        1,
        &["DELETE FROM events WHERE city IS {pick:events.city} AND city NOT IN ('Paris', 'Oslo')"],
    ),
];

/// A city without visits has no image on the old side: what leaves one removes it.
const SWEEP: &str =
    "DELETE FROM cities WHERE id NOT IN (SELECT city_id FROM visits WHERE city_id IS NOT NULL)";

const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &[
            "INSERT OR IGNORE INTO cities (name) VALUES ({c=word})",
            "INSERT INTO visits (city_id, note) SELECT id, {n=text?} FROM cities WHERE name = {c}",
        ],
        &["INSERT INTO events (id, city, note) VALUES ({rowid}, {c}, {n})"],
    ),
    Template::with_twin(
        2,
        &["INSERT INTO visits (city_id, note) VALUES (NULL, {n=text?})"],
        &["INSERT INTO events (id, city, note) VALUES ({rowid}, NULL, {n})"],
    ),
    Template::with_twin(
        2,
        &["UPDATE cities SET name = {m=text} WHERE name = {c=pick:cities.name}"],
        &["UPDATE events SET city = {m} WHERE city = {c}"],
    ),
    Template::with_twin(
        3,
        &[
            "UPDATE visits SET city_id = (SELECT id FROM cities WHERE name = {c=pick:cities.name}) WHERE id = {i=pick:visits.id}",
            SWEEP,
        ],
        &["UPDATE events SET city = {c} WHERE id = {i}"],
    ),
    Template::with_twin(
        3,
        &["DELETE FROM visits WHERE id = {i=pick:visits.id}", SWEEP],
        &["DELETE FROM events WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut insert = conn.prepare("INSERT INTO events VALUES (?, ?, ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for n in 0..rows {
            id += rng.i64(1..4);
            let city = match rng.u8(..8) {
                0 => None,
                1 => Some(super::distinct(&mut rng, n)),
                _ => Some(super::word(&mut rng).to_owned()),
            };
            insert.execute(params![id, city, super::maybe_text(&mut rng)])?;
        }
        Ok(())
    })
}
