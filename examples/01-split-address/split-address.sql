-- split-address.sql: addresses get a table of their own
CREATE TABLE new.customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.addresses (
    customer_id INTEGER PRIMARY KEY REFERENCES customers(id), street TEXT, city TEXT);

-- forward: how the new rows come from the old ones
INSERT INTO new.customers (id, name)                 SELECT id, name         FROM old.clients;
INSERT INTO new.addresses (customer_id, street, city) SELECT id, street, city FROM old.clients;

-- backward: how the old rows come from the new ones
INSERT INTO old.clients (id, name, street, city)
SELECT c.id, c.name, a.street, a.city FROM new.customers c LEFT JOIN new.addresses a ON a.customer_id = c.id;
