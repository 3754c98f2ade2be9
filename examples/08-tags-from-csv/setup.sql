-- The database as the old programs know it: tags as a list in a text.
PRAGMA journal_mode = WAL;
CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL, tags TEXT);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
INSERT INTO posts (id, title, tags)
SELECT i, 'Post ' || i,
       CASE i % 10 WHEN 0 THEN 'rust' WHEN 1 THEN 'rust,sqlite' WHEN 2 THEN 'sqlite, rust'
                   WHEN 3 THEN 'Rust,SQLite,embedded' WHEN 4 THEN 'databases' WHEN 5 THEN 'week-' || (i / 10)
                   WHEN 6 THEN 'databases,week-' || (i / 10) || ',rust' WHEN 7 THEN NULL ELSE 'news' END
FROM n;

-- What a text field lets in.
INSERT INTO posts (title, tags) VALUES
    ('empty', ''),
    ('empty elements', 'rust,,sqlite,'),
    ('only a comma', ','),
    ('twice the same', 'rust,rust'),
    ('spaces', '  rust ,  sqlite'),
    ('quotes', 'a "quoted" tag,back\slash,it''s'),
    ('a line break', 'first' || char(10) || 'line,second'),
    ('other scripts', 'données,数据库,🚀');
