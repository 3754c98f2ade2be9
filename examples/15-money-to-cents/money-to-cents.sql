-- money-to-cents.sql: prices become whole cents, which add up
CREATE TABLE new.items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER);

-- forward
INSERT INTO new.items (id, name, price_cents)
SELECT id, name, CAST(round(price * 100) AS INTEGER) FROM old.items;

-- backward: the nearest number, which is what a program gets when it reads 19.99
INSERT INTO old.items (id, name, price) SELECT id, name, price_cents / 100.0 FROM new.items;
