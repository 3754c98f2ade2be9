-- on the old tables
INSERT INTO mails (id, person, address) VALUES ({fresh:mails.id}, {text}, {text?});
INSERT INTO phones (id, person, digits) VALUES ({fresh:phones.id}, {text}, {int});
REPLACE INTO mails (id, person) VALUES ({pick:phones.id}, {text});
INSERT OR IGNORE INTO phones (id, person) VALUES ({pick:mails.id}, {text});
UPDATE mails SET address = {text?} WHERE id = {pick:mails.id};
UPDATE phones SET id = {fresh:phones.id} WHERE id = {pick:phones.id};
DELETE FROM mails WHERE id = {pick:mails.id};
DELETE FROM phones WHERE id = {pick:phones.id};

-- on the new tables
INSERT INTO contacts (kind, number, person, value) VALUES ('mail', {i=fresh:contacts.number}, {p=text}, {v=text?});
-- the same on the old ones
INSERT INTO mails (id, person, address) VALUES ({i}, {p}, {v});

-- on the new tables
UPDATE contacts SET value = {v=text?} WHERE kind = 'phone' AND number = {i=pick:contacts.number};
-- the same on the old ones
UPDATE phones SET digits = {v} WHERE id = {i};
