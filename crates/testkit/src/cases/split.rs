//! One row becomes two, in two tables. Invoices refer to clients: a REPLACE or a DELETE
//! takes them along where the writer has foreign keys on.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `clients` → `customers`, `addresses`
pub const CASE: Case = Case {
    name: "split",
    schema: "
        CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT);
        CREATE INDEX clients_city ON clients (city);
        CREATE TABLE invoices (
            id INTEGER PRIMARY KEY, client_id INTEGER REFERENCES clients (id) ON DELETE CASCADE, amount REAL
        );
        CREATE INDEX invoices_client ON invoices (client_id);",
    populate,
    migration_name: "split",
    migration: include_str!("../../cases/split.sql"),
    old_tables: &["clients"],
    bystanders: &["invoices"],
    retires: false,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &["INSERT INTO clients (id, name, street, city) VALUES ({fresh:clients.id}, {text}, {text?}, {word?})"],
    ),
    Template::old(
        2,
        &["INSERT INTO clients (id, name, city) VALUES
           ({a=fresh:clients.id}, {text}, {word}), ({a} + 1, {text}, NULL), ({a} + 2, {text}, {word})"],
    ),
    Template::old(4, &["REPLACE INTO clients (id, name, city) VALUES ({pick:clients.id}, {text}, {word?})"]),
    Template::old(
        2,
        &["REPLACE INTO clients (id, name) SELECT id, name || '!' FROM clients WHERE id BETWEEN {a=pick:clients.id} AND {a} + 9"],
    ),
    Template::old(3, &["INSERT OR IGNORE INTO clients (id, name) VALUES ({pick:clients.id}, {text})"]),
    Template::old(2, &["INSERT OR IGNORE INTO clients (id, name) VALUES ({fresh:clients.id}, {text?})"]),
    Template::old(
        3,
        &["INSERT INTO clients (id, name) VALUES ({pick:clients.id}, {text})
           ON CONFLICT (id) DO UPDATE SET street = excluded.name, city = {word?}"],
    ),
    Template::old(4, &["UPDATE clients SET city = {word?} WHERE id = {pick:clients.id}"]),
    Template::old(2, &["UPDATE clients SET name = {text?} WHERE id = {pick:clients.id}"]),
    Template::old(2, &["UPDATE clients SET street = city, city = street WHERE city IS {pick:clients.city}"]),
    Template::old(3, &["UPDATE clients SET id = {fresh:clients.id} WHERE id = {pick:clients.id}"]),
    Template::old(
        2,
        &["UPDATE OR REPLACE clients SET id = {pick:clients.id} WHERE id = {pick:clients.id}"],
    ),
    Template::old(1, &["UPDATE clients SET id = -id WHERE id BETWEEN {a=pick:clients.id} AND {a} + 5"]),
    Template::old(3, &["DELETE FROM clients WHERE id = {pick:clients.id}"]),
    Template::old(1, &["DELETE FROM clients WHERE id BETWEEN {a=pick:clients.id} AND {a} + 8"]),
    Template::old(
        2,
        &["INSERT INTO invoices (id, client_id, amount) VALUES ({fresh:invoices.id}, {pick:clients.id}, {real})"],
    ),
];

const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &[
            "INSERT INTO customers (id, name) VALUES ({i=fresh:customers.id}, {n=text})",
            "INSERT INTO addresses (customer_id, street, city) VALUES ({i}, {s=text?}, {c=word?})",
        ],
        &["INSERT INTO clients (id, name, street, city) VALUES ({i}, {n}, {s}, {c})"],
    ),
    Template::with_twin(
        3,
        &["UPDATE customers SET name = {n=text} WHERE id = {i=pick:customers.id}"],
        &["UPDATE clients SET name = {n} WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &["UPDATE addresses SET city = {c=word?} WHERE city IS {d=pick:addresses.city}"],
        &["UPDATE clients SET city = {c} WHERE city IS {d}"],
    ),
    Template::with_twin(
        2,
        &[
            "DELETE FROM addresses WHERE customer_id = {i=pick:customers.id}",
            "DELETE FROM customers WHERE id = {i}",
        ],
        &["DELETE FROM clients WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut client = conn.prepare("INSERT INTO clients VALUES (?, ?, ?, ?)")?;
    let mut invoice = conn.prepare("INSERT INTO invoices (client_id, amount) VALUES (?, ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for n in 0..rows {
            id += rng.i64(1..4);
            client.execute(params![
                id,
                super::text(&mut rng),
                super::maybe_text(&mut rng),
                (n % 6 > 0).then(|| super::word(&mut rng)),
            ])?;
            for _ in 0..rng.u8(..3) {
                invoice.execute(params![id, f64::from(rng.i32(..10_000)) / 4.0])?;
            }
        }
        Ok(())
    })
}
