//! Foreign keys of the old tables that write by themselves: in `write-new`, where a program
//! has them switched on, the sync's own writes must not set them off.

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Cutover;

const OLD: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, quantity INTEGER,
        product_id INTEGER REFERENCES products (id) ON DELETE ACTION ON UPDATE ACTION);
    CREATE INDEX orders_product ON orders (product_id);
    INSERT INTO products VALUES (26, 'lamp'), (27, 'desk');
    INSERT INTO orders VALUES (1, 5, 26), (2, 6, 27), (3, 7, NULL);";

const MIGRATION: &str = "\
CREATE TABLE new.catalogue (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE new.sales (id INTEGER PRIMARY KEY, quantity INTEGER, product_id INTEGER);
INSERT INTO new.catalogue (id, name) SELECT id, name FROM old.products;
INSERT INTO new.sales (id, quantity, product_id) SELECT id, quantity, product_id FROM old.orders;
INSERT INTO old.products (id, name) SELECT id, name FROM new.catalogue;
INSERT INTO old.orders (id, quantity, product_id) SELECT id, quantity, product_id FROM new.sales;
";

struct Scene {
    conn: Connection,
    cutover: Cutover,
    _dir: TempDir,
}

/// In `write-new`, with a program that has foreign keys switched on.
fn scene(action: &str) -> Scene {
    let dir = TempDir::new().unwrap();
    let (db, file) = (dir.path().join("app.db"), dir.path().join("sell.sql"));
    std::fs::write(&file, MIGRATION).unwrap();
    let conn = Connection::open(&db).unwrap();
    conn.execute_batch(&OLD.replace("ACTION", action)).unwrap();
    let cutover = Cutover::new(env!("CARGO_BIN_EXE_cutover"), &db);
    let _ = cutover.run(&["start", file.to_str().unwrap()]).success();
    let _ = cutover.run(&["advance", "--to", "write-new"]).success();
    conn.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    Scene { conn, cutover, _dir: dir }
}

impl Scene {
    fn rows(&self, table: &str) -> String {
        let sql = format!(
            "SELECT group_concat(id || ' ' || ifnull(product_id, '-'), ', ' ORDER BY id) FROM {table}"
        );
        self.conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    #[track_caller]
    fn in_step(&self) {
        let _ = self.cutover.run(&["verify"]).success();
    }
}

#[test]
fn a_mirror_has_no_foreign_keys_that_could_act() {
    for action in ["SET NULL", "CASCADE", "SET DEFAULT"] {
        for sql in [
            "DELETE FROM catalogue WHERE id = 26",
            "DELETE FROM catalogue",
            "UPDATE catalogue SET id = 28 WHERE id = 26",
            "PRAGMA recursive_triggers = ON; REPLACE INTO catalogue VALUES (26, 'sofa')",
        ] {
            let scene = scene(action);
            scene.conn.execute_batch(sql).unwrap();
            assert_eq!(scene.rows("orders"), "1 26, 2 27, 3 -", "{action}: {sql}");
            assert_eq!(scene.rows("sales"), "1 26, 2 27, 3 -", "{action}: {sql}");
            scene.in_step();
        }
    }
}

#[test]
fn they_are_back_when_the_old_tables_are_the_source_again() {
    let scene = scene("CASCADE");
    let _ = scene.cutover.run(&["rollback", "--to", "dual-write"]).success();
    scene.conn.execute_batch("DELETE FROM products WHERE id = 26").unwrap();
    assert_eq!(scene.rows("orders"), "2 27, 3 -");
    assert_eq!(scene.rows("sales"), "2 27, 3 -");
    scene.in_step();
}

#[test]
fn what_the_mapping_gives_as_well_passes() {
    for action in ["SET NULL", "CASCADE"] {
        let scene = scene(action);
        scene
            .conn
            .execute_batch(
                "BEGIN; UPDATE sales SET product_id = NULL WHERE product_id = 26;
                 DELETE FROM catalogue WHERE id = 26; DELETE FROM sales WHERE id = 2;
                 UPDATE catalogue SET id = 40, name = 'chair' WHERE id = 27; COMMIT",
            )
            .unwrap();
        assert_eq!(scene.rows("orders"), "1 -, 3 -");
        scene.in_step();
    }
}

#[test]
fn without_foreign_keys_nothing_is_set_off() {
    let scene = scene("CASCADE");
    scene.conn.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM catalogue").unwrap();
    assert_eq!(scene.rows("orders"), "1 26, 2 27, 3 -");
    scene.in_step();
}
