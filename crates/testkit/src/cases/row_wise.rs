//! Every row becomes one row, with other types. An application's own trigger keeps an
//! audit table, and shows whether a migration disturbs it.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `articles` → `items`
pub const CASE: Case = Case {
    name: "row-wise",
    schema: "
        CREATE TABLE articles (
            id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, price TEXT,
            sold TEXT NOT NULL CHECK (sold IN ('yes', 'no')), added_at TEXT, note
        );
        CREATE TABLE audit (what TEXT, id INTEGER, price TEXT);
        CREATE TRIGGER articles_price AFTER UPDATE OF price ON articles BEGIN
            INSERT INTO audit VALUES ('price', OLD.id, NEW.price);
        END;
        CREATE TRIGGER articles_gone AFTER DELETE ON articles BEGIN
            INSERT INTO audit VALUES ('gone', OLD.id, OLD.price);
        END;",
    populate,
    migration_name: "row-wise",
    migration: include_str!("../../cases/row_wise.sql"),
    old_tables: &["articles"],
    bystanders: &["audit"],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &["INSERT INTO articles (id, code, price, sold, added_at, note)
           VALUES ({fresh:articles.id}, {text}, printf('%d.%02d', {int:0..99}, {int:0..99}), {one:'yes'|'no'}, {time?}, {text?})"],
    ),
    Template::old(
        2,
        &["INSERT INTO articles (id, code, sold) VALUES
           ({a=fresh:articles.id}, {text}, 'no'), ({a} + 1, {text}, 'yes'), ({a} + 2, {text}, 'no')"],
    ),
    Template::old(
        2,
        &["INSERT OR FAIL INTO articles (id, code, sold) VALUES
           ({a=fresh:articles.id}, {text}, 'no'), ({a} + 1, {pick:articles.code}, 'yes'), ({a} + 2, {text}, 'no')"],
    ),
    // REPLACE by the primary key, by the other unique key, by both at once.
    Template::old(
        4,
        &["INSERT OR REPLACE INTO articles (id, code, price, sold)
           VALUES ({pick:articles.id}, {text}, '1.50', {one:'yes'|'no'})"],
    ),
    Template::old(
        4,
        &["REPLACE INTO articles (id, code, price, sold)
           VALUES ({fresh:articles.id}, {pick:articles.code}, '2.00', 'no')"],
    ),
    Template::old(
        4,
        &["REPLACE INTO articles (id, code, price, sold)
           VALUES ({pick:articles.id}, {pick:articles.code}, '2.25', 'no')"],
    ),
    Template::old(
        3,
        &["INSERT OR IGNORE INTO articles (id, code, sold) VALUES ({pick:articles.id}, {text}, 'no')"],
    ),
    Template::old(
        3,
        &["INSERT OR IGNORE INTO articles (id, code, sold) VALUES
           ({a=fresh:articles.id}, {pick:articles.code}, 'no'), ({a} + 1, {text}, 'yes')"],
    ),
    Template::old(
        3,
        &["INSERT INTO articles (id, code, price, sold) VALUES ({fresh:articles.id}, {pick:articles.code}, '9.99', 'no')
           ON CONFLICT (code) DO UPDATE SET price = excluded.price, note = {text?}"],
    ),
    Template::old(
        2,
        &["INSERT INTO articles (id, code, sold) VALUES ({pick:articles.id}, {text}, 'no')
           ON CONFLICT DO NOTHING"],
    ),
    Template::old(5, &["UPDATE articles SET price = '{int:0..500}.{int:10..99}' WHERE id = {pick:articles.id}"]),
    Template::old(
        3,
        &["UPDATE articles SET note = {one:NULL|7|7.0|7.5|'7'|x'37'|''}, price = NULL WHERE id = {pick:articles.id}"],
    ),
    Template::old(
        2,
        &["UPDATE articles SET sold = {one:'yes'|'no'} WHERE id BETWEEN {a=pick:articles.id} AND {a} + 30"],
    ),
    Template::old(2, &["UPDATE articles SET id = {fresh:articles.id} WHERE id = {pick:articles.id}"]),
    Template::old(
        2,
        &["UPDATE OR REPLACE articles SET id = {pick:articles.id} WHERE id = {pick:articles.id}"],
    ),
    Template::old(
        2,
        &["UPDATE OR REPLACE articles SET code = {pick:articles.code} WHERE id = {pick:articles.id}"],
    ),
    Template::old(
        2,
        &["UPDATE OR IGNORE articles SET code = {pick:articles.code} WHERE id = {pick:articles.id}"],
    ),
    // Fails in the middle, or does not.
    Template::old(
        1,
        &["UPDATE articles SET id = id + 1 WHERE id BETWEEN {a=pick:articles.id} AND {a} + 5"],
    ),
    Template::old(1, &["UPDATE OR ROLLBACK articles SET id = {pick:articles.id} WHERE id = {pick:articles.id}"]),
    Template::old(3, &["DELETE FROM articles WHERE id = {pick:articles.id}"]),
    Template::old(1, &["DELETE FROM articles WHERE id BETWEEN {a=pick:articles.id} AND {a} + 8"]),
];

const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &["INSERT INTO items (code, cents, sold, added_at, note)
           VALUES ({c=text}, {p=int:0..99999}, {s=int:0..1}, {t=int:0..2000000000}, {n=text?})"],
        &["INSERT INTO articles (id, code, price, sold, added_at, note)
           VALUES ({rowid}, {c}, printf('%d.%02d', {p} / 100, {p} % 100),
                   CASE {s} WHEN 1 THEN 'yes' ELSE 'no' END, datetime({t}, 'unixepoch'), {n})"],
    ),
    Template::with_twin(
        4,
        &["UPDATE items SET cents = {p=int:0..99999} WHERE id = {i=pick:items.id}"],
        &["UPDATE articles SET price = printf('%d.%02d', {p} / 100, {p} % 100) WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &[
            "UPDATE items SET cents = NULL, added_at = NULL, note = {n=one:NULL|7|7.5|'7'|x'37'} WHERE id = {i=pick:items.id}",
        ],
        &["UPDATE articles SET price = NULL, added_at = NULL, note = {n} WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &["DELETE FROM items WHERE id = {i=pick:items.id}"],
        &["DELETE FROM articles WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut insert =
        conn.prepare("INSERT INTO articles VALUES (?, ?, ?, ?, datetime(?, 'unixepoch'), ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for n in 0..rows {
            id += rng.i64(1..4);
            insert.execute(params![
                id,
                super::distinct(&mut rng, n),
                (n % 7 > 0).then(|| format!("{}.{:02}", rng.u32(..200), rng.u32(..100))),
                ["yes", "no"][rng.usize(..2)],
                (n % 5 > 0).then(|| rng.i64(0..2_000_000_000)),
                super::anything(&mut rng),
            ])?;
        }
        Ok(())
    })
}
