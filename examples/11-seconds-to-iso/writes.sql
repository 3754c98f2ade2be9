-- on the old tables
INSERT INTO sessions (id, user_name, started_at) VALUES ({fresh:sessions.id}, {text}, {int:0..2000000000});
INSERT INTO sessions (id, user_name, started_at, ended_at) VALUES ({fresh:sessions.id}, {text}, {one:-1|253402300799|253402300800|1.5|0}, {ms});
UPDATE sessions SET ended_at = started_at + {int:0..5000} WHERE id = {pick:sessions.id};
UPDATE sessions SET started_at = started_at - 1 WHERE id BETWEEN {a=pick:sessions.id} AND {a} + 9;
UPDATE sessions SET ended_at = NULL WHERE id = {pick:sessions.id};
REPLACE INTO sessions (id, user_name, started_at) VALUES ({pick:sessions.id}, {text}, {int:0..2000000000});
INSERT OR IGNORE INTO sessions (id, user_name, started_at) VALUES ({pick:sessions.id}, {text}, 7);
UPDATE OR REPLACE sessions SET id = {pick:sessions.id} WHERE id = {pick:sessions.id};
DELETE FROM sessions WHERE id = {pick:sessions.id};

-- on the new tables
INSERT INTO sessions (user_name, started_at) VALUES ({u=text}, '2030-01-02T03:04:05Z');
-- the same on the old ones
INSERT INTO sessions (id, user_name, started_at) VALUES ({rowid}, {u}, 1893553445);

-- on the new tables
UPDATE sessions SET ended_at = '2031-12-31T23:59:59Z' WHERE id = {i=pick:sessions.id};
-- the same on the old ones
UPDATE sessions SET ended_at = 1956527999 WHERE id = {i};

-- on the new tables
DELETE FROM sessions WHERE id = {i=pick:sessions.id};
-- the same on the old ones
DELETE FROM sessions WHERE id = {i};
