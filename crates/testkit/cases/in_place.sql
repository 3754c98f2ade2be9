-- Both tables keep their names. People get other column names and a readable date;
-- badges lose their rowid.
CREATE TABLE new.people (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE CHECK (people.email <> 'nobody'),
    manager INTEGER REFERENCES people(id) ON DELETE SET NULL,
    joined TEXT,
    note
);
CREATE INDEX new.people_boss ON people(manager);
CREATE TABLE new.badges (
    holder INTEGER NOT NULL,
    label TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (holder, label),
    CONSTRAINT held FOREIGN KEY (holder) REFERENCES people(id) ON DELETE CASCADE
) WITHOUT ROWID;

INSERT INTO new.people (id, email, manager, joined, note)
SELECT id, mail, boss, strftime('%Y-%m-%dT%H:%M:%SZ', since, 'unixepoch'), note
FROM old.people;

INSERT INTO new.badges (holder, label) SELECT person_id, code FROM old.badges;

INSERT INTO old.people (id, mail, boss, since, note)
SELECT id, email, manager, CAST(strftime('%s', joined) AS INTEGER), note
FROM new.people;

INSERT INTO old.badges (person_id, code) SELECT holder, label FROM new.badges;
