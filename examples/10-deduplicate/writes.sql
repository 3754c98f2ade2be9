-- on the old tables
INSERT INTO subscribers (id, email, joined_at) VALUES ({fresh:subscribers.id}, {pick:subscribers.email}, {time});
INSERT INTO subscribers (id, email, joined_at) VALUES ({a=fresh:subscribers.id}, {word?}, {time}), ({a} + 1, {word}, {time});
INSERT INTO subscribers (id, email, name, joined_at) VALUES ({a=fresh:subscribers.id}, 'n' || {a} || '@example.org', {text}, {time});
REPLACE INTO subscribers (id, email, joined_at) VALUES ({pick:subscribers.id}, {pick:subscribers.email}, {time});
INSERT OR IGNORE INTO subscribers (id, email, joined_at) VALUES ({pick:subscribers.id}, {word}, {time});
UPDATE subscribers SET email = {pick:subscribers.email} WHERE id = {pick:subscribers.id};
UPDATE subscribers SET email = lower(email) WHERE id BETWEEN {a=pick:subscribers.id} AND {a} + 12;
UPDATE subscribers SET name = {text?} WHERE email IS {pick:subscribers.email};
UPDATE OR REPLACE subscribers SET id = {pick:subscribers.id} WHERE id = {pick:subscribers.id};
DELETE FROM subscribers WHERE id = {pick:subscribers.id};
DELETE FROM subscribers WHERE id IN (SELECT min(id) FROM subscribers WHERE email IS {pick:subscribers.email});

-- on the new tables
INSERT INTO readers (id, email, joined_at) VALUES ({i=sql:SELECT max(top) + 1 FROM (SELECT max(id) AS top FROM readers UNION ALL SELECT max(id) FROM readers_duplicates)}, 'new' || {i} || '@example.org', {j=time});
-- the same on the old ones
INSERT INTO subscribers (id, email, joined_at) VALUES ({i}, 'new' || {i} || '@example.org', {j});

-- on the new tables
UPDATE readers SET name = {n=text?} WHERE id = {i=pick:readers.id};
-- the same on the old ones
UPDATE subscribers SET name = {n} WHERE id = {i};

-- on the new tables
DELETE FROM readers_duplicates WHERE id = {i=pick:readers_duplicates.id};
-- the same on the old ones
DELETE FROM subscribers WHERE id = {i};
