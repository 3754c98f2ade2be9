//! N:1. Rows, and what is counted, added and greatest in each group of them.

use cutover::Phase;

use super::super::bench::{Bench, Row, Rows, Shape};
use super::groups::Grouped;
use super::{int, numbers, text, updated};

const GROUPED: Grouped = Grouped { table: "orders", key: "customer" };

const OLD: &str = "
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL, note TEXT);
CREATE INDEX orders_customer ON orders (customer);";

const MIGRATION: &str = "
CREATE TABLE new.customers (name TEXT PRIMARY KEY NOT NULL, orders INTEGER NOT NULL, total INTEGER, largest INTEGER);
CREATE TABLE new.bookings (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL, note TEXT);
CREATE INDEX new.bookings_customer ON bookings (customer);
INSERT INTO new.customers (name, orders, total, largest)
SELECT customer, count(*), sum(amount), max(amount) FROM old.orders GROUP BY customer;
INSERT INTO new.bookings (id, customer, amount, note) SELECT id, customer, amount, note FROM old.orders;
INSERT INTO old.orders (id, customer, amount, note) SELECT id, customer, amount, note FROM new.bookings;";

/// A group is read only where its greatest goes. SQLite runs the trigger first that was made
/// last: a customer who is there is updated before one who is not is made.
const FORWARD: &str = "
CREATE TRIGGER h_first AFTER INSERT ON orders
WHEN NOT EXISTS (SELECT 1 FROM customers WHERE name = NEW.customer) BEGIN
  INSERT INTO customers VALUES (NEW.customer, 1, NEW.amount, NEW.amount); END;
CREATE TRIGGER h_insert AFTER INSERT ON orders BEGIN
  INSERT INTO bookings VALUES (NEW.id, NEW.customer, NEW.amount, NEW.note);
  UPDATE customers SET orders = orders + 1, total = total + NEW.amount,
    largest = max(largest, NEW.amount) WHERE name = NEW.customer; END;
CREATE TRIGGER h_note AFTER UPDATE OF note ON orders BEGIN
  UPDATE bookings SET note = NEW.note WHERE id = OLD.id; END;
CREATE TRIGGER h_amount AFTER UPDATE OF amount ON orders BEGIN
  UPDATE bookings SET amount = NEW.amount WHERE id = OLD.id;
  UPDATE customers SET total = total - OLD.amount + NEW.amount,
    largest = CASE WHEN NEW.amount >= largest THEN NEW.amount
      WHEN OLD.amount = largest THEN (SELECT max(amount) FROM orders WHERE customer = NEW.customer)
      ELSE largest END WHERE name = NEW.customer; END;
CREATE TRIGGER h_key AFTER UPDATE OF customer ON orders BEGIN
  UPDATE bookings SET customer = NEW.customer WHERE id = OLD.id;
  UPDATE customers SET orders = orders + 1, total = total + NEW.amount,
    largest = max(largest, NEW.amount) WHERE name = NEW.customer;
  DELETE FROM customers WHERE name = OLD.customer AND orders = 1;
  UPDATE customers SET orders = orders - 1, total = total - OLD.amount,
    largest = CASE WHEN OLD.amount = largest
      THEN (SELECT max(amount) FROM orders WHERE customer = OLD.customer) ELSE largest END
    WHERE name = OLD.customer; END;
CREATE TRIGGER h_delete AFTER DELETE ON orders BEGIN
  DELETE FROM bookings WHERE id = OLD.id;
  DELETE FROM customers WHERE name = OLD.customer AND orders = 1;
  UPDATE customers SET orders = orders - 1, total = total - OLD.amount,
    largest = CASE WHEN OLD.amount = largest
      THEN (SELECT max(amount) FROM orders WHERE customer = OLD.customer) ELSE largest END
    WHERE name = OLD.customer; END;";

fn shape(rows: String) -> Shape {
    Shape {
        name: "grouped",
        old: OLD.to_owned(),
        rows: Rows::Sql(rows),
        migration: MIGRATION.to_owned(),
        forward_by_hand: FORWARD.to_owned(),
        backward_by_hand: String::new(),
    }
}

const OF_100: &str = "N:1, groups of 100";

pub(super) fn all(rows: u64) -> Vec<Bench> {
    let mut all = vec![of_hundred(rows)];
    for (size, title) in [(10_000, "N:1, groups of 10,000"), (100_000, "N:1, groups of 100,000")] {
        // Two groups at least, so that a row can go from one to the other.
        if rows >= 2 * size {
            all.push(large(rows, size, title));
        }
    }
    all.push(whole());
    all
}

fn groups_of(rows: u64, size: u64) -> Shape {
    let numbers = numbers(rows);
    let groups = rows / size;
    shape(format!(
        "{numbers} INSERT INTO orders SELECT i, 'customer ' || (i % {groups}), i % 997, 'a note on ' || i FROM n;"
    ))
}

pub(super) fn of_hundred(rows: u64) -> Bench {
    let [insert, update, unread, key, delete] = writes(rows, rows / 100);
    let [fresh, batch] = [insert_into(rows / 100), insert_into(rows / 100)];
    let group = "UPDATE orders SET note = ?2 WHERE customer = ?1";
    let all_of_it = move |n| {
        vec![text(format!("customer {}", n % (rows / 100))), text(format!("for all of {n}"))]
    };
    Bench {
        title: OF_100.to_owned(),
        shape: groups_of(rows, 100),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            // First: groups don't stay of a size.
            Row::new("UPDATE of a whole group, a column it doesn't read", group, all_of_it)
                .changes(100),
            insert.aim(2.2),
            Row { name: "INSERT, prepared anew", ..fresh }.fresh().aim(10.0),
            Row { name: "1,000 INSERTs in a transaction", ..batch }.batch(1000).aim(5.0),
            Row::new("UPDATE of 100 rows in a statement", hundred_rows(), move |n| {
                vec![int(1 + n * 100 % (rows / 2 - 100)), int(n % 900)]
            })
            .changes(100),
            update.aim(2.5),
            unread.aim_like(1.2, "copy", "UPDATE of one column"),
            key,
            delete.aim(2.3),
        ],
        around: Vec::new(),
    }
}

fn hundred_rows() -> &'static str {
    "UPDATE orders SET amount = ?2 + id % 7 WHERE id BETWEEN ?1 AND ?1 + 99"
}

fn large(rows: u64, size: u64, title: &str) -> Bench {
    let [insert, update, unread, key, delete] = writes(rows, rows / size);
    let like = |row: Row| {
        let name = row.name;
        row.aim_like(3.0, OF_100, name)
    };
    Bench {
        title: title.to_owned(),
        shape: groups_of(rows, size),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            like(insert),
            like(update),
            unread.aim_like(1.2, "copy", "UPDATE of one column"),
            like(key),
            like(delete),
        ],
        around: Vec::new(),
    }
}

fn insert_into(groups: u64) -> Row {
    let sql = "INSERT INTO orders (customer, amount, note) VALUES (?1, ?2, ?3)";
    Row::new("INSERT", sql, move |n| {
        vec![
            text(format!("customer {}", n * 7 % groups)),
            int(n % 997),
            text("a note on a new one"),
        ]
    })
}

fn writes(rows: u64, groups: u64) -> [Row; 5] {
    let [unread, key, delete] = GROUPED.writes(rows, groups);
    [
        insert_into(groups),
        Row::new("UPDATE of one column", "UPDATE orders SET amount = ?2 WHERE id = ?1", move |n| {
            vec![int(updated(rows, n)), int(n * 13 % 900)]
        }),
        unread,
        key,
        delete,
    ]
}

/// Four groups of 20,000 and of 5,000, each of which is deleted in a statement.
fn whole() -> Bench {
    let numbers = numbers(80_000);
    let filled = format!(
        "{numbers} INSERT INTO orders SELECT i, 'large ' || (i % 4), i % 997, 'a note on ' || i FROM n;
         {numbers} INSERT INTO orders SELECT 80000 + i, 'small ' || (i % 4), i % 997, 'a note' FROM n WHERE i <= 20000;"
    );
    Bench {
        title: "N:1, whole groups".to_owned(),
        shape: shape(filled),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![
            GROUPED.whole("DELETE of a group of 5,000", 5_000, "small"),
            GROUPED.whole("DELETE of a group of 20,000", 20_000, "large"),
        ],
        around: Vec::new(),
    }
}
