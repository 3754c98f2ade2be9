CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
CREATE TABLE books (
    id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES authors (id), title TEXT NOT NULL, pence INTEGER
);
CREATE INDEX books_author ON books (author_id);
CREATE INDEX authors_city ON authors (city);
CREATE TABLE price_log (book_id INTEGER, was INTEGER);
CREATE TRIGGER books_price AFTER UPDATE OF pence ON books WHEN OLD.pence IS NOT NEW.pence BEGIN
    INSERT INTO price_log VALUES (OLD.id, OLD.pence);
END;

INSERT INTO authors
WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24)
SELECT i, 'Author ' || i, CASE i % 5 WHEN 0 THEN NULL ELSE 'City ' || i % 7 END FROM n;

INSERT INTO books
WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
SELECT i, i % 24 + 1, 'Book ' || i, CASE i % 6 WHEN 0 THEN NULL ELSE i * 25 END FROM n;
