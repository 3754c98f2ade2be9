//! The way of a case through the phases, with writes at every station.

use fastrand::Rng;

use super::letters;
use super::mapping::Plan;
use super::spec::{Feature, Spec};
use super::statement::Writer;
use super::table::Table;

/// One of the two schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What was there before.
    Old,
    /// What the migration makes.
    New,
}

impl Side {
    /// Under which name a table of this side lies while the other side has its name.
    #[must_use]
    pub fn aside(self, table: &str) -> String {
        let side = match self {
            Self::Old => "old",
            Self::New => "new",
        };
        format!("_cutover_{side}_{table}")
    }

    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// Something an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Starts the migration, and copies the rows, or leaves that for later.
    Start {
        /// Whether the rows are copied at once.
        backfill: bool,
    },
    /// Copies the rows.
    Backfill,
    /// Compares every row.
    Verify,
    /// Mends what differs, which should be nothing.
    Repair,
    /// One phase forward, never to the last.
    Advance,
    /// One phase back.
    Rollback,
    /// Leaves the migration.
    Abort,
    /// To the last phase.
    Retire,
}

/// One step of a case. A step that the phase at hand has no place for is passed over, so
/// that any step can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// What a program that knows this side executes, statement by statement.
    Write {
        /// The side it knows.
        side: Side,
        /// Its statements.
        statements: Vec<String>,
        /// Whether it means the side that takes no writes.
        trespass: bool,
    },
    /// The program's connection is closed, and another opened.
    Reconnect,
    /// An operator's command.
    Do(Action),
}

/// A path for a case, with its writes.
pub(crate) fn path(spec: &Spec, plan: &Plan, referring: &[Table]) -> Vec<Step> {
    let rng = spec.stream("path");
    let mut walker = Walker { spec, plan, referring, rng, steps: Vec::new(), station: 0 };
    walker.walk();
    walker.steps
}

struct Walker<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    referring: &'a [Table],
    rng: Rng,
    steps: Vec<Step>,
    station: u32,
}

impl Walker<'_> {
    fn walk(&mut self) {
        self.station(Side::Old, 1);
        let backfill = self.rng.u8(..3) > 0;
        self.act(Action::Start { backfill });
        self.station(Side::Old, 4);
        if !backfill {
            self.act(Action::Backfill);
            self.station(Side::Old, 2);
        }
        if self.chance(20) {
            let last = [Action::Verify, Action::Repair][self.rng.usize(..2)];
            self.act(last);
        }
        // Short ways are cheap, and most faults show on them.
        if self.chance(50) || super::beside::refuses_apart(self.spec, self.plan) {
            return self.abort();
        }
        self.act(Action::Advance);
        self.station(Side::Old, 2);
        if self.chance(15) {
            self.act(Action::Rollback);
            self.station(Side::Old, 1);
            self.act(Action::Advance);
        }
        self.act(Action::Advance);
        self.station(Side::New, 4);
        if self.chance(25) {
            self.act(Action::Rollback);
            self.station(Side::Old, 2);
            self.act(Action::Advance);
            self.station(Side::New, 2);
        }
        self.act(Action::Advance);
        self.station(Side::New, 3);
        if self.chance(60) {
            self.act(Action::Rollback);
            self.station(Side::New, 2);
            self.act(Action::Rollback);
            self.station(Side::Old, 2);
            if self.chance(40) {
                return self.abort();
            }
            self.act(Action::Advance);
            self.act(Action::Advance);
            self.station(Side::New, 1);
        }
        self.act(Action::Retire);
        self.station(Side::New, 1);
    }

    fn abort(&mut self) {
        self.act(Action::Abort);
        self.station(Side::Old, 1);
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn act(&mut self, action: Action) {
        self.steps.push(Step::Do(action));
    }

    /// Up to so many writes. Each station has a stream of its own.
    fn station(&mut self, side: Side, most: usize) {
        self.station += 1;
        let mut rng = self.spec.content(&format!("station {}", self.station));
        for _ in 0..rng.usize(1..=most) {
            self.write(side, &mut rng);
        }
        if rng.u8(..6) == 0 {
            self.steps.push(Step::Reconnect);
        }
    }

    /// A table as it lies while the other side has its name: the mirror's name is no
    /// secret, and what protects it must do so.
    fn aside(&self, side: Side, table: &Table) -> Table {
        let mut table = table.clone();
        if self.plan.shares(&table.name) {
            table.name = side.aside(&table.name);
        }
        table
    }

    fn write(&mut self, side: Side, rng: &mut Rng) {
        let trespass = self.spec.has(Feature::Trespass, rng, 5);
        let side = match (side, trespass) {
            (Side::Old, false) | (Side::New, true) => Side::Old,
            _ => Side::New,
        };
        let tables = if side == Side::Old { &self.plan.old } else { &self.plan.new };
        let tables: Vec<Table> = if trespass {
            tables.iter().map(|table| self.aside(side, table)).collect()
        } else {
            tables.iter().chain(self.referring).cloned().collect()
        };
        let mut tables: Vec<Table> = tables.iter().map(Table::written).collect();
        letters::carelessly(self.spec, &mut tables, &format!("letters {}", self.station));
        let features = self.spec.features;
        let written = |rng: &mut Rng| {
            let table = &tables[rng.usize(..tables.len())];
            Writer { rng, features, table }.write()
        };
        let mut statements = Vec::new();
        for pragma in ["recursive_triggers", "foreign_keys"] {
            let on = rng.bool();
            if self.spec.has(Feature::Pragmas, rng, 15) {
                statements.push(format!("PRAGMA {pragma} = {}", u8::from(on)));
            }
        }
        let reversed = rng.bool();
        if self.spec.has(Feature::Reversed, rng, 6) {
            statements.push(format!("PRAGMA reverse_unordered_selects = {}", u8::from(reversed)));
        }
        if self.spec.has(Feature::Transactions, rng, 25) && !trespass {
            statements.push("BEGIN".to_owned());
            statements.extend(written(rng));
            if rng.bool() {
                statements.push("SAVEPOINT s".to_owned());
                statements.extend(written(rng));
                statements.extend(written(rng));
                statements.push(["ROLLBACK TO s", "RELEASE s"][rng.usize(..2)].to_owned());
            }
            statements.extend(written(rng));
            statements.push(["COMMIT", "COMMIT", "ROLLBACK"][rng.usize(..3)].to_owned());
        } else {
            match written(rng).as_slice() {
                several @ [_, _, ..] if !trespass => {
                    statements.push("BEGIN".to_owned());
                    statements.extend_from_slice(several);
                    statements.push("COMMIT".to_owned());
                }
                one => statements.extend_from_slice(one),
            }
        }
        self.steps.push(Step::Write { side, statements, trespass });
    }
}
