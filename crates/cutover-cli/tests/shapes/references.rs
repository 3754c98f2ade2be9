//! Foreign keys, their actions, and what else names a table.

use crate::shapes::shape::{Shape, Way};

/// A tree: the table refers to itself.
const TREE: Shape = Shape {
    schema: "CREATE TABLE nodes (id INTEGER PRIMARY KEY, up INTEGER REFERENCES nodes(id) ON DELETE CASCADE ON UPDATE CASCADE, name TEXT);
             CREATE INDEX nodes_up ON nodes(up);
             INSERT INTO nodes VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'aa'), (5, 5, 'own'), (6, 4, 'aaa')",
    migration: "CREATE TABLE new.@nodes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES @nodes(id) ON DELETE CASCADE ON UPDATE CASCADE, label TEXT);
                CREATE INDEX new.@nodes_up ON @nodes(parent);
                INSERT INTO new.@nodes (id, parent, label) SELECT id, up, name FROM old.nodes;
                INSERT INTO old.nodes (id, up, name) SELECT id, parent, label FROM new.@nodes;",
    old: [
        "DELETE FROM nodes WHERE id = 4; INSERT INTO nodes VALUES (7, 3, 'ba'), (9, 8, 'later'), (8, 7, 'baa')",
        "UPDATE nodes SET id = 33 WHERE id = 3; UPDATE nodes SET up = 2 WHERE id = 33",
        "DELETE FROM nodes WHERE id = 5; REPLACE INTO nodes VALUES (7, 1, 'moved')",
    ],
    new: [
        ("INSERT INTO @nodes VALUES (10, 1, 'x'), (11, 10, 'xx')", "INSERT INTO nodes VALUES (10, 1, 'x'), (11, 10, 'xx')"),
        ("DELETE FROM @nodes WHERE id = 10", "DELETE FROM nodes WHERE id = 10"),
    ],
    ..Shape::PLAIN
};

#[test]
fn a_table_that_refers_to_itself() {
    TREE.goes();
}

/// Neither table can be filled first.
#[test]
fn tables_that_refer_to_each_other() {
    Shape {
        schema: "CREATE TABLE teams (id INTEGER PRIMARY KEY, lead INTEGER NOT NULL REFERENCES staff(id) DEFERRABLE INITIALLY DEFERRED);
                 CREATE TABLE staff (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES teams(id) DEFERRABLE INITIALLY DEFERRED, name TEXT);
                 INSERT INTO teams VALUES (1, 10), (2, 20); INSERT INTO staff VALUES (10, 1, 'Ada'), (11, 1, 'Al'), (20, 2, 'Bob')",
        migration: "CREATE TABLE new.@teams (id INTEGER PRIMARY KEY, head INTEGER NOT NULL REFERENCES @staff(id) DEFERRABLE INITIALLY DEFERRED);
                    CREATE TABLE new.@staff (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES @teams(id) DEFERRABLE INITIALLY DEFERRED, label TEXT);
                    INSERT INTO new.@teams (id, head) SELECT id, lead FROM old.teams;
                    INSERT INTO new.@staff (id, team, label) SELECT id, team, name FROM old.staff;
                    INSERT INTO old.teams (id, lead) SELECT id, head FROM new.@teams;
                    INSERT INTO old.staff (id, team, name) SELECT id, team, label FROM new.@staff;",
        old: [
            "BEGIN; INSERT INTO teams VALUES (3, 30); INSERT INTO staff VALUES (30, 3, 'Cy'); COMMIT",
            "BEGIN; DELETE FROM teams WHERE id = 2; DELETE FROM staff WHERE team = 2; COMMIT",
            "UPDATE teams SET lead = 11 WHERE id = 1",
        ],
        new: [
            ("BEGIN; INSERT INTO @staff VALUES (40, 4, 'Di'); INSERT INTO @teams VALUES (4, 40); COMMIT",
             "BEGIN; INSERT INTO staff VALUES (40, 4, 'Di'); INSERT INTO teams VALUES (4, 40); COMMIT"),
            ("UPDATE @staff SET team = 4; UPDATE @teams SET head = 40", "UPDATE staff SET team = 4; UPDATE teams SET lead = 40"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// The migration's own tables cascade into one another: to parents and children alike.
#[test]
fn cascade_and_set_null() {
    Shape {
        schema: "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
                 CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users(id) ON DELETE CASCADE,
                                     editor INTEGER REFERENCES users(id) ON DELETE SET NULL ON UPDATE CASCADE);
                 CREATE INDEX posts_author ON posts(author);
                 CREATE INDEX posts_editor ON posts(editor);
                 INSERT INTO users VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cy');
                 INSERT INTO posts VALUES (1, 1, 2), (2, 2, 1), (3, 3, 3), (4, 1, NULL)",
        migration: "CREATE TABLE new.@users (id INTEGER PRIMARY KEY, label TEXT);
                    CREATE TABLE new.@posts (id INTEGER PRIMARY KEY, writer INTEGER REFERENCES @users(id) ON DELETE CASCADE,
                                             editor INTEGER REFERENCES @users(id) ON DELETE SET NULL ON UPDATE CASCADE);
                    CREATE INDEX new.@posts_author ON @posts(writer);
                    CREATE INDEX new.@posts_editor ON @posts(editor);
                    INSERT INTO new.@users (id, label) SELECT id, name FROM old.users;
                    INSERT INTO new.@posts (id, writer, editor) SELECT id, author, editor FROM old.posts;
                    INSERT INTO old.users (id, name) SELECT id, label FROM new.@users;
                    INSERT INTO old.posts (id, author, editor) SELECT id, writer, editor FROM new.@posts;",
        old: [
            "DELETE FROM users WHERE id = 3; INSERT INTO users VALUES (4, 'Di'), (5, 'Ed'), (6, 'Fay'); INSERT INTO posts (author, editor) VALUES (4, 5), (5, 4), (6, 6), (2, 2)",
            "DELETE FROM users WHERE id = 4; UPDATE posts SET author = 2 WHERE author = 1; UPDATE users SET id = 11 WHERE id = 1",
            "DELETE FROM users WHERE id = 11",
        ],
        new: [
            ("DELETE FROM @users WHERE id = 5", "DELETE FROM users WHERE id = 5"),
            ("DELETE FROM @users WHERE id = 6; INSERT INTO @posts (writer) VALUES (2)", "DELETE FROM users WHERE id = 6; INSERT INTO posts (author) VALUES (2)"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// A table that stays refers to one that changes under its name; a view reads it. Both are
/// what they were, byte for byte, and lead to whoever has the name.
#[test]
fn what_names_a_table_that_changes_in_place() {
    Shape {
        schema: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT UNIQUE);
                 CREATE TABLE desks (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people(id) ON DELETE SET NULL ON UPDATE CASCADE,
                                     mail TEXT REFERENCES people(mail) ON UPDATE CASCADE);
                 CREATE TABLE keys (no INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE ON UPDATE CASCADE);
                 CREATE TABLE seen (n INTEGER);
                 CREATE VIEW seated AS SELECT p.id, p.mail, d.id AS desk FROM people AS p JOIN \"desks\" d ON d.person = p.id;
                 CREATE TRIGGER desk_taken AFTER INSERT ON desks BEGIN INSERT INTO seen SELECT count(*) FROM people WHERE id = NEW.person; END;
                 INSERT INTO people VALUES (1, 'Ada', 'a'), (2, 'Bob', 'b'), (3, 'Cy', NULL);
                 INSERT INTO desks VALUES (1, 1, 'a'), (2, 2, NULL), (3, NULL, 'b'); INSERT INTO keys VALUES (7, 1), (8, 3)",
        migration: "CREATE TABLE new.people (id INTEGER PRIMARY KEY, label TEXT NOT NULL CHECK (label <> ''), mail TEXT UNIQUE);
                    INSERT INTO new.people (id, label, mail) SELECT id, name, mail FROM old.people;
                    INSERT INTO old.people (id, name, mail) SELECT id, label, mail FROM new.people;",
        old: [
            "INSERT INTO desks VALUES (4, 3, NULL); DELETE FROM people WHERE id = 3; SELECT * FROM seated",
            "UPDATE people SET mail = mail || '!', id = id + 10; SELECT * FROM seated; SELECT * FROM keys",
            "REPLACE INTO people VALUES (12, 'Ben', 'b!'); SELECT * FROM seated",
        ],
        new: [
            ("INSERT INTO people (id, label, mail) VALUES (20, 'Di', 'd'); INSERT INTO keys VALUES (9, 20); INSERT INTO desks VALUES (5, 20, 'd')",
             "INSERT INTO people (id, name, mail) VALUES (20, 'Di', 'd'); INSERT INTO keys VALUES (9, 20); INSERT INTO desks VALUES (5, 20, 'd')"),
            ("UPDATE people SET id = 21 WHERE id = 11; UPDATE people SET mail = 'e' WHERE label = 'Di'; DELETE FROM desks WHERE id IN (3, 5); DELETE FROM people WHERE id = 12",
             "UPDATE people SET id = 21 WHERE id = 11; UPDATE people SET mail = 'e' WHERE name = 'Di'; DELETE FROM desks WHERE id IN (3, 5); DELETE FROM people WHERE id = 12"),
        ],
        bystanders: &["desks", "keys", "seen", "seated"],
        ..Shape::PLAIN
    }
    .goes_by(Way::InPlace);
}

#[test]
fn compound_keys_that_restrict_or_set_the_default() {
    Shape {
        schema: "CREATE TABLE halls (town TEXT NOT NULL, hall INTEGER NOT NULL, PRIMARY KEY (town, hall)) WITHOUT ROWID;
                 CREATE TABLE shows (id INTEGER PRIMARY KEY, town TEXT DEFAULT 'home', hall INTEGER DEFAULT 0,
                     FOREIGN KEY (town, hall) REFERENCES halls ON DELETE SET DEFAULT ON UPDATE CASCADE);
                 CREATE INDEX shows_hall ON shows(town, hall);
                 CREATE TABLE bans (town TEXT, hall INTEGER, why TEXT PRIMARY KEY NOT NULL,
                     CONSTRAINT kept FOREIGN KEY (town, hall) REFERENCES halls(town, hall) ON DELETE RESTRICT);
                 INSERT INTO halls VALUES ('home', 0), ('a', 1), ('b', 2), ('c', 3);
                 INSERT INTO shows VALUES (1, 'a', 1), (2, 'b', 2), (3, NULL, 9); INSERT INTO bans VALUES ('c', 3, 'fire')",
        migration: "CREATE TABLE new.@halls (city TEXT NOT NULL, hall INTEGER NOT NULL, PRIMARY KEY (city, hall)) WITHOUT ROWID;
                    CREATE TABLE new.@shows (id INTEGER PRIMARY KEY, city TEXT DEFAULT 'home', hall INTEGER DEFAULT 0,
                        FOREIGN KEY (city, hall) REFERENCES @halls ON DELETE SET DEFAULT ON UPDATE CASCADE);
                    CREATE INDEX new.@shows_hall ON @shows(city, hall);
                    CREATE TABLE new.@bans (city TEXT, hall INTEGER, why TEXT PRIMARY KEY NOT NULL,
                        CONSTRAINT kept FOREIGN KEY (city, hall) REFERENCES @halls(city, hall) ON DELETE RESTRICT);
                    INSERT INTO new.@halls (city, hall) SELECT town, hall FROM old.halls;
                    INSERT INTO new.@shows (id, city, hall) SELECT id, town, hall FROM old.shows;
                    INSERT INTO new.@bans (city, hall, why) SELECT town, hall, why FROM old.bans;
                    INSERT INTO old.halls (town, hall) SELECT city, hall FROM new.@halls;
                    INSERT INTO old.shows (id, town, hall) SELECT id, city, hall FROM new.@shows;
                    INSERT INTO old.bans (town, hall, why) SELECT city, hall, why FROM new.@bans;",
        old: [
            "DELETE FROM halls WHERE town = 'a'; INSERT INTO halls VALUES ('d', 4), ('e', 5); INSERT INTO shows VALUES (4, 'd', 4), (5, 'e', 5)",
            "UPDATE halls SET hall = 22 WHERE town = 'b'; DELETE FROM bans WHERE town = 'c'; DELETE FROM halls WHERE town = 'c'",
            "INSERT INTO bans VALUES ('b', 22, 'flood')",
        ],
        new: [
            ("DELETE FROM @halls WHERE city = 'd'", "DELETE FROM halls WHERE town = 'd'"),
            ("UPDATE @halls SET city = 'E' WHERE city = 'e'; INSERT INTO @shows (id) VALUES (9)",
             "UPDATE halls SET town = 'E' WHERE town = 'e'; INSERT INTO shows (id) VALUES (9)"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// The old tables can't go while something else needs them and their tombstones would not do:
/// the gate to `retired` says what.
#[test]
fn what_keeps_an_old_table_from_being_retired() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a');";
    for (there, words) in [
        (
            "CREATE TABLE c (t INTEGER REFERENCES t(id))",
            "c refers to t by a foreign key: its writes would fail",
        ),
        ("CREATE VIEW w AS SELECT rowid AS n FROM \"t\"", "reading the view w would fail"),
        (
            "CREATE TABLE c (x); CREATE TRIGGER c_t AFTER INSERT ON c BEGIN DELETE FROM t; END",
            "an INSERT into c would fail: its trigger writes to t",
        ),
        (
            "CREATE VIRTUAL TABLE found USING fts5(v, content = 't', content_rowid = 'id')",
            "the table found indexes rows of t",
        ),
    ] {
        let shape = Shape {
            schema: format!("{schema} {there}").leak(),
            migration: "CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT);
                        INSERT INTO new.u (id, w) SELECT id, v FROM old.t;
                        INSERT INTO old.t (id, v) SELECT id, w FROM new.u;",
            ..Shape::PLAIN
        };
        shape.stops_before_retired(words);
    }
}
