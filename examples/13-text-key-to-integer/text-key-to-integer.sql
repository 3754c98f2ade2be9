-- text-key-to-integer.sql: accounts get a number, and payments refer to that
CREATE TABLE new.accounts (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT);
CREATE TABLE new.payments (
    id INTEGER PRIMARY KEY,
    account_id INTEGER REFERENCES accounts (id),
    unknown_code TEXT,          -- of a payment to an account that is not there
    cents INTEGER NOT NULL,
    CHECK ((account_id IS NULL) <> (unknown_code IS NULL)));
CREATE INDEX new.payments_account ON payments (account_id);

-- forward: SQLite gives the numbers, and the children follow by the code
INSERT INTO new.accounts (code, name) SELECT code, name FROM old.accounts;
INSERT INTO new.payments (id, account_id, unknown_code, cents)
SELECT p.id, a.id, CASE WHEN a.id IS NULL THEN p.account_code END, p.cents
FROM old.payments p LEFT JOIN new.accounts a ON a.code = p.account_code;

-- backward
INSERT INTO old.accounts (code, name) SELECT code, name FROM new.accounts;
INSERT INTO old.payments (id, account_code, cents)
SELECT p.id, coalesce(a.code, p.unknown_code), p.cents
FROM new.payments p LEFT JOIN new.accounts a ON a.id = p.account_id;
