//! Writes to a table whose rows are in groups, by the name of their group.

use super::super::bench::Row;
use super::{Share, deleted, int, text, updated};

/// The table, and the column that names the group and begins each name.
#[derive(Clone, Copy)]
pub(super) struct Grouped {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
}

impl Grouped {
    /// An UPDATE beside the group, one of its key, and a DELETE.
    pub(super) fn writes(self, rows: u64, groups: u64) -> [Row; 3] {
        let Self { table, key } = self;
        [
            Row::new(
                "UPDATE of a column that the group doesn't read",
                format!("UPDATE {table} SET note = ?2 WHERE id = ?1"),
                move |n| vec![int(updated(rows, n)), text(format!("another note {n}"))],
            ),
            Row::new(
                "UPDATE of the group's key",
                format!("UPDATE {table} SET {key} = ?2 WHERE id = ?1"),
                move |n| {
                    let id = updated(rows, n);
                    vec![int(id), text(format!("{key} {}", (id + 1 + n / (rows / 2)) % groups))]
                },
            ),
            Row::new("DELETE", format!("DELETE FROM {table} WHERE id = ?1"), move |n| {
                vec![int(deleted(rows, Share::First, n))]
            }),
        ]
    }

    /// A DELETE of a whole group of so many rows, of which there are four.
    pub(super) fn whole(self, name: &'static str, size: usize, kind: &'static str) -> Row {
        let sql = format!("DELETE FROM {} WHERE {} = ?1", self.table, self.key);
        Row::new(name, sql, move |n| vec![text(format!("{kind} {n}"))])
            .changes(size)
            .at_most_times(4)
            .aim(15.0)
    }
}
