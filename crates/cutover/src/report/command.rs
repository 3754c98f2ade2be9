//! Commands on a migration, as data.

use std::fmt;
use std::iter::successors;

use crate::phase::Phase;

/// A command on a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Prove that nothing is lost: [`Engine::check`](crate::Engine::check).
    Check,
    /// Begin: [`Engine::start`](crate::Engine::start).
    Start,
    /// Fill the new tables: [`Engine::backfill`](crate::Engine::backfill).
    Backfill,
    /// Compare every row: [`Engine::verify`](crate::Engine::verify).
    Verify,
    /// Bring the mirror in step: [`Engine::repair`](crate::Engine::repair).
    Repair,
    /// Go on: [`Engine::advance`](crate::Engine::advance).
    Advance {
        /// The phase to go to; the next one if absent.
        to: Option<Phase>,
        /// Keep everything verified, and switch when somebody asks for it.
        when_told: bool,
    },
    /// Retire the old tables. That was confirmed.
    Retire {
        /// Whether a backup is made first.
        backup: bool,
    },
    /// Go back: [`Engine::rollback`](crate::Engine::rollback).
    Rollback {
        /// The phase to go to; the one before if absent.
        to: Option<Phase>,
    },
    /// Leave the migration: [`Engine::abort`](crate::Engine::abort).
    Abort {
        /// Which, where it is another one than the refusal's own.
        migration: Option<String>,
    },
    /// Remove what a migration that is over has left: [`Engine::forget`](crate::Engine::forget).
    Forget {
        /// Which.
        migration: String,
        /// The rows too that are kept for it. That was confirmed.
        drop_kept: bool,
    },
    /// Let the cutover happen: [`Request::Unpostpone`](crate::Request::Unpostpone).
    Unpostpone,
    /// Let paused work go on: [`Request::Resume`](crate::Request::Resume).
    Resume,
    /// Where it stands: [`Engine::snapshot`](crate::Engine::snapshot).
    Status,
    /// What was done: [`Engine::history`](crate::Engine::history).
    History,
}

impl Command {
    /// To the next phase.
    pub const ADVANCE: Self = Self::Advance { to: None, when_told: false };
    /// As soon as somebody asks for it.
    pub const ADVANCE_WHEN_TOLD: Self = Self::Advance { to: None, when_told: true };
    /// To the phase before.
    pub const ROLLBACK: Self = Self::Rollback { to: None };
    /// The migration at hand.
    pub const ABORT: Self = Self::Abort { migration: None };

    /// One of each kind, with everything that it may be told: for a program to test that it
    /// understands all of them.
    pub fn each() -> impl Iterator<Item = Self> {
        // Each leads to the next: a new kind does not compile until it has its place here.
        let next = |command: &Self| {
            Some(match command {
                Self::Check => Self::Start,
                Self::Start => Self::Backfill,
                Self::Backfill => Self::Verify,
                Self::Verify => Self::Repair,
                Self::Repair => Self::ADVANCE,
                Self::Advance { when_told: true, .. } => Self::Retire { backup: false },
                Self::Advance { to: None, .. } => Self::advance_to(Phase::Legacy),
                Self::Advance { to: Some(to), .. } => {
                    listed_after(*to).map_or(Self::ADVANCE_WHEN_TOLD, Self::advance_to)
                }
                Self::Retire { backup: false } => Self::Retire { backup: true },
                Self::Retire { backup: true } => Self::ROLLBACK,
                Self::Rollback { to: None } => Self::rollback_to(Phase::Legacy),
                Self::Rollback { to: Some(to) } => {
                    listed_after(*to).map_or(Self::ABORT, Self::rollback_to)
                }
                Self::Abort { migration: None } => Self::abort("split"),
                Self::Abort { migration: Some(_) } => Self::forget("split"),
                Self::Forget { drop_kept: false, migration } => {
                    Self::Forget { migration: migration.clone(), drop_kept: true }
                }
                Self::Forget { drop_kept: true, .. } => Self::Unpostpone,
                Self::Unpostpone => Self::Resume,
                Self::Resume => Self::Status,
                Self::Status => Self::History,
                Self::History => return None,
            })
        };
        successors(Some(Self::Check), next)
    }

    /// Its name, as the `cutover` program has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Start => "start",
            Self::Backfill => "backfill",
            Self::Verify => "verify",
            Self::Repair => "repair",
            Self::Advance { .. } | Self::Retire { .. } => "advance",
            Self::Rollback { .. } => "rollback",
            Self::Abort { .. } => "abort",
            Self::Forget { .. } => "forget",
            Self::Unpostpone => "unpostpone",
            Self::Resume => "resume",
            Self::Status => "status",
            Self::History => "history",
        }
    }

    /// To that phase.
    #[must_use]
    pub fn advance_to(phase: Phase) -> Self {
        Self::Advance { to: Some(phase), when_told: false }
    }

    /// Back to that phase.
    #[must_use]
    pub fn rollback_to(phase: Phase) -> Self {
        Self::Rollback { to: Some(phase) }
    }

    /// Leave a migration of that name.
    #[must_use]
    pub fn abort(migration: &str) -> Self {
        Self::Abort { migration: Some(migration.to_owned()) }
    }

    /// Remove what a migration of that name has left.
    #[must_use]
    pub fn forget(migration: &str) -> Self {
        Self::Forget { migration: migration.to_owned(), drop_kept: false }
    }
}

fn listed_after(phase: Phase) -> Option<Phase> {
    Phase::ALL.into_iter().find(|other| *other > phase)
}

/// Its name and arguments, as the `cutover` program takes them. `FILE` stands for the migration
/// file.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Check | Self::Start => f.write_str(" FILE"),
            Self::Advance { to, when_told } => {
                to.map_or(Ok(()), |to| write!(f, " --to {to}"))?;
                f.write_str(if *when_told { " --when-told" } else { "" })
            }
            Self::Retire { backup } => {
                f.write_str(" --to retired --yes")?;
                f.write_str(if *backup { " --backup before-retire.db" } else { "" })
            }
            Self::Rollback { to: Some(to) } => write!(f, " --to {to}"),
            Self::Abort { migration: Some(name) } => write!(f, " --migration {name}"),
            Self::Forget { migration, drop_kept } => {
                write!(f, " {migration}")?;
                f.write_str(if *drop_kept { " --drop-kept --yes" } else { "" })
            }
            _ => Ok(()),
        }
    }
}
