//! What is measured: a shape of migration in a phase, and the writes to it.

use cutover::Phase;
use rusqlite::types::Value;

/// A migration, the database that it starts from, and what a person would write by hand.
pub(super) struct Shape {
    /// The migration's name.
    pub(super) name: &'static str,
    /// The old tables.
    pub(super) old: String,
    /// Fills them.
    pub(super) rows: Rows,
    pub(super) migration: String,
    /// The least triggers that keep new in step with old for the statements measured here. They
    /// know nothing of REPLACE, of a backfill, of other statements.
    pub(super) forward_by_hand: String,
    /// The same for old and new, where `write-new` is measured.
    pub(super) backward_by_hand: String,
}

pub(super) enum Rows {
    Sql(String),
    /// The sample of the consensus store, of so many artifacts.
    Sample(u64),
}

/// A shape in a phase.
pub(super) struct Bench {
    pub(super) title: String,
    pub(super) shape: Shape,
    pub(super) phase: Phase,
    /// The phase of a second database of ours, in which the same writes are synced one way.
    pub(super) beside: Option<Phase>,
    pub(super) rows: Vec<Row>,
    pub(super) around: Vec<Around>,
}

/// What is measured beside the writes.
#[derive(Clone, Copy)]
pub(super) enum Around {
    /// Opening the file and reading its schema.
    Opening(Aim),
    /// The first execution of a kept statement, of the first row, after a transition.
    AfterTransition,
}

/// One kind of write.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Executed one after the other. More than one: in a transaction.
    pub(super) steps: Vec<Step>,
    /// How many rows an execution changes, in all steps.
    pub(super) changes: usize,
    pub(super) statement: Statement,
    /// Executions in a transaction.
    pub(super) batch: u64,
    /// How many executions there is room for, if few.
    pub(super) at_most: Option<u64>,
    pub(super) by_hand: bool,
    pub(super) aim: Aim,
}

pub(super) struct Step {
    pub(super) sql: String,
    /// The parameters of the n-th execution. All contenders get the same.
    pub(super) values: Box<dyn Fn(u64) -> Vec<Value>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    /// Prepared once.
    Kept,
    /// Prepared each time.
    Fresh,
}

/// What a ratio to plain SQLite should be.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Aim {
    None,
    AtMost(f64),
    /// So many times what the same write costs where it is synced one way.
    OneWay(f64),
    /// So many times the ratio of a row of another bench.
    Times(f64, &'static str, &'static str),
}

impl Bench {
    /// The same writes while programs write both sides, beside the sync of one way.
    pub(super) fn while_both_write(self) -> Bench {
        let rows = self.rows.into_iter().map(|row| row.not_by_hand().aim_one_way(1.6)).collect();
        let beside = Some(self.phase);
        let title = match self.phase {
            Phase::WriteNew => self.title.replace("write-new", "write-both, new"),
            _ => format!("{}, write-both, old", self.title),
        };
        Bench { title, rows, phase: Phase::WriteBoth, beside, around: Vec::new(), ..self }
    }

    /// The phase that says which side the writes enter.
    pub(super) fn entered(&self) -> Phase {
        self.beside.unwrap_or(self.phase)
    }
}

impl Row {
    /// A kept statement, one execution a transaction, one row.
    pub(super) fn new(
        name: &'static str,
        sql: impl Into<String>,
        values: impl Fn(u64) -> Vec<Value> + 'static,
    ) -> Row {
        Row {
            name,
            steps: vec![Step { sql: sql.into(), values: Box::new(values) }],
            changes: 1,
            statement: Statement::Kept,
            batch: 1,
            at_most: None,
            by_hand: true,
            aim: Aim::None,
        }
    }

    /// Another statement in the same transaction, which changes another row.
    pub(super) fn and(
        mut self,
        sql: impl Into<String>,
        values: impl Fn(u64) -> Vec<Value> + 'static,
    ) -> Row {
        self.steps.push(Step { sql: sql.into(), values: Box::new(values) });
        self.changes += 1;
        self
    }

    pub(super) fn fresh(self) -> Row {
        Row { statement: Statement::Fresh, ..self }
    }

    pub(super) fn batch(self, batch: u64) -> Row {
        Row { batch, ..self }
    }

    pub(super) fn changes(self, changes: usize) -> Row {
        Row { changes, ..self }
    }

    pub(super) fn at_most_times(self, times: u64) -> Row {
        Row { at_most: Some(times), ..self }
    }

    pub(super) fn not_by_hand(self) -> Row {
        Row { by_hand: false, ..self }
    }

    pub(super) fn aim(self, ratio: f64) -> Row {
        Row { aim: Aim::AtMost(ratio), ..self }
    }

    pub(super) fn aim_one_way(self, times: f64) -> Row {
        Row { aim: Aim::OneWay(times), ..self }
    }

    pub(super) fn aim_like(self, times: f64, bench: &'static str, row: &'static str) -> Row {
        Row { aim: Aim::Times(times, bench, row), ..self }
    }
}
