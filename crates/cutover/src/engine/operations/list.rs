//! Which migrations a database holds, and what was done.

use crate::backend::sqlite::journal;
use crate::backend::sqlite::state::{self, Record};
use crate::engine::open::Engine;
use crate::error::{Error, Result};
use crate::phase::Phase;
use crate::report::{Command, Fix, JournalEntry, Listed, ListedState};

impl Engine {
    /// The phase a migration is in.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn phase(&self, name: &str) -> Result<Phase> {
        Ok(self.record(name)?.phase)
    }

    /// Whether every row of the old tables has its image in the new ones.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn is_filled(&self, name: &str) -> Result<bool> {
        self.is_backfilled(&self.record(name)?)
    }

    /// Every step taken so far, oldest first.
    ///
    /// # Errors
    ///
    /// If the database holds no such migration.
    pub fn history(&self, name: &str) -> Result<Vec<JournalEntry>> {
        self.record(name)?;
        journal::read(&self.db, name)
    }

    /// The names of the migrations in this database, oldest first.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn migrations(&self) -> Result<Vec<String>> {
        Ok(state::all(&self.db)?.into_iter().map(|record| record.name).collect())
    }

    /// The migrations in this database, oldest first.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn list(&self) -> Result<Vec<Listed>> {
        Ok(state::all(&self.db)?.into_iter().map(listed).collect())
    }

    /// The one migration that is meant: the named one; else the only one that is under way;
    /// else the only one.
    ///
    /// # Errors
    ///
    /// If there is none, or several could be meant and no name was given.
    pub fn pick(&self, name: Option<&str>) -> Result<String> {
        let all = self.list()?;
        pick(&all, name).map_err(|(reason, fix)| Error::NoSuchMigration {
            reason: format!("{} holds {reason}", self.db.path().display()),
            fix,
        })
    }
}

fn listed(record: Record) -> Listed {
    let state = match (record.is_over(), record.phase) {
        (false, _) => ListedState::UnderWay,
        (true, Phase::Retired) => ListedState::Retired,
        (true, _) => ListedState::Aborted,
    };
    Listed {
        migration: record.name,
        phase: record.phase,
        since: record.since,
        state,
        hash: record.hash,
    }
}

/// Which of these is meant, or what the database holds instead and what to do about it.
fn pick(all: &[Listed], name: Option<&str>) -> std::result::Result<String, (String, Fix)> {
    let named = |some: &[&Listed]| {
        let names: Vec<&str> = some.iter().map(|one| one.migration.as_str()).collect();
        names.join(", ")
    };
    let begin = || Fix::from("start one with ").with(Command::Start);
    let everything: Vec<&Listed> = all.iter().collect();
    if let Some(name) = name {
        return match all {
            [] => Err(("no migrations".to_owned(), begin())),
            _ if all.iter().any(|one| one.migration == name) => Ok(name.to_owned()),
            _ => {
                let there = named(&everything);
                Err((
                    format!("no migration named {name}; it holds {there}"),
                    "name one of these".into(),
                ))
            }
        };
    }
    let under_way: Vec<&Listed> =
        all.iter().filter(|one| one.state == ListedState::UnderWay).collect();
    let one_of = || Fix::from("pick one with `--migration NAME`");
    match (under_way.as_slice(), everything.as_slice()) {
        ([only], _) | ([], [only]) => Ok(only.migration.clone()),
        (_, []) => Err(("no migration".to_owned(), begin())),
        ([], _) => {
            let there = named(&everything);
            Err((format!("several migrations, none under way: {there}"), one_of()))
        }
        (several, _) => {
            let there = named(several);
            Err((format!("several migrations under way: {there}"), one_of()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(migration: &str, state: ListedState) -> Listed {
        let text = String::new;
        Listed {
            migration: migration.to_owned(),
            phase: Phase::DualWrite,
            since: text(),
            state,
            hash: text(),
        }
    }

    #[test]
    fn the_one_under_way_is_meant() {
        use ListedState::{Aborted, Retired, UnderWay};
        let (a, b, c) = (entry("a", Retired), entry("b", UnderWay), entry("c", Aborted));
        let picked = |all: &[Listed]| pick(all, None).ok();
        assert_eq!(picked(&[a.clone(), b.clone(), c.clone()]).as_deref(), Some("b"));
        assert_eq!(picked(std::slice::from_ref(&a)).as_deref(), Some("a"));
        assert_eq!(picked(std::slice::from_ref(&c)).as_deref(), Some("c"));
        assert_eq!(picked(&[a.clone(), c.clone()]), None);
        let (reason, _) = pick(&[a.clone(), b.clone(), entry("d", UnderWay)], None).unwrap_err();
        assert_eq!(reason, "several migrations under way: b, d");
        assert_eq!(pick(&[a, b], Some("a")).as_deref(), Ok("a"));
        assert!(pick(&[c], Some("x")).unwrap_err().0.contains("named x; it holds c"));
        assert!(pick(&[], None).is_err());
    }
}
