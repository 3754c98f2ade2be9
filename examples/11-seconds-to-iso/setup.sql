-- The database as the old programs know it: times as seconds since 1970.
PRAGMA journal_mode = WAL;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, user_name TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER);
CREATE INDEX sessions_started ON sessions (started_at);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO sessions (id, user_name, started_at, ended_at)
SELECT i, 'user' || (i % 17), 1700000000 + i * 4321, CASE WHEN i % 6 THEN 1700000000 + i * 4321 + i % 900 END
FROM n;

INSERT INTO sessions (user_name, started_at, ended_at) VALUES
    ('the first second', 0, 1),
    ('before 1970', -86400, -1),
    ('29 February', 951782400, 951868799),
    ('after 2038', 4102444800, NULL),
    ('milliseconds by mistake', 1700000000123, 1700000000456),
    ('a fraction', 1700000000.25, 1700000001.5);
