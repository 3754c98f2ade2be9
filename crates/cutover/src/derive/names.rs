//! The names of our objects in a user's database. All begin with `_cutover_`,
//! followed by the migration's number there, so that two migrations never meet.

use super::sql::ident;
use crate::phase::Side;

/// Names for one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) migration: i64,
}

impl Names {
    fn named(self, kind: &str, table: &str) -> String {
        format!("_cutover_{}_{kind}_{table}", self.migration)
    }

    /// What every object of this migration begins with.
    pub(crate) fn prefix(self) -> String {
        format!("_cutover_{}_", self.migration)
    }

    /// A view: inserting a scope into it re-derives the target's rows of that scope.
    pub(crate) fn put(self, target: &str) -> String {
        self.named("put", target)
    }

    /// A view: inserting a row into it makes the target hold that row.
    pub(crate) fn apply(self, target: &str) -> String {
        self.named("apply", target)
    }

    /// A view: inserting a row into it inserts it into the target, if it is missing there.
    pub(crate) fn insert(self, target: &str) -> String {
        self.named("insert", target)
    }

    /// A view: inserting a scope into it deletes what the mapping no longer gives.
    pub(crate) fn prune(self, target: &str) -> String {
        self.named("prune", target)
    }

    /// A table: the scopes of rows that a REPLACE is about to remove.
    pub(crate) fn replaced(self, target: &str) -> String {
        self.named("replaced", target)
    }

    /// A table: which rows of a table are about to be replaced, where others may go with them.
    pub(crate) fn going(self, table: &str) -> String {
        self.named("going", table)
    }

    /// A table of one row, asked whether a statement is a REPLACE.
    pub(crate) fn probe(self) -> String {
        format!("{}probe", self.prefix())
    }

    /// A view: inserting a tag into it re-derives what was noted under it.
    pub(crate) fn replay(self, table: &str) -> String {
        self.named("replay", table)
    }

    /// A view: inserting a tag and a scope into it takes away what the rows noted under the tag
    /// had given, but for what the scope has.
    pub(crate) fn free(self, target: &str) -> String {
        self.named("free", target)
    }

    /// A table: rows of a table that the write at hand took away.
    pub(crate) fn gone(self, table: &str) -> String {
        self.named("gone", table)
    }

    /// A table: what the mapping gave before the write at hand, and gives now.
    pub(crate) fn delta(self, target: &str) -> String {
        self.named("delta", target)
    }

    /// A table of one row whose key says ON CONFLICT REPLACE, asked whether a constraint that
    /// says so is heeded.
    pub(crate) fn probe_default(self) -> String {
        format!("{}probe_default", self.prefix())
    }

    /// A table: scopes touched while a gate verifies.
    pub(crate) fn touched(self) -> String {
        format!("{}touched", self.prefix())
    }

    /// A table: scopes that a rollback has to bring up to date.
    pub(crate) fn stale(self) -> String {
        format!("{}stale", self.prefix())
    }

    /// A table of one row: whether the sync is writing at this moment.
    pub(crate) fn syncing(self) -> String {
        format!("{}syncing", self.prefix())
    }

    /// A trigger on a table.
    pub(crate) fn trigger(self, what: &str, table: &str) -> String {
        self.named(what, table)
    }

    /// The name under which a retired table lies until it is empty and dropped: its own is the
    /// tombstone's from the moment of the switch.
    pub(crate) fn retired(self, table: &str) -> String {
        self.named("retired", table)
    }

    /// A trigger on the tombstone of a table.
    pub(crate) fn tombstone(self, event: &str, table: &str) -> String {
        self.named(&format!("tombstone_{event}"), table)
    }

    /// What every index made for the time of the migration begins with.
    pub(crate) fn indexes(self) -> String {
        format!("{}ix_", self.prefix())
    }

    /// An index made for the time of the migration. No two have the same name: where a part
    /// has the sign in it that stands between parts, another stands there.
    pub(crate) fn index(self, table: &str, columns: &[String]) -> String {
        let parts = || std::iter::once(table).chain(columns.iter().map(String::as_str));
        let free = |sign: char| !parts().any(|part| part.contains(sign));
        let joined = |sign: &str| parts().collect::<Vec<_>>().join(sign);
        let name = if free('_') && free('.') {
            joined("_")
        } else if free('.') {
            joined(".")
        } else {
            parts().map(ident).collect::<Vec<_>>().join(".")
        };
        self.named("ix", &name)
    }

    /// The table that keeps rows of a table of one side that have no image. Where both sides
    /// have a table of one name their shapes differ, so the old one's is told apart.
    pub(crate) fn kept(side: Side, table: &str, shared: bool) -> String {
        let old = if shared && side == Side::Old { "old_" } else { "" };
        format!("_cutover_kept_{old}{table}")
    }

    /// The name under which a table lies while the other side has the one they share.
    pub(crate) fn aside(side: Side, name: &str) -> String {
        format!("_cutover_{side}_{name}")
    }

    /// The live view of an old table.
    pub(crate) fn live(table: &str) -> String {
        format!("cutover_live_{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_indexes_have_one_name() {
        let name = |table: &str, columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
            Names { migration: 1 }.index(table, &columns)
        };
        assert_eq!(name("t", &["v"]), "_cutover_1_ix_t_v");
        let names = [
            name("t", &["a_b"]),
            name("t_a", &["b"]),
            name("t", &["a", "b"]),
            name("t.a", &["b"]),
            name("t", &["a.b"]),
            name("t_x.a", &["b"]),
            name("t_x", &["a.b"]),
        ];
        for (n, one) in names.iter().enumerate() {
            assert!(!names[..n].contains(one), "{one}");
        }
    }
}
