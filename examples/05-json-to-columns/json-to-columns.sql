-- json-to-columns.sql: the documents' values get typed columns
CREATE TABLE new.preferences (
    user_id INTEGER PRIMARY KEY,
    theme TEXT,
    language TEXT,
    page_size INTEGER,
    newsletter INTEGER CHECK (newsletter IN (0, 1)),
    document TEXT);             -- as it was, where the columns don't tell all of it

-- forward: a value goes to its column if it has the column's type. Where writing the
-- columns out again does not give the document to the letter, it is kept.
INSERT INTO new.preferences (user_id, theme, language, page_size, newsletter, document)
SELECT user_id, theme, language, page_size, newsletter,
       CASE WHEN doc IS NOT json_object('theme', theme, 'language', language, 'page_size', page_size, 'newsletter',
                json(CASE newsletter WHEN 1 THEN 'true' WHEN 0 THEN 'false' END))
            THEN doc END
FROM (SELECT user_id, doc,
             CASE WHEN json_type(readable, '$.theme') = 'text' THEN json_extract(readable, '$.theme') END AS theme,
             CASE WHEN json_type(readable, '$.language') = 'text' THEN json_extract(readable, '$.language') END AS language,
             CASE WHEN json_type(readable, '$.page_size') = 'integer' THEN json_extract(readable, '$.page_size') END AS page_size,
             CASE json_type(readable, '$.newsletter') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END AS newsletter
      FROM (SELECT user_id, doc, CASE WHEN json_valid(doc) THEN doc ELSE '{}' END AS readable FROM old.user_settings));

-- backward: a kept document as it was, as long as it says what the columns say; after that
-- with the columns written over it
INSERT INTO old.user_settings (user_id, doc)
SELECT user_id,
       CASE WHEN document IS NOT NULL
                 AND theme IS CASE WHEN json_type(readable, '$.theme') = 'text' THEN json_extract(readable, '$.theme') END
                 AND language IS CASE WHEN json_type(readable, '$.language') = 'text' THEN json_extract(readable, '$.language') END
                 AND page_size IS CASE WHEN json_type(readable, '$.page_size') = 'integer' THEN json_extract(readable, '$.page_size') END
                 AND newsletter IS CASE json_type(readable, '$.newsletter') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END
            THEN document
            ELSE json_set(CASE WHEN json_type(readable) = 'object' THEN readable ELSE '{}' END,
                          '$.theme', theme, '$.language', language, '$.page_size', page_size, '$.newsletter',
                          json(CASE newsletter WHEN 1 THEN 'true' WHEN 0 THEN 'false' END))
       END
FROM (SELECT user_id, theme, language, page_size, newsletter, document,
             CASE WHEN json_valid(document) THEN document ELSE '{}' END AS readable
      FROM new.preferences);
