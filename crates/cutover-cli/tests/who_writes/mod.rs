//! Who still writes: what `status` says of programs that are there, and what gates make of it.

mod announced;
mod gates;
mod noted;
mod processes;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::scene::Scene;

const SCHEMA: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, street TEXT);
    INSERT INTO people VALUES (1, 'a', 's'), (2, 'b', 't');";

const MIGRATION: &str = "\
CREATE TABLE new.persons (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE new.streets (person INTEGER PRIMARY KEY REFERENCES persons(id), street TEXT);
INSERT INTO new.persons (id, name) SELECT id, name FROM old.people;
INSERT INTO new.streets (person, street) SELECT id, street FROM old.people;
INSERT INTO old.people (id, name, street)
SELECT p.id, p.name, s.street FROM new.persons p LEFT JOIN new.streets s ON s.person = p.id;";

fn scene() -> Scene {
    Scene::set(SCHEMA, MIGRATION)
}

/// As `scene`, in `dual-write`.
fn started() -> Scene {
    let scene = scene();
    scene.exits(0, "start FILE");
    scene
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A time of the JSON in seconds since 1970.
#[track_caller]
fn seconds(time: &serde_json::Value) -> i64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.as_second()
}

/// Moves what was noted into the past: tests can't wait for minutes.
fn later_by(scene: &Scene, seconds: i64) {
    scene.sql(&format!("UPDATE _cutover_seen SET last = last - {seconds} WHERE notes > 0"));
}
