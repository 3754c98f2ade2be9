-- split-name.sql: the whole name becomes a given name and a family name
CREATE TABLE new.persons (
    id INTEGER PRIMARY KEY,
    given_name TEXT NOT NULL,
    family_name TEXT,           -- NULL: a name of one word
    email TEXT UNIQUE);
CREATE INDEX new.persons_family ON persons (family_name);

-- forward: cut at the last space. Taking every character but the space off the right end
-- leaves what stands before it, the space included.
INSERT INTO new.persons (id, given_name, family_name, email)
SELECT id,
       CASE WHEN front = '' THEN full_name ELSE substr(full_name, 1, length(front) - 1) END,
       CASE WHEN front <> '' THEN substr(full_name, length(front) + 1) END,
       email
FROM (SELECT id, full_name, email, rtrim(full_name, replace(full_name, ' ', '')) AS front FROM old.people);

-- backward: the one space that was taken out comes back, and no other
INSERT INTO old.people (id, full_name, email)
SELECT id, given_name || coalesce(' ' || family_name, ''), email FROM new.persons;
