-- on the old tables
INSERT INTO orders (id, customer, cents) VALUES ({fresh:orders.id}, {text}, {int});
INSERT INTO orders (id, customer, cents, currency) VALUES ({fresh:orders.id}, {text}, {int}, {one:'EUR'|'CHF'|NULL|''});
UPDATE orders SET currency = {one:'EUR'|'CHF'|NULL} WHERE id = {pick:orders.id};
UPDATE orders SET currency = NULL WHERE id BETWEEN {a=pick:orders.id} AND {a} + 9;
REPLACE INTO orders (id, customer, cents) VALUES ({pick:orders.id}, {text}, {int});
INSERT OR IGNORE INTO orders (id, customer, cents) VALUES ({pick:orders.id}, {text}, {int});
UPDATE OR REPLACE orders SET id = {pick:orders.id} WHERE id = {pick:orders.id};
DELETE FROM orders WHERE id = {pick:orders.id};

-- on the new tables
INSERT INTO orders (customer, cents) VALUES ({c=text}, {n=int});
-- the same on the old ones
INSERT INTO orders (id, customer, cents, currency) VALUES ({rowid}, {c}, {n}, 'EUR');

-- on the new tables
UPDATE orders SET currency = 'SEK', currency_assumed = 0 WHERE id = {i=pick:orders.id};
-- the same on the old ones
UPDATE orders SET currency = 'SEK' WHERE id = {i};

-- on the new tables
DELETE FROM orders WHERE id = {i=pick:orders.id};
-- the same on the old ones
DELETE FROM orders WHERE id = {i};
