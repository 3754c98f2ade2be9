-- The database as the old programs know it: one field for the whole name, typed in by people.
PRAGMA journal_mode = WAL;
CREATE TABLE people (id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, email TEXT UNIQUE);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 160)
INSERT INTO people (id, full_name, email)
SELECT i,
       CASE i % 5 WHEN 0 THEN 'Ada' WHEN 1 THEN 'Grace' WHEN 2 THEN 'Mary Jane' WHEN 3 THEN 'José' ELSE 'Wei' END
       || ' ' ||
       CASE i % 7 WHEN 0 THEN 'Lovelace' WHEN 1 THEN 'Hopper' WHEN 2 THEN 'O''Brien' WHEN 3 THEN 'Núñez'
                  WHEN 4 THEN 'Smith-Jones' WHEN 5 THEN '王' ELSE 'Łukasiewicz' END,
       CASE WHEN i % 9 > 0 THEN 'person' || i || '@example.org' END
FROM n;

-- What people type besides.
INSERT INTO people (full_name) VALUES
    ('Prince'),
    ('Ludwig van Beethoven'),
    ('  leading spaces'),
    ('trailing space '),
    ('two  spaces'),
    ('tab' || char(9) || 'between'),
    (' '),
    (''),
    ('007');
