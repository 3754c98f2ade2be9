-- One table becomes two, by the value of a column.
CREATE TABLE new.active_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT);
CREATE TABLE new.archived_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT);

INSERT INTO new.active_users (id, name, email)
SELECT id, name, email FROM old.users WHERE active = 1;
INSERT INTO new.archived_users (id, name, email)
SELECT id, name, email FROM old.users WHERE active = 0;

INSERT INTO old.users (id, name, email, active)
SELECT id, name, email, 1 FROM new.active_users
UNION ALL
SELECT id, name, email, 0 FROM new.archived_users;
