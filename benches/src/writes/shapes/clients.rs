//! The old table of `copy` and `split`, and the writes to it.

use super::super::bench::{Row, Rows};
use super::{Share, deleted, int, numbers, text, updated};

pub(super) const OLD: &str = "CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, \
    email TEXT NOT NULL, city TEXT, bio TEXT, score INTEGER NOT NULL);";

pub(super) fn filled(rows: u64) -> Rows {
    Rows::Sql(format!(
        "{} INSERT INTO clients SELECT i, 'name ' || i, i || '@example.org', 'city ' || (i % 100),
           'about client ' || i, i % 1000 FROM n;",
        numbers(rows)
    ))
}

/// What programs do with it, by the name of the row.
pub(super) struct Writes {
    pub(super) insert: Row,
    pub(super) insert_large: Row,
    pub(super) insert_fresh: Row,
    pub(super) thousand_inserts: Row,
    pub(super) update: Row,
    pub(super) update_fresh: Row,
    pub(super) update_hundred: Row,
    pub(super) delete: Row,
    pub(super) delete_fresh: Row,
}

impl Writes {
    pub(super) fn to_clients(rows: u64) -> Writes {
        let insert = |name, bio: String| {
            let sql =
                "INSERT INTO clients (name, email, city, bio, score) VALUES (?1, ?2, ?3, ?4, ?5)";
            Row::new(name, sql, move |n| {
                let (name, email) = (format!("name {n}"), format!("{n}@example.org"));
                vec![text(name), text(email), text("a new city"), text(bio.clone()), int(n)]
            })
        };
        let small = || "about a new client".to_owned();
        let update = |name| {
            let sql = "UPDATE clients SET score = ?2 WHERE id = ?1";
            Row::new(name, sql, move |n| vec![int(updated(rows, n)), int(n + 10_000)])
        };
        let delete = |name, share| {
            let sql = "DELETE FROM clients WHERE id = ?1";
            Row::new(name, sql, move |n| vec![int(deleted(rows, share, n))])
        };
        let hundred = "UPDATE clients SET score = ?2 WHERE id BETWEEN ?1 AND ?1 + 99";
        Writes {
            insert: insert("INSERT", small()),
            insert_large: insert("INSERT of 2.5 KB", "b".repeat(2450)),
            insert_fresh: insert("INSERT, prepared anew", small()).fresh(),
            thousand_inserts: insert("1,000 INSERTs in a transaction", small()).batch(1000),
            update: update("UPDATE of one column"),
            update_fresh: update("UPDATE of one column, prepared anew").fresh(),
            update_hundred: Row::new("UPDATE of 100 rows in a statement", hundred, move |n| {
                vec![int(1 + n * 100 % (rows / 2 - 100)), int(n + 20_000)]
            })
            .changes(100),
            delete: delete("DELETE", Share::First),
            delete_fresh: delete("DELETE, prepared anew", Share::Second).fresh(),
        }
    }
}
