-- The database as the old programs know it.
PRAGMA journal_mode = WAL;
CREATE TABLE mails (id INTEGER PRIMARY KEY, person TEXT NOT NULL, address TEXT);
CREATE TABLE phones (id INTEGER PRIMARY KEY, person TEXT NOT NULL, digits TEXT);
INSERT INTO mails (person, address) VALUES
    ('Ada', 'ada@example.org'), ('Ben', 'ben@example.org'), ('Ben', NULL);
INSERT INTO phones (person, digits) VALUES ('Ada', '0113 496 0000'), ('Cy', '007');
