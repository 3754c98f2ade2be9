-- on the old tables
INSERT INTO items (id, name, price) VALUES ({fresh:items.id}, {text}, {int:0..9999999} / 100.0);
INSERT INTO items (id, name, price) VALUES ({fresh:items.id}, {text}, {one:NULL|0|7|-0.01|1e6|99999999.99});
UPDATE items SET price = round(price * 1.19, 2) WHERE id = {pick:items.id};
UPDATE items SET price = NULL WHERE id = {pick:items.id};
REPLACE INTO items (id, name, price) VALUES ({pick:items.id}, {text}, {int:0..99999} / 100.0);
INSERT OR IGNORE INTO items (id, name, price) VALUES ({pick:items.id}, {text}, 1);
UPDATE OR REPLACE items SET id = {pick:items.id} WHERE id = {pick:items.id};
DELETE FROM items WHERE id = {pick:items.id};

-- on the new tables
INSERT INTO items (name, price_cents) VALUES ({n=text}, {c=int:0..99999});
-- the same on the old ones
INSERT INTO items (id, name, price) VALUES ({rowid}, {n}, {c} / 100.0);

-- on the new tables
UPDATE items SET price_cents = price_cents + 1 WHERE id = {i=pick:items.id};
-- the same on the old ones
UPDATE items SET price = round(price + 0.01, 2) WHERE id = {i};

-- on the new tables
DELETE FROM items WHERE id = {i=pick:items.id};
-- the same on the old ones
DELETE FROM items WHERE id = {i};
