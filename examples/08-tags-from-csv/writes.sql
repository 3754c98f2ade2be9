-- on the old tables
INSERT INTO posts (id, title, tags) VALUES ({fresh:posts.id}, {text}, {text?});
INSERT INTO posts (id, title, tags) VALUES ({fresh:posts.id}, {text}, {word} || ',' || {word} || ', rust');
INSERT INTO posts (id, title, tags) VALUES ({a=fresh:posts.id}, {text}, 'only-here-' || {a}), ({a} + 1, {text}, NULL);
UPDATE posts SET tags = tags || ',' || {text} WHERE id = {pick:posts.id};
UPDATE posts SET tags = {word?} WHERE id = {pick:posts.id};
UPDATE posts SET tags = replace(tags, 'rust', 'Rust') WHERE id BETWEEN {a=pick:posts.id} AND {a} + 15;
UPDATE posts SET id = {fresh:posts.id} WHERE id = {pick:posts.id};
REPLACE INTO posts (id, title, tags) VALUES ({pick:posts.id}, {text}, {one:'a,b,c'|','|''|NULL});
UPDATE OR REPLACE posts SET id = {pick:posts.id} WHERE id = {pick:posts.id};
INSERT OR IGNORE INTO posts (id, title, tags) VALUES ({pick:posts.id}, {text}, 'ignored');
DELETE FROM posts WHERE id = {pick:posts.id};

-- on the new tables
INSERT INTO articles (title) VALUES ({t=text});
-- the same on the old ones
INSERT INTO posts (id, title) VALUES ({rowid}, {t});

-- on the new tables
INSERT OR IGNORE INTO tags (name) VALUES ('sqlite'), ('news');
INSERT INTO article_tags (article_id, position, tag) VALUES ({i=sql:SELECT id FROM articles WHERE NOT EXISTS (SELECT 1 FROM article_tags t WHERE t.article_id = articles.id) LIMIT 1}, 0, 'sqlite'), ({i}, 1, 'news');
-- the same on the old ones
UPDATE posts SET tags = 'sqlite,news' WHERE id = {i};

-- on the new tables
DELETE FROM article_tags WHERE article_id = {i=pick:articles.id};
DELETE FROM articles WHERE id = {i};
DELETE FROM tags WHERE name NOT IN (SELECT tag FROM article_tags WHERE tag IS NOT NULL);
-- the same on the old ones
DELETE FROM posts WHERE id = {i};
