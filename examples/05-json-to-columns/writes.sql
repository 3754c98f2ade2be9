-- on the old tables
INSERT INTO user_settings (user_id, doc) VALUES ({fresh:user_settings.user_id}, json_object('theme', {text}, 'language', {word?}, 'page_size', {int:5..90}, 'newsletter', json('true')));
INSERT INTO user_settings (user_id, doc) VALUES ({fresh:user_settings.user_id}, json_object('page_size', {one:1|2.5|'many'|NULL}, 'newsletter', {one:json('false')|0|'no'|json('[]')}));
INSERT INTO user_settings (user_id, doc) VALUES ({fresh:user_settings.user_id}, {text});
REPLACE INTO user_settings (user_id, doc) VALUES ({pick:user_settings.user_id}, json_array({text}, {real}));
INSERT OR IGNORE INTO user_settings (user_id) VALUES ({pick:user_settings.user_id});
UPDATE user_settings SET doc = json_set(doc, '$.theme', {text}) WHERE json_valid(doc) AND user_id = {pick:user_settings.user_id};
UPDATE user_settings SET doc = json_remove(doc, '$.language') WHERE json_valid(doc) AND user_id BETWEEN {a=pick:user_settings.user_id} AND {a} + 9;
UPDATE user_settings SET doc = ' ' || doc WHERE user_id = {pick:user_settings.user_id};
UPDATE user_settings SET user_id = {fresh:user_settings.user_id} WHERE user_id = {pick:user_settings.user_id};
DELETE FROM user_settings WHERE user_id = {pick:user_settings.user_id};

-- on the new tables
INSERT INTO preferences (theme, page_size, newsletter) VALUES ({t=text}, {p=int}, 1);
-- the same on the old ones
INSERT INTO user_settings (user_id, doc) VALUES ({rowid}, json_object('theme', {t}, 'language', NULL, 'page_size', {p}, 'newsletter', json('true')));

-- on the new tables
UPDATE preferences SET language = {l=text} WHERE user_id = {i=sql:SELECT user_id FROM preferences WHERE document IS NULL ORDER BY page_size LIMIT 1};
-- the same on the old ones
UPDATE user_settings SET doc = json_set(doc, '$.language', {l}) WHERE user_id = {i};

-- on the new tables
DELETE FROM preferences WHERE user_id = {i=pick:preferences.user_id};
-- the same on the old ones
DELETE FROM user_settings WHERE user_id = {i};
