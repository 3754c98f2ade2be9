-- on the old tables
INSERT INTO comments (id, post_id, parent_id, body) VALUES ({fresh:comments.id}, {p=int:1..20}, {sql:SELECT max(id) FROM comments WHERE post_id = $p}, {text});
INSERT INTO comments (id, post_id, parent_id, body) VALUES ({fresh:comments.id}, {int:1..20}, {pick:comments.id}, {text});
INSERT INTO comments (id, post_id, parent_id, body) VALUES ({a=fresh:comments.id}, 40, {a} + 1, {text}), ({a} + 1, 40, NULL, {text}), ({a} + 2, 40, {a}, {text});
REPLACE INTO comments (id, post_id, parent_id, body) VALUES ({pick:comments.id}, {int:1..20}, {pick:comments.id}, {text});
INSERT OR IGNORE INTO comments (id, post_id, body) VALUES ({pick:comments.id}, 3, {text});
UPDATE comments SET parent_id = {pick:comments.id} WHERE id = {pick:comments.id};
UPDATE comments SET parent_id = NULL WHERE id = {pick:comments.id};
UPDATE comments SET post_id = {q=int:1..20} WHERE post_id = {int:1..20} AND id % 3 = 0;
UPDATE comments SET body = {text} WHERE id = {pick:comments.id};
UPDATE OR REPLACE comments SET id = {pick:comments.id} WHERE id = {pick:comments.id};
DELETE FROM comments WHERE id = {pick:comments.id};
DELETE FROM comments WHERE post_id = {int:1..20} AND id % 4 = 1;

-- on the new tables
INSERT INTO remarks (id, post_id, body) VALUES ({i=fresh:remarks.id}, {p=int:1..20}, {b=text});
INSERT INTO remark_paths (ancestor_id, descendant_id, depth, post_id) SELECT ancestor_id, {i}, depth + 1, post_id FROM remark_paths WHERE descendant_id = {q=sql:SELECT id FROM remarks WHERE post_id = $p AND id < $i ORDER BY id DESC LIMIT 1};
INSERT INTO remark_paths (ancestor_id, descendant_id, depth, post_id) VALUES ({i}, {i}, 0, {p});
-- the same on the old ones
INSERT INTO comments (id, post_id, parent_id, body) VALUES ({i}, {p}, {q}, {b});

-- on the new tables
UPDATE remarks SET author = {a=text?} WHERE id = {i=pick:remarks.id};
-- the same on the old ones
UPDATE comments SET author = {a} WHERE id = {i};

-- on the new tables
DELETE FROM remark_paths WHERE descendant_id = {i=sql:SELECT id FROM remarks r WHERE lost_parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM remark_paths p WHERE p.ancestor_id = r.id AND p.depth > 0) ORDER BY id DESC LIMIT 1};
DELETE FROM remarks WHERE id = {i};
-- the same on the old ones
DELETE FROM comments WHERE id = {i};
