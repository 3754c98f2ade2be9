//! The application's own triggers, and what they feed.

use crate::shapes::shape::{Shape, Way};

/// Several triggers on one event: SQLite fires the one that was made last first. The log
/// holds the order, before and after the row, and a WHEN.
#[test]
fn the_order_of_triggers() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER);
                 CREATE TABLE log (n INTEGER PRIMARY KEY, what TEXT, id INTEGER, v);
                 CREATE TRIGGER z_first AFTER INSERT ON t BEGIN INSERT INTO log (what, id) VALUES ('first', NEW.id); END;
                 CREATE TRIGGER a_second AFTER INSERT ON t WHEN NEW.v > 0 BEGIN INSERT INTO log (what, id) VALUES ('second', NEW.id); END;
                 CREATE TRIGGER m_third AFTER INSERT ON t BEGIN INSERT INTO log (what, id, v) VALUES ('third', NEW.id, (SELECT count(*) FROM t)); END;
                 CREATE TRIGGER b_before BEFORE UPDATE OF v ON t BEGIN INSERT INTO log (what, id, v) VALUES ('before', OLD.id, NEW.v); END;
                 CREATE TRIGGER a_after AFTER UPDATE ON t BEGIN INSERT INTO log (what, id, v) VALUES ('after', OLD.id, NEW.v); END;
                 CREATE TRIGGER gone AFTER DELETE ON t BEGIN INSERT INTO log (what, id) VALUES ('gone', OLD.id); END;
                 CREATE TRIGGER stop BEFORE INSERT ON t WHEN NEW.v = 13 BEGIN SELECT RAISE(IGNORE); END;
                 INSERT INTO t VALUES (1, 1), (2, 0)",
        migration: "CREATE TABLE new.t (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, w INTEGER AS (v + 1));
                    INSERT INTO new.t (id, v) SELECT id, v FROM old.t;
                    INSERT INTO old.t (id, v) SELECT id, v FROM new.t;",
        old: [
            "INSERT INTO t (v) VALUES (1), (0), (13)",
            "UPDATE t SET v = v + 1; INSERT INTO t (v) VALUES (7); DELETE FROM t WHERE id = 1",
            "REPLACE INTO t (id, v) VALUES (2, 5); UPDATE t SET id = id + 10",
        ],
        new: [
            ("INSERT INTO t (v) VALUES (3), (0), (13); UPDATE t SET v = 9 WHERE v = 3", "INSERT INTO t (v) VALUES (3), (0), (13); UPDATE t SET v = 9 WHERE v = 3"),
            ("DELETE FROM t WHERE v = 9; UPDATE t SET v = w", "DELETE FROM t WHERE v = 9; UPDATE t SET v = v + 1"),
        ],
        bystanders: &["log"],
        ..Shape::PLAIN
    }
    .goes_by(Way::InPlace);
}

/// On a table that moves they stay where they are: as long as writes enter there, they do
/// what they always did.
#[test]
fn triggers_on_a_table_that_moves() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, stamp INTEGER);
                 CREATE TABLE log (n INTEGER PRIMARY KEY, what TEXT, id INTEGER);
                 CREATE TRIGGER one AFTER INSERT ON t BEGIN INSERT INTO log (what, id) VALUES ('one', NEW.id); END;
                 CREATE TRIGGER two AFTER INSERT ON t BEGIN INSERT INTO log (what, id) VALUES ('two', NEW.id); END;
                 CREATE TRIGGER gone BEFORE DELETE ON t BEGIN INSERT INTO log (what, id) VALUES ('gone', OLD.id); END;
                 INSERT INTO t VALUES (1, 1, 1), (2, 0, NULL)",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, value INTEGER, stamp INTEGER);
                    INSERT INTO new.@t (id, value, stamp) SELECT id, v, stamp FROM old.t;
                    INSERT INTO old.t (id, v, stamp) SELECT id, value, stamp FROM new.@t;",
        old: [
            "INSERT INTO t (v) VALUES (1), (0)",
            "UPDATE t SET v = v + 1; DELETE FROM t WHERE id = 1",
            "INSERT INTO t (v) VALUES (8)",
        ],
        new: [
            ("INSERT INTO @t (value) VALUES (3)", "INSERT INTO t (v) VALUES (3)"),
            ("DELETE FROM @t WHERE id = 2; INSERT INTO @t (value) VALUES (4)", "DELETE FROM t WHERE id = 2; INSERT INTO t (v) VALUES (4)"),
        ],
        ..Shape::PLAIN
    }
    .goes_by(Way::Moved);
}

/// A full-text index fed by triggers, as SQLite's documentation has it: in place the triggers
/// go on feeding it, whichever table has the name.
#[test]
fn a_full_text_index_fed_by_triggers() {
    Shape {
        schema: "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
                 CREATE VIRTUAL TABLE found USING fts5(title, body, content = 'notes', content_rowid = 'id');
                 CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN
                     INSERT INTO found(rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body);
                 END;
                 CREATE TRIGGER notes_ad AFTER DELETE ON notes BEGIN
                     INSERT INTO found(found, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body);
                 END;
                 CREATE TRIGGER notes_au AFTER UPDATE ON notes BEGIN
                     INSERT INTO found(found, rowid, title, body) VALUES ('delete', OLD.id, OLD.title, OLD.body);
                     INSERT INTO found(rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body);
                 END;
                 INSERT INTO notes VALUES (1, 'one', 'the first note'), (2, 'two', 'the second'), (3, NULL, 'nothing')",
        migration: "CREATE TABLE new.notes (id INTEGER PRIMARY KEY, title TEXT, body TEXT, size INTEGER AS (length(body)) STORED);
                    INSERT INTO new.notes (id, title, body) SELECT id, title, body FROM old.notes;
                    INSERT INTO old.notes (id, title, body) SELECT id, title, body FROM new.notes;",
        old: [
            "INSERT INTO notes (title, body) VALUES ('three', 'the third'); SELECT rowid FROM found WHERE found MATCH 'the'",
            "UPDATE notes SET body = body || ' again'; DELETE FROM notes WHERE id = 1; SELECT rowid FROM found WHERE found MATCH 'again'",
            "UPDATE notes SET title = 'zero' WHERE id = 2; SELECT rowid FROM found WHERE found MATCH 'zero'",
        ],
        new: [
            ("INSERT INTO notes (title, body) VALUES ('new', 'fresh')", "INSERT INTO notes (title, body) VALUES ('new', 'fresh')"),
            ("UPDATE notes SET body = 'short' WHERE size > 8", "UPDATE notes SET body = 'short' WHERE length(body) > 8"),
        ],
        bystanders: &["found", "found_data", "found_docsize"],
        ..Shape::PLAIN
    }
    .goes_by(Way::InPlace);
}
