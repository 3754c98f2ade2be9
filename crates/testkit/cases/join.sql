-- Rows of two tables meet in one: each order carries its product's name. The products
-- are kept too, so that nothing is lost where no order names them.
CREATE TABLE new.catalogue (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);
CREATE TABLE new.orders_named (
    id INTEGER PRIMARY KEY, product_id INTEGER, product_name TEXT, quantity INTEGER NOT NULL
);
CREATE INDEX new.orders_named_product ON orders_named (product_id);

INSERT INTO new.catalogue (id, name, price) SELECT id, name, price FROM old.products;
INSERT INTO new.orders_named (id, product_id, product_name, quantity)
SELECT o.id, o.product_id, p.name, o.quantity
FROM old.orders o LEFT JOIN old.products p ON p.id = o.product_id;

INSERT INTO old.products (id, name, price) SELECT id, name, price FROM new.catalogue;
INSERT INTO old.orders (id, product_id, quantity)
SELECT id, product_id, quantity FROM new.orders_named;
