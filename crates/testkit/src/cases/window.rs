//! A row depends on its neighbours: one score more moves all those below it.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `scores` → `ranking`
pub const CASE: Case = Case {
    name: "window",
    schema: "
        CREATE TABLE scores (id INTEGER PRIMARY KEY, game TEXT NOT NULL, player TEXT, points INTEGER NOT NULL);
        CREATE INDEX scores_game ON scores (game, points);",
    populate,
    migration_name: "window",
    migration: include_str!("../../cases/window.sql"),
    old_tables: &["scores"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &["INSERT INTO scores (id, game, player, points) VALUES ({fresh:scores.id}, {word}, {text?}, {int:0..200})"],
    ),
    Template::old(
        2,
        &["INSERT INTO scores (id, game, points) VALUES
           ({a=fresh:scores.id}, {g=word}, {int:0..200}), ({a} + 1, {g}, {p=int:0..200}), ({a} + 2, {word}, {p})"],
    ),
    Template::old(
        4,
        &["REPLACE INTO scores (id, game, player, points) VALUES ({pick:scores.id}, {word}, {text?}, {int:0..200})"],
    ),
    Template::old(3, &["INSERT OR IGNORE INTO scores (id, game, points) VALUES ({pick:scores.id}, {word}, 7)"]),
    Template::old(
        3,
        &["INSERT INTO scores (id, game, points) VALUES ({pick:scores.id}, {word}, {int:0..200})
           ON CONFLICT (id) DO UPDATE SET points = max(points, excluded.points)"],
    ),
    Template::old(4, &["UPDATE scores SET points = {int:0..200} WHERE id = {pick:scores.id}"]),
    Template::old(2, &["UPDATE scores SET points = 200 - points WHERE game = {word}"]),
    Template::old(2, &["UPDATE scores SET game = {word} WHERE id BETWEEN {a=pick:scores.id} AND {a} + 4"]),
    Template::old(2, &["UPDATE scores SET player = {text?} WHERE id = {pick:scores.id}"]),
    // Among equal points the id decides the place.
    Template::old(2, &["UPDATE scores SET id = {fresh:scores.id} WHERE id = {pick:scores.id}"]),
    Template::old(2, &["UPDATE OR REPLACE scores SET id = {pick:scores.id} WHERE id = {pick:scores.id}"]),
    Template::old(3, &["DELETE FROM scores WHERE id = {pick:scores.id}"]),
    Template::old(1, &["DELETE FROM scores WHERE game = {word} AND points < {int:0..20}"]),
];

/// What new programs write keeps the places right.
const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &["INSERT INTO ranking (id, game, player, points, place)
           SELECT {i=fresh:ranking.id}, {g=word}, {p=text?}, coalesce(min(points), 0) - {d=int:0..5}, count(*) + 1
           FROM ranking WHERE game = {g}"],
        &["INSERT INTO scores (id, game, player, points)
           SELECT {i}, {g}, {p}, coalesce(min(points), 0) - {d} FROM scores WHERE game = {g}"],
    ),
    Template::with_twin(
        3,
        &["UPDATE ranking SET player = {p=text?} WHERE id = {i=pick:ranking.id}"],
        &["UPDATE scores SET player = {p} WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &["UPDATE ranking SET points = points + {d=int:1..9} WHERE game = {g=word}"],
        &["UPDATE scores SET points = points + {d} WHERE game = {g}"],
    ),
    Template::with_twin(
        2,
        &[
            "DELETE FROM ranking WHERE id = {i=pick:ranking.id}",
            "UPDATE ranking SET place = ranked.place
             FROM (SELECT id, row_number() OVER (PARTITION BY game ORDER BY points DESC, id) AS place FROM ranking) AS ranked
             WHERE ranked.id = ranking.id AND ranked.place <> ranking.place",
        ],
        &["DELETE FROM scores WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut insert = conn.prepare("INSERT INTO scores VALUES (?, ?, ?, ?)")?;
    let mut id = 0;
    super::in_transaction(conn, || {
        for _ in 0..rows {
            id += rng.i64(1..4);
            insert.execute(params![
                id,
                super::word(&mut rng),
                super::maybe_text(&mut rng),
                // Few values: many rows share their points.
                rng.i64(0..200),
            ])?;
        }
        Ok(())
    })
}
