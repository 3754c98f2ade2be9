-- not-null-default.sql: a column becomes NOT NULL with a default
CREATE TABLE new.orders (
    id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL,
    currency TEXT NOT NULL DEFAULT 'EUR',
    currency_assumed INTEGER NOT NULL DEFAULT 0 CHECK (currency_assumed IN (0, 1)));

-- forward: rows that had NULL get the default and a flag
INSERT INTO new.orders (id, customer, cents, currency, currency_assumed)
SELECT id, customer, cents, coalesce(currency, 'EUR'), currency IS NULL FROM old.orders;

-- backward: NULL again, unless somebody has since said otherwise
INSERT INTO old.orders (id, customer, cents, currency)
SELECT id, customer, cents, CASE WHEN currency_assumed = 0 OR currency <> 'EUR' THEN currency END FROM new.orders;
