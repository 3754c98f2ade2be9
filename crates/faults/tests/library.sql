CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.people (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, city_id INTEGER REFERENCES cities (id)
);
CREATE INDEX new.people_city ON people (city_id);
CREATE TABLE new.works (
    id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people (id), title TEXT NOT NULL, pence INTEGER
);
CREATE INDEX new.works_person ON works (person_id);

INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.authors WHERE city IS NOT NULL;
INSERT INTO new.people (id, name, city_id)
SELECT a.id, a.name, c.id FROM old.authors a LEFT JOIN new.cities c ON c.name = a.city;
INSERT INTO new.works (id, person_id, title, pence) SELECT id, author_id, title, pence FROM old.books;

INSERT INTO old.authors (id, name, city)
SELECT p.id, p.name, c.name FROM new.people p LEFT JOIN new.cities c ON c.id = p.city_id;
INSERT INTO old.books (id, author_id, title, pence) SELECT id, person_id, title, pence FROM new.works;
