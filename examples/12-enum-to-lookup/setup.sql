-- The database as the old programs know it: a status as a word, spelled out in a CHECK.
PRAGMA journal_mode = WAL;
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'waiting', 'solved', 'closed')),
    priority TEXT);
CREATE INDEX tickets_status ON tickets (status);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 180)
INSERT INTO tickets (id, subject, status, priority)
SELECT i, 'Ticket ' || i,
       CASE WHEN i % 10 < 3 THEN 'open' WHEN i % 10 < 5 THEN 'waiting' WHEN i % 10 < 9 THEN 'closed' ELSE 'solved' END,
       CASE i % 7 WHEN 0 THEN 'high' WHEN 1 THEN 'low' WHEN 2 THEN 'High' WHEN 3 THEN '' END
FROM n;
