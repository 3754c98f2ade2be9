-- The database as the old programs know it: each comment points to the one it answers.
PRAGMA journal_mode = WAL;
CREATE TABLE comments (
    id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL, parent_id INTEGER, author TEXT, body TEXT NOT NULL);
CREATE INDEX comments_post ON comments (post_id);
CREATE INDEX comments_parent ON comments (parent_id);

-- Twenty posts with threads of several shapes: in each the n-th comment answers one before it.
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 239)
INSERT INTO comments (id, post_id, parent_id, author, body)
SELECT i + 1, i / 12 + 1,
       CASE WHEN i % 12 > 0 THEN i + 1 - (1 + (i * 7) % (i % 12)) END,
       CASE WHEN i % 5 THEN 'reader' || (i % 9) END, 'Comment ' || i
FROM n;

-- What nothing in the old schema keeps out.
INSERT INTO comments (id, post_id, parent_id, author, body) VALUES
    (301, 30, 999, 'reader1', 'the comment it answers is gone'),
    (302, 30, 1, 'reader2', 'the comment it answers was moved to another post'),
    (303, 30, 303, 'reader3', 'answers itself'),
    (304, 30, 305, 'reader4', 'these two'),
    (305, 30, 304, 'reader5', 'answer each other'),
    (306, 30, 305, NULL, 'and this one answers them');
