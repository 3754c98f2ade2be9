//! What the entries of the schema become when definitions change: names, the table each
//! object is on, the text. Pure: entries in, entries out.

use crate::backend::sqlite::catalog::Entry;
use crate::migration::ddl::index_as;
use crate::schema::{Change, Defined};

/// What the name of an index begins with that a constraint made, followed by its table's
/// name (<https://www.sqlite.org/fileformat2.html#internal_schema_objects>).
const AUTO_INDEX: &str = "sqlite_autoindex_";

/// The entries that become others. All names are those before the changes: two tables may
/// swap theirs.
pub(super) fn redefined(entries: &[Entry], changes: &[Change]) -> Vec<Entry> {
    entries
        .iter()
        .filter_map(|entry| {
            let after = after(entry, changes);
            (after != *entry).then_some(after)
        })
        .collect()
}

fn after(entry: &Entry, changes: &[Change]) -> Entry {
    let find = |kind: Defined, name: &str| {
        changes.iter().find(|c| c.to.kind == kind && c.now.eq_ignore_ascii_case(name))
    };
    let mut after = entry.clone();
    let Some(kind) = [Defined::Table, Defined::Index].into_iter().find(|k| k.name() == entry.kind)
    else {
        return after;
    };
    if let Some(table) = find(Defined::Table, &entry.on)
        && table.to.name != entry.on
    {
        after.on.clone_from(&table.to.name);
        if kind == Defined::Index {
            let own =
                entry.name.strip_prefix(AUTO_INDEX).and_then(|rest| rest.get(entry.on.len()..));
            match (&entry.sql, own) {
                (None, Some(number)) => {
                    after.name = format!("{AUTO_INDEX}{}{number}", table.to.name);
                }
                (Some(sql), _) => {
                    after.sql = index_as(sql, &entry.name, &table.to.name).or(after.sql);
                }
                (None, None) => {}
            }
        }
    }
    if let Some(change) = find(kind, &entry.name) {
        after.name.clone_from(&change.to.name);
        after.sql = Some(change.to.sql.clone());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Definition;

    fn row(place: i64, kind: &str, name: &str, on: &str, sql: Option<&str>) -> Entry {
        let (kind, name, on) = (kind.to_owned(), name.to_owned(), on.to_owned());
        Entry { place, kind, name, on, sql: sql.map(str::to_owned) }
    }

    fn change(kind: Defined, now: &str, name: &str, sql: &str) -> Change {
        let to = Definition { kind, name: name.to_owned(), sql: sql.to_owned() };
        Change { now: now.to_owned(), to }
    }

    #[test]
    fn two_tables_swap_their_name_and_what_is_on_them_follows() {
        let rows = [
            row(1, "table", "t", "t", Some("CREATE TABLE t (a UNIQUE)")),
            row(2, "index", "sqlite_autoindex_t_1", "t", None),
            row(3, "index", "i", "t", Some("CREATE INDEX i ON t(a)")),
            row(4, "table", "n", "n", Some("CREATE TABLE n (b)")),
            row(5, "view", "v", "v", Some("CREATE VIEW v AS SELECT * FROM t")),
        ];
        let changes = [
            change(Defined::Table, "t", "o", "CREATE TABLE \"o\" (a UNIQUE)"),
            change(Defined::Table, "n", "t", "CREATE TABLE t (b)"),
        ];
        let expected = [
            row(1, "table", "o", "o", Some("CREATE TABLE \"o\" (a UNIQUE)")),
            row(2, "index", "sqlite_autoindex_o_1", "o", None),
            row(3, "index", "i", "o", Some("CREATE INDEX \"i\" ON \"o\"(a)")),
            row(4, "table", "t", "t", Some("CREATE TABLE t (b)")),
        ];
        assert_eq!(redefined(&rows, &changes), expected);
    }

    #[test]
    fn two_indexes_swap_their_name() {
        let rows = [
            row(1, "index", "i", "t", Some("CREATE INDEX i ON t(a)")),
            row(2, "index", "n", "u", Some("CREATE INDEX n ON u(a)")),
        ];
        let changes = [
            change(Defined::Index, "i", "o", "CREATE INDEX o ON t(a)"),
            change(Defined::Index, "n", "i", "CREATE INDEX i ON u(a)"),
        ];
        let expected = [
            row(1, "index", "o", "t", Some("CREATE INDEX o ON t(a)")),
            row(2, "index", "i", "u", Some("CREATE INDEX i ON u(a)")),
        ];
        assert_eq!(redefined(&rows, &changes), expected);
    }

    #[test]
    fn what_is_as_it_should_be_stays() {
        let rows = [row(1, "table", "t", "t", Some("CREATE TABLE t (a)"))];
        assert_eq!(redefined(&rows, &[change(Defined::Table, "t", "t", "CREATE TABLE t (a)")]), []);
    }
}
