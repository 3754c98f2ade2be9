//! Tables and indexes that a rebuild took away: each gets its name again, or is made anew.

use crate::backend::sqlite::lease::{Asker, Lease};
use crate::backend::sqlite::{journal, objects};
use crate::derive::names::Names;
use crate::derive::sql::ident;
use crate::engine::open::Engine;
use crate::engine::work::session::{Session, now};
use crate::error::Result;
use crate::migration::Migration;
use crate::model::lost::{lost, lost_indexes};
use crate::phase::Side;

impl Engine {
    /// Gives tables that a rebuild left behind the names that they were to have. Where it can't
    /// be told which they are, our triggers and views are moved out of the way, so that
    /// somebody else can.
    pub(crate) fn find_lost(&self, name: &str) -> Result<Vec<String>> {
        let record = self.record(name)?;
        if lost(&self.db, &record)?.iter().all(|lost| lost.candidates.is_empty()) {
            return Ok(Vec::new());
        }
        let db = &self.db;
        let (actor, ttl) = (&self.options.actor, self.options.lease_ttl);
        let lease = Lease::take(db, &Asker { actor, doing: "repair", ttl })?;
        let found = db.write("renaming a table", || {
            lease.renew(db)?;
            let record = self.record(name)?;
            let lost = lost(db, &record)?;
            // Who renamed the table has our triggers on it still: they go on working.
            if lost.iter().any(|lost| lost.candidates.iter().any(|(_, ours)| *ours)) {
                return Ok(Vec::new());
            }
            let migration = Migration::started(&record.name, &record.text)?;
            let live: Vec<String> = migration
                .mappings
                .iter()
                .filter(|mapping| mapping.side() == Side::Old)
                .map(|mapping| Names::live(&mapping.target))
                .collect();
            let prefix = Names { migration: record.id }.prefix();
            objects::remove(
                db,
                "removing triggers and views",
                &objects::standing(db, &prefix, &live)?,
            )?;
            let mut renamed = Vec::new();
            for lost in &lost {
                let Some(other) = lost.left_behind() else { continue };
                let sql = format!("ALTER TABLE {} RENAME TO {}", ident(other), ident(&lost.name));
                db.batch("renaming a table", &sql)?;
                let detail = serde_json::json!({ "table": lost.name, "was": other });
                let (at, before, after) = (now(), record.phase, record.phase);
                let (migration, event) = (&record.name, "found");
                journal::write(
                    db,
                    &journal::Line { migration, actor, at: &at, event, before, after, detail },
                )?;
                renamed.push(format!("{other} to {}", lost.name));
            }
            Ok(renamed)
        });
        // What can't be given up expires.
        let _ = lease.release(db);
        found.map(|(renamed, _)| renamed)
    }
}

impl Session<'_> {
    /// Indexes that the sync needs and that went with a table.
    pub(crate) fn renew_indexes(&self) -> Result<bool> {
        let lost = lost_indexes(self.db, &self.model, self.record.phase)?;
        for (_, sql) in &lost {
            self.write("creating an index again", || {
                self.db.batch("creating an index again", sql)
            })?;
        }
        Ok(!lost.is_empty())
    }
}
