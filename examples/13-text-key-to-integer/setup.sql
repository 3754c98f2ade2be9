-- The database as the old programs know it: accounts by their code, which is written again
-- into every payment.
PRAGMA journal_mode = WAL;
CREATE TABLE accounts (code TEXT PRIMARY KEY NOT NULL, name TEXT);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY, account_code TEXT NOT NULL REFERENCES accounts (code), cents INTEGER NOT NULL);
CREATE INDEX payments_account ON payments (account_code);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO accounts (code, name)
SELECT printf('%s-%04d', CASE i % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' ELSE 'GB' END, i * 7),
       CASE WHEN i % 9 THEN 'Account ' || i END
FROM n;
INSERT INTO accounts (code, name) VALUES ('007', 'looks like a number'), ('7', 'another one'), ('', 'the empty code');

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200),
    numbered (code, place) AS (SELECT code, row_number() OVER (ORDER BY code) FROM accounts)
INSERT INTO payments (id, account_code, cents)
SELECT i, code, (i * 7919) % 100000 FROM n JOIN numbered ON place = 1 + (i * 11) % 43;

-- SQLite checks references only if a program asks for it, and not all did.
PRAGMA foreign_keys = OFF;
INSERT INTO payments (account_code, cents) VALUES ('US-0001', 100), ('US-0001', 200), ('de-0021', 300);
