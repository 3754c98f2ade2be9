//! Rows of two tables meet in one. Orders may name a product that is not there.

use rusqlite::{Connection, params};

use crate::case::Case;
use crate::workload::{Template, Workload};

/// `products`, `orders` → `catalogue`, `orders_named`
pub const CASE: Case = Case {
    name: "join",
    schema: "
        CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id) ON DELETE SET NULL,
            quantity INTEGER NOT NULL
        );
        CREATE INDEX orders_product ON orders (product_id);",
    populate,
    migration_name: "join",
    migration: include_str!("../../cases/join.sql"),
    old_tables: &["products", "orders"],
    bystanders: &[],
    retires: true,
    workload: Workload { templates: OLD },
    new_workload: Workload { templates: NEW },
    canonical: &[],
};

const OLD: &[Template] = &[
    Template::old(
        6,
        &[
            "INSERT INTO orders (id, product_id, quantity) VALUES ({fresh:orders.id}, {pick:products.id?}, {int:1..99})",
        ],
    ),
    Template::old(
        2,
        &["INSERT INTO products (id, name, price) VALUES ({fresh:products.id}, {text}, {real?})"],
    ),
    // Refused with foreign keys on, an id that leads nowhere with them off.
    Template::old(
        1,
        &[
            "INSERT INTO orders (id, product_id, quantity) VALUES ({fresh:orders.id}, {fresh:products.id}, 1)",
        ],
    ),
    Template::old(3, &["REPLACE INTO products (id, name) VALUES ({pick:products.id}, {text})"]),
    Template::old(
        2,
        &[
            "REPLACE INTO orders (id, product_id, quantity) VALUES ({pick:orders.id}, {pick:products.id}, 0)",
        ],
    ),
    Template::old(
        2,
        &[
            "INSERT OR IGNORE INTO products (id, name) VALUES ({pick:products.id}, {text}), ({fresh:products.id}, {text})",
        ],
    ),
    Template::old(
        2,
        &["INSERT INTO products (id, name) VALUES ({pick:products.id}, {text})
           ON CONFLICT (id) DO UPDATE SET name = name || '+'"],
    ),
    Template::old(4, &["UPDATE products SET name = {text} WHERE id = {pick:products.id}"]),
    Template::old(1, &["UPDATE products SET price = {real} WHERE price > {real}"]),
    Template::old(
        3,
        &["UPDATE orders SET product_id = {pick:products.id?} WHERE id = {pick:orders.id}"],
    ),
    Template::old(
        2,
        &["UPDATE orders SET quantity = quantity + 1 WHERE product_id = {pick:products.id}"],
    ),
    Template::old(
        1,
        &["UPDATE products SET id = {fresh:products.id} WHERE id = {pick:products.id}"],
    ),
    Template::old(
        1,
        &["UPDATE OR REPLACE products SET id = {pick:products.id} WHERE id = {pick:products.id}"],
    ),
    Template::old(2, &["UPDATE orders SET id = {fresh:orders.id} WHERE id = {pick:orders.id}"]),
    Template::old(2, &["DELETE FROM products WHERE id = {pick:products.id}"]),
    Template::old(
        2,
        &["DELETE FROM orders WHERE product_id IS {pick:orders.product_id} AND id % 3 = 0"],
    ),
];

const NEW: &[Template] = &[
    Template::with_twin(
        4,
        &["INSERT INTO orders_named (id, product_id, product_name, quantity)
           VALUES ({i=fresh:orders_named.id}, {p=pick:catalogue.id}, (SELECT name FROM catalogue WHERE id = {p}), {q=int:1..99})"],
        &["INSERT INTO orders (id, product_id, quantity) VALUES ({i}, {p}, {q})"],
    ),
    // An order may have waited for this very id.
    Template::with_twin(
        2,
        &[
            "INSERT INTO catalogue (id, name, price) VALUES ({i=fresh:catalogue.id}, {n=text}, {p=real?})",
            "UPDATE orders_named SET product_name = {n} WHERE product_id = {i}",
        ],
        &["INSERT INTO products (id, name, price) VALUES ({i}, {n}, {p})"],
    ),
    Template::with_twin(
        3,
        &[
            "UPDATE catalogue SET name = {n=text} WHERE id = {i=pick:catalogue.id}",
            "UPDATE orders_named SET product_name = {n} WHERE product_id = {i}",
        ],
        &["UPDATE products SET name = {n} WHERE id = {i}"],
    ),
    Template::with_twin(
        2,
        &[
            "UPDATE orders_named SET product_id = NULL, product_name = NULL WHERE product_id = {i=pick:catalogue.id}",
            "DELETE FROM catalogue WHERE id = {i}",
        ],
        &[
            "UPDATE orders SET product_id = NULL WHERE product_id = {i}",
            "DELETE FROM products WHERE id = {i}",
        ],
    ),
    Template::with_twin(
        2,
        &["DELETE FROM orders_named WHERE id = {i=pick:orders_named.id}"],
        &["DELETE FROM orders WHERE id = {i}"],
    ),
];

fn populate(conn: &Connection, rows: u64, seed: u64) -> rusqlite::Result<()> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut product = conn.prepare("INSERT INTO products VALUES (?, ?, ?)")?;
    let mut order = conn.prepare("INSERT INTO orders VALUES (?, ?, ?)")?;
    // An id that leads nowhere is among them: a program without foreign keys left it.
    conn.execute_batch("PRAGMA foreign_keys = OFF")?;
    let products = i64::try_from(rows / 10 + 2).unwrap_or(i64::MAX);
    super::in_transaction(conn, || {
        for id in 1..=products {
            product.execute(params![
                id * 2,
                super::text(&mut rng),
                (id % 5 > 0).then(|| f64::from(rng.i32(..9_999)) / 8.0)
            ])?;
        }
        for n in 0..rows {
            let product_id = match n % 20 {
                0 => None,
                1 => Some(products * 2 + 1_000),
                _ => Some(rng.i64(1..=products) * 2),
            };
            order.execute(params![n as i64 * 3 + 1, product_id, rng.u32(1..100)])?;
        }
        Ok(())
    })
}
