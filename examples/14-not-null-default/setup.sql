-- The database as the old programs know it: a column that came later, NULL in the rows before it.
PRAGMA journal_mode = WAL;
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL, currency TEXT);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 220)
INSERT INTO orders (id, customer, cents, currency)
SELECT i, 'Customer ' || (i % 31), (i * 6007) % 90000,
       CASE WHEN i > 90 THEN CASE i % 8 WHEN 0 THEN 'CHF' WHEN 1 THEN 'SEK' ELSE 'EUR' END END
FROM n;

INSERT INTO orders (customer, cents, currency) VALUES ('an old program', 100, NULL), ('a form left blank', 0, '');
