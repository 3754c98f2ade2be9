-- The database as the old programs know it: one JSON document a user.
PRAGMA journal_mode = WAL;
CREATE TABLE user_settings (user_id INTEGER PRIMARY KEY, doc TEXT NOT NULL DEFAULT '{}');

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 180)
INSERT INTO user_settings (user_id, doc)
SELECT i, json_object(
    'theme', CASE i % 3 WHEN 0 THEN 'dark' WHEN 1 THEN 'light' ELSE 'system' END,
    'language', CASE i % 4 WHEN 0 THEN 'de' WHEN 1 THEN 'en' WHEN 2 THEN 'zh-Hant' END,
    'page_size', 10 * (1 + i % 5),
    'newsletter', json(CASE WHEN i % 2 THEN 'true' ELSE 'false' END))
FROM n;

-- What older releases, other programs and people at a shell have left.
INSERT INTO user_settings (doc) VALUES
    ('{}'),
    ('{"theme":"dark"}'),
    ('{ "theme": "dark", "language": "en", "page_size": 20, "newsletter": true }'),
    ('{"language":"en","theme":"dark","page_size":20,"newsletter":true}'),
    ('{"theme":"dark","language":"en","page_size":20,"newsletter":true,"experiments":["a","b"]}'),
    ('{"theme":"dark","language":"en","page_size":"20","newsletter":1}'),
    ('{"theme":"dark","theme":"light","language":"en","page_size":20,"newsletter":true}'),
    ('{"theme":{"base":"dark","accent":"#f60"},"page_size":12.5}'),
    ('[]'),
    ('null'),
    (''),
    ('theme=dark');
