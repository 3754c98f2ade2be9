-- tags-from-csv.sql: a list in a text becomes many-to-many
CREATE TABLE new.articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE new.tags (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TABLE new.article_tags (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    tag TEXT REFERENCES tags (name),    -- NULL: an element without a word in it
    written TEXT,                       -- how the list spells it, where that isn't the tag's name
    PRIMARY KEY (article_id, position)) WITHOUT ROWID;
CREATE INDEX new.article_tags_tag ON article_tags (tag);

-- forward: json_quote() takes care of quotes, backslashes and control characters; what
-- separates the elements is then the comma alone, which JSON never escapes
INSERT INTO new.articles (id, title) SELECT id, title FROM old.posts;

INSERT INTO new.article_tags (article_id, position, tag, written)
SELECT id, position, tag, CASE WHEN element IS NOT tag THEN element END
FROM (SELECT p.id, j.key AS position, j.value AS element, nullif(lower(trim(j.value)), '') AS tag
      FROM old.posts p JOIN json_each('[' || replace(json_quote(p.tags), ',', '","') || ']') j
      WHERE p.tags IS NOT NULL);

INSERT INTO new.tags (name) SELECT DISTINCT tag FROM new.article_tags WHERE tag IS NOT NULL;

-- backward
INSERT INTO old.posts (id, title, tags)
SELECT DISTINCT a.id, a.title,
       group_concat(coalesce(t.written, t.tag), ',') OVER (
           PARTITION BY a.id ORDER BY t.position ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
FROM new.articles a LEFT JOIN new.article_tags t ON t.article_id = a.id;
