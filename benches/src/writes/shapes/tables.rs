//! Many tables, each copied to one of another name: what a write to one of them pays for the
//! others.

use benches::many::{each, many};
use cutover::Phase;

use super::super::bench::{Aim, Around, Bench, Row, Rows, Shape};
use super::{int, text};

pub(super) fn dual_write(tables: u64) -> Bench {
    let insert = |name| {
        Row::new(name, "INSERT INTO t0 (w, pad) VALUES (?1, ?2)", |n| {
            vec![text(format!("a new one {n}")), text("p".repeat(40))]
        })
    };
    let update = Row::new("UPDATE of one column", "UPDATE t0 SET w = ?2 WHERE id = ?1", |n| {
        vec![int(1 + n % 100), text(format!("another {n}"))]
    });
    let opening = if tables == 200 { Aim::AtMost(20.0) } else { Aim::None };
    Bench {
        title: if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") },
        shape: shape(tables),
        phase: Phase::DualWrite,
        beside: None,
        rows: vec![insert("INSERT"), insert("INSERT, prepared anew").fresh(), update],
        around: vec![Around::Opening(opening), Around::AfterTransition],
    }
}

fn shape(tables: u64) -> Shape {
    let many = many(tables);
    Shape {
        name: "tables",
        old: many.old,
        rows: Rows::Sql(many.rows),
        migration: many.migration,
        forward_by_hand: each(
            tables,
            "CREATE TRIGGER h_insert# AFTER INSERT ON t# BEGIN
               INSERT INTO s# VALUES (NEW.id, NEW.w, NEW.pad); END;
             CREATE TRIGGER h_update# AFTER UPDATE ON t# BEGIN
               UPDATE s# SET w = NEW.w, pad = NEW.pad WHERE id = OLD.id; END;
             CREATE TRIGGER h_delete# AFTER DELETE ON t# BEGIN
               DELETE FROM s# WHERE id = OLD.id; END;",
        ),
        backward_by_hand: String::new(),
    }
}
