-- deduplicate.sql: one row for each address under a unique key, the others moved aside
CREATE TABLE new.readers (
    id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, joined_at TEXT NOT NULL);
CREATE TABLE new.readers_duplicates (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, joined_at TEXT NOT NULL,
    kept_id INTEGER NOT NULL);
CREATE INDEX new.readers_duplicates_email ON readers_duplicates (email);

-- forward: the first one stays. Rows without an address are not duplicates.
-- scope: email
INSERT INTO new.readers (id, email, name, joined_at)
SELECT id, email, name, joined_at
FROM (SELECT id, email, name, joined_at, min(id) OVER (PARTITION BY email) AS kept_id FROM old.subscribers)
WHERE id = kept_id OR email IS NULL;

-- scope: email
INSERT INTO new.readers_duplicates (id, email, name, joined_at, kept_id)
SELECT id, email, name, joined_at, kept_id
FROM (SELECT id, email, name, joined_at, min(id) OVER (PARTITION BY email) AS kept_id FROM old.subscribers)
WHERE id <> kept_id AND email IS NOT NULL;

-- backward
INSERT INTO old.subscribers (id, email, name, joined_at) SELECT id, email, name, joined_at FROM new.readers;
INSERT INTO old.subscribers (id, email, name, joined_at) SELECT id, email, name, joined_at FROM new.readers_duplicates;
