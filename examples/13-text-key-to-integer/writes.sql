-- on the old tables
INSERT INTO accounts (code, name) VALUES ({text}, {text?});
INSERT OR IGNORE INTO accounts (code, name) VALUES ({word}, {text?});
REPLACE INTO accounts (code, name) VALUES ({pick:accounts.code}, {text});
UPDATE accounts SET name = {text?} WHERE code = {pick:accounts.code};
UPDATE OR IGNORE accounts SET code = {text} WHERE code = {pick:accounts.code};
DELETE FROM accounts WHERE code = {word};
INSERT INTO payments (id, account_code, cents) VALUES ({fresh:payments.id}, {pick:accounts.code}, {int});
INSERT INTO payments (id, account_code, cents) VALUES ({fresh:payments.id}, {word}, {int});
UPDATE payments SET account_code = {pick:accounts.code} WHERE id = {pick:payments.id};
REPLACE INTO payments (id, account_code, cents) VALUES ({pick:payments.id}, {pick:accounts.code}, {int});
DELETE FROM payments WHERE id = {pick:payments.id};

-- on the new tables
INSERT INTO accounts (code, name) VALUES ('new ' || {u=fresh:accounts.id}, {n=text?});
INSERT INTO payments (account_id, cents) SELECT id, {c=int} FROM accounts WHERE code = 'new ' || {u};
-- the same on the old ones
INSERT INTO accounts (code, name) VALUES ('new ' || {u}, {n});
INSERT INTO payments (id, account_code, cents) VALUES ({rowid}, 'new ' || {u}, {c});

-- on the new tables
UPDATE payments SET account_id = {a=pick:accounts.id}, unknown_code = NULL WHERE id = {i=pick:payments.id};
UPDATE accounts SET name = {n=sql:SELECT code FROM accounts WHERE id = $a} WHERE id = {a};
-- the same on the old ones
UPDATE payments SET account_code = {n} WHERE id = {i};
UPDATE accounts SET name = {n} WHERE code = {n};

-- on the new tables
DELETE FROM payments WHERE id = {i=pick:payments.id};
-- the same on the old ones
DELETE FROM payments WHERE id = {i};
