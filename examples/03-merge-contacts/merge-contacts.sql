-- merge-contacts.sql: two tables become one, with a column for the kind of row
CREATE TABLE new.contacts (
    kind TEXT NOT NULL CHECK (kind IN ('mail', 'phone')),
    number INTEGER NOT NULL,
    person TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (kind, number)
) WITHOUT ROWID;

-- forward: two statements fill one table
INSERT INTO new.contacts (kind, number, person, value) SELECT 'mail', id, person, address FROM old.mails;
INSERT INTO new.contacts (kind, number, person, value) SELECT 'phone', id, person, digits FROM old.phones;

-- backward
INSERT INTO old.mails (id, person, address) SELECT number, person, value FROM new.contacts WHERE kind = 'mail';
INSERT INTO old.phones (id, person, digits) SELECT number, person, value FROM new.contacts WHERE kind = 'phone';
