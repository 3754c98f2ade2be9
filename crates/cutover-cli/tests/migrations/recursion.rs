//! Recursive mappings under writes that make, cut and bend chains, each statement compared
//! with the whole recursion run anew by SQLite.

use testkit::compare::{Rows, assert_same};

use crate::scene::{Scene, json};

/// Places of a land begin chains, and links lead from one to the next: two tables, so that
/// a change of either must find the rows that the other's lead to.
const SCHEMA: &str = "
    CREATE TABLE places (id INTEGER PRIMARY KEY, land TEXT, begins INTEGER NOT NULL);
    CREATE INDEX places_land ON places (land);
    CREATE TABLE links (id INTEGER PRIMARY KEY, land TEXT, a INTEGER NOT NULL, b INTEGER NOT NULL, UNIQUE (land, a, b));
    INSERT INTO places VALUES (1, 'n', 1), (2, 'n', 0), (3, 'n', 0), (4, 's', 1), (5, 's', 0), (6, NULL, 1);
    INSERT INTO links VALUES (1, 'n', 1, 2), (2, 'n', 2, 3), (3, 's', 4, 5), (4, 's', 5, 4), (5, NULL, 6, 6);";

const REACHED: &str = "
    WITH RECURSIVE w (land, id) AS (
        SELECT land, id FROM OLDplaces WHERE begins = 1
        UNION
        SELECT l.land, l.b FROM w JOIN OLDlinks l ON w.land = l.land AND l.a = w.id)
    SELECT land, id FROM w";

const FARTHEST: &str = "
    SELECT land, max(depth)
    FROM (WITH RECURSIVE w (land, id, depth) AS (
              SELECT land, id, 0 FROM OLDplaces WHERE begins = 1
              UNION ALL
              SELECT w.land, l.b, w.depth + 1 FROM OLDlinks l CROSS JOIN w
              WHERE l.land = w.land AND (l.a = w.id AND w.depth < 4))
          SELECT land, id, depth FROM w)
    GROUP BY land";

const STATEMENTS: &[&str] = &[
    "INSERT INTO links (land, a, b) VALUES (LAND, N, N)",
    "INSERT INTO links (land, a, b) VALUES (LAND, N, N), (LAND, N, N)",
    "INSERT OR IGNORE INTO links (id, land, a, b) VALUES (N, LAND, N, N)",
    "REPLACE INTO links (id, land, a, b) VALUES (N, LAND, N, N)",
    "REPLACE INTO links (land, a, b) SELECT land, b, a FROM links WHERE id = N",
    "UPDATE links SET b = N WHERE id = N",
    "UPDATE OR REPLACE links SET a = b, b = a WHERE land = LAND",
    "UPDATE OR IGNORE links SET land = LAND WHERE a = N",
    "DELETE FROM links WHERE id = N",
    "DELETE FROM links WHERE b = N",
    "INSERT INTO places (land, begins) VALUES (LAND, 1)",
    "REPLACE INTO places VALUES (N, LAND, 1)",
    "REPLACE INTO places VALUES (N, LAND, 0)",
    "UPDATE places SET begins = 1 - begins WHERE id = N",
    "UPDATE places SET land = LAND WHERE id IN (N, N)",
    "UPDATE OR REPLACE places SET id = N WHERE id = N",
    "DELETE FROM places WHERE id = N",
    "DELETE FROM places WHERE land IS LAND AND begins = 1",
];

fn migration() -> String {
    let (reached, farthest) = (REACHED.replace("OLD", "old."), FARTHEST.replace("OLD", "old."));
    format!(
        "CREATE TABLE new.spots (id INTEGER PRIMARY KEY, land TEXT, begins INTEGER NOT NULL);
         CREATE TABLE new.ways (id INTEGER PRIMARY KEY, land TEXT, a INTEGER NOT NULL, b INTEGER NOT NULL);
         CREATE TABLE new.reached (land TEXT, id INTEGER NOT NULL, UNIQUE (land, id));
         CREATE TABLE new.farthest (land TEXT UNIQUE, depth INTEGER);
         INSERT INTO new.spots (id, land, begins) SELECT id, land, begins FROM old.places;
         INSERT INTO new.ways (id, land, a, b) SELECT id, land, a, b FROM old.links;
         INSERT INTO new.reached (land, id) {reached};
         INSERT INTO new.farthest (land, depth) {farthest};
         INSERT INTO old.places (id, land, begins) SELECT id, land, begins FROM new.spots;
         INSERT INTO old.links (id, land, a, b) SELECT id, land, a, b FROM new.ways;"
    )
}

#[track_caller]
fn assert_in_step(scene: &Scene, after: &str) {
    let conn = scene.conn();
    for (mapping, mirror) in
        [(REACHED, "SELECT land, id FROM reached"), (FARTHEST, "SELECT land, depth FROM farthest")]
    {
        let sql = mapping.replace("OLD", "");
        assert_same(
            after,
            Rows { name: "the recursion", conn: &conn, sql: &sql },
            Rows { name: "the mirror", conn: &conn, sql: mirror },
        );
    }
}

/// Fills in a small number for each `N` and a land for each `LAND`.
fn filled(statement: &str, rng: &mut fastrand::Rng) -> String {
    let mut sql = String::new();
    for (at, part) in statement.replace("LAND", "\u{1}").split('\u{1}').enumerate() {
        if at > 0 {
            sql += rng.choice(["'n'", "'s'", "'e'", "NULL"]).unwrap();
        }
        for (at, piece) in part.split(" N").enumerate() {
            if at > 0 {
                sql += &format!(" {}", rng.u8(1..9));
            }
            sql += &piece.replace("(N", &format!("({}", rng.u8(1..9)));
        }
    }
    sql
}

#[test]
fn every_chain_is_followed() {
    let scene = Scene::set(SCHEMA, &migration());
    scene.exits(0, "start FILE");
    assert_in_step(&scene, "start");
    let mut rng = fastrand::Rng::with_seed(11);
    let mut python = scene.python();
    let (mut done, mut refused) = (0, 0);
    for round in 0..300 {
        if round % 100 == 50 {
            python.does(&format!("PRAGMA recursive_triggers = {}", round / 100 % 2));
        }
        let sql = filled(rng.choice(STATEMENTS).unwrap(), &mut rng);
        // A constraint of the old tables may refuse it. Nothing of ours may.
        match python.attempt(&sql) {
            Ok(_) => done += 1,
            Err(error) => {
                assert!(error.contains("UNIQUE constraint failed: links"), "{sql}: {error}");
                refused += 1;
            }
        }
        assert_in_step(&scene, &sql);
    }
    assert!(done > 200 && refused > 0, "{done} done, {refused} refused");
    scene.exits(0, "advance --to new-only");
    scene.exits(0, "rollback --to dual-write");
    assert_in_step(&scene, "rollback");
    assert_eq!(json(&scene.exits(0, "verify --json"))["ok"], true);
}

/// The row that begins a chain gives little itself: what it leads to counts as well.
#[test]
fn a_chain_that_waits_for_its_beginning() {
    let scene = Scene::set(SCHEMA, &migration());
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    for statement in [
        "DELETE FROM links",
        "INSERT INTO links (land, a, b) VALUES ('s', 7, 8), ('s', 8, 9)",
        "INSERT INTO places VALUES (7, 's', 1)",
        "DELETE FROM places WHERE id = 7",
    ] {
        python.does(statement);
        assert_in_step(&scene, statement);
    }
}
