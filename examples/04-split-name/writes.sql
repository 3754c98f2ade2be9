-- on the old tables
INSERT INTO people (id, full_name, email) VALUES ({fresh:people.id}, {text}, NULL);
INSERT INTO people (id, full_name, email) VALUES ({a=fresh:people.id}, {word} || ' ' || {word}, 'm' || {a} || '@example.org');
REPLACE INTO people (id, full_name, email) SELECT {fresh:people.id}, {text}, {pick:people.email};
INSERT OR IGNORE INTO people (id, full_name, email) VALUES ({pick:people.id}, {text}, {pick:people.email});
UPDATE people SET full_name = {text} WHERE id = {pick:people.id};
UPDATE people SET full_name = trim(full_name) WHERE id BETWEEN {a=pick:people.id} AND {a} + 8;
UPDATE OR REPLACE people SET email = {pick:people.email} WHERE id = {pick:people.id};
DELETE FROM people WHERE id = {pick:people.id};

-- on the new tables
INSERT INTO persons (given_name, family_name) VALUES ({g=word}, 'Núñez');
-- the same on the old ones
INSERT INTO people (id, full_name) VALUES ({rowid}, {g} || ' Núñez');

-- on the new tables
UPDATE persons SET family_name = 'Hopper' WHERE id = {i=sql:SELECT id FROM persons WHERE family_name = 'Núñez' ORDER BY id LIMIT 1};
-- the same on the old ones
UPDATE people SET full_name = rtrim(full_name, replace(full_name, ' ', '')) || 'Hopper' WHERE id = {i};

-- on the new tables
DELETE FROM persons WHERE id = {i=pick:persons.id};
-- the same on the old ones
DELETE FROM people WHERE id = {i};
