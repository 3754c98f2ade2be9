-- on the old tables
INSERT INTO clients (id, name, street, city) VALUES ({fresh:clients.id}, {text}, {text?}, {word?});
REPLACE INTO clients (id, name, city) VALUES ({pick:clients.id}, {text}, {word?});
INSERT OR IGNORE INTO clients (id, name) VALUES ({pick:clients.id}, {text});
UPDATE clients SET street = city, city = street WHERE id = {pick:clients.id};
UPDATE OR REPLACE clients SET id = {pick:clients.id} WHERE id = {pick:clients.id};
DELETE FROM clients WHERE id = {pick:clients.id};

-- on the new tables
INSERT INTO customers (id, name) VALUES ({i=fresh:customers.id}, {n=text});
INSERT INTO addresses (customer_id, city) VALUES ({i}, {c=word?});
-- the same on the old ones
INSERT INTO clients (id, name, city) VALUES ({i}, {n}, {c});

-- on the new tables
DELETE FROM addresses WHERE customer_id = {i=pick:customers.id};
DELETE FROM customers WHERE id = {i};
-- the same on the old ones
DELETE FROM clients WHERE id = {i};
