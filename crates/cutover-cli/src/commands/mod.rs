//! One file a command. Each says how it went. What the commands of a migration work
//! on comes in a [`Call`].

pub(crate) mod abort;
pub(crate) mod advance;
pub(crate) mod backfill;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod forget;
mod fuzz;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod repair;
pub(crate) mod rollback;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod steer;
pub(crate) mod verify;
pub(crate) mod writers;

use std::path::PathBuf;

use cli_kit::exit::Failure;
use cli_kit::output::{Output, note};
use cli_kit::render;
use cutover::{Engine, NextAction, Options};

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
    pub(crate) fn open(&self) -> Result<Engine, Failure> {
        Ok(Engine::open_to_read(&self.db, options()?)?)
    }

    /// Opens the database to work on it, and listens to Ctrl-C.
    fn operate(&self) -> Result<Engine, Failure> {
        cli_kit::progress::listen_to_interrupts();
        Ok(Engine::open(&self.db, self.options()?)?)
    }

    /// The engine's options, with who operates.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let mut options = options()?;
        options.actor = self.actor.clone().unwrap_or_else(login_name);
        Ok(options)
    }
}

/// What to type next. A command that has done its work does not fail because this can't be
/// told.
fn what_next(engine: &Engine, name: &str) -> Vec<NextAction> {
    engine.next_actions(name).unwrap_or_default()
}

/// The engine's options, as the environment has them.
pub(crate) fn options() -> Result<Options, Failure> {
    let mut options = Options::default();
    options.warn = |text| note(&render::warning(text));
    // A command that ends in the middle of a read leaves everything as it is.
    options.mapped_reads = true;
    if let Some(text) = std::env::var_os(KEEP_FREE) {
        let text = text.to_string_lossy();
        options.keep_free_bytes = size(&text).ok_or_else(|| {
            Failure::unusable(
                format!("{KEEP_FREE}: `{text}` is not a size"),
                "write it like 500M or 2G; K, M, G and T are powers of 1024",
            )
        })?;
    }
    Ok(options)
}

/// How much has to stay free on a disk.
const KEEP_FREE: &str = "CUTOVER_KEEP_FREE";

/// `2G` in bytes.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, shift) = match text.char_indices().next_back()? {
        (at, 'K' | 'k') => (&text[..at], 10),
        (at, 'M' | 'm') => (&text[..at], 20),
        (at, 'G' | 'g') => (&text[..at], 30),
        (at, 'T' | 't') => (&text[..at], 40),
        _ => (text, 0),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Who is logged in: as the environment says, or as the system knows the user.
pub(crate) fn login_name() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .or_else(|| whoami::username().ok().filter(|name| !name.is_empty()))
        // A container may run as a user that nobody has given a name.
        .unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            ["0", "512", "1k", "2 G", "1T"].map(size),
            [0, 512, 1 << 10, 2 << 30, 1 << 40].map(Some)
        );
        assert_eq!(["", "G", "-1", "1.5G", "99999999999T", "1é"].map(size), [None; 6]);
    }
}
