-- on the old tables
INSERT INTO products (id, sku, name, color, size) VALUES ({a=fresh:products.id}, 'n-' || {a}, {text}, {text?}, {word?});
INSERT INTO products (id, sku, name, weight_g, fragile) VALUES ({a=fresh:products.id}, 'n-' || {a}, {text}, {one:1|2.5|'heavy'|NULL}, {one:0|1|7|NULL|'yes'});
REPLACE INTO products (id, sku, name, color) SELECT {fresh:products.id}, {pick:products.sku}, {text}, {text?};
INSERT OR IGNORE INTO products (id, sku, name) VALUES ({fresh:products.id}, {pick:products.sku}, {text});
INSERT INTO products (id, sku, name) VALUES ({pick:products.id}, 'other', {text}) ON CONFLICT DO UPDATE SET size = excluded.name;
UPDATE products SET color = {text?}, fragile = {one:0|1|NULL} WHERE id = {pick:products.id};
UPDATE products SET weight_g = weight_g + {real} WHERE id BETWEEN {a=pick:products.id} AND {a} + 9;
UPDATE OR REPLACE products SET sku = {pick:products.sku} WHERE id = {pick:products.id};
DELETE FROM products WHERE id = {pick:products.id};

-- on the new tables
INSERT INTO catalogue (sku, name, properties) VALUES ({s=text} || {u=fresh:catalogue.id}, {n=text}, json_object('color', {c=text}, 'weight_g', {w=int:0..9000}));
-- the same on the old ones
INSERT INTO products (id, sku, name, color, weight_g) VALUES ({rowid}, {s} || {u}, {n}, {c}, {w});

-- on the new tables
UPDATE catalogue SET properties = json_set(properties, '$.size', {s=text}) WHERE id = {i=pick:catalogue.id};
-- the same on the old ones
UPDATE products SET size = {s} WHERE id = {i};

-- on the new tables
DELETE FROM catalogue WHERE id = {i=pick:catalogue.id};
-- the same on the old ones
DELETE FROM products WHERE id = {i};
