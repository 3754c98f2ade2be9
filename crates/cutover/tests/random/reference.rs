//! The twin of a case: the rows of the side that takes writes, in memory, with none of
//! our machinery, and the mappings executed on them as they are written.
//!
//! Its schemas are called `old` and `new` as in a migration file, so no name in a mapping
//! is substituted. The other side's tables are there without rows; they are filled to
//! be compared, and emptied again.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::types::ToSqlOutput;
use testkit::compare::{Rows, difference};
use testkit::random::{Case, KeyKind, LOG, Mapping, Side, Table};
use testkit::sql::{literal, quoted};

/// The twin.
pub(crate) struct Reference<'c> {
    pub(crate) conn: Connection,
    pub(crate) side: Side,
    case: &'c Case,
}

impl<'c> Reference<'c> {
    /// What `live` holds of this side.
    pub(crate) fn of(live: &Connection, side: Side, case: &'c Case) -> Self {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        // The first that is attached is searched first for a name without a schema.
        let (own, other) = (schema(side), schema(side.opposite()));
        conn.execute_batch(&format!(
            "ATTACH ':memory:' AS {own}; ATTACH ':memory:' AS {other}; ATTACH ':memory:' AS back;"
        ))
        .unwrap();
        Backup::new_with_names(live, "main", &mut conn, own)
            .and_then(|backup| backup.run_to_completion(10_000, Duration::ZERO, None))
            .unwrap();
        let reference = Self { conn, side, case };
        reference.strip();
        for (tables, schema) in [(reference.mirrored(), other), (reference.own(), "back")] {
            // A mapping that gives two rows for a key is to be told, whatever the key's own
            // clause would make of them.
            let refusing = tables.iter().map(Table::refusing);
            for statement in refusing.flat_map(|table| table.create(&format!("{schema}."))) {
                reference.conn.execute_batch(&statement).unwrap();
            }
        }
        reference
    }

    /// Removes what is not this side's.
    fn strip(&self) {
        let own = schema(self.side);
        // One whose name both sides have lies under a name of ours.
        let others: Vec<String> = self
            .mirrored()
            .iter()
            .filter(|table| !self.case.plan.shares(&table.name))
            .map(|table| literal(&table.name))
            .collect();
        let sql = format!(
            "SELECT type, name FROM {own}.sqlite_schema WHERE type <> 'index' \
             AND (name GLOB '_cutover_*' OR name GLOB 'cutover_live_*' OR name IN ({})) \
             ORDER BY type = 'table', type = 'view'",
            others.join(", ")
        );
        let named = |sql: &str| -> Vec<(String, String)> {
            let mut statement = self.conn.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let ours = format!(
            "SELECT type, name FROM {own}.sqlite_schema WHERE type = 'index' AND name GLOB '_cutover_*'"
        );
        for (kind, name) in named(&sql).into_iter().chain(named(&ours)) {
            let drop = format!("DROP {kind} IF EXISTS {own}.{}", quoted(&name));
            self.conn.execute_batch(&drop).unwrap_or_else(|error| panic!("{drop}: {error}"));
        }
    }

    /// The tables of the side that takes writes.
    pub(crate) fn own(&self) -> &'c [Table] {
        tables(self.case, self.side)
    }

    /// The tables of the other side.
    pub(crate) fn mirrored(&self) -> &'c [Table] {
        tables(self.case, self.side.opposite())
    }

    fn mappings(&self, side: Side) -> &'c [Mapping] {
        match side {
            Side::Old => &self.case.plan.forward,
            Side::New => &self.case.plan.backward,
        }
    }

    /// Fills the other side's tables, lets `look` see them, and empties them again. The
    /// error is SQLite's, or tells of two rows with the same key.
    pub(crate) fn derived<T>(&self, look: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        self.conn.execute_batch("SAVEPOINT derived").unwrap();
        let other = schema(self.side.opposite());
        let filled = self
            .mappings(self.side)
            .iter()
            .try_for_each(|mapping| {
                self.conn
                    .execute_batch(&mapping.insert(other))
                    .map_err(|error| error.to_string())
                    .and_then(|()| self.gives_keys(mapping))
            })
            .and_then(|()| self.mirrored().iter().try_for_each(|table| self.unambiguous(table)));
        let seen = filled.and_then(|()| look());
        self.conn.execute_batch("ROLLBACK TO derived; RELEASE derived").unwrap();
        seen
    }

    /// SQLite makes a number of its own of NULL in an INTEGER PRIMARY KEY: that is no row
    /// that the mapping gives.
    fn gives_keys(&self, mapping: &Mapping) -> Result<(), String> {
        let table = self.mirrored().iter().find(|table| table.name == mapping.table);
        let Some(table) = table.filter(|table| table.key_kind != KeyKind::Plain) else {
            return Ok(());
        };
        let Some(at) = mapping.columns.iter().position(|column| *column == table.key[0]) else {
            return Ok(());
        };
        let columns: Vec<String> = (0..mapping.columns.len()).map(|n| format!("c{n}")).collect();
        let sql = format!(
            "WITH d ({}) AS ({}) SELECT EXISTS (SELECT 1 FROM d WHERE c{at} IS NULL)",
            columns.join(", "),
            mapping.select
        );
        let missing: bool = self.conn.query_row(&sql, [], |row| row.get(0)).unwrap();
        if missing { Err(format!("a row of {} has no key", table.name)) } else { Ok(()) }
    }

    /// SQLite lets several NULLs into a key; a mirror's rows must be told apart.
    fn unambiguous(&self, table: &Table) -> Result<(), String> {
        let key: Vec<String> = table.key.iter().map(|column| quoted(column)).collect();
        let twice: bool = self
            .conn
            .query_row(
                &format!(
                    "SELECT EXISTS (SELECT 1 FROM {}.{} GROUP BY {} HAVING count(*) > 1)",
                    schema(self.side.opposite()),
                    quoted(&table.name),
                    key.join(", ")
                ),
                [],
                |row| row.get(0),
            )
            .unwrap();
        if twice { Err(format!("two rows of {} have the same key", table.name)) } else { Ok(()) }
    }

    /// Whether what the other side would hold can be carried over here again: where this
    /// side's constraints don't take it, it can't become the mirror.
    pub(crate) fn fits_again(&self) -> Result<(), String> {
        self.derived(|| {
            self.mappings(self.side.opposite()).iter().try_for_each(|mapping| {
                self.conn.execute_batch(&mapping.insert("back")).map_err(|error| error.to_string())
            })
        })
    }

    /// Whether every row that the other side would hold refers to one that it would hold as
    /// well: its foreign keys hold as soon as writes enter it.
    pub(crate) fn refers(&self) -> Result<(), String> {
        self.derived(|| {
            let check = format!("PRAGMA {}.foreign_key_check", schema(self.side.opposite()));
            let mut statement = self.conn.prepare(&check).unwrap();
            match statement.query([]).unwrap().next().unwrap() {
                None => Ok(()),
                Some(row) => {
                    let (child, parent): (String, String) =
                        (row.get(0).unwrap(), row.get(2).unwrap());
                    Err(format!("a row of {child} refers to none of {parent}"))
                }
            }
        })
    }

    /// Whether every row can be had back from the other side; if not, which not, or why.
    pub(crate) fn comes_back(&self) -> Result<(), String> {
        self.derived(|| {
            for mapping in self.mappings(self.side.opposite()) {
                self.conn
                    .execute_batch(&mapping.insert("back"))
                    .map_err(|error| error.to_string())?;
            }
            let lost: Vec<String> = self
                .own()
                .iter()
                .filter_map(|table| {
                    let of = |schema: &str| {
                        format!(
                            "SELECT {} FROM {schema}.{}",
                            table.column_list(),
                            quoted(&table.name)
                        )
                    };
                    difference(
                        &table.name,
                        Rows { name: "the source", conn: &self.conn, sql: &of(schema(self.side)) },
                        Rows { name: "what comes back", conn: &self.conn, sql: &of("back") },
                    )
                })
                .collect();
            self.conn
                .execute_batch(
                    &self
                        .own()
                        .iter()
                        .map(|table| format!("DELETE FROM back.{};", quoted(&table.name)))
                        .collect::<String>(),
                )
                .unwrap();
            if lost.is_empty() { Ok(()) } else { Err(lost.join("\n")) }
        })
    }

    /// What differs on the side that takes writes: its tables, what else the application
    /// has, and its log as long as only programs write to what it looks at.
    /// `bearer` is the side that has the names that both have: just after a flip it is
    /// the other one.
    pub(crate) fn own_differences(&self, live: &Connection, bearer: Side) -> Vec<String> {
        let own = schema(self.side);
        let mut queries: Vec<(String, String, String)> = self
            .own()
            .iter()
            .map(|table| {
                let here = lies_as(self.case, self.side, &table.name, bearer);
                let rowid = if table.hides_a_rowid() { ", rowid" } else { "" };
                let columns = format!("{}{rowid}", table.column_list());
                (quoted(&table.name), quoted(&here), columns)
            })
            .collect();
        let mut same = |name: &str, columns: String| {
            queries.push((quoted(name), quoted(name), columns));
        };
        for table in &self.case.referring {
            same(&table.name, table.column_list());
        }
        // A view of a table that changes in place gives the new rows once they have the name.
        for (name, _) in self.case.views.iter().filter(|_| bearer == self.side) {
            same(name, "*".to_owned());
        }
        if self.side == Side::Old || self.triggers_move() {
            same(LOG, "what".to_owned());
        }
        queries
            .iter()
            .filter_map(|(table, here, columns)| {
                difference(
                    table,
                    Rows {
                        name: "the twin",
                        conn: &self.conn,
                        sql: &format!("SELECT {columns} FROM {own}.{table}"),
                    },
                    Rows {
                        name: "the database",
                        conn: live,
                        sql: &format!("SELECT {columns} FROM main.{here}"),
                    },
                )
            })
            .collect()
    }

    /// Gives the tables that take writes triggers that do nothing, or takes them off: SQLite
    /// answers some statements otherwise wherever a table has a trigger, anyone's.
    pub(crate) fn idle_triggers(&self, there: bool) -> rusqlite::Result<()> {
        let own = schema(self.side);
        for (n, table) in self.own().iter().chain(&self.case.referring).enumerate() {
            for (m, when) in ["BEFORE", "AFTER"].iter().enumerate() {
                for event in ["INSERT", "UPDATE", "DELETE"] {
                    let name = format!("temp.idle_{n}_{m}_{event}");
                    self.conn.execute_batch(&match there {
                        true => format!(
                            "CREATE TRIGGER {name} {when} {event} ON {own}.{} BEGIN SELECT 1; END",
                            quoted(&table.name)
                        ),
                        false => format!("DROP TRIGGER {name}"),
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Whether the application's triggers are on tables that change in place: there they
    /// follow the programs to the new table, and no mirror has any.
    fn triggers_move(&self) -> bool {
        let plan = &self.case.plan;
        self.case.triggers.iter().all(|trigger| {
            plan.old.iter().any(|table| {
                plan.shares(&table.name)
                    && trigger.contains(&format!(" ON {} BEGIN", quoted(&table.name)))
            })
        })
    }

    /// What differs between the other side, as the mappings give it here, and the
    /// mirror. An error says that the mappings give nothing.
    pub(crate) fn mirror_differences(
        &self,
        live: &Connection,
        bearer: Side,
    ) -> Result<Vec<String>, String> {
        self.derived(|| {
            let found = self.mirrored().iter().filter_map(|table| {
                difference(
                    &table.name,
                    Rows {
                        name: "what the mapping gives",
                        conn: &self.conn,
                        sql: &rows_of(self.case, self.side.opposite(), table, None),
                    },
                    Rows {
                        name: "the database",
                        conn: live,
                        sql: &rows_of(self.case, self.side.opposite(), table, Some(bearer)),
                    },
                )
            });
            Ok(found.collect())
        })
    }

    /// Copies what a live view gives into a table whose columns have the old table's types:
    /// a view converts nothing, and gives 7.0 where the old table would have stored 7.
    fn read_view(&self, live: &Connection, table: &Table, view: &str) {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| {
                // ANY of a STRICT table keeps values as a column without a type does.
                let any = table.strict && matches!(column.kind, "" | "NUMERIC");
                format!("{} {}", quoted(&column.name), if any { "" } else { column.kind })
            })
            .collect();
        // Nested in the transaction in which the old rows are derived.
        self.conn
            .execute_batch(&format!(
                "DROP TABLE IF EXISTS temp.seen; CREATE TABLE temp.seen ({})",
                columns.join(", ")
            ))
            .unwrap();
        let view = quoted(view);
        let mut from =
            live.prepare(&format!("SELECT {} FROM {view}", table.column_list())).unwrap();
        let marks = vec!["?"; columns.len()].join(", ");
        let mut into =
            self.conn.prepare(&format!("INSERT INTO temp.seen VALUES ({marks})")).unwrap();
        let mut rows = from.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for n in 0..columns.len() {
                // A text made of bytes need not be UTF-8.
                let value = ToSqlOutput::Borrowed(row.get_ref(n).unwrap());
                into.raw_bind_parameter(n + 1, value).unwrap();
            }
            into.raw_execute().unwrap();
        }
    }

    /// What differs between the live views and the old rows, which are here or derived. Once
    /// the migration is retired, the old names give the same rows.
    pub(crate) fn view_differences(&self, live: &Connection, retired: bool) -> Vec<String> {
        let compare = || {
            let old = tables(self.case, Side::Old).iter();
            let views = old.flat_map(|table| {
                let tombstone = retired && !self.case.plan.shares(&table.name);
                let live = (table, format!("cutover_live_{}", table.name));
                [live].into_iter().chain(tombstone.then(|| (table, table.name.clone())))
            });
            let found = views.filter_map(|(table, view)| {
                self.read_view(live, table, &view);
                difference(
                    &format!("the view {view} of {}", table.name),
                    Rows {
                        name: "the twin",
                        conn: &self.conn,
                        sql: &rows_of(self.case, Side::Old, table, None),
                    },
                    Rows {
                        name: "the live view",
                        conn: &self.conn,
                        sql: "SELECT * FROM temp.seen",
                    },
                )
            });
            found.collect::<Vec<_>>()
        };
        let _ = self.conn.execute_batch("DROP TABLE IF EXISTS temp.seen");
        match self.side {
            Side::Old => compare(),
            Side::New => self.derived(|| Ok(compare())).unwrap_or_default(),
        }
    }
}

/// The query by which a table is compared: on the twin, or on the database, where one side
/// has the names that both have.
fn rows_of(case: &Case, side: Side, table: &Table, bearer: Option<Side>) -> String {
    let place = |name: &str| match bearer {
        None => format!("{}.{}", schema(side), quoted(name)),
        Some(bearer) => format!("main.{}", quoted(&lies_as(case, side, name, bearer))),
    };
    match side {
        Side::New => case.plan.new_rows(table, &place),
        Side::Old => format!("SELECT {} FROM {}", table.column_list(), place(&table.name)),
    }
}

/// Under which name a table of `side` lies while `bearer` has the names that both have.
pub(crate) fn lies_as(case: &Case, side: Side, table: &str, bearer: Side) -> String {
    if side != bearer && case.plan.shares(table) { side.aside(table) } else { table.to_owned() }
}

pub(crate) fn tables(case: &Case, side: Side) -> &[Table] {
    match side {
        Side::Old => &case.plan.old,
        Side::New => &case.plan.new,
    }
}

pub(crate) fn schema(side: Side) -> &'static str {
    match side {
        Side::Old => "old",
        Side::New => "new",
    }
}
