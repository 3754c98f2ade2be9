-- Every row becomes one row, with other types: prices as cents, flags as numbers,
-- times as seconds.
CREATE TABLE new.items (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    cents INTEGER,
    sold INTEGER NOT NULL,
    added_at INTEGER,
    note
);

INSERT INTO new.items (id, code, cents, sold, added_at, note)
SELECT id, code,
    CAST(replace(price, '.', '') AS INTEGER),
    CASE sold WHEN 'yes' THEN 1 ELSE 0 END,
    CAST(strftime('%s', added_at) AS INTEGER),
    note
FROM old.articles;

INSERT INTO old.articles (id, code, price, sold, added_at, note)
SELECT id, code,
    CASE WHEN cents IS NOT NULL THEN printf('%d.%02d', cents / 100, cents % 100) END,
    CASE sold WHEN 1 THEN 'yes' ELSE 'no' END,
    datetime(added_at, 'unixepoch'),
    note
FROM new.items;
