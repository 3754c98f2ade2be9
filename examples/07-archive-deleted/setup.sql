-- The database as the old programs know it: nothing is ever deleted, only marked so, and
-- every query has to say `deleted = 0`.
PRAGMA journal_mode = WAL;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)), deleted_at TEXT);
CREATE INDEX documents_deleted ON documents (deleted);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
INSERT INTO documents (id, title, body, deleted, deleted_at)
SELECT i, 'Document ' || i, CASE WHEN i % 7 THEN 'Text of ' || i END,
       i % 3 = 0, CASE WHEN i % 3 = 0 THEN datetime(1700000000 + i * 3600, 'unixepoch') END
FROM n;

INSERT INTO documents (title, body, deleted, deleted_at) VALUES
    ('marked before deleted_at was there', 'text', 1, NULL),
    ('deleted, and brought back', 'text', 0, '2023-05-01 12:00:00'),
    ('', '', 0, NULL),
    ('', '', 1, '');
