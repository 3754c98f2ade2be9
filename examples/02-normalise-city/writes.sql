-- on the old tables
INSERT INTO events (id, city, note) VALUES ({fresh:events.id}, {word?}, {text?});
INSERT INTO events (id, city) VALUES ({a=fresh:events.id}, {c=text}), ({a} + 1, {c}), ({a} + 2, lower({c}));
REPLACE INTO events (id, city, note) VALUES ({pick:events.id}, {word?}, {text?});
INSERT OR IGNORE INTO events (id, city) VALUES ({pick:events.id}, {text});
UPDATE events SET city = {text?} WHERE city IS {pick:events.city};
UPDATE events SET note = {text?} WHERE id = {pick:events.id};
UPDATE OR REPLACE events SET id = {pick:events.id} WHERE id = {pick:events.id};
DELETE FROM events WHERE id = {pick:events.id};

-- on the new tables
INSERT OR IGNORE INTO cities (name) VALUES ({c=word});
INSERT INTO visits (city_id, note) SELECT id, {n=text?} FROM cities WHERE name = {c};
-- the same on the old ones
INSERT INTO events (id, city, note) VALUES ({rowid}, {c}, {n});

-- on the new tables
UPDATE cities SET name = {m=text} WHERE name = {c=pick:cities.name};
-- the same on the old ones
UPDATE events SET city = {m} WHERE city = {c};
