//! Two tables become one, told apart by a column.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `mails`, `phones` → `contacts`
pub const CASE: Case = Case {
    name: "merge",
    schema: "
        CREATE TABLE mails (id INTEGER PRIMARY KEY, person TEXT NOT NULL, address TEXT);
        CREATE TABLE phones (id INTEGER PRIMARY KEY, person TEXT NOT NULL, digits TEXT);",
    populate,
    migration_name: "merge",
    migration: include_str!("../../cases/merge.sql"),
    old_tables: &["mails", "phones"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        4,
        &["INSERT INTO mails (id, person, address) VALUES ({fresh:mails.id}, {word}, {text?})"],
    ),
    Template::old(
        4,
        &["INSERT INTO phones (id, person, digits) VALUES ({fresh:phones.id}, {word}, {text?})"],
    ),
    Template::old(
        2,
        &["INSERT INTO phones (id, person, digits) VALUES
           ({a=fresh:phones.id}, {word}, '007'), ({a} + 1, {word}, 7), ({a} + 2, {word}, NULL)"],
    ),
    // The same id in both tables is no conflict.
    Template::old(
        3,
        &[
            "INSERT OR REPLACE INTO phones (id, person, digits) SELECT id, person, address FROM mails WHERE id = {pick:mails.id}",
        ],
    ),
    Template::old(
        3,
        &[
            "INSERT OR IGNORE INTO mails (id, person, address) SELECT id, person, digits FROM phones WHERE id = {pick:phones.id}",
        ],
    ),
    Template::old(
        2,
        &["INSERT INTO mails (id, person) VALUES ({pick:mails.id}, {word})
           ON CONFLICT (id) DO UPDATE SET person = excluded.person, address = {text?}"],
    ),
    Template::old(3, &["UPDATE mails SET address = {text?} WHERE id = {pick:mails.id}"]),
    Template::old(2, &["UPDATE phones SET digits = digits || '0' WHERE person = {word}"]),
    Template::old(2, &["UPDATE mails SET id = {fresh:mails.id} WHERE id = {pick:mails.id}"]),
    Template::old(
        2,
        &["UPDATE OR REPLACE phones SET id = {pick:phones.id} WHERE id = {pick:phones.id}"],
    ),
    Template::old(
        2,
        &["UPDATE OR IGNORE mails SET id = {pick:mails.id} WHERE id = {pick:mails.id}"],
    ),
    Template::old(2, &["DELETE FROM mails WHERE id = {pick:mails.id}"]),
    Template::old(2, &["DELETE FROM phones WHERE id BETWEEN {a=pick:phones.id} AND {a} + 3"]),
];

const NEW: &[Template] = &[
    Template::with_twin(
        3,
        &[
            "INSERT INTO contacts (kind, number, person, value) VALUES ('mail', {i=fresh:contacts.number}, {p=word}, {v=text?})",
        ],
        &["INSERT INTO mails (id, person, address) VALUES ({i}, {p}, {v})"],
    ),
    Template::with_twin(
        3,
        &[
            "INSERT INTO contacts (kind, number, person, value) VALUES ('phone', {i=fresh:contacts.number}, {p=word}, {v=text?})",
        ],
        &["INSERT INTO phones (id, person, digits) VALUES ({i}, {p}, {v})"],
    ),
    Template::with_twin(
        3,
        &[
            "UPDATE contacts SET value = {v=text?} WHERE kind = 'mail' AND number = {i=pick:contacts.number}",
        ],
        &["UPDATE mails SET address = {v} WHERE id = {i}"],
    ),
    // A key update here is a row that leaves one table there and enters the other.
    Template::with_twin(
        2,
        &["UPDATE contacts SET kind = 'phone', number = {f=fresh:contacts.number}
           WHERE kind = 'mail' AND number = {i=pick:contacts.number}"],
        &[
            "INSERT INTO phones (id, person, digits) SELECT {f}, person, address FROM mails WHERE id = {i}",
            "DELETE FROM mails WHERE id = {i}",
        ],
    ),
    Template::with_twin(
        2,
        &["DELETE FROM contacts WHERE number = {i=pick:contacts.number}"],
        &["DELETE FROM mails WHERE id = {i}", "DELETE FROM phones WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut mail = conn.prepare("INSERT INTO mails VALUES (?, ?, ?)")?;
    let mut phone = conn.prepare("INSERT INTO phones VALUES (?, ?, ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for _ in 0..rows {
            id += rng.i64(1..4);
            if rng.u8(..4) > 0 {
                mail.execute(params![id, super::word(&mut rng), super::maybe_text(&mut rng)])?;
            }
            if rng.u8(..4) > 0 {
                phone.execute(params![id, super::word(&mut rng), super::maybe_text(&mut rng)])?;
            }
        }
        Ok(())
    })
}
