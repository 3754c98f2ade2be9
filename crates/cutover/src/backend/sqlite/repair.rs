//! Makes a target hold what its mapping gives, row by row, where rows stand in each other's
//! way or the table refuses some of them.
//!
//! A unique value that a row is to get may be held by a row that is not up to date itself.
//! Such a row gives way: it is removed, and put back with the values the mapping gives it. A
//! row that the table refuses for another reason, or that an up-to-date row stands in the way
//! of, is told, and everything else is done.
//!
//! `OR ABORT` overrides whatever a constraint of the table says ON CONFLICT: nothing is
//! replaced, ignored or filled in silently (<https://www.sqlite.org/lang_conflict.html>).

use crate::backend::sqlite::Db;
use crate::backend::sqlite::blame::{Blame, blame};
use crate::backend::sqlite::connection::message;
use crate::backend::sqlite::difference::{Diff, Kind};
use crate::backend::sqlite::row_errors::may_be_a_row;
use crate::backend::sqlite::value::{Value, changes_class, show};
use crate::derive::derived::{Part, Place, derived, differs};
use crate::derive::sql::{ident, idents, join, text};
use crate::derive::target::Target;
use crate::error::{Error, Result};
use crate::schema::Affinity;
use std::collections::{HashMap, HashSet};

use rusqlite::Row;

/// A row that the target can't hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    /// As the mapping gives it, or as it stands where it can't be removed; in the order of the
    /// list.
    pub(crate) row: Vec<Value>,
    pub(crate) reason: String,
}

/// What became of the differences.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    pub(crate) refused: Vec<Refused>,
    /// Scopes of rows that gave way and have still to be put back.
    pub(crate) freed: Vec<Vec<Value>>,
}

/// Why nothing became of them.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(Error),
    /// A trigger has rolled the whole transaction back over this row.
    Ended {
        row: String,
        reason: String,
    },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Rows from outside of the differences that are put back in the same transaction. More of
/// them are left to the caller, so that it stays short.
const PUT_BACK_AT_ONCE: usize = 64;

/// Applies differences. Rows whose `token` is in `stubborn` are refused without being tried:
/// they end the transaction.
pub(crate) fn repair(
    db: &Db,
    target: &Target,
    place: Place,
    diffs: Vec<Diff>,
    stubborn: &HashMap<String, String>,
) -> std::result::Result<Repaired, Stop> {
    let of = |kind| diffs.iter().filter(move |diff| diff.kind == kind).cloned();
    let jobs = of(Kind::Extra).chain(of(Kind::Different)).chain(of(Kind::Missing));
    let jobs: Vec<Job> = jobs
        .map(|Diff { kind, row, .. }| Job { kind, row, whole: None, state: State::Waiting })
        .collect();
    let mut repair = Repair::new(db, target, place, jobs, stubborn);
    let done = repair.run();
    let tidied = repair.remove_probe();
    done.and_then(|()| Ok(tidied?)).map(|()| repair.repaired)
}

/// What tells a row of a table from the others, for rows that were derived and rows that are
/// stored alike.
pub(crate) fn token(target: &Target, row: &[Value]) -> String {
    let key = target.key.columns.iter().filter_map(|name| {
        let position = target.columns.iter().position(|column| column == name)?;
        row.get(position)
    });
    let mut token = target.table.known_as.clone();
    for value in key {
        let part = match value {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range")]
            Value::Real(real) if real.fract() == 0.0 && real.abs() < 9e18 => {
                format!("{:?}", Value::Integer(*real as i64))
            }
            value => format!("{value:?}"),
        };
        token += "|";
        token += &part;
    }
    token
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Done,
    Refused,
}

#[derive(Debug)]
struct Job {
    kind: Kind,
    row: Vec<Value>,
    /// What else was stored in the row, where it was removed to be put back.
    whole: Option<Vec<(String, Value)>>,
    state: State,
}

/// How a statement for one row fared.
enum Fared {
    Written,
    /// It came to nothing, or to something else.
    Changed,
    /// Another row has a unique value of it.
    Conflict(String),
    Refused(String),
}

struct Repair<'a> {
    db: &'a Db,
    target: &'a Target,
    place: Place,
    table: String,
    stubborn: &'a HashMap<String, String>,
    jobs: Vec<Job>,
    by_token: HashMap<String, usize>,
    outside: usize,
    probing: bool,
    repaired: Repaired,
}

impl<'a> Repair<'a> {
    fn new(
        db: &'a Db,
        target: &'a Target,
        place: Place,
        jobs: Vec<Job>,
        stubborn: &'a HashMap<String, String>,
    ) -> Self {
        let tokens = jobs.iter().enumerate().map(|(n, job)| (token(target, &job.row), n));
        Self {
            table: place.table(target.direction.target(), &target.table.name),
            by_token: tokens.collect(),
            repaired: Repaired::default(),
            outside: 0,
            probing: false,
            db,
            target,
            place,
            stubborn,
            jobs,
        }
    }

    fn run(&mut self) -> std::result::Result<(), Stop> {
        let mut next = 0;
        // Rows that gave way are added behind.
        while next < self.jobs.len() {
            self.one(next)?;
            next += 1;
        }
        Ok(())
    }

    fn one(&mut self, n: usize) -> std::result::Result<(), Stop> {
        match self.put_right(n)? {
            None => self.jobs[n].state = State::Done,
            Some(reason) => self.refuse(n, reason),
        }
        Ok(())
    }

    /// Makes one row what it should be; gives why it can't be that.
    fn put_right(&mut self, n: usize) -> std::result::Result<Option<String>, Stop> {
        let job = &self.jobs[n];
        if let Some(reason) = self.stubborn.get(&token(self.target, &job.row)) {
            return Ok(Some(reason.clone()));
        }
        if job.kind == Kind::Extra {
            return Ok(match self.delete(&job.row)? {
                Fared::Written => None,
                Fared::Changed => Some("a trigger prevents the row's deletion".to_owned()),
                Fared::Conflict(reason) | Fared::Refused(reason) => Some(reason),
            });
        }
        if let Some(reason) = self.unfit(&job.row) {
            return Ok(Some(reason));
        }
        // Each round but the last frees at least one row.
        loop {
            let reason = match self.write(n, "ABORT")? {
                Fared::Written => return Ok(None),
                Fared::Changed => {
                    return Ok(Some("a trigger changes the row".to_owned()));
                }
                Fared::Refused(reason) => return Ok(Some(reason)),
                Fared::Conflict(reason) => reason,
            };
            let in_the_way = self.in_the_way(n)?;
            if in_the_way.is_empty() {
                return Ok(Some(reason));
            }
            for row in in_the_way {
                if !self.free(&row)? {
                    return Ok(Some(format!("{reason}: {} has it", self.named(&row))));
                }
            }
        }
    }

    fn refuse(&mut self, n: usize, reason: String) {
        let job = &mut self.jobs[n];
        job.state = State::Refused;
        // It is told under the name that people know.
        let (stored, known) = (&self.target.table.name, &self.target.table.known_as);
        let reason = reason.replace(stored.as_str(), known);
        self.repaired.refused.push(Refused { row: job.row.clone(), reason });
    }

    /// What SQLite would not refuse, but make something else of: NULL for a rowid becomes a
    /// new one, and a key of another type another key.
    fn unfit(&self, row: &[Value]) -> Option<String> {
        let (target, table) = (self.target, &self.target.table.known_as);
        let columns = target.columns.iter().zip(row);
        for (name, value) in columns {
            if *value == Value::Null && target.table.never_null(name) {
                return Some(format!("NOT NULL constraint failed: {table}.{name}"));
            }
            let affinity = target.column(name).map_or(Affinity::Blob, |column| column.affinity);
            if target.key.columns.contains(name) && changes_class(affinity, value) {
                let shown = show(value.into());
                return Some(format!("the key {table}.{name} stores {shown} as another type"));
            }
        }
        None
    }

    /// Writes a row: changes the one there is, or inserts it.
    fn write(&self, n: usize, or: &str) -> std::result::Result<Fared, Stop> {
        let (target, job) = (self.target, &self.jobs[n]);
        let (sql, values) = match job.kind {
            Kind::Different => {
                let values: Vec<&String> = target.values().collect();
                let set = join(&values, ", ", |c| format!("{} = {}", ident(c), self.parameter(c)));
                let table = &self.table;
                (format!("UPDATE OR {or} {table} SET {set} WHERE {}", self.same_key()), &[][..])
            }
            _ => {
                let rest = job.whole.as_deref().unwrap_or_default();
                let names = target.columns.iter().chain(rest.iter().map(|(name, _)| name));
                let names: Vec<&String> = names.collect();
                let marks: Vec<usize> = (1..=names.len()).collect();
                let marks = join(&marks, ", ", |n| format!("?{n}"));
                let (table, list) = (&self.table, idents("", &names));
                (format!("INSERT OR {or} INTO {table} ({list}) VALUES ({marks})"), rest)
            }
        };
        let values: Vec<&Value> =
            job.row.iter().chain(values.iter().map(|(_, value)| value)).collect();
        self.execute(&sql, &values, Some(&job.row))
    }

    fn delete(&self, row: &[Value]) -> std::result::Result<Fared, Stop> {
        let sql = format!("DELETE FROM {} WHERE {}", self.table, self.same_key());
        self.execute(&sql, &row.iter().collect::<Vec<_>>(), None)
    }

    fn parameter(&self, name: &str) -> String {
        let position = self.target.columns.iter().position(|column| column == name);
        format!("?{}", position.map_or(0, |position| position + 1))
    }

    fn same_key(&self) -> String {
        join(&self.target.key.columns, " AND ", |column| {
            let operator = if self.target.table.never_null(column) { "=" } else { "IS" };
            format!("{} {operator} {}", ident(column), self.parameter(column))
        })
    }

    /// Runs a statement for one row: all of it, or nothing. A trigger of the application may
    /// keep it from being done without an error, or leave half of it (`RAISE(FAIL)`).
    fn execute(
        &self,
        sql: &str,
        values: &[&Value],
        makes: Option<&[Value]>,
    ) -> std::result::Result<Fared, Stop> {
        let watched = !self.target.table.triggers.is_empty();
        let conn = self.db.conn();
        let failed = |source| self.db.error(&self.doing(), source);
        let savepoint = |sql: &str| {
            if watched { conn.execute_batch(sql).map_err(failed) } else { Ok(()) }
        };
        // One that can't be prepared is no fault of the row.
        let mut statement = conn.prepare_cached(sql).map_err(failed)?;
        for (position, value) in values.iter().enumerate() {
            if position < statement.parameter_count() {
                statement.raw_bind_parameter(position + 1, value).map_err(failed)?;
            }
        }
        savepoint("SAVEPOINT cutover_row")?;
        let fared = match statement.raw_execute() {
            Ok(0) => Fared::Changed,
            Ok(_) if !watched || self.is_made(makes)? => Fared::Written,
            Ok(_) => Fared::Changed,
            Err(source) => match blame(&source) {
                // A disk that fails ends the transaction too: that is no row's doing.
                Blame::Nothing => return Err(failed(source).into()),
                _ if conn.is_autocommit() => {
                    let row: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
                    return Err(Stop::Ended {
                        row: token(self.target, &row),
                        reason: message(&source),
                    });
                }
                Blame::Row => Fared::Refused(message(&source)),
                Blame::Another => Fared::Conflict(message(&source)),
            },
        };
        let undo = !matches!(fared, Fared::Written);
        savepoint(if undo {
            "ROLLBACK TO cutover_row; RELEASE cutover_row"
        } else {
            "RELEASE cutover_row"
        })?;
        Ok(fared)
    }

    /// Whether the table holds the row as it was meant to.
    fn is_made(&self, row: Option<&[Value]>) -> Result<bool> {
        let Some(row) = row else { return Ok(true) };
        let target = self.target;
        let differs = differs(target, target.values(), "t", &|column| self.parameter(column));
        let but = differs.map_or_else(String::new, |differs| format!(" AND NOT ({differs})"));
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} AS t WHERE {}{but})",
            self.table,
            self.same_key()
        );
        let look = || -> rusqlite::Result<bool> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            for (position, value) in row.iter().enumerate() {
                if position < statement.parameter_count() {
                    statement.raw_bind_parameter(position + 1, value)?;
                }
            }
            let mut rows = statement.raw_query();
            Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(false))
        };
        look().map_err(|source| self.db.error(&self.doing(), source))
    }

    /// The rows that have a unique value of this one, on whatever constraint or index: those
    /// that a REPLACE would remove. It is tried, looked at, and undone.
    fn in_the_way(&mut self, n: usize) -> std::result::Result<Vec<Vec<Value>>, Stop> {
        let conn = self.db.conn();
        let failed = |source| Stop::Failed(self.db.error("looking for conflicting rows", source));
        if !self.probing {
            let columns: Vec<usize> = (0..self.target.columns.len()).collect();
            let sql = format!(
                "CREATE TEMP TABLE IF NOT EXISTS cutover_victims ({}); \
                 CREATE TEMP TRIGGER cutover_probe AFTER DELETE ON main.{} BEGIN \
                 INSERT INTO cutover_victims VALUES ({}); END",
                join(&columns, ", ", |n| format!("c{n}")),
                ident(&self.target.table.name),
                join(&self.target.columns, ", ", |column| format!("OLD.{}", ident(column))),
            );
            conn.execute_batch(&sql).map_err(failed)?;
            self.probing = true;
        }
        // With this setting a REPLACE fires DELETE triggers for what it removes
        // (https://www.sqlite.org/pragma.html#pragma_recursive_triggers).
        let set = "SAVEPOINT cutover_look; DELETE FROM temp.cutover_victims; \
                   PRAGMA recursive_triggers = ON";
        conn.execute_batch(set).map_err(failed)?;
        let tried = self.write(n, "REPLACE");
        conn.execute_batch("PRAGMA recursive_triggers = OFF").map_err(failed)?;
        tried?;
        let width = self.target.columns.len();
        let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
            let row = |row: &Row<'_>| (0..width).map(|n| row.get(n)).collect();
            conn.prepare("SELECT * FROM temp.cutover_victims")?.query_map([], row)?.collect()
        };
        let found = read().map_err(failed)?;
        conn.execute_batch("ROLLBACK TO cutover_look; RELEASE cutover_look").map_err(failed)?;
        Ok(found)
    }

    fn remove_probe(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.probing) || self.db.conn().is_autocommit() {
            // What rolled the transaction back has removed it as well.
            return Ok(());
        }
        let sql =
            "DROP TRIGGER IF EXISTS temp.cutover_probe; DROP TABLE IF EXISTS temp.cutover_victims";
        self.db.batch("looking for conflicting rows", sql)
    }

    /// Makes a row that stands in the way give way, if it differs from what the mapping gives.
    fn free(&mut self, row: &[Value]) -> std::result::Result<bool, Stop> {
        let known = self.by_token.get(&token(self.target, row)).copied();
        let state = known.map(|n| (self.jobs[n].state, self.jobs[n].kind));
        match (known, state) {
            (_, Some((State::Done, _))) => return Ok(false),
            // It stays as it was for want of room for what it should be.
            (_, Some((State::Refused, Kind::Different))) => return self.remove(row),
            (Some(n), Some((State::Waiting, Kind::Different))) => {
                let whole = self.whole(row)?;
                let removed = self.remove(row)?;
                if removed {
                    self.jobs[n].kind = Kind::Missing;
                    self.jobs[n].whole = Some(whole);
                }
                return Ok(removed);
            }
            _ => {}
        }
        let given = match self.given(row) {
            // It can't be told what it should be: it stays only where nothing needs its place.
            Err(error) if may_be_a_row(&error) => {
                let removed = self.remove(row)?;
                if removed {
                    self.repaired.freed.push(self.scope(row));
                }
                return Ok(removed);
            }
            given => given?,
        };
        let Some(given) = given else { return self.remove(row) };
        let Some(given) = given else { return Ok(false) };
        let whole = self.whole(row)?;
        if !self.remove(row)? {
            return Ok(false);
        }
        let loses = whole.iter().any(|(name, _)| name != self.target.table.rowid());
        if loses || self.outside < PUT_BACK_AT_ONCE {
            self.outside += 1;
            self.by_token.insert(token(self.target, &given), self.jobs.len());
            let (kind, state) = (Kind::Missing, State::Waiting);
            self.jobs.push(Job { kind, row: given, whole: Some(whole), state });
        } else {
            self.repaired.freed.push(self.scope(row));
        }
        Ok(true)
    }

    fn remove(&self, row: &[Value]) -> std::result::Result<bool, Stop> {
        Ok(matches!(self.delete(row)?, Fared::Written))
    }

    /// What the mapping gives for a stored row: nothing, the very row (`Some(None)`), or
    /// another with its key.
    fn given(&self, row: &[Value]) -> Result<Option<Option<Vec<Value>>>> {
        let target = self.target;
        let scope = derived(target, self.place, Part::Scope(&|n| format!(":s{n}")));
        let differs =
            differs(target, target.values(), "t", &|column| format!("d.{}", ident(column)))
                .unwrap_or_else(|| "0".to_owned());
        let same_key = join(&target.key.columns, " AND ", |column| {
            format!("t.{} IS :k{}", ident(column), self.parameter(column).trim_start_matches('?'))
        });
        let sql = format!(
            "SELECT {}, ({differs}) AS differs FROM ({scope}) AS d JOIN {} AS t ON {} WHERE {same_key}",
            idents("d.", &target.columns),
            self.table,
            target.same_key("t", "d"),
        );
        let read = || -> rusqlite::Result<Option<Option<Vec<Value>>>> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            let scope = self.scope(row);
            let scope = scope.iter().enumerate().map(|(n, value)| (format!(":s{n}"), value));
            let key = row.iter().enumerate().map(|(n, value)| (format!(":k{}", n + 1), value));
            for (name, value) in scope.chain(key) {
                if let Some(index) = statement.parameter_index(&name)? {
                    statement.raw_bind_parameter(index, value)?;
                }
            }
            let width = target.columns.len();
            let (mut rows, mut found) = (statement.raw_query(), None);
            while let Some(row) = rows.next()? {
                if !row.get::<_, bool>(width)? {
                    return Ok(Some(None));
                }
                let row: rusqlite::Result<_> = (0..width).map(|n| row.get(n)).collect();
                found = Some(Some(row?));
            }
            Ok(found)
        };
        read().map_err(|source| self.db.error(&self.doing(), source))
    }

    /// What a stored row holds beyond the columns of the list, its place among the rows too.
    fn whole(&self, row: &[Value]) -> Result<Vec<(String, Value)>> {
        let table = &self.target.table;
        let listed: HashSet<&String> = self.target.columns.iter().collect();
        let beyond = table.stored_columns().map(|c| &c.name).filter(|name| !listed.contains(name));
        let mut names: Vec<String> = beyond.cloned().collect();
        if !table.without_rowid && table.rowid_alias.is_none() {
            names.push(table.rowid().to_owned());
        }
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let (list, key) = (idents("", &names), self.same_key());
        let sql = format!("SELECT {list} FROM {} WHERE {key}", self.table);
        let read = || -> rusqlite::Result<Vec<(String, Value)>> {
            let mut statement = self.db.conn().prepare_cached(&sql)?;
            for (position, value) in row.iter().enumerate() {
                if position < statement.parameter_count() {
                    statement.raw_bind_parameter(position + 1, value)?;
                }
            }
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(Vec::new()) };
            names.iter().enumerate().map(|(n, name)| Ok((name.clone(), row.get(n)?))).collect()
        };
        read().map_err(|source| self.db.error(&self.doing(), source))
    }

    fn scope(&self, row: &[Value]) -> Vec<Value> {
        let position = |name| self.target.columns.iter().position(|column| column == name);
        let values = self.target.scope.iter().filter_map(|name| row.get(position(name)?));
        values.cloned().collect()
    }

    /// A row by its key.
    fn named(&self, row: &[Value]) -> String {
        let key = join(&self.target.key.columns, ", ", |name| {
            let position = self.target.columns.iter().position(|column| column == name);
            let value = position.and_then(|position| row.get(position));
            format!("{name} = {}", value.map_or_else(|| text(""), |value| show(value.into())))
        });
        format!("the row with {key}")
    }

    fn doing(&self) -> String {
        format!("repairing {}", self.target.table.known_as)
    }
}
