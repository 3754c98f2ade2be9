-- The database as the old programs know it.
PRAGMA journal_mode = WAL;
CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT);
INSERT INTO clients (name, street, city) VALUES
    ('Ada', '12 Mill Lane', 'Leeds'),
    ('Ben', NULL, 'York'),
    ('Cy', '3 High Street', NULL),
    ('Dee', NULL, NULL);
