-- archive-deleted.sql: rows marked as deleted move into a table of their own
CREATE TABLE new.papers (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    body TEXT,
    last_deleted_at TEXT);      -- of those that were brought back
CREATE TABLE new.papers_archive (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    body TEXT,
    deleted_at TEXT);           -- NULL: before the time was noted

-- forward: setting the flag moves the row from one table to the other
INSERT INTO new.papers (id, title, body, last_deleted_at)
SELECT id, title, body, deleted_at FROM old.documents WHERE deleted = 0;
INSERT INTO new.papers_archive (id, title, body, deleted_at)
SELECT id, title, body, deleted_at FROM old.documents WHERE deleted = 1;

-- backward: which table a row is in gives the flag
INSERT INTO old.documents (id, title, body, deleted, deleted_at)
SELECT id, title, body, 0, last_deleted_at FROM new.papers;
INSERT INTO old.documents (id, title, body, deleted, deleted_at)
SELECT id, title, body, 1, deleted_at FROM new.papers_archive;
