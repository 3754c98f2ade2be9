-- refused.sql: the obvious attempt. It is refused, because rows would be lost.
CREATE TABLE new.readers (
    id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, joined_at TEXT NOT NULL);
INSERT INTO new.readers (id, email, name, joined_at) SELECT id, email, name, joined_at FROM old.subscribers;
INSERT INTO old.subscribers (id, email, name, joined_at) SELECT id, email, name, joined_at FROM new.readers;
