//! Random migrations: tables, mappings, rows, and what happens to them on the way
//! through the phases. Everything comes from a [`Spec`], which is a seed and a set of
//! features, as plain data that can be printed as SQL and made smaller.
//!
//! - [`classes`]: the classes of mapping; `builder`, `field`, `table`, `mapping` are
//!   what they are made of.
//! - `domain`, `statement`, `path`: values, statements, and the steps of a case.
//! - [`shrink`]: the smallest case that still fails.
//! - [`script`]: a case as a script for a person.
//!
//! The generator knows no engine and executes nothing.

mod builder;
pub mod classes;
mod domain;
mod field;
mod mapping;
mod names;
mod path;
pub mod script;
pub mod shrink;
mod spec;
mod statement;
mod table;

pub use mapping::{Mapping, Plan, Surrogate};
pub use path::{Action, Side, Step};
pub use spec::{Feature, Features, Spec};
pub use table::{Column, Foreign, KeyKind, Table};

use crate::sql::quoted;
use builder::Builder;
use classes::Class;
use names::Names;
use statement::Writer;

/// The application's own table, which its triggers write to.
pub const LOG: &str = "app_log";

/// A migration, and everything that happens around it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it was made from.
    pub spec: Spec,
    /// The classes of its mappings.
    pub classes: Vec<Class>,
    /// The tables and the mappings.
    pub plan: Plan,
    /// The migration file, as it is given to the engine.
    pub file: String,
    /// What the application has beside its tables.
    pub triggers: Vec<String>,
    /// Whether the database has a write-ahead log.
    pub wal: bool,
    /// Statements that fill the old tables. One that a constraint refuses fills nothing.
    pub rows: Vec<String>,
    /// What happens then.
    pub steps: Vec<Step>,
}

impl Case {
    /// The case that a description gives.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        let mut names = Names::new(&spec);
        let mut classes = Vec::new();
        let mut plan = Plan::default();
        for aspect in ["first", "second"] {
            let mut rng = spec.stream(aspect);
            if aspect == "second" && !spec.has(Feature::Second, &mut rng, 15) {
                continue;
            }
            let class = Class::ALL[rng.usize(..Class::ALL.len())];
            classes.push(class);
            let mut builder =
                Builder { spec: &spec, rng, names: &mut names, plan: Plan::default() };
            class.build(&mut builder);
            plan.append(builder.plan);
        }
        let mut rng = spec.stream("surroundings");
        let wal = !spec.has(Feature::RollbackJournal, &mut rng, 10);
        let triggers = triggers(&spec, &plan);
        let (rows, steps) = (rows(&spec, &plan), path::path(&spec, &plan));
        let file = plan.file();
        Self { spec, classes, plan, file, triggers, wal, rows, steps }
    }

    /// The statements that make the database, without its rows.
    #[must_use]
    pub fn schema(&self) -> Vec<String> {
        let log = format!("CREATE TABLE {LOG} (n INTEGER PRIMARY KEY, what)");
        let tables = self.plan.old.iter().flat_map(|table| table.create(""));
        std::iter::once(log).chain(tables).chain(self.triggers.iter().cloned()).collect()
    }
}

fn triggers(spec: &Spec, plan: &Plan) -> Vec<String> {
    let mut rng = spec.stream("triggers");
    let mut triggers = Vec::new();
    for (n, table) in plan.old.iter().enumerate() {
        for (event, row) in [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")] {
            if spec.has(Feature::Triggers, &mut rng, 15) {
                triggers.push(format!(
                    "CREATE TRIGGER app_{n}_{event} AFTER {event} ON {} BEGIN \
                     INSERT INTO {LOG} (what) VALUES ('{event} ' || quote({row}.{})); END",
                    quoted(&table.name),
                    quoted(&table.key[0])
                ));
            }
        }
    }
    triggers
}

fn rows(spec: &Spec, plan: &Plan) -> Vec<String> {
    let mut rows = Vec::new();
    for (n, table) in plan.old.iter().enumerate() {
        let mut rng = spec.content(&format!("rows {n}"));
        // The proof refuses what doesn't come back: in most cases the rows are what the
        // mapping is made for, and odd ones come later.
        let odd = rng.u8(..100) < 25;
        let features = if odd { spec.features } else { spec.features.without(Feature::OddValues) };
        for _ in 0..rng.usize(..9) {
            rows.push(Writer { rng: &mut rng, features, table }.row());
        }
    }
    rows
}
