-- The database as the old programs know it. Nothing indexes `city`: for the time of
-- the migration cutover does.
PRAGMA journal_mode = WAL;
CREATE TABLE events (id INTEGER PRIMARY KEY, city TEXT, note TEXT);
INSERT INTO events (city, note) VALUES
    ('Leeds', 'first'),
    ('York', NULL),
    ('Leeds', 'second'),
    (NULL, 'nowhere'),
    ('leeds', 'another spelling, another city'),
    ('', 'the empty name is a name');

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
INSERT INTO events (city, note)
SELECT CASE i % 6 WHEN 0 THEN 'Leeds' WHEN 1 THEN 'York' WHEN 2 THEN 'Köln' WHEN 3 THEN 'São Paulo'
                  WHEN 4 THEN 'Village ' || (i / 12) END,
       CASE WHEN i % 4 THEN 'Note ' || i END
FROM n;
