-- normalise-city.sql: each city is written once, under a key of its own
CREATE TABLE new.cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.visits (
    id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES cities (id), note TEXT);
CREATE INDEX new.visits_city ON visits (city_id);

-- forward: the cities first, then the rows that refer to them by their new ids
INSERT INTO new.cities (name) SELECT DISTINCT city FROM old.events WHERE city IS NOT NULL;
INSERT INTO new.visits (id, city_id, note)
SELECT e.id, c.id, e.note FROM old.events e LEFT JOIN new.cities c ON c.name = e.city;

-- backward
INSERT INTO old.events (id, city, note)
SELECT v.id, c.name, v.note FROM new.visits v LEFT JOIN new.cities c ON c.id = v.city_id;
