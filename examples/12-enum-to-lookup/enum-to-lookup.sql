-- enum-to-lookup.sql: words become rows, so a new one needs no ALTER TABLE
CREATE TABLE new.statuses (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.priorities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE new.tickets (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL,
    status_id INTEGER NOT NULL REFERENCES statuses (id),
    priority_id INTEGER REFERENCES priorities (id));
CREATE INDEX new.tickets_status ON tickets (status_id);
CREATE INDEX new.tickets_priority ON tickets (priority_id);

-- forward: the words first, then the rows that refer to them
INSERT INTO new.statuses (name) SELECT DISTINCT status FROM old.tickets;
INSERT INTO new.priorities (name) SELECT DISTINCT priority FROM old.tickets WHERE priority IS NOT NULL;
INSERT INTO new.tickets (id, subject, status_id, priority_id)
SELECT t.id, t.subject, s.id, p.id
FROM old.tickets t JOIN new.statuses s ON s.name = t.status LEFT JOIN new.priorities p ON p.name = t.priority;

-- backward
INSERT INTO old.tickets (id, subject, status, priority)
SELECT t.id, t.subject, s.name, p.name
FROM new.tickets t JOIN new.statuses s ON s.id = t.status_id LEFT JOIN new.priorities p ON p.id = t.priority_id;
