//! No write reads a table from end to end because of the sync, in any phase: SQLite counts the
//! steps of such scans, those in triggers too.

use rusqlite::{Connection, StatementStatus};

use crate::scene::Scene;

/// Rows of the old table, in groups of ten.
const ROWS: i32 = 4000;

const MIGRATION: &str = "
    CREATE TABLE new.teams (id INTEGER PRIMARY KEY, city TEXT NOT NULL, name TEXT, UNIQUE (city, name));
    CREATE TABLE new.members (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL REFERENCES teams (id), name TEXT);
    CREATE INDEX new.members_team ON members (team_id);
    INSERT INTO new.teams (city, name) SELECT city, team FROM old.people GROUP BY city, team;
    INSERT INTO new.members (id, team_id, name)
      SELECT p.id, t.id, p.name FROM old.people AS p JOIN new.teams AS t ON t.city = p.city AND t.name IS p.team;
    INSERT INTO old.people (id, city, team, name)
      SELECT m.id, t.city, t.name, m.name FROM new.members AS m JOIN new.teams AS t ON t.id = m.team_id;";

const OLD: [&str; 6] = [
    "INSERT INTO people (city, team, name) VALUES ('city 3', 'team 7', 'a')",
    "INSERT INTO people (city, team, name) VALUES ('a city', 'a team', 'b')",
    "UPDATE people SET name = 'c' WHERE id = 30",
    "UPDATE people SET team = 'team 9', city = 'city 1' WHERE id = 31",
    "INSERT OR REPLACE INTO people VALUES (32, 'city 2', 'team 1', 'd')",
    "DELETE FROM people WHERE id = 33",
];

const NEW: [&str; 6] = [
    "INSERT INTO members (team_id, name) VALUES (3, 'a')",
    "UPDATE members SET name = 'b' WHERE id = 40",
    "UPDATE members SET team_id = 4 WHERE id = 41",
    "INSERT OR REPLACE INTO members VALUES (42, 5, 'c')",
    "UPDATE teams SET name = 'another' WHERE id = 6",
    "DELETE FROM members WHERE id = 43",
];

fn steps(conn: &Connection, sql: &str) -> i32 {
    let mut statement = conn.prepare(sql).unwrap();
    statement.execute([]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    statement.get_status(StatementStatus::FullscanStep)
}

#[test]
fn no_write_reads_a_whole_table() {
    let scene = Scene::set(
        &format!(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, city TEXT NOT NULL, team TEXT, name TEXT);
             CREATE INDEX people_team ON people (city, team);
             WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {ROWS})
             INSERT INTO people SELECT i, 'city ' || (i % 20), 'team ' || (i / 20 % 20), 'n' || i FROM c;"
        ),
        MIGRATION,
    );
    scene.exits(0, "start FILE");
    for (phase, sides) in
        [("dual-write", vec![OLD]), ("write-both", vec![OLD, NEW]), ("write-new", vec![NEW])]
    {
        scene.exits(0, &format!("advance --to {phase} --quiet-for 0"));
        let conn = scene.conn();
        conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        for sql in sides.iter().flatten() {
            conn.execute_batch("BEGIN").unwrap();
            let steps = steps(&conn, sql);
            conn.execute_batch("ROLLBACK").unwrap();
            assert!(steps < ROWS / 10, "{phase}: {sql}: {steps} rows were passed over");
        }
    }
}
