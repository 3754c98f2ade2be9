//! Two tables change under their own names. What else names them must go on naming them:
//! another table's foreign key, a view, the application's triggers, an index's name.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `people` and `badges`, which stay `people` and `badges`
pub const CASE: Case = Case {
    name: "in-place",
    schema: "
        CREATE TABLE people (
            id INTEGER PRIMARY KEY AUTOINCREMENT, mail TEXT NOT NULL UNIQUE,
            boss INTEGER REFERENCES people(id) ON DELETE SET NULL, since INTEGER, note
        );
        CREATE INDEX people_boss ON people(boss, since);
        CREATE TABLE badges (
            person_id INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE,
            code TEXT NOT NULL COLLATE NOCASE, PRIMARY KEY (person_id, code)
        );
        CREATE TABLE desks (
            id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people(id) ON DELETE SET NULL
        );
        CREATE TABLE audit (what TEXT, id INTEGER);
        CREATE TRIGGER people_came AFTER INSERT ON people BEGIN
            INSERT INTO audit VALUES ('came', NEW.id);
        END;
        CREATE TRIGGER people_went AFTER DELETE ON people BEGIN
            INSERT INTO audit VALUES ('went', OLD.id);
        END;
        CREATE VIEW seated AS SELECT p.id, d.id AS desk FROM people p JOIN desks d ON d.person_id = p.id;",
    populate,
    migration_name: "in-place",
    migration: include_str!("../../cases/in_place.sql"),
    old_tables: &["people", "badges"],
    bystanders: &["desks", "audit"],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

// Every statement names a column that the other side does not have: it can't be taken for
// one of the other side's programs. Nothing here leaves a row that refers to nothing behind,
// also where foreign keys are off: such rows stand in the way of the new tables' keys.
const OLD: &[Template] = &[
    Template::old(
        6,
        &[
            "INSERT INTO people (mail, boss, since, note) VALUES ({text}, {pick:people.id}, {int:0..2000000000}, {text?})",
        ],
    ),
    Template::old(
        2,
        &["INSERT INTO people (id, mail, since) VALUES
           ({a=fresh:people.id}, {text}, 0), ({a} + 1, {text}, NULL), ({a} + 2, {text}, 1)"],
    ),
    Template::old(
        3,
        &["INSERT OR IGNORE INTO people (mail, since) VALUES ({pick:people.mail}, 5), ({text}, 6)"],
    ),
    Template::old(
        3,
        &["INSERT INTO people (mail, since) VALUES ({pick:people.mail}, 7)
           ON CONFLICT (mail) DO UPDATE SET since = excluded.since, note = {text?}"],
    ),
    Template::old(
        4,
        &[
            "UPDATE people SET since = since + 1, boss = {pick:people.id} WHERE id = {pick:people.id}",
        ],
    ),
    Template::old(
        2,
        &[
            "UPDATE people SET boss = NULL, note = {one:NULL|7|7.5|'7'|x'37'} WHERE id BETWEEN {a=pick:people.id} AND {a} + 20",
        ],
    ),
    Template::old(
        2,
        &["UPDATE OR IGNORE people SET mail = {pick:people.mail} WHERE id = {pick:people.id}"],
    ),
    Template::old(
        4,
        &["INSERT OR REPLACE INTO badges (person_id, code) VALUES ({pick:people.id}, {text})"],
    ),
    Template::old(
        2,
        &[
            "INSERT OR IGNORE INTO badges (person_id, code) SELECT {pick:people.id}, upper(code) FROM badges LIMIT 3",
        ],
    ),
    Template::old(
        2,
        &[
            "UPDATE OR REPLACE badges SET person_id = {pick:people.id} WHERE person_id = {pick:badges.person_id}",
        ],
    ),
    Template::old(
        2,
        &["UPDATE badges SET code = upper(code) WHERE person_id = {pick:badges.person_id}"],
    ),
    Template::old(1, &["DELETE FROM badges WHERE person_id = {pick:badges.person_id}"]),
    Template::old(
        2,
        &[
            "DELETE FROM badges WHERE person_id = {i=pick:people.id}",
            "UPDATE people SET boss = NULL WHERE boss = {i}",
            "DELETE FROM people WHERE id = {i} AND since IS since",
        ],
    ),
];

const NEW: &[Template] = &[
    Template::with_twin(
        5,
        &["INSERT INTO people (email, manager, joined, note)
           VALUES ({m=text}, {b=pick:people.id}, strftime('%Y-%m-%dT%H:%M:%SZ', {s=int:0..2000000000}, 'unixepoch'), {n=text?})"],
        &["INSERT INTO people (id, mail, boss, since, note) VALUES ({rowid}, {m}, {b}, {s}, {n})"],
    ),
    Template::with_twin(
        3,
        &["UPDATE people SET manager = {b=pick:people.id}, note = {n=one:NULL|7|7.5|'7'|x'37'} WHERE id = {i=pick:people.id}"],
        &["UPDATE people SET boss = {b}, note = {n} WHERE id = {i}"],
    ),
    Template::with_twin(
        3,
        &["INSERT OR REPLACE INTO badges (holder, label) VALUES ({i=pick:people.id}, {t=text})"],
        &["INSERT OR REPLACE INTO badges (person_id, code) VALUES ({i}, {t})"],
    ),
    Template::with_twin(
        2,
        &[
            "DELETE FROM badges WHERE holder = {i=pick:people.id}",
            "UPDATE people SET manager = NULL WHERE manager = {i}",
            "DELETE FROM people WHERE id = {i} AND joined IS joined",
        ],
        &[
            "DELETE FROM badges WHERE person_id = {i}",
            "UPDATE people SET boss = NULL WHERE boss = {i}",
            "DELETE FROM people WHERE id = {i}",
        ],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut person = conn.prepare("INSERT INTO people VALUES (?, ?, ?, ?, ?)")?;
    let mut badge = conn.prepare("INSERT OR IGNORE INTO badges VALUES (?, ?)")?;
    let mut desk = conn.prepare("INSERT INTO desks (person_id) VALUES (?)")?;
    let mut ids: Vec<i64> = Vec::new();
    super::in_transaction(conn, || {
        for n in 0..rows {
            let id = ids.last().unwrap_or(&0) + rng.i64(1..4);
            let boss = (!ids.is_empty() && n % 4 > 0).then(|| ids[rng.usize(..ids.len())]);
            let since = (n % 5 > 0).then(|| rng.i64(0..2_000_000_000));
            let mail = super::distinct(&mut rng, n);
            person.execute(params![id, mail, boss, since, super::anything(&mut rng)])?;
            for _ in 0..rng.u32(0..3) {
                badge.execute(params![id, super::distinct(&mut rng, n)])?;
            }
            if n % 3 == 0 {
                desk.execute([id])?;
            }
            ids.push(id);
        }
        // Ids that were given out and are gone must not come again on either side.
        conn.execute_batch(
            "INSERT INTO people (mail) VALUES ('gone'); DELETE FROM people WHERE mail = 'gone'",
        )
    })
}
