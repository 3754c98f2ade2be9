-- The database as the old programs know it.
PRAGMA journal_mode = WAL;
CREATE TABLE mails (id INTEGER PRIMARY KEY, person TEXT NOT NULL, address TEXT);
CREATE TABLE phones (id INTEGER PRIMARY KEY, person TEXT NOT NULL, digits TEXT);
INSERT INTO mails (person, address) VALUES
    ('Ada', 'ada@example.org'), ('Ben', 'ben@example.org'), ('Ben', NULL);
INSERT INTO phones (person, digits) VALUES ('Ada', '0113 496 0000'), ('Cy', '007');

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
INSERT INTO mails (person, address)
SELECT 'Person ' || i, CASE WHEN i % 6 THEN 'person' || i || '@example.org' END FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
INSERT INTO phones (person, digits)
SELECT 'Person ' || (i * 2), CASE WHEN i % 9 THEN printf('0%09d', i * 7919) END FROM n;
