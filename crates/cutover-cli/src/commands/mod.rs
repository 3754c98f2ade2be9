//! One file a command. Each says how it went. What the commands of a migration work
//! on comes in a [`Call`].

pub(crate) mod abort;
pub(crate) mod advance;
pub(crate) mod backfill;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
mod fuzz;
pub(crate) mod history;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod repair;
pub(crate) mod rollback;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod verify;

use std::path::PathBuf;

use cutover::{Engine, Options, Phase};

use crate::exit::Failure;
use crate::output::Output;

/// A command of a migration, called on `M`: where it is defined, or which is meant.
#[derive(Debug)]
pub(crate) struct Call<M> {
    pub(crate) db: PathBuf,
    pub(crate) migration: M,
    /// Who operates; whoever is logged in, if absent.
    pub(crate) actor: Option<String>,
    pub(crate) output: Output,
}

impl<M> Call<M> {
    /// Opens the database to read it.
    fn open(&self) -> Result<Engine, Failure> {
        Ok(Engine::open_to_read(&self.db, Options::default())?)
    }

    /// Opens the database to work on it, and listens to Ctrl-C.
    fn operate(&self) -> Result<Engine, Failure> {
        crate::progress::listen_to_interrupts();
        let mut options = Options::default();
        options.actor = self.actor.clone().unwrap_or_else(login_name);
        Ok(Engine::open(&self.db, options)?)
    }
}

fn login_name() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "unknown".into())
}

/// Whether every row of the old tables has its image.
fn filled(engine: &Engine, name: &str, phase: Phase) -> Result<bool, Failure> {
    // Later phases can't be entered without.
    Ok(phase > Phase::ReadNew || engine.status(name)?.backfill.complete)
}
