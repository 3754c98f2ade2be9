//! One table to two, row by row.

use cutover::Phase;

use super::super::bench::{Bench, Row, Shape};
use super::clients::{self, Writes};
use super::{Share, deleted, int, text, updated};

const MIGRATION: &str = "
CREATE TABLE new.users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE new.profiles (user_id INTEGER PRIMARY KEY, city TEXT, bio TEXT, score INTEGER NOT NULL);
INSERT INTO new.users (id, name, email) SELECT id, name, email FROM old.clients;
INSERT INTO new.profiles (user_id, city, bio, score) SELECT id, city, bio, score FROM old.clients;
INSERT INTO old.clients (id, name, email, city, bio, score)
SELECT u.id, u.name, u.email, p.city, p.bio, p.score FROM new.users u JOIN new.profiles p ON p.user_id = u.id;";

const FORWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON clients BEGIN
  INSERT INTO users VALUES (NEW.id, NEW.name, NEW.email);
  INSERT INTO profiles VALUES (NEW.id, NEW.city, NEW.bio, NEW.score); END;
CREATE TRIGGER h_users AFTER UPDATE OF id, name, email ON clients BEGIN
  UPDATE users SET id = NEW.id, name = NEW.name, email = NEW.email WHERE id = OLD.id; END;
CREATE TRIGGER h_profiles AFTER UPDATE OF id, city, bio, score ON clients BEGIN
  UPDATE profiles SET user_id = NEW.id, city = NEW.city, bio = NEW.bio, score = NEW.score
    WHERE user_id = OLD.id; END;
CREATE TRIGGER h_delete AFTER DELETE ON clients BEGIN
  DELETE FROM users WHERE id = OLD.id; DELETE FROM profiles WHERE user_id = OLD.id; END;";

/// For programs that insert the user first, and delete it last.
const BACKWARD: &str = "
CREATE TRIGGER h_insert AFTER INSERT ON profiles BEGIN
  INSERT INTO clients VALUES (NEW.user_id, (SELECT name FROM users WHERE id = NEW.user_id),
    (SELECT email FROM users WHERE id = NEW.user_id), NEW.city, NEW.bio, NEW.score); END;
CREATE TRIGGER h_users AFTER UPDATE ON users BEGIN
  UPDATE clients SET name = NEW.name, email = NEW.email WHERE id = OLD.id; END;
CREATE TRIGGER h_profiles AFTER UPDATE ON profiles BEGIN
  UPDATE clients SET city = NEW.city, bio = NEW.bio, score = NEW.score WHERE id = OLD.user_id; END;
CREATE TRIGGER h_delete AFTER DELETE ON profiles BEGIN
  DELETE FROM clients WHERE id = OLD.user_id; END;";

fn shape(rows: u64) -> Shape {
    Shape {
        name: "split",
        old: clients::OLD.to_owned(),
        rows: clients::filled(rows),
        migration: MIGRATION.to_owned(),
        forward_by_hand: FORWARD.to_owned(),
        backward_by_hand: BACKWARD.to_owned(),
    }
}

pub(super) fn dual_write(rows: u64) -> Bench {
    let writes = Writes::to_clients(rows);
    Bench {
        title: "split".to_owned(),
        shape: shape(rows),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            writes.insert.aim(2.1),
            writes.insert_large.aim(1.9),
            writes.insert_fresh.aim(5.0),
            writes.thousand_inserts.aim(4.5),
            writes.update.aim(1.9),
            writes.update_fresh.aim(3.0),
            writes.update_hundred.aim(3.6),
            writes.delete.aim(1.8),
            writes.delete_fresh,
        ],
        around: Vec::new(),
    }
}

pub(super) fn write_new(rows: u64) -> Bench {
    let hundred = "UPDATE profiles SET score = ?2 WHERE user_id BETWEEN ?1 AND ?1 + 99";
    let gone = move |n| vec![int(deleted(rows, Share::First, n))];
    Bench {
        title: "split, write-new".to_owned(),
        shape: shape(rows),
        phase: Phase::WriteNew,
        beside: None,
        rows: vec![
            insert(rows, "INSERT of both").aim(2.0),
            insert(rows * 10, "INSERT of both, prepared anew").fresh(),
            Row::new(
                "UPDATE of one column",
                "UPDATE users SET name = ?2 WHERE id = ?1",
                move |n| vec![int(updated(rows, n)), text(format!("name {n} again"))],
            )
            .aim(2.5),
            Row::new(
                "UPDATE of the joined side",
                "UPDATE profiles SET city = ?2 WHERE user_id = ?1",
                move |n| vec![int(updated(rows, n)), text(format!("city {n} again"))],
            )
            .aim(4.0),
            Row::new("UPDATE of 100 rows in a statement", hundred, move |n| {
                vec![int(1 + n * 100 % (rows / 2 - 100)), int(n + 20_000)]
            })
            .changes(100)
            .aim(8.0),
            Row::new("DELETE of both", "DELETE FROM profiles WHERE user_id = ?1", gone)
                .and("DELETE FROM users WHERE id = ?1", gone),
        ],
        around: Vec::new(),
    }
}

/// Ids from the first number on.
fn insert(first: u64, name: &'static str) -> Row {
    Row::new(name, "INSERT INTO users (id, name, email) VALUES (?1, ?2, ?2)", move |n| {
        vec![int(first + 1 + n), text(format!("a new name {n}"))]
    })
    .and("INSERT INTO profiles (user_id, city, bio, score) VALUES (?1, ?2, ?2, ?1)", move |n| {
        vec![int(first + 1 + n), text("a new city")]
    })
}
