-- The database as the old programs know it: money as a number with a fraction.
PRAGMA journal_mode = WAL;
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
INSERT INTO items (id, name, price)
SELECT i, 'Item ' || i, CASE WHEN i % 25 THEN ((i * 7919) % 100000) / 100.0 END
FROM n;

-- Free items, a refund, and prices that are not whole cents.
INSERT INTO items (id, name, price) VALUES
    (301, 'free', 0),
    (302, 'a refund', -12.34),
    (303, 'added up by a program', 0.1 + 0.2),
    (304, 'sold by weight', 19.999),
    (305, 'typed in', 'n/a');
