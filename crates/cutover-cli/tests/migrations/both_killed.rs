//! Programs of both sides, killed at whatever instruction they are while both sides take writes:
//! what they committed is there on both, nothing of the sync is left between.

use std::process::Command;
use std::time::{Duration, Instant};

use testkit::program::Running;

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, city TEXT NOT NULL, name TEXT);
    CREATE INDEX people_city ON people (city);
    CREATE TABLE begun (program INTEGER PRIMARY KEY);
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 400)
    INSERT INTO people SELECT i, 'city ' || (i % 20), 'n' || i FROM c;";

const MIGRATION: &str = "
    CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT);
    CREATE TABLE new.members (id INTEGER PRIMARY KEY, city_id INTEGER NOT NULL REFERENCES cities (id), name TEXT, note TEXT);
    CREATE INDEX new.members_city ON members (city_id);
    INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.people;
    INSERT INTO new.members (id, city_id, name)
      SELECT p.id, c.id, p.name FROM old.people AS p JOIN new.cities AS c ON c.name = p.city;
    INSERT INTO old.people (id, city, name)
      SELECT m.id, c.name, m.name FROM new.members AS m JOIN new.cities AS c ON c.id = m.city_id;";

/// Writes until it is killed, a transaction of one to three statements at a time.
const PROGRAM: &str = r"
import random, sqlite3, sys, time
db, seed, side = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rng = random.Random(seed)
c = sqlite3.connect(db, timeout=60, isolation_level=None)
c.execute('PRAGMA synchronous = OFF')
c.execute(f'PRAGMA recursive_triggers = {seed % 2}')
c.execute(f'PRAGMA foreign_keys = {seed // 2 % 2}')
OLD = ['INSERT INTO people (city, name) VALUES (?2, ?3)',
       'INSERT OR REPLACE INTO people VALUES (?1, ?2, ?3)',
       'UPDATE people SET name = ?3 WHERE id = ?1',
       'UPDATE people SET city = ?2 WHERE id = ?1',
       'UPDATE OR REPLACE people SET id = ?1 + 1 WHERE id = ?1',
       'DELETE FROM people WHERE id = ?1']
NEW = ['INSERT INTO members (city_id, name, note) SELECT id, ?3, ?3 FROM cities WHERE name = ?2',
       'INSERT OR IGNORE INTO cities (name, note) VALUES (?2, ?3)',
       'UPDATE members SET name = ?3, note = ?3 WHERE id = ?1',
       'UPDATE members SET city_id = coalesce((SELECT id FROM cities WHERE name = ?2), city_id) WHERE id = ?1',
       'UPDATE OR IGNORE cities SET name = ?2 WHERE name = ?3',
       'DELETE FROM members WHERE id = ?1']
while True:
    # Else the first that has the lock keeps it.
    time.sleep(rng.random() * 0.004)
    try:
        c.execute('BEGIN IMMEDIATE')
        for _ in range(rng.randint(1, 3)):
            values = (rng.randint(1, 500), f'city {rng.randint(1, 30)}', f'city {rng.randint(1, 30)}')
            statement = rng.choice(OLD if side == 'old' else NEW)
            used = statement.replace('?1', ':a').replace('?2', ':b').replace('?3', ':c')
            c.execute(used, dict(zip('abc', values)))
        c.execute('INSERT OR REPLACE INTO begun VALUES (?)', (seed,))
        c.execute('COMMIT')
    except sqlite3.IntegrityError:
        # What the other side can't say is refused, and any program may meet a constraint.
        if c.in_transaction:
            c.execute('ROLLBACK')
";

#[test]
fn killed_on_both_sides_nothing_is_left_between() {
    let scene = Scene::set(SCHEMA, MIGRATION);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to write-both");
    let program = |seed: u32, side: &str| {
        let mut command = Command::new("python3");
        command.arg("-c").arg(PROGRAM).arg(&scene.db).arg(seed.to_string()).arg(side);
        Running::spawn(&mut command)
    };
    let differ = "SELECT * FROM (SELECT id, city, name FROM people EXCEPT
                    SELECT m.id, c.name, m.name FROM members AS m JOIN cities AS c ON c.id = m.city_id)
                  UNION ALL SELECT * FROM (
                    SELECT m.id, c.name, m.name FROM members AS m JOIN cities AS c ON c.id = m.city_id
                    EXCEPT SELECT id, city, name FROM people)";
    let orphans = "SELECT id FROM members WHERE city_id NOT IN (SELECT id FROM cities)";
    let flag = "SELECT count(*) FROM _cutover_1_syncing WHERE depth <> 0";
    let before = scene.rows("SELECT * FROM people");
    for round in 0..12_u32 {
        let programs: Vec<(Running, &str)> = [(0, "old"), (1, "new"), (2, "old"), (3, "new")]
            .map(|(n, side)| (program(round * 4 + n, side), side))
            .into();
        let began = Instant::now();
        let begun = format!("SELECT program FROM begun WHERE program >= {}", round * 4);
        while scene.rows(&begun).len() < programs.len() {
            assert!(began.elapsed() < Duration::from_secs(120), "round {round}: they don't write");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(u64::from(round * 13)));
        for (program, side) in programs {
            let ended = program.kill();
            assert_eq!(ended.code, None, "{side} has ended by itself: {}", ended.stderr);
        }
        assert_eq!(scene.rows(differ), [""; 0], "round {round}");
        assert_eq!(scene.rows(orphans), [""; 0], "round {round}");
        assert_eq!(scene.rows(flag), ["Integer(0)"], "round {round}");
        assert_eq!(scene.rows("PRAGMA integrity_check").len(), 1, "round {round}");
        let verified = json(&scene.exits(0, "verify --json"));
        assert_eq!(verified["ok"], true, "{verified}");
    }
    assert_ne!(scene.rows("SELECT * FROM people"), before);
    assert_ne!(scene.rows("SELECT 1 FROM members WHERE note IS NOT NULL"), [""; 0]);
    let rows = scene.rows("SELECT * FROM people ORDER BY id");
    scene.exits(0, "rollback --to dual-write");
    assert_eq!(scene.rows("SELECT * FROM people ORDER BY id"), rows);
}
