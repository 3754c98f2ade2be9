//! Runs each statement on the scratch copy and on its twin, which has no objects of ours. The program
//! that writes must get the same answer from both.

use super::statement::{Kind, Statement};
use crate::backend::sqlite::{Answer, Connection, DatabaseError};

/// Two plain connections, as a program would open them.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) scratch: Connection,
    pub(super) twin: Connection,
}

/// What came of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It failed without our machinery too.
    Failed,
    /// The sync refused it, saying why; nothing was changed.
    Refused(String),
    /// As refused, but the twin can't follow: a constraint of the mirror was in the way at a
    /// COMMIT, or in the midst of a statement that keeps what it did before. Transactions
    /// are undone.
    Parted(String),
    /// Otherwise than on the twin, but as on any table that has a trigger: SQLite itself
    /// answers so. The twin can't follow.
    Natural(String),
    /// The program is told something else than without our machinery.
    Wrong(String),
}

/// What the program that writes is told of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    error: Option<String>,
    changes: u64,
    /// Where it says anything of this statement.
    last_insert_rowid: Option<i64>,
    /// Whether no transaction is open afterwards.
    at_rest: bool,
}

impl Told {
    /// Runs a statement.
    pub(super) fn by(conn: &Connection, statement: &Statement) -> Self {
        let result = conn.batch(&statement.sql());
        Self::of(conn, statement, &result)
    }

    fn of(conn: &Connection, statement: &Statement, result: &Answer) -> Self {
        let error = result.as_ref().err().map(DatabaseError::message);
        let counts = error.is_none() && matches!(statement.kind, Kind::Insert | Kind::Write);
        let changes = if counts { conn.changes() } else { 0 };
        let inserted = statement.kind == Kind::Insert && changes > 0;
        let last_insert_rowid = inserted.then(|| conn.last_insert_rowid());
        Self { error, changes, last_insert_rowid, at_rest: conn.at_rest() }
    }
}

impl Pair {
    pub(super) fn open(scratch: &std::path::Path, twin: &std::path::Path) -> Answer<Self> {
        Ok(Self { scratch: Connection::scratch(scratch)?, twin: Connection::scratch(twin)? })
    }

    /// Whether no transaction is open.
    pub(super) fn at_rest(&self) -> bool {
        self.scratch.at_rest() && self.twin.at_rest()
    }

    /// Runs a statement on both; gives what came of it, and what the scratch copy told.
    pub(super) fn run(&self, statement: &Statement) -> Answer<(Outcome, Told)> {
        let sql = statement.sql();
        let result = self.scratch.batch(&sql);
        let told = Told::of(&self.scratch, statement, &result);
        Ok((self.follow(statement, &sql, result)?, told))
    }

    /// Runs on the twin what came to this on the scratch copy.
    fn follow(&self, statement: &Statement, sql: &str, result: Answer) -> Answer<Outcome> {
        let outcome = match result {
            Ok(()) => match self.twin.batch(sql) {
                Ok(()) => self.told_alike(statement),
                Err(error) => {
                    Outcome::Wrong(format!("it succeeds, but without cutover it fails: {error}"))
                }
            },
            Err(error) if is_ours(&error) => Outcome::Refused(error.message()),
            Err(error) if statement.kind == Kind::Transaction => {
                self.transaction_failed(&error, sql)?
            }
            Err(error) => self.failed(&error, sql)?,
        };
        // OR ROLLBACK ends a transaction even where only the mirror was in the way.
        if matches!(outcome, Outcome::Refused(_)) && self.scratch.at_rest() && !self.twin.at_rest()
        {
            self.twin.batch("ROLLBACK")?;
        }
        if self.scratch.at_rest() != self.twin.at_rest() {
            return Ok(Outcome::Wrong("it leaves the transaction in another state".to_owned()));
        }
        Ok(outcome)
    }

    /// What `changes()` and `last_insert_rowid()` tell.
    fn told_alike(&self, statement: &Statement) -> Outcome {
        if !matches!(statement.kind, Kind::Insert | Kind::Write) {
            return Outcome::Done;
        }
        let (ours, theirs) = (self.scratch.changes(), self.twin.changes());
        if ours != theirs {
            return Outcome::Wrong(format!("changes() is {ours}, and without cutover {theirs}"));
        }
        let (mine, other) = (self.scratch.last_insert_rowid(), self.twin.last_insert_rowid());
        if statement.kind == Kind::Insert && ours > 0 && mine != other {
            return Outcome::Wrong(format!(
                "last_insert_rowid() is {mine}, and without cutover {other}"
            ));
        }
        Outcome::Done
    }

    /// It failed for a reason that is not ours to give: perhaps the twin fails as well. If
    /// it does not, the mirror's own constraints were in the way, and the twin goes back.
    fn failed(&self, error: &DatabaseError, sql: &str) -> Answer<Outcome> {
        let alone = self.twin.at_rest();
        self.twin.batch("SAVEPOINT cutover_undo")?;
        let theirs = self.twin.batch(sql).err().map(|error| error.message());
        let same = theirs.as_deref() == Some(error.message().as_str());
        // These keep, or take with them, more than the statement itself; and the mirror was
        // in the way at another row than the statement's own constraints.
        if !same && [" OR FAIL ", " OR ROLLBACK "].iter().any(|clause| sql.contains(clause)) {
            self.end()?;
            return Ok(Outcome::Parted(error.message()));
        }
        if self.twin.at_rest() {
            // OR ROLLBACK took the savepoint with it.
            return Ok(Outcome::Failed);
        }
        if theirs.is_none() {
            // What breaks a deferred foreign key fails at the end of the statement where no
            // savepoint holds its transaction open.
            let deferred = alone
                && error.message().contains("FOREIGN KEY")
                && self.twin.breaks_foreign_keys()?;
            self.twin.batch("ROLLBACK TO cutover_undo; RELEASE cutover_undo")?;
            return Ok(if deferred { Outcome::Failed } else { Outcome::Refused(error.message()) });
        }
        // OR FAIL keeps what it did before.
        if self.twin.batch("RELEASE cutover_undo").is_err() && alone {
            self.twin.batch("ROLLBACK")?;
        }
        Ok(Outcome::Failed)
    }

    /// Undoes the transactions that are open.
    fn end(&self) -> Answer {
        for conn in [&self.scratch, &self.twin] {
            if !conn.at_rest() {
                conn.batch("ROLLBACK")?;
            }
        }
        Ok(())
    }

    /// The end of a transaction can't be tried on the twin and undone.
    fn transaction_failed(&self, error: &DatabaseError, sql: &str) -> Answer<Outcome> {
        if self.twin.batch(sql).is_err() {
            return Ok(Outcome::Failed);
        }
        self.end()?;
        Ok(Outcome::Parted(error.message()))
    }
}

/// Whether an error was raised by a trigger of ours.
fn is_ours(error: &DatabaseError) -> bool {
    error.message().starts_with("cutover: ")
}
