//! One table to one of another name.

use cutover::Phase;

use super::super::bench::{Bench, Row, Shape};
use super::clients::{self, Writes};
use super::{Share, deleted, int, text, updated};

const MIGRATION: &str = "
CREATE TABLE new.people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, city TEXT, bio TEXT, score INTEGER NOT NULL);
INSERT INTO new.people (id, name, email, city, bio, score) SELECT id, name, email, city, bio, score FROM old.clients;
INSERT INTO old.clients (id, name, email, city, bio, score) SELECT id, name, email, city, bio, score FROM new.people;";

/// From the first table to the second.
fn by_hand(from: &str, to: &str) -> String {
    format!(
        "CREATE TRIGGER h_insert AFTER INSERT ON {from} BEGIN
           INSERT INTO {to} VALUES (NEW.id, NEW.name, NEW.email, NEW.city, NEW.bio, NEW.score); END;
         CREATE TRIGGER h_update AFTER UPDATE ON {from} BEGIN
           UPDATE {to} SET name = NEW.name, email = NEW.email, city = NEW.city, bio = NEW.bio,
             score = NEW.score WHERE id = OLD.id; END;
         CREATE TRIGGER h_delete AFTER DELETE ON {from} BEGIN
           DELETE FROM {to} WHERE id = OLD.id; END;"
    )
}

fn shape(rows: u64) -> Shape {
    Shape {
        name: "copy",
        old: clients::OLD.to_owned(),
        rows: clients::filled(rows),
        migration: MIGRATION.to_owned(),
        forward_by_hand: by_hand("clients", "people"),
        backward_by_hand: by_hand("people", "clients"),
    }
}

pub(super) fn dual_write(rows: u64) -> Bench {
    let writes = Writes::to_clients(rows);
    Bench {
        title: "copy".to_owned(),
        shape: shape(rows),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            writes.insert.aim(1.6),
            writes.insert_large,
            writes.insert_fresh,
            writes.thousand_inserts,
            writes.update,
            writes.update_fresh,
            writes.update_hundred,
            writes.delete,
            writes.delete_fresh,
        ],
        around: Vec::new(),
    }
}

pub(super) fn write_new(rows: u64) -> Bench {
    let insert = "INSERT INTO people (name, email, city, bio, score) VALUES (?1, ?1, ?1, ?1, ?2)";
    Bench {
        title: "copy, write-new".to_owned(),
        shape: shape(rows),
        phase: Phase::WriteNew,
        beside: None,
        rows: vec![
            Row::new("INSERT", insert, |n| vec![text(format!("a new name {n}")), int(n)]),
            Row::new(
                "UPDATE of one column",
                "UPDATE people SET score = ?2 WHERE id = ?1",
                move |n| vec![int(updated(rows, n)), int(n + 10_000)],
            ),
            Row::new("DELETE", "DELETE FROM people WHERE id = ?1", move |n| {
                vec![int(deleted(rows, Share::First, n))]
            }),
        ],
        around: Vec::new(),
    }
}
