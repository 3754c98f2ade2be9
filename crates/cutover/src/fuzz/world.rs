//! What the generator knows of the tables that it writes to: their columns, their keys, and values
//! that they hold. Plain data.

use super::literal::literal;
use crate::backend::sqlite::{Answer, Connection};
use crate::derive::sql::{ident, idents};
use crate::schema::{Affinity, Table};

/// The tables that writes enter.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) tables: Vec<Written>,
}

#[derive(Debug)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) columns: Vec<Field>,
    /// Each as positions of columns, the primary key first.
    pub(super) keys: Vec<Vec<usize>>,
    pub(super) without_rowid: bool,
    /// The names by which the rowid can be written, besides a column's that is the rowid.
    pub(super) rowids: Vec<&'static str>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) affinity: Affinity,
    /// The rowid itself.
    pub(super) is_rowid: bool,
    /// What it holds if nothing is said, where it must hold something: a REPLACE puts that in
    /// the place of NULL.
    pub(super) stands_in: bool,
    /// Whether an INSERT that leaves it out gives the same row at any time.
    pub(super) may_be_left_out: bool,
    /// Literals of values that the column, or what it refers to, holds.
    pub(super) values: Vec<String>,
}

/// Different values taken from a column.
const VALUES: usize = 40;

/// Longer values are left to the rows of the sample.
const LONGEST: usize = 600;

impl World {
    /// Reads the values from a database that holds the tables.
    pub(super) fn read(conn: &Connection, tables: &[&Table]) -> Answer<Self> {
        let mut world = Self::default();
        for table in tables {
            world.tables.push(written(conn, table)?);
        }
        for (position, table) in tables.iter().enumerate() {
            for key in &table.foreign_keys {
                world.lend(position, &key.table, &key.columns);
            }
        }
        Ok(world)
    }

    /// Gives columns that refer to another table the values of its primary key.
    fn lend(&mut self, child: usize, parent: &str, columns: &[String]) {
        let found = self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(parent));
        let Some(parent) = found else { return };
        let lent: Vec<Vec<String>> = parent
            .keys
            .first()
            .into_iter()
            .flatten()
            .map(|column| parent.columns[*column].values.clone())
            .collect();
        for (column, values) in columns.iter().zip(lent) {
            let fields = &mut self.tables[child].columns;
            if let Some(field) =
                fields.iter_mut().find(|field| field.name.eq_ignore_ascii_case(column))
            {
                field.values.extend(values);
            }
        }
    }
}

fn written(conn: &Connection, table: &Table) -> Answer<Written> {
    let mut columns = Vec::new();
    for column in table.stored_columns() {
        let default = column.default.clone();
        let stands_in = column.not_null && default.is_some();
        let mut values = values(conn, &table.name, &column.name)?;
        // What a REPLACE puts in the place of NULL should meet a row that has it.
        values.extend(default.clone().filter(|default| stands_in && !is_volatile(default)));
        columns.push(Field {
            values,
            affinity: column.affinity,
            is_rowid: table.is_rowid_alias(&column.name),
            stands_in,
            may_be_left_out: !default.as_deref().is_some_and(is_volatile),
            name: column.name.clone(),
        });
    }
    let position = |name: &String| columns.iter().position(|field| field.name == *name);
    let keys = table
        .uniques
        .iter()
        .filter_map(|key| key.columns.iter().map(position).collect::<Option<Vec<_>>>())
        .collect();
    let rowids = ["rowid", "oid", "_rowid_"];
    let rowids =
        rowids.into_iter().filter(|name| !table.without_rowid && table.column(name).is_none());
    let rowids = rowids.collect();
    Ok(Written {
        name: table.name.clone(),
        keys,
        without_rowid: table.without_rowid,
        rowids,
        columns,
    })
}

/// Whether SQL gives something else at another time, as far as can be seen.
pub(super) fn is_volatile(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    // The date functions take nothing for now.
    ["current_", "'now'", "random", "date()", "time()", "julianday()", "unixepoch()"]
        .iter()
        .any(|word| sql.contains(word))
}

fn values(conn: &Connection, table: &str, column: &str) -> Answer<Vec<String>> {
    let sql = format!(
        "SELECT DISTINCT {0} FROM {1} WHERE length({0}) <= {LONGEST} OR {0} IS NULL ORDER BY {0} LIMIT {VALUES}",
        ident(column),
        ident(table)
    );
    conn.rows(&sql, &[], |row| Ok(literal(&row.get(0)?)))
}

impl Written {
    /// The columns, quoted, by which a row is named: the primary key if there is one.
    pub(super) fn name_of_row(&self) -> String {
        self.keys.first().map_or_else(
            || {
                self.rowids
                    .first()
                    .map_or_else(|| ident(&self.columns[0].name), |name| (*name).to_owned())
            },
            |key| {
                let names: Vec<&str> =
                    key.iter().map(|column| self.columns[*column].name.as_str()).collect();
                idents("", &names)
            },
        )
    }
}
