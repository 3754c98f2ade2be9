//! Random migrations: tables, mappings, rows, and what happens to them on the way
//! through the phases. Everything comes from a [`Spec`], which is a seed and a set of
//! features, as plain data that can be printed as SQL and made smaller.
//!
//! - [`classes`]: the classes of mapping; `builder`, `field`, `table`, `mapping` are
//!   what they are made of.
//! - `chunks`: rows for several chunks.
//! - `beside`: what the application has besides.
//! - `letters`, `unique_indexes`: the letter case of names, unique indexes that are no keys.
//! - `domain`, `statement`, `writes`, `path`: values, statements, kinds of statement that are
//!   seldom, and the steps of a case.
//! - [`shrink`]: the smallest case that still fails.
//! - [`script`]: a case as a script for a person.
//!
//! The generator knows no engine and executes nothing.

mod beside;
mod builder;
mod chunks;
pub mod classes;
mod domain;
mod field;
mod letters;
mod mapping;
mod names;
mod path;
pub mod script;
pub mod shrink;
mod spec;
mod statement;
mod table;
mod unique_indexes;
mod writes;

pub use beside::LOG;
pub use mapping::{Mapping, Plan, Surrogate};
pub use path::{Action, Side, Step};
pub use spec::{Feature, Features, Spec};
pub use table::{Clauses, Column, Foreign, KeyKind, Table};

use builder::Builder;
use classes::Class;
use names::Names;
use statement::Writer;

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
    /// The application's triggers on its tables.
    pub triggers: Vec<String>,
    /// The application's views: name and definition.
    pub views: Vec<(String, String)>,
    /// The application's tables that stay and refer to those that move.
    pub referring: Vec<Table>,
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
            let in_place = spec.has(Feature::InPlace, &mut rng, 35);
            let mut builder =
                Builder { spec: &spec, rng, names: &mut names, in_place, plan: Plan::default() };
            class.build(&mut builder);
            plan.append(builder.plan);
        }
        let mut rng = spec.stream("surroundings");
        let wal = !spec.has(Feature::RollbackJournal, &mut rng, 10);
        for at in 0..plan.new.len() {
            let mut order = spec.stream(&format!("order {at}"));
            if plan.shares(&plan.new[at].name) && order.bool() {
                order.shuffle(&mut plan.new[at].columns);
            }
        }
        if spec.has(Feature::Wrapped, &mut spec.stream("wrapped"), 25) {
            plan.wrap();
        }
        let triggers = beside::triggers(&spec, &plan);
        let views = beside::views(&spec, &plan);
        let referring = beside::referring(&spec, &plan, &mut names);
        let (rows, steps) = (rows(&spec, &plan, &referring), path::path(&spec, &plan, &referring));
        let file = letters::file(&spec, &plan);
        Self { spec, classes, plan, file, triggers, views, referring, wal, rows, steps }
    }

    /// The same, with the tables of its mappings read through subqueries that change nothing.
    #[must_use]
    pub fn wrapped(mut self) -> Self {
        self.plan.wrap();
        self.file = letters::file(&self.spec, &self.plan);
        self
    }

    /// The statements that make the database, without its rows.
    #[must_use]
    pub fn schema(&self) -> Vec<String> {
        let log = format!("CREATE TABLE {LOG} (n INTEGER PRIMARY KEY, what)");
        let tables = self.plan.old.iter().chain(&self.referring);
        let tables = tables.flat_map(|table| table.create(""));
        let views = self.views.iter().map(|(_, create)| create.clone());
        std::iter::once(log)
            .chain(tables)
            .chain(views)
            .chain(self.triggers.iter().cloned())
            .collect()
    }
}

fn rows(spec: &Spec, plan: &Plan, referring: &[Table]) -> Vec<String> {
    let mut rows = Vec::new();
    let many = spec.has(Feature::Chunks, &mut spec.stream("chunks"), 3);
    for (n, table) in plan.old.iter().chain(referring).enumerate() {
        let mut rng = spec.content(&format!("rows {n}"));
        if many {
            rows.push(chunks::rows(&mut rng, table));
        }
        // The proof refuses what doesn't come back: in most cases the rows are what the
        // mapping is made for, and odd ones come later.
        let odd = rng.u8(..100) < 25;
        let features = if odd { spec.features } else { spec.features.without(Feature::OddValues) };
        for _ in 0..rng.usize(..9) {
            rows.push(Writer { rng: &mut rng, features, table: &table.written() }.row());
        }
    }
    rows
}
