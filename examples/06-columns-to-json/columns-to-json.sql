-- columns-to-json.sql: properties that few products have move into one JSON document
CREATE TABLE new.catalogue (
    id INTEGER PRIMARY KEY,
    sku TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    properties TEXT NOT NULL CHECK (json_valid(properties)));

-- forward: json_patch() onto the empty document drops the nulls
INSERT INTO new.catalogue (id, sku, name, properties)
SELECT id, sku, name,
       json_patch('{}', json_object('color', color, 'size', size, 'weight_g', weight_g, 'fragile',
           CASE WHEN fragile IN (0, 1) AND typeof(fragile) = 'integer'
                THEN json(CASE fragile WHEN 1 THEN 'true' ELSE 'false' END)
                ELSE json_quote(fragile) END))
FROM old.products;

-- backward: json_extract() gives 1 for true, 0 for false, and NULL for a missing key
INSERT INTO old.products (id, sku, name, color, size, weight_g, fragile)
SELECT id, sku, name,
       json_extract(properties, '$.color'), json_extract(properties, '$.size'),
       json_extract(properties, '$.weight_g'), json_extract(properties, '$.fragile')
FROM new.catalogue;
