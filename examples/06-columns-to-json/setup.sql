-- The database as the old programs know it: a column for every property that some product has.
PRAGMA journal_mode = WAL;
CREATE TABLE products (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    color TEXT, size TEXT, weight_g INTEGER, fragile INTEGER);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO products (id, sku, name, color, size, weight_g, fragile)
SELECT i, printf('SKU-%05d', i * 37), 'Product ' || i,
       CASE i % 6 WHEN 0 THEN 'red' WHEN 1 THEN 'blau' WHEN 2 THEN 'черный' END,
       CASE i % 5 WHEN 0 THEN 'S' WHEN 1 THEN 'M' WHEN 2 THEN '42' END,
       CASE WHEN i % 4 THEN i * 10 END,
       CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 0 END
FROM n;

-- SQLite lets a column hold other types than it declares, and programs have used that.
INSERT INTO products (sku, name, color, size, weight_g, fragile) VALUES
    ('odd-1', 'heavy', '', '10" x 12"', 'unknown', 1),
    ('odd-2', 'back\slash', '{"r":255}', NULL, 12.5, 7),
    ('odd-3', 'nothing at all', NULL, NULL, NULL, NULL),
    ('odd-4', 'text that looks like JSON', 'null', 'true', 0, 'yes'),
    ('odd-5', 'below zero', char(10), '007', -5, 0);
