-- comment-closure.sql: a row for every ancestor of a comment, instead of one pointer
CREATE TABLE new.remarks (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL,
    author TEXT,
    body TEXT NOT NULL,
    lost_parent_id INTEGER);    -- it answered what is not in its thread
CREATE INDEX new.remarks_post ON remarks (post_id);
CREATE TABLE new.remark_paths (
    ancestor_id INTEGER NOT NULL,
    descendant_id INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    post_id INTEGER NOT NULL,
    PRIMARY KEY (ancestor_id, descendant_id)) WITHOUT ROWID;
CREATE INDEX new.remark_paths_post ON remark_paths (post_id);
CREATE INDEX new.remark_paths_up ON remark_paths (descendant_id, depth);

-- forward
INSERT INTO new.remarks (id, post_id, author, body, lost_parent_id)
SELECT c.id, c.post_id, c.author, c.body, CASE WHEN p.id IS NULL THEN c.parent_id END
FROM old.comments c LEFT JOIN old.comments p ON p.id = c.parent_id AND p.post_id = c.post_id AND p.id <> c.id;

-- Each step stays in its post: `w.post_id` is passed on, and `c.post_id` must equal it.
-- Stop at a cycle.
-- scope: post_id
INSERT INTO new.remark_paths (ancestor_id, descendant_id, depth, post_id)
WITH RECURSIVE walk (ancestor_id, descendant_id, depth, post_id) AS (
    SELECT id, id, 0, post_id FROM old.comments
    UNION ALL
    SELECT w.ancestor_id, c.id, w.depth + 1, w.post_id
    FROM walk w JOIN old.comments c ON c.parent_id = w.descendant_id AND c.post_id = w.post_id
    WHERE c.id <> w.ancestor_id)
SELECT ancestor_id, descendant_id, depth, post_id FROM walk;

-- backward: the parent is the ancestor at distance one
INSERT INTO old.comments (id, post_id, parent_id, author, body)
SELECT r.id, r.post_id, coalesce(p.ancestor_id, r.lost_parent_id), r.author, r.body
FROM new.remarks r LEFT JOIN new.remark_paths p ON p.descendant_id = r.id AND p.depth = 1;
