//! A small database, its migration, and what programs write to it.

use std::path::Path;

use rusqlite::Connection;
use testkit::Canonical;

/// A database to crash.
pub(crate) struct Scene {
    /// The stem of the migration's file.
    pub(crate) name: &'static str,
    pub(crate) migration: &'static str,
    pub(crate) old_tables: &'static [&'static str],
    pub(crate) new_tables: &'static [&'static str],
    pub(crate) canonical: &'static [Canonical],
    create: fn(&Path),
    /// What programs write in one round to the old tables, and to the new ones to the
    /// same effect; `{r}` becomes the round.
    old_writes: &'static str,
    new_writes: &'static str,
    /// What something breaks in the mirror, for a repair to fix.
    pub(crate) damage: &'static str,
}

impl Scene {
    /// Makes the database.
    pub(crate) fn create(&self, db: &Path) {
        let conn = Connection::open(db).unwrap();
        conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
        drop(conn);
        (self.create)(db);
    }

    /// The statements of programs that know the old tables.
    pub(crate) fn old_writes(&self, round: usize) -> String {
        self.old_writes.replace("{r}", &round.to_string())
    }

    /// Those of programs that know the new ones, to the same effect.
    pub(crate) fn new_writes(&self, round: usize) -> String {
        self.new_writes.replace("{r}", &round.to_string())
    }
}

/// Authors and their books: a foreign key, an application's own trigger, and cities that
/// get a table of their own.
pub(crate) const LIBRARY: Scene = Scene {
    name: "library",
    migration: include_str!("library.sql"),
    old_tables: &["authors", "books"],
    new_tables: &["cities", "people", "works"],
    canonical: &[Canonical {
        table: "people",
        sql: "SELECT p.id, p.name, c.name FROM people p LEFT JOIN cities c ON c.id = p.city_id",
    }],
    create: |db| {
        let conn = Connection::open(db).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;").unwrap();
        conn.execute_batch(include_str!("library_old.sql")).unwrap();
        testkit::workload::log::create(&conn);
    },
    old_writes: "
        INSERT INTO authors (id, name, city) VALUES (10{r}, 'Woolf {r}', 'London {r}');
        INSERT INTO books (id, author_id, title, pence) VALUES (20{r}, 10{r}, 'Orlando', 350 + {r});
        UPDATE authors SET city = 'Ghent {r}' WHERE id = 3;
        UPDATE books SET pence = pence + 10 WHERE author_id = 4;
        DELETE FROM books WHERE author_id = 5 + {r};
        DELETE FROM authors WHERE id = 5 + {r};",
    new_writes: "
        INSERT OR IGNORE INTO cities (name) VALUES ('London {r}'), ('Ghent {r}');
        INSERT INTO people (id, name, city_id)
            SELECT 10{r}, 'Woolf {r}', id FROM cities WHERE name = 'London {r}';
        INSERT INTO works (id, person_id, title, pence) VALUES (20{r}, 10{r}, 'Orlando', 350 + {r});
        UPDATE people SET city_id = (SELECT id FROM cities WHERE name = 'Ghent {r}') WHERE id = 3;
        UPDATE works SET pence = pence + 10 WHERE person_id = 4;
        DELETE FROM works WHERE person_id = 5 + {r};
        DELETE FROM people WHERE id = 5 + {r};
        DELETE FROM cities WHERE id NOT IN (SELECT city_id FROM people WHERE city_id IS NOT NULL);",
    damage: "
        UPDATE works SET title = 'no such title' WHERE id % 5 = 0;
        DELETE FROM works WHERE id % 7 = 0;
        INSERT INTO works (id, person_id, title) VALUES (999, 1, 'never written');",
};

/// The consensus store's own migration.
pub(crate) const CONSENSUS: Scene = Scene {
    name: testkit::cases::consensus::CASE.migration_name,
    migration: testkit::cases::consensus::CASE.migration,
    old_tables: testkit::cases::consensus::CASE.old_tables,
    new_tables: &["consensus_runs", "agent_outputs"],
    canonical: testkit::cases::consensus::CASE.canonical,
    create: |db| testkit::cases::consensus::CASE.create(db, 60, 7),
    old_writes: "
        UPDATE consensus_artifacts SET response_text = 'again {r}', content_json = '{\"r\": {r}}' WHERE id IN (2, 5);
        INSERT INTO consensus_artifacts (id, spec_id, stage, agent_name, content_json, run_id, created_at)
            SELECT 900{r}, spec_id, stage, 'late', '{}', run_id, '2031-01-01 00:00:00'
            FROM consensus_artifacts WHERE id = 1;
        DELETE FROM consensus_artifacts WHERE id = 900{r} - 1;",
    new_writes: "
        UPDATE agent_outputs SET response_text = 'again {r}', content = '{\"r\": {r}}' WHERE id IN (2, 5);
        INSERT INTO agent_outputs (id, run_id, agent_name, content, output_timestamp)
            SELECT 900{r}, run_id, 'late', '{}', strftime('%s', '2031-01-01') * 1000
            FROM agent_outputs WHERE id = 1;
        DELETE FROM agent_outputs WHERE id = 900{r} - 1;",
    damage: "DELETE FROM agent_outputs WHERE id % 3 = 0;",
};
