//! A look-up table out of a column: the rows refer to it by its new ids.

use cutover::Phase;

use super::super::bench::{Bench, Row, Rows, Shape};
use super::groups::Grouped;
use super::{Share, deleted, int, numbers, text, updated};

const GROUPED: Grouped = Grouped { table: "clients", key: "city" };

const OLD: &str = "
CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, note TEXT);
CREATE INDEX clients_city ON clients (city);";

const MIGRATION: &str = "
CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city_id INTEGER NOT NULL REFERENCES cities (id), note TEXT);
CREATE INDEX new.people_city ON people (city_id);
INSERT INTO new.cities (name) SELECT city FROM old.clients GROUP BY city;
INSERT INTO new.people (id, name, city_id, note)
SELECT c.id, c.name, n.id, c.note FROM old.clients c JOIN new.cities n ON n.name = c.city;
INSERT INTO old.clients (id, name, city, note)
SELECT p.id, p.name, n.name, p.note FROM new.people p JOIN new.cities n ON n.id = p.city_id;";

/// SQLite runs the trigger first that was made last: the city before who lives in it.
const FORWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON clients BEGIN
  INSERT INTO people VALUES (NEW.id, NEW.name, (SELECT id FROM cities WHERE name = NEW.city), NEW.note); END;
CREATE TRIGGER h_city AFTER INSERT ON clients
WHEN NOT EXISTS (SELECT 1 FROM cities WHERE name = NEW.city) BEGIN
  INSERT INTO cities (name) VALUES (NEW.city); END;
CREATE TRIGGER h_update AFTER UPDATE OF name, note ON clients BEGIN
  UPDATE people SET name = NEW.name, note = NEW.note WHERE id = OLD.id; END;
CREATE TRIGGER h_key AFTER UPDATE OF city ON clients BEGIN
  UPDATE people SET city_id = (SELECT id FROM cities WHERE name = NEW.city) WHERE id = OLD.id;
  DELETE FROM cities WHERE name = OLD.city
    AND NOT EXISTS (SELECT 1 FROM clients WHERE city = OLD.city); END;
CREATE TRIGGER h_new_city AFTER UPDATE OF city ON clients
WHEN NOT EXISTS (SELECT 1 FROM cities WHERE name = NEW.city) BEGIN
  INSERT INTO cities (name) VALUES (NEW.city); END;
CREATE TRIGGER h_delete AFTER DELETE ON clients BEGIN
  DELETE FROM people WHERE id = OLD.id;
  DELETE FROM cities WHERE name = OLD.city
    AND NOT EXISTS (SELECT 1 FROM clients WHERE city = OLD.city); END;";

const BACKWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON people BEGIN
  INSERT INTO clients VALUES (NEW.id, NEW.name, (SELECT name FROM cities WHERE id = NEW.city_id), NEW.note); END;
CREATE TRIGGER h_update AFTER UPDATE OF name, note ON people BEGIN
  UPDATE clients SET name = NEW.name, note = NEW.note WHERE id = OLD.id; END;
CREATE TRIGGER h_city AFTER UPDATE OF name ON cities BEGIN
  UPDATE clients SET city = NEW.name WHERE city = OLD.name; END;
CREATE TRIGGER h_delete AFTER DELETE ON people BEGIN
  DELETE FROM clients WHERE id = OLD.id; END;";

fn shape(rows: String) -> Shape {
    Shape {
        name: "join",
        old: OLD.to_owned(),
        rows: Rows::Sql(rows),
        migration: MIGRATION.to_owned(),
        forward_by_hand: FORWARD.to_owned(),
        backward_by_hand: BACKWARD.to_owned(),
    }
}

const OF_100: &str = "join, groups of 100";

pub(super) fn all(rows: u64) -> Vec<Bench> {
    let mut all = vec![hundred(rows)];
    for (size, title) in [(10_000, "join, groups of 10,000"), (100_000, "join, groups of 100,000")]
    {
        if rows >= 2 * size {
            all.push(large(rows, size, title));
        }
    }
    all.extend([whole(), write_new(rows)]);
    all
}

fn groups_of(rows: u64, size: u64) -> Shape {
    let numbers = numbers(rows);
    let groups = rows / size;
    shape(format!(
        "{numbers} INSERT INTO clients SELECT i, 'name ' || i, 'city ' || (i % {groups}), 'a note on ' || i FROM n;"
    ))
}

fn hundred(rows: u64) -> Bench {
    let [insert, unread, key, delete] = writes(rows, rows / 100);
    let [fresh, batch] = [insert_into(rows / 100), insert_into(rows / 100)];
    let all_of_100 = "UPDATE clients SET note = ?2 WHERE id BETWEEN ?1 AND ?1 + 99";
    Bench {
        title: OF_100.to_owned(),
        shape: groups_of(rows, 100),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            insert.aim(2.2),
            Row { name: "INSERT, prepared anew", ..fresh }.fresh().aim(10.0),
            Row { name: "1,000 INSERTs in a transaction", ..batch }.batch(1000).aim(5.0),
            Row::new("UPDATE of 100 rows in a statement", all_of_100, move |n| {
                vec![int(1 + n * 100 % (rows / 2 - 100)), text(format!("{n} in all"))]
            })
            .changes(100),
            unread.aim_like(1.2, "copy", "UPDATE of one column"),
            key.aim(2.5),
            delete.aim(2.3),
        ],
        around: Vec::new(),
    }
}

fn large(rows: u64, size: u64, title: &str) -> Bench {
    let [insert, unread, key, delete] = writes(rows, rows / size);
    let like = |row: Row| {
        let name = row.name;
        row.aim_like(3.0, OF_100, name)
    };
    Bench {
        title: title.to_owned(),
        shape: groups_of(rows, size),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            like(insert),
            unread.aim_like(1.2, "copy", "UPDATE of one column"),
            like(key),
            like(delete),
        ],
        around: Vec::new(),
    }
}

fn insert_into(groups: u64) -> Row {
    let sql = "INSERT INTO clients (name, city, note) VALUES (?1, ?2, ?3)";
    Row::new("INSERT", sql, move |n| {
        let (name, city) = (format!("a new name {n}"), format!("city {}", n * 7 % groups));
        vec![text(name), text(city), text("a note on a new one")]
    })
}

fn writes(rows: u64, groups: u64) -> [Row; 4] {
    let [unread, key, delete] = GROUPED.writes(rows, groups);
    [insert_into(groups), unread, key, delete]
}

fn whole() -> Bench {
    let numbers = numbers(80_000);
    let filled = format!(
        "{numbers} INSERT INTO clients SELECT i, 'name ' || i, 'large ' || (i % 4), 'a note' FROM n;
         {numbers} INSERT INTO clients SELECT 80000 + i, 'name ' || i, 'small ' || (i % 4), 'a note' FROM n WHERE i <= 20000;"
    );
    Bench {
        title: "join, whole groups".to_owned(),
        shape: shape(filled),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            GROUPED.whole("DELETE of a group of 5,000", 5_000, "small"),
            GROUPED.whole("DELETE of a group of 20,000", 20_000, "large"),
        ],
        around: Vec::new(),
    }
}

fn write_new(rows: u64) -> Bench {
    let groups = rows / 100;
    let insert = "INSERT INTO people (name, city_id, note) \
        VALUES (?1, (SELECT id FROM cities WHERE name = ?2), ?1)";
    let renamed = move |n: u64| match n.checked_sub(groups) {
        None => format!("city {n}"),
        Some(before) => format!("city {}, renamed {}", n % groups, before / groups),
    };
    Bench {
        title: "join, write-new".to_owned(),
        shape: groups_of(rows, 100),
        phase: Phase::WriteNew,
        beside: None,
        rows: vec![
            Row::new("INSERT", insert, move |n| {
                vec![text(format!("a new name {n}")), text(format!("city {}", n * 7 % groups))]
            }),
            Row::new(
                "UPDATE of one column",
                "UPDATE people SET note = ?2 WHERE id = ?1",
                move |n| vec![int(updated(rows, n)), text(format!("another note {n}"))],
            ),
            Row::new(
                "UPDATE of the joined side, with 100 rows",
                "UPDATE cities SET name = ?2 WHERE name = ?1",
                move |n| vec![text(renamed(n)), text(renamed(n + groups))],
            ),
            Row::new("DELETE", "DELETE FROM people WHERE id = ?1", move |n| {
                vec![int(deleted(rows, Share::First, n))]
            }),
        ],
        around: Vec::new(),
    }
}
