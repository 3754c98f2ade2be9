//! The objects of each phase: which they are, which there are, and the live views.

use super::build::Model;
use super::remains;
use crate::backend::sqlite::Db;
use crate::backend::sqlite::objects::{self, Standing};
use crate::backend::sqlite::state::{self, Pending, Record};
use crate::backend::sqlite::triggers::both;
use crate::backend::sqlite::triggers::freeze::freeze;
use crate::backend::sqlite::triggers::guard::{guards, guards_over_stale};
use crate::backend::sqlite::triggers::mark::syncing;
use crate::backend::sqlite::triggers::seen;
use crate::backend::sqlite::triggers::sync::{
    parent_triggers, parent_triggers_over_stale, sync, sync_over_stale,
};
use crate::backend::sqlite::triggers::touched::stale;
use crate::derive::live::view;
use crate::derive::object::Object;
use crate::derive::target::Target;
use crate::error::Result;
use crate::phase::{Direction, Phase, Side, Syncs};
use crate::schema::Table;
use crate::standing;

/// What a phase needs to know beyond its name.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) phase: Phase,
    pub(crate) mirror: Mirror,
    /// Whether a rollback from `new-only` is bringing the old tables up to date.
    pub(crate) catching_up: bool,
}

/// What the new tables hold while they are the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mirror {
    /// Every source row has its image.
    Whole,
    /// Some have none yet.
    Partly {
        /// Whether rows stand there of a time when programs wrote the new tables.
        stale: bool,
        /// The new tables in which every source row has its image.
        filled: Vec<String>,
    },
}

impl Mirror {
    /// Of a migration, as its record and its passes say.
    pub(crate) fn of(db: &Db, record: &Record) -> Result<Self> {
        let passes = state::passes(db, record.id)?;
        if passes.iter().all(|pass| pass.complete) {
            return Ok(Self::Whole);
        }
        let complete = passes.into_iter().filter(|pass| pass.complete);
        let filled = complete.map(|pass| pass.target).collect();
        Ok(Self::Partly { stale: record.pending == Some(Pending::Tidy), filled })
    }

    /// Of tables that were just made.
    pub(crate) fn empty() -> Self {
        Self::Partly { stale: false, filled: Vec::new() }
    }

    /// As programs leave the new tables.
    pub(crate) fn stale() -> Self {
        Self::Partly { stale: true, filled: Vec::new() }
    }

    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Partly { stale: true, .. })
    }

    fn is_filled(&self, target: &Target) -> bool {
        match self {
            Self::Whole => true,
            Self::Partly { filled, .. } => filled.contains(&target.table.known_as),
        }
    }
}

impl Setting {
    /// The setting of a phase in which there is nothing left to do.
    pub(crate) fn of(phase: Phase) -> Self {
        Self { phase, mirror: Mirror::Whole, catching_up: false }
    }
}

/// The objects of a phase that began at that time.
pub(crate) fn objects(model: &Model, setting: &Setting, since: &str) -> Vec<Object> {
    let mut objects = timeless(model, setting);
    objects.extend(frozen(model, setting, since));
    objects
}

/// The objects of a phase, but for those that say when it began.
pub(crate) fn timeless(model: &Model, setting: &Setting) -> Vec<Object> {
    let mut objects = Vec::new();
    let name = model.migration.name();
    let syncs = setting.phase.sync();
    if matches!(syncs, Some(Syncs::OneWay(_))) || setting.catching_up {
        objects.extend(syncing(model.names));
    }
    if setting.catching_up {
        objects.extend(stale(&model.backward, model.names, &model.catalog));
    }
    match syncs {
        Some(Syncs::OneWay(direction)) => objects.extend(one_way(model, direction, setting)),
        Some(Syncs::BothWays) => {
            let (forward, backward) = (&model.forward, &model.backward);
            objects.extend(both::objects(forward, backward, model.names, name, &model.catalog));
        }
        None => {}
    }
    objects.extend(notes(model, setting.phase));
    objects.extend(views(model, setting));
    objects
}

/// The triggers that keep a mirror in step, and those that refuse other writes to it.
fn one_way(model: &Model, direction: Direction, setting: &Setting) -> Vec<Object> {
    let (targets, name) = (model.targets(direction), model.migration.name());
    let stale = direction == Direction::Forward && setting.mirror.is_stale();
    let mut objects = Vec::new();
    if direction == Direction::Forward {
        objects.extend(targets.iter().flat_map(|target| match stale {
            true => guards_over_stale(target, model.names, name),
            false => guards(target, model.names, name),
        }));
    }
    objects.extend(match stale {
        true => sync_over_stale(targets, model.names, name, &model.catalog),
        false => sync(targets, model.names, name, &model.catalog),
    });
    for parent in targets.iter().filter(|target| setting.mirror.is_filled(target)) {
        objects.extend(parents(model, parent, stale));
    }
    objects
}

/// The triggers on a target for those that are derived from it, if there are such.
pub(crate) fn parents(model: &Model, parent: &Target, stale: bool) -> Vec<Object> {
    if !model.is_parent(parent) {
        return Vec::new();
    }
    let (targets, name) = (model.targets(parent.direction), model.migration.name());
    match stale {
        true => parent_triggers_over_stale(targets, parent, model.names, name, &model.catalog),
        false => parent_triggers(targets, parent, model.names, name, &model.catalog),
    }
}

/// The triggers that note when a side is written.
fn notes(model: &Model, phase: Phase) -> Vec<Object> {
    let mut objects = Vec::new();
    for (side, row) in seen::noted(model.names, phase) {
        let tables: Vec<&Table> = match side {
            Side::Old => model.old_tables().collect(),
            Side::New => model.new_tables().collect(),
        };
        let tables = tables.into_iter().map(|table| table.name.as_str());
        objects.extend(seen::notes(tables, model.names, phase, row));
    }
    objects
}

/// The guards that tell who writes to a frozen table since when it is frozen.
pub(crate) fn frozen(model: &Model, setting: &Setting, since: &str) -> Vec<Object> {
    if !matches!(setting.phase, Phase::WriteNew | Phase::NewOnly) {
        return Vec::new();
    }
    let phase = if setting.catching_up { Phase::WriteNew } else { setting.phase };
    // While a rollback brings the old tables up to date nothing follows yet.
    let followed = |table: &Table| {
        let mut targets = model.backward.iter();
        let syncs = setting.phase == Phase::WriteNew && !setting.catching_up;
        targets.find(|target| syncs && target.table.name == table.name)
    };
    let guards = |table: &Table| {
        let name = model.migration.name();
        freeze(model.names, name, &table.name, phase, since, followed(table))
    };
    model.old_tables().flat_map(guards).collect()
}

fn views(model: &Model, setting: &Setting) -> Vec<Object> {
    let standing =
        standing::Standing { phase: setting.phase, backfilled: setting.mirror == Mirror::Whole };
    let reads = standing.reads();
    model.backward.iter().map(|target| view(target, reads, &model.catalog)).collect()
}

/// Every trigger and view of this migration that there is, and the tables that only they use.
pub(crate) fn ours(db: &Db, model: &Model) -> Result<Vec<Standing>> {
    let live = remains::live_views(db, &model.migration)?;
    objects::standing(db, &model.names.prefix(), &live)
}

/// Removes them, in the transaction at hand.
pub(crate) fn remove(db: &Db, ours: &[Standing]) -> Result<()> {
    objects::remove(db, "removing the triggers of the last phase", ours)
}

/// Runs statements, in the transaction at hand.
pub(crate) fn run(db: &Db, doing: &str, statements: &[String]) -> Result<()> {
    statements.iter().try_for_each(|sql| db.batch(doing, sql))
}

/// Replaces the live views and the notes of who writes, and removes what else is to go: between
/// phases whose sync is the same.
pub(crate) fn enter_views(
    db: &Db,
    model: &Model,
    setting: &Setting,
    mut gone: Vec<Standing>,
) -> Result<()> {
    let mut made = views(model, setting);
    gone.extend(made.iter().map(|view| Standing::view(&view.name)));
    let notes = notes(model, setting.phase);
    gone.extend(notes.iter().map(|note| Standing::trigger(&note.name)));
    made.extend(notes);
    objects::replace(db, "replacing the live views", &gone, &made)
}
