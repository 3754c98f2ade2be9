-- on the old tables
INSERT INTO tickets (id, subject) VALUES ({fresh:tickets.id}, {text});
INSERT INTO tickets (id, subject, status, priority) VALUES ({fresh:tickets.id}, {text}, {one:'open'|'waiting'|'solved'|'closed'|'gone'}, {text?});
UPDATE tickets SET status = {one:'open'|'waiting'|'solved'|'closed'} WHERE id = {pick:tickets.id};
UPDATE tickets SET priority = {word?} WHERE id BETWEEN {a=pick:tickets.id} AND {a} + 9;
UPDATE tickets SET priority = {text} WHERE priority IS {pick:tickets.priority};
REPLACE INTO tickets (id, subject, priority) VALUES ({pick:tickets.id}, {text}, {word?});
INSERT OR IGNORE INTO tickets (id, subject) VALUES ({pick:tickets.id}, {text});
UPDATE OR REPLACE tickets SET id = {pick:tickets.id} WHERE id = {pick:tickets.id};
DELETE FROM tickets WHERE id = {pick:tickets.id};
DELETE FROM tickets WHERE status = 'solved';

-- on the new tables
INSERT OR IGNORE INTO statuses (name) VALUES ('solved');
INSERT INTO tickets (subject, status_id) SELECT {t=text}, id FROM statuses WHERE name = 'solved';
-- the same on the old ones
INSERT INTO tickets (id, subject, status) VALUES ({rowid}, {t}, 'solved');

-- on the new tables
UPDATE tickets SET subject = {s=text} WHERE id = {i=pick:tickets.id};
-- the same on the old ones
UPDATE tickets SET subject = {s} WHERE id = {i};

-- on the new tables
DELETE FROM tickets WHERE id = {i=pick:tickets.id};
DELETE FROM statuses WHERE id NOT IN (SELECT status_id FROM tickets);
DELETE FROM priorities WHERE id NOT IN (SELECT priority_id FROM tickets WHERE priority_id IS NOT NULL);
-- the same on the old ones
DELETE FROM tickets WHERE id = {i};
