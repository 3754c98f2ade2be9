//! What both sides must hold after a statement, worked out on a database without any of our
//! triggers: the statement runs on its own side, and the other side gets what the laws say, row by
//! row, from the mapping's SELECTs before and after it.
//!
//! A column of the model's old tables tells which row became which: an UPDATE keeps it, and a row
//! that a REPLACE makes has none.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::classes::{Class, Forward};
use super::values::{Row, by_key, columns, rows};

const TAG: &str = "_tag";

/// What becomes of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done {
        changes: usize,
        last_rowid: i64,
    },
    /// Its own side refuses it.
    Fails,
    /// The other side can't follow.
    Refused(String),
}

pub(super) struct Model {
    class: &'static Class,
    conn: Connection,
}

/// A mapping's SELECT without its sides.
pub(super) fn plain(sql: &str) -> String {
    sql.replace("old.", "").replace("new.", "")
}

/// Makes both sides' tables, without rows.
pub(super) fn make(conn: &Connection, class: &Class) {
    for (_, definition) in class.old {
        conn.execute_batch(definition).expect(definition);
    }
    conn.execute_batch(&plain(class.new)).expect(class.new);
    conn.execute_batch(class.beside).expect(class.beside);
}

/// Fills the new side.
pub(super) fn fill(conn: &Connection, class: &Class) {
    for forward in class.forward {
        let sql = format!(
            "INSERT INTO {} ({}) {}",
            forward.table,
            forward.columns.join(", "),
            plain(forward.select)
        );
        conn.execute_batch(&sql).expect(&sql);
    }
}

/// Every table of the class.
pub(super) fn tables(class: &Class) -> Vec<String> {
    let mut names: Vec<String> = class.old.iter().map(|(name, _)| (*name).to_owned()).collect();
    for forward in class.forward {
        if !names.iter().any(|name| name == forward.table) {
            names.push(forward.table.to_owned());
        }
    }
    if let Some(rest) = class.beside.strip_prefix("CREATE TABLE ") {
        names.extend(rest.split_whitespace().next().map(str::to_owned));
    }
    names
}

impl Forward {
    fn key_positions(&self) -> Vec<usize> {
        let at = |name: &&str| self.columns.iter().position(|column| column == name);
        self.key.iter().filter_map(at).collect()
    }

    fn owner_position(&self) -> Option<usize> {
        let (_, column) = self.owner?;
        self.key.iter().position(|name| *name == column)
    }

    fn given(&self, conn: &Connection) -> BTreeMap<Row, Row> {
        by_key(rows(conn, &plain(self.select)), &self.key_positions())
    }

    fn held(&self, conn: &Connection, key: &Row) -> Option<Row> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {}",
            self.columns.join(", "),
            self.table,
            self.is(key)
        );
        rows(conn, &sql).pop()
    }

    fn is(&self, key: &Row) -> String {
        let parts: Vec<String> =
            self.key.iter().zip(key).map(|(name, value)| format!("{name} IS {value}")).collect();
        parts.join(" AND ")
    }

    fn values(&self) -> Vec<usize> {
        let key = self.key_positions();
        (0..self.columns.len()).filter(|at| !key.contains(at)).collect()
    }
}

/// What is to happen to the rows of one target.
#[derive(Default)]
struct Plan {
    /// From the key it is held under, what was given, what is given.
    set: Vec<(Row, Row, Row)>,
    made: Vec<Row>,
    dropped: Vec<Row>,
    /// Dropped though the old row is still there: by the new key of that.
    left: BTreeMap<Row, Row>,
}

impl Model {
    pub(super) fn new(class: &'static Class, foreign_keys: bool) -> Self {
        let conn = Connection::open_in_memory().expect("memory");
        make(&conn, class);
        for (name, _) in class.old {
            conn.execute_batch(&format!("ALTER TABLE {name} ADD COLUMN {TAG}")).expect("tag");
        }
        let on = if foreign_keys { "ON" } else { "OFF" };
        conn.execute_batch(&format!("PRAGMA foreign_keys = {on}")).expect("pragma");
        Self { class, conn }
    }

    pub(super) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// The rows of each table.
    pub(super) fn contents(&self) -> BTreeMap<String, Vec<Row>> {
        contents(&self.conn, self.class)
    }

    /// A statement of an old program.
    pub(super) fn old_statement(&self, sql: &str) -> Verdict {
        self.decide(|| {
            let mut before: Vec<BTreeMap<Row, Row>> = Vec::new();
            for (name, _) in self.class.old {
                self.run(&format!("UPDATE {name} SET {TAG} = id"));
            }
            for forward in self.class.forward {
                before.push(forward.given(&self.conn));
            }
            let ids = |(name, _): &(&str, &str)| {
                rows(&self.conn, &format!("SELECT id FROM {name}")).concat()
            };
            let existed: Vec<Row> = self.class.old.iter().map(ids).collect();
            let done = self.conn.execute(sql, []);
            if done.is_err() && (self.conn.is_autocommit() || !sql.contains("OR FAIL")) {
                return Ok(Verdict::Fails);
            }
            let last_rowid = self.conn.last_insert_rowid();
            let mut plans = Vec::new();
            for (forward, before) in self.class.forward.iter().zip(&before) {
                let plan = self.plan(forward, before, &existed);
                if forward.owner.is_some() && plan.left.is_empty() {
                    self.drop(forward, &plan)?;
                }
                self.put(forward, &plan)?;
                plans.push(plan);
            }
            self.move_along(&plans)?;
            for (forward, plan) in self.class.forward.iter().zip(&plans).rev() {
                self.drop(forward, plan)?;
            }
            self.comes_back()?;
            Ok(match done {
                Ok(changes) => Verdict::Done { changes, last_rowid },
                Err(_) => Verdict::Done { changes: usize::MAX, last_rowid },
            })
        })
    }

    /// A statement of a new program: the old side is what the way back gives.
    pub(super) fn new_statement(&self, sql: &str) -> Verdict {
        self.decide(|| {
            let done = self.conn.execute(sql, []);
            if done.is_err() && (self.conn.is_autocommit() || !sql.contains("OR FAIL")) {
                return Ok(Verdict::Fails);
            }
            let last_rowid = self.conn.last_insert_rowid();
            for (table, columns, select) in self.class.backward {
                self.run(&format!("DELETE FROM {table}"));
                let sql = format!("INSERT INTO {table} ({columns}) {}", plain(select));
                self.try_run(&sql)?;
            }
            Ok(match done {
                Ok(changes) => Verdict::Done { changes, last_rowid },
                Err(_) => Verdict::Done { changes: usize::MAX, last_rowid },
            })
        })
    }

    fn decide(&self, work: impl FnOnce() -> Result<Verdict, String>) -> Verdict {
        self.run("BEGIN");
        self.run("PRAGMA defer_foreign_keys = ON");
        let verdict = work().unwrap_or_else(Verdict::Refused);
        if self.conn.is_autocommit() {
            return verdict;
        }
        if matches!(verdict, Verdict::Done { .. }) {
            // A foreign key fails at the commit: they are deferred here.
            if self.conn.execute_batch("COMMIT").is_ok() {
                return verdict;
            }
            self.run("ROLLBACK");
            return Verdict::Fails;
        }
        self.run("ROLLBACK");
        verdict
    }

    fn run(&self, sql: &str) {
        self.conn.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    fn try_run(&self, sql: &str) -> Result<(), String> {
        self.conn.execute_batch(sql).map_err(|error| format!("{error}: {sql}"))
    }

    /// Which rows of an old table became which: by their keys before and after.
    fn became(&self, table: &str) -> BTreeMap<String, String> {
        let now = rows(&self.conn, &format!("SELECT {TAG}, id FROM {table}"));
        let mut became: BTreeMap<String, String> = BTreeMap::new();
        for row in now.iter().filter(|row| row[0] != "NULL") {
            became.insert(row[0].clone(), row[1].clone());
        }
        // A REPLACE of the same key.
        for row in now.iter().filter(|row| row[0] == "NULL") {
            became.entry(row[1].clone()).or_insert_with(|| row[1].clone());
        }
        became
    }

    fn plan(&self, forward: &Forward, before: &BTreeMap<Row, Row>, existed: &[Row]) -> Plan {
        let now = forward.given(&self.conn);
        match forward.owner.zip(forward.owner_position()) {
            Some(((table, _), position)) => {
                let number = self.class.old.iter().position(|(name, _)| *name == table);
                let existed = &existed[number.unwrap_or_default()];
                self.owned(forward, (before, &now), (table, position), existed)
            }
            None => shared(before, &now),
        }
    }

    fn owned(
        &self,
        forward: &Forward,
        (before, now): (&BTreeMap<Row, Row>, &BTreeMap<Row, Row>),
        (table, position): (&str, usize),
        existed: &Row,
    ) -> Plan {
        let mut plan = Plan::default();
        let became = self.became(table);
        let mut met: Vec<Row> = Vec::new();
        for (key, was) in before {
            let Some(owner) = became.get(&key[position]) else {
                plan.dropped.push(key.clone());
                continue;
            };
            let mut own = key.clone();
            own[position].clone_from(owner);
            met.push(own.clone());
            match now.get(&own) {
                Some(is) => plan.set.push((key.clone(), was.clone(), is.clone())),
                None if forward.optional => {
                    let key_positions = forward.key_positions();
                    let mut nothing = vec!["NULL".to_owned(); was.len()];
                    for (at, value) in key_positions.iter().zip(&own) {
                        nothing[*at].clone_from(value);
                    }
                    plan.set.push((key.clone(), was.clone(), nothing));
                }
                None => {
                    plan.left.insert(own, key.clone());
                    plan.dropped.push(key.clone());
                }
            }
        }
        // An optional row that the mapping did not give, and the new side has.
        if forward.optional {
            for (was_owner, owner) in &became {
                let (key, own) = (vec![was_owner.clone()], vec![owner.clone()]);
                if met.contains(&own) || !existed.contains(was_owner) {
                    continue;
                }
                let Some(held) = forward.held(&self.conn, &key) else { continue };
                met.push(own.clone());
                let mut same = held.clone();
                for (at, value) in forward.key_positions().iter().zip(&own) {
                    same[*at].clone_from(value);
                }
                let is = now.get(&own).cloned().unwrap_or(same);
                plan.set.push((key, held, is));
            }
        }
        plan.made =
            now.iter().filter(|(key, _)| !met.contains(key)).map(|(_, row)| row.clone()).collect();
        plan
    }

    fn put(&self, forward: &Forward, plan: &Plan) -> Result<(), String> {
        let table = forward.table;
        let moves = plan.set.iter().filter(|(key, _, is)| *key != key_of(forward, is));
        let moves: Vec<_> = moves.collect();
        let leaving: Vec<&Row> =
            moves.iter().map(|(key, ..)| key).chain(plan.dropped.iter()).collect();
        for (_, _, is) in &moves {
            let key = key_of(forward, is);
            if !leaving.contains(&&key) && forward.held(&self.conn, &key).is_some() {
                return Err("a row is hidden under the key".to_owned());
            }
        }
        // Out of each other's way first.
        for (number, (key, _, is)) in moves.iter().enumerate() {
            let aside = self.aside(forward, number, is);
            self.try_run(&format!("UPDATE {table} SET {aside} WHERE {}", forward.is(key)))?;
        }
        let dropped: Vec<&Row> = plan.dropped.iter().collect();
        let in_the_way = moves.iter().map(|(_, _, is)| key_of(forward, is));
        for key in in_the_way.filter(|key| dropped.contains(&key)) {
            self.try_run(&format!("DELETE FROM {table} WHERE {}", forward.is(&key)))?;
        }
        for (number, (_, _, is)) in moves.iter().enumerate() {
            let aside = self.aside(forward, number, is).replace(", ", " AND ");
            let key = key_of(forward, is);
            let set: Vec<String> = forward
                .key
                .iter()
                .zip(&key)
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            self.try_run(&format!("UPDATE {table} SET {} WHERE {aside}", set.join(", ")))?;
        }
        let mut values: Vec<String> = Vec::new();
        for (_, was, is) in &plan.set {
            let key = key_of(forward, is);
            let Some(held) = forward.held(&self.conn, &key) else { continue };
            let mut set = Vec::new();
            for at in forward.values() {
                let name = forward.columns[at];
                let follows = !forward.unread.contains(&name) || held[at] == was[at];
                if was[at] != is[at] && follows {
                    set.push(format!("{name} = {}", is[at]));
                }
            }
            if !set.is_empty() {
                values.push(format!(
                    "UPDATE {table} SET {} WHERE {}",
                    set.join(", "),
                    forward.is(&key)
                ));
            }
        }
        self.in_any_order(values)?;
        for row in &plan.made {
            self.make(forward, row, &leaving)?;
        }
        Ok(())
    }

    /// Runs statements that may be in each other's way: a unique value moves from row to row.
    fn in_any_order(&self, mut statements: Vec<String>) -> Result<(), String> {
        while !statements.is_empty() {
            let (mut left, mut last) = (Vec::new(), String::new());
            for sql in &statements {
                if let Err(error) = self.try_run(sql) {
                    last = error;
                    left.push(sql.clone());
                }
            }
            if left.len() == statements.len() {
                return Err(last);
            }
            statements = left;
        }
        Ok(())
    }

    fn aside(&self, forward: &Forward, number: usize, is: &Row) -> String {
        let position = forward.owner_position().unwrap_or_default();
        let key = key_of(forward, is);
        let parts: Vec<String> = forward
            .key
            .iter()
            .zip(&key)
            .enumerate()
            .map(|(at, (name, value))| match at == position {
                true => {
                    format!("{name} = {}", -1_000_000 - i64::try_from(number).unwrap_or_default())
                }
                false => format!("{name} = {value}"),
            })
            .collect();
        parts.join(", ")
    }

    fn make(&self, forward: &Forward, row: &Row, leaving: &[&Row]) -> Result<(), String> {
        let key = key_of(forward, row);
        if leaving.contains(&&key) {
            self.try_run(&format!("DELETE FROM {} WHERE {}", forward.table, forward.is(&key)))?;
        }
        if let Some(held) = forward.held(&self.conn, &key) {
            let shared = forward.owner.is_none();
            let values = forward.values();
            let differs = values.iter().any(|at| {
                let matters = !shared || !forward.unread.contains(&forward.columns[*at]);
                matters && held[*at] != row[*at] && !(shared && held[*at] == "NULL")
            });
            if differs {
                return Err("a row is hidden under the key".to_owned());
            }
            let takes: Vec<String> = values
                .iter()
                .filter(|at| held[**at] == "NULL")
                .map(|at| format!("{} = {}", forward.columns[*at], row[*at]))
                .collect();
            return match takes.is_empty() {
                true => Ok(()),
                false => self.try_run(&format!(
                    "UPDATE {} SET {} WHERE {}",
                    forward.table,
                    takes.join(", "),
                    forward.is(&key)
                )),
            };
        }
        self.try_run(&format!(
            "INSERT INTO {} ({}) VALUES ({})",
            forward.table,
            forward.columns.join(", "),
            row.join(", ")
        ))
    }

    /// Where a row leaves one target and comes to another: what has a column of the same name goes
    /// along, and what has none must be nothing.
    fn move_along(&self, plans: &[Plan]) -> Result<(), String> {
        for (from, plan) in self.class.forward.iter().zip(plans) {
            for (own, held) in &plan.left {
                self.move_row(from, own, held, plans)?;
            }
        }
        Ok(())
    }

    fn move_row(
        &self,
        from: &Forward,
        own: &Row,
        held: &Row,
        plans: &[Plan],
    ) -> Result<(), String> {
        let to = self.class.forward.iter().zip(plans).find(|(to, plan)| {
            to.table != from.table && plan.made.iter().any(|row| key_of(to, row) == *own)
        });
        let Some((to, _)) = to else { return Ok(()) };
        for column in columns(&self.conn, from.table) {
            if from.columns.contains(&column.as_str()) {
                continue;
            }
            let sql = format!("SELECT {column} FROM {} WHERE {}", from.table, from.is(held));
            let Some(value) = rows(&self.conn, &sql).pop().map(|row| row[0].clone()) else {
                continue;
            };
            if columns(&self.conn, to.table).contains(&column) {
                self.try_run(&format!(
                    "UPDATE {} SET {column} = {value} WHERE {}",
                    to.table,
                    to.is(own)
                ))?;
            } else if value != "NULL" {
                return Err(format!("{column} has nowhere to go"));
            }
        }
        Ok(())
    }

    fn drop(&self, forward: &Forward, plan: &Plan) -> Result<(), String> {
        let kept: Vec<Row> = plan
            .set
            .iter()
            .map(|(_, _, is)| key_of(forward, is))
            .chain(plan.made.iter().map(|row| key_of(forward, row)))
            .collect();
        for key in plan.dropped.iter().filter(|key| !kept.contains(key)) {
            let delete = format!("DELETE FROM {} WHERE {}", forward.table, forward.is(key));
            if forward.owner.is_some() {
                self.try_run(&delete)?;
                continue;
            }
            let shown = self.shown();
            self.run("SAVEPOINT gone");
            self.try_run(&delete)?;
            if self.shown() == shown {
                self.run("ROLLBACK TO gone");
            }
            self.run("RELEASE gone");
        }
        Ok(())
    }

    /// What the way back gives.
    fn shown(&self) -> Vec<Vec<Row>> {
        let backward = self.class.backward.iter();
        backward.map(|(_, _, select)| rows(&self.conn, &plain(select))).collect()
    }

    fn comes_back(&self) -> Result<(), String> {
        for ((table, columns, _), shown) in self.class.backward.iter().zip(self.shown()) {
            if rows(&self.conn, &format!("SELECT {columns} FROM {table}")) != shown {
                return Err(format!("{table} does not come back"));
            }
        }
        Ok(())
    }
}

fn shared(before: &BTreeMap<Row, Row>, now: &BTreeMap<Row, Row>) -> Plan {
    let mut plan = Plan::default();
    for (key, was) in before {
        match now.get(key) {
            Some(is) => plan.set.push((key.clone(), was.clone(), is.clone())),
            None => plan.dropped.push(key.clone()),
        }
    }
    plan.made = now
        .iter()
        .filter(|(key, _)| !before.contains_key(*key))
        .map(|(_, row)| row.clone())
        .collect();
    plan
}

fn key_of(forward: &Forward, row: &Row) -> Row {
    forward.key_positions().into_iter().map(|at| row[at].clone()).collect()
}

/// The rows of each table, without what only the model has.
pub(super) fn contents(conn: &Connection, class: &Class) -> BTreeMap<String, Vec<Row>> {
    let read = |table: String| {
        let mut names = columns(conn, &table);
        names.retain(|name| name != TAG);
        let found = rows(conn, &format!("SELECT {} FROM {table}", names.join(", ")));
        (table, found)
    };
    tables(class).into_iter().map(read).collect()
}
