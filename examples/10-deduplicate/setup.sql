-- The database as the old programs know it. The form could be sent twice, and was.
PRAGMA journal_mode = WAL;
CREATE TABLE subscribers (id INTEGER PRIMARY KEY, email TEXT, name TEXT, joined_at TEXT NOT NULL);
CREATE INDEX subscribers_email ON subscribers (email);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO subscribers (id, email, name, joined_at)
SELECT i, 'reader' || (CASE WHEN i % 8 = 0 THEN i - 1 WHEN i % 25 = 0 THEN 1 ELSE i END) || '@example.org',
       CASE WHEN i % 5 THEN 'Reader ' || i END, datetime(1650000000 + i * 7200, 'unixepoch')
FROM n;

INSERT INTO subscribers (email, name, joined_at) VALUES
    (NULL, 'by post only', '2022-06-01 00:00:00'),
    (NULL, 'by post as well', '2022-06-01 00:00:00'),
    ('', 'an empty address', '2022-06-02 00:00:00'),
    ('', 'another one', '2022-06-02 00:00:00'),
    ('Reader1@example.org', 'a capital letter makes another address', '2022-06-03 00:00:00');
