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
