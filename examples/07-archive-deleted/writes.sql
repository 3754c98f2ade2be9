-- on the old tables
INSERT INTO documents (id, title, body) VALUES ({fresh:documents.id}, {text}, {text?});
INSERT INTO documents (id, title, deleted, deleted_at) VALUES ({fresh:documents.id}, {text}, 1, {time});
UPDATE documents SET deleted = 1, deleted_at = {time} WHERE id = {pick:documents.id};
UPDATE documents SET deleted = 0 WHERE id = {pick:documents.id};
UPDATE documents SET deleted = 1 - deleted WHERE id BETWEEN {a=pick:documents.id} AND {a} + 12;
UPDATE documents SET body = {text?} WHERE id = {pick:documents.id};
REPLACE INTO documents (id, title, deleted) VALUES ({pick:documents.id}, {text}, {one:0|1});
UPDATE OR REPLACE documents SET id = {pick:documents.id} WHERE id = {pick:documents.id};
INSERT OR IGNORE INTO documents (id, title, deleted) VALUES ({pick:documents.id}, {text}, {one:0|1|2});
DELETE FROM documents WHERE deleted = 1 AND id < {pick:documents.id} - 200;

-- on the new tables
INSERT INTO papers (id, title, body) VALUES ({i=sql:SELECT max(top) + 1 FROM (SELECT max(id) AS top FROM papers UNION ALL SELECT max(id) FROM papers_archive)}, {t=text}, {b=text?});
-- the same on the old ones
INSERT INTO documents (id, title, body) VALUES ({i}, {t}, {b});

-- on the new tables
DELETE FROM papers WHERE id = {i=pick:papers.id};
INSERT INTO papers_archive (id, title, body, deleted_at) VALUES ({i}, {t=text}, NULL, {d=time});
-- the same on the old ones
UPDATE documents SET title = {t}, body = NULL, deleted = 1, deleted_at = {d} WHERE id = {i};

-- on the new tables
DELETE FROM papers_archive WHERE id = {i=pick:papers_archive.id};
-- the same on the old ones
DELETE FROM documents WHERE id = {i};
