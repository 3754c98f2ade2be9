//! One table becomes two, by the value of a column.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `users` → `active_users`, `archived_users`
pub const CASE: Case = Case {
    name: "filter",
    schema: "
        CREATE TABLE users (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE,
            active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1))
        );",
    populate,
    migration_name: "filter",
    migration: include_str!("../../cases/filter.sql"),
    old_tables: &["users"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &["INSERT INTO users (id, name, email, active) VALUES ({i=fresh:users.id}, {text}, 'o{i}@example.org', {int:0..1})"],
    ),
    Template::old(
        2,
        &["INSERT INTO users (id, name) VALUES ({a=fresh:users.id}, {text}), ({a} + 1, {text}), ({a} + 2, {text?})"],
    ),
    Template::old(
        4,
        &["REPLACE INTO users (id, name, active) VALUES ({pick:users.id}, {text}, {int:0..1})"],
    ),
    // One row in, two rows out.
    Template::old(
        4,
        &["REPLACE INTO users (id, name, email, active) VALUES ({pick:users.id}, {text}, {pick:users.email}, {int:0..1})"],
    ),
    Template::old(
        3,
        &["INSERT OR IGNORE INTO users (id, name, email) VALUES ({fresh:users.id}, {text}, {pick:users.email})"],
    ),
    Template::old(
        3,
        &["INSERT INTO users (id, name, email) VALUES ({fresh:users.id}, {text}, {pick:users.email})
           ON CONFLICT (email) DO UPDATE SET active = 1 - active"],
    ),
    Template::old(6, &["UPDATE users SET active = 1 - active WHERE id = {pick:users.id}"]),
    Template::old(2, &["UPDATE users SET active = {int:0..2} WHERE id BETWEEN {a=pick:users.id} AND {a} + 25"]),
    Template::old(3, &["UPDATE users SET name = {text}, email = NULL WHERE id = {pick:users.id}"]),
    Template::old(
        2,
        &["UPDATE OR REPLACE users SET email = {pick:users.email}, active = 1 - active WHERE id = {pick:users.id}"],
    ),
    Template::old(
        2,
        &["UPDATE OR REPLACE users SET id = {pick:users.id} WHERE id = {pick:users.id}"],
    ),
    Template::old(2, &["UPDATE users SET id = {fresh:users.id} WHERE id = {pick:users.id}"]),
    Template::old(3, &["DELETE FROM users WHERE id = {pick:users.id}"]),
    Template::old(1, &["DELETE FROM users WHERE active = 0 AND id BETWEEN {a=pick:users.id} AND {a} + 9"]),
];

const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &["INSERT INTO active_users (id, name, email)
           VALUES ({i=sql:SELECT 1 + max((SELECT coalesce(max(id), 0) FROM active_users), (SELECT coalesce(max(id), 0) FROM archived_users))}, {n=text}, 'n{i}@example.org')"],
        &["INSERT INTO users (id, name, email, active) VALUES ({i}, {n}, 'n{i}@example.org', 1)"],
    ),
    Template::with_twin(
        3,
        &[
            "INSERT INTO archived_users (id, name, email) SELECT id, name, email FROM active_users WHERE id = {i=pick:active_users.id}",
            "DELETE FROM active_users WHERE id = {i}",
        ],
        &["UPDATE users SET active = 0 WHERE id = {i}"],
    ),
    // In the other order the row is in neither table for a moment.
    Template::with_twin(
        3,
        &[
            "DELETE FROM archived_users WHERE id = {i=pick:archived_users.id}",
            "INSERT INTO active_users (id, name) VALUES ({i}, {n=text})",
        ],
        &["UPDATE users SET active = 1, name = {n}, email = NULL WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &["UPDATE archived_users SET name = {n=text}, email = NULL WHERE id = {i=pick:archived_users.id}"],
        &["UPDATE users SET name = {n}, email = NULL WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &["DELETE FROM active_users WHERE id = {i=pick:active_users.id}"],
        &["DELETE FROM users WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut insert = conn.prepare("INSERT INTO users VALUES (?, ?, ?, ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for n in 0..rows {
            id += rng.i64(1..4);
            insert.execute(params![
                id,
                super::text(&mut rng),
                (n % 5 > 0).then(|| format!("u{n}@example.org")),
                rng.u8(..3).min(1),
            ])?;
        }
        Ok(())
    })
}
