//! The database, the migration, and where everything lies.

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::program::Cutover;

/// Clients with cities become customers, addresses and cities. A client's name must be there;
/// a customer's need not.
pub(crate) const MIGRATION: &str = "\
CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, name TEXT,
    n INTEGER NOT NULL, place INTEGER NOT NULL, UNIQUE (owner, place));
CREATE TABLE new.addresses (customer INTEGER PRIMARY KEY, city_id INTEGER REFERENCES cities (id));
CREATE INDEX new.addresses_city ON addresses (city_id);

INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.clients WHERE city IS NOT NULL;
INSERT INTO new.customers (id, owner, name, n, place) SELECT id, owner, name, n, place FROM old.clients;
INSERT INTO new.addresses (customer, city_id)
SELECT c.id, t.id FROM old.clients c LEFT JOIN new.cities t ON t.name = c.city;

INSERT INTO old.clients (id, owner, name, city, n, place)
SELECT u.id, u.owner, u.name, t.name, u.n, u.place
FROM new.customers u LEFT JOIN new.addresses a ON a.customer = u.id LEFT JOIN new.cities t ON t.id = a.city_id;
";

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE clients (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, name TEXT NOT NULL, city TEXT,
        n INTEGER NOT NULL, place INTEGER NOT NULL, UNIQUE (owner, place));
    CREATE TABLE progress (owner INTEGER PRIMARY KEY, seq INTEGER NOT NULL, writes INTEGER NOT NULL);";

/// Programs of the old side have the numbers up to four, those of the new side the rest.
pub(crate) const PROGRAMS: i64 = 8;

/// What the migration is called.
pub(crate) const NAME: &str = "walk";

#[derive(Debug)]
pub(crate) struct Scene {
    dir: TempDir,
    pub(crate) seed: u64,
}

/// The query that gives the rows of nobody, whose values depend on the seed.
pub(crate) fn still(seed: u64) -> String {
    format!(
        "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 2000)
         SELECT i * 16 AS id, 0 AS owner, 'still' AS name, 'city ' || (i * {seed} % 37) AS city,
                i % 30 AS n, i AS place FROM i"
    )
}

impl Scene {
    pub(crate) fn new(seed: u64) -> Self {
        let scene = Self { dir: TempDir::new().unwrap(), seed };
        std::fs::write(scene.path("walk.sql"), MIGRATION).unwrap();
        let conn = scene.open();
        conn.execute_batch(SCHEMA).unwrap();
        for owner in 1..=PROGRAMS {
            conn.execute("INSERT INTO progress VALUES (?, 0, 0)", [owner]).unwrap();
        }
        // Rows that nobody writes: they must be there in the end as well.
        let insert = format!("INSERT INTO clients SELECT * FROM ({})", still(seed));
        conn.execute_batch(&insert).unwrap();
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path("app.db")
    }

    pub(crate) fn diary(&self, owner: i64) -> PathBuf {
        self.path(&format!("diary-{owner}"))
    }

    pub(crate) fn open(&self) -> Connection {
        let conn = Connection::open(self.db()).unwrap();
        conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
        conn
    }

    pub(crate) fn cutover(&self) -> Cutover {
        Cutover::new(env!("CARGO_BIN_EXE_cutover"), &self.db())
    }

    /// Writes that were committed so far.
    pub(crate) fn written(&self) -> i64 {
        self.open().query_row("SELECT sum(writes) FROM progress", [], |row| row.get(0)).unwrap()
    }

    /// Leaves the files where they are.
    pub(crate) fn keep(self) -> PathBuf {
        self.dir.keep()
    }
}
