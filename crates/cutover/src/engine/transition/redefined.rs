//! What the rows of `sqlite_schema` become when definitions change: names, the table each
//! object is on, the text. Pure: rows in, rows out.

use crate::migration::ddl::index_as;
use crate::model::definitions::Change;
use crate::schema::Defined;

/// What the name of an index begins with that a constraint made, followed by its table's
/// name (<https://www.sqlite.org/fileformat2.html#internal_schema_objects>).
const AUTO_INDEX: &str = "sqlite_autoindex_";

/// A row of `sqlite_schema`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) rowid: i64,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) sql: Option<String>,
}

/// The rows that become others. All names are those before the changes: two tables may
/// swap theirs.
pub(crate) fn redefined(rows: &[Row], changes: &[Change]) -> Vec<Row> {
    rows.iter()
        .filter_map(|row| {
            let after = after(row, changes);
            (after != *row).then_some(after)
        })
        .collect()
}

fn after(row: &Row, changes: &[Change]) -> Row {
    let find = |kind: Defined, name: &str| {
        changes.iter().find(|c| c.to.kind == kind && c.now.eq_ignore_ascii_case(name))
    };
    let mut after = row.clone();
    let Some(kind) = [Defined::Table, Defined::Index].into_iter().find(|k| k.name() == row.kind)
    else {
        return after;
    };
    if let Some(table) = find(Defined::Table, &row.table)
        && table.to.name != row.table
    {
        after.table.clone_from(&table.to.name);
        if kind == Defined::Index {
            let own =
                row.name.strip_prefix(AUTO_INDEX).and_then(|rest| rest.get(row.table.len()..));
            match (&row.sql, own) {
                (None, Some(number)) => {
                    after.name = format!("{AUTO_INDEX}{}{number}", table.to.name);
                }
                (Some(sql), _) => {
                    after.sql = index_as(sql, &row.name, &table.to.name).or(after.sql);
                }
                (None, None) => {}
            }
        }
    }
    if let Some(change) = find(kind, &row.name) {
        after.name.clone_from(&change.to.name);
        after.sql = Some(change.to.sql.clone());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Definition;

    fn row(rowid: i64, kind: &str, name: &str, table: &str, sql: Option<&str>) -> Row {
        let (kind, name, table) = (kind.to_owned(), name.to_owned(), table.to_owned());
        Row { rowid, kind, name, table, sql: sql.map(str::to_owned) }
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
