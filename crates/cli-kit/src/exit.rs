//! How a command ends: the exit code, and for a failure what to say about it.

use std::error::Error as StdError;

use cutover::{Difference, ErrorKind, Fix};

/// How a command that ran to its end went. Each is an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It found something wrong, such as differences, and said what.
    Failed = 1,
    /// A proof said no. Nothing was changed.
    Refused = 3,
}

/// Why a command could not do what was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The engine said no.
    Engine {
        /// What it said.
        error: Box<cutover::Error>,
        /// The line of the migration file that it points at.
        excerpt: Option<String>,
    },
    /// Another library said no.
    Library {
        /// What it said.
        error: Box<dyn StdError>,
        /// What kind of error that is, in the engine's terms.
        kind: ErrorKind,
        /// What to do about it.
        hint: Option<Fix>,
    },
    /// A file the command was given is not what it needs.
    Unusable {
        /// Why not.
        reason: String,
        /// What to do about it.
        fix: Fix,
    },
    /// The command itself refused, and changed nothing.
    Refused {
        /// Why.
        reason: String,
        /// What to do about it.
        fix: Fix,
    },
    /// Something else failed.
    Other {
        /// What was being done.
        doing: String,
        /// What caused it.
        source: Option<Box<dyn StdError>>,
        /// What to do about it.
        fix: Option<Fix>,
    },
}

impl Failure {
    /// A file the command was given is not what it needs: why, and what to do.
    pub fn unusable(reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self::Unusable { reason: reason.into(), fix: fix.into() }
    }

    /// The command refuses, and has changed nothing: why, and what to do.
    pub fn refused(reason: impl Into<String>, fix: impl Into<Fix>) -> Self {
        Self::Refused { reason: reason.into(), fix: fix.into() }
    }

    /// A failure without a deeper cause.
    pub fn plain(doing: impl Into<String>) -> Self {
        Self::Other { doing: doing.into(), source: None, fix: None }
    }

    /// Adds the line of the file that the error points at.
    pub fn in_file(error: cutover::Error, text: &str) -> Self {
        let at = match &error {
            cutover::Error::Migration(error) => error.at,
            _ => None,
        };
        let excerpt = at.and_then(|at| excerpt(text, at.line, at.column));
        Self::Engine { error: Box::new(error), excerpt }
    }

    /// The process's exit code. `2`, a usage error, is clap's.
    pub fn code(&self) -> u8 {
        match self.kind() {
            ErrorKind::Refused => 3,
            ErrorKind::Busy => 4,
            ErrorKind::Unusable => 5,
            // Includes kinds that a later engine may add.
            _ => 1,
        }
    }

    /// What kind of failure it is, in the engine's terms.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine { error, .. } => error.kind(),
            Self::Library { kind, .. } => *kind,
            Self::Unusable { .. } => ErrorKind::Unusable,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::Other { .. } => ErrorKind::Failed,
        }
    }

    /// What went wrong, in one sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Engine { error, .. } => error.to_string(),
            Self::Library { error, .. } => error.to_string(),
            Self::Unusable { reason, .. } | Self::Refused { reason, .. } => reason.clone(),
            Self::Other { doing, .. } => doing.clone(),
        }
    }

    /// What caused it, the nearest first.
    pub fn causes(&self) -> Vec<String> {
        let mut next: Option<&dyn StdError> = match self {
            Self::Engine { error, .. } => error.source(),
            Self::Library { error, .. } => error.source(),
            Self::Unusable { .. } | Self::Refused { .. } => None,
            Self::Other { source, .. } => source.as_deref(),
        };
        let mut causes = Vec::new();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<Fix> {
        match self {
            Self::Engine { error, .. } => error.hint(),
            Self::Library { hint, .. } => hint.clone(),
            Self::Unusable { fix, .. } | Self::Refused { fix, .. } => Some(fix.clone()),
            Self::Other { fix, .. } => fix.clone(),
        }
        .filter(|hint| !hint.is_empty())
    }

    /// The line of the migration file it points at, with a caret below.
    pub fn excerpt(&self) -> Option<&str> {
        match self {
            Self::Engine { excerpt, .. } => excerpt.as_deref(),
            _ => None,
        }
    }

    /// Rows that show why.
    pub fn examples(&self) -> &[Difference] {
        match self {
            Self::Engine { error, .. } => match &**error {
                cutover::Error::Refused(refusal) => &refusal.examples,
                _ => &[],
            },
            _ => &[],
        }
    }
}

impl From<cutover::Error> for Failure {
    fn from(error: cutover::Error) -> Self {
        Self::Engine { error: Box::new(error), excerpt: None }
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Puts the error into a [`Failure`] of what was being done.
    ///
    /// # Errors
    ///
    /// If this is one.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: StdError + 'static> Doing<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|source| Failure::Other {
            doing: doing(),
            source: Some(Box::new(source)),
            fix: None,
        })
    }
}

/// One line of a file and a caret below a column of it, both counted from 1.
fn excerpt(text: &str, line: usize, column: usize) -> Option<String> {
    let source = text.lines().nth(line.checked_sub(1)?)?;
    let number = line.to_string();
    // Tabs stay tabs, so that the caret stands below its column in any terminal.
    let indent: String = source
        .chars()
        .take(column.saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    Some(format!("  {number} | {source}\n  {:w$} | {indent}^", "", w = number.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cutover::Refusal;

    #[test]
    fn an_excerpt_points_at_its_column() {
        let text = "CREATE\n\tINSERT INTO x\n";
        assert_eq!(excerpt(text, 2, 9).as_deref(), Some("  2 | \tINSERT INTO x\n    | \t       ^"));
        assert_eq!(excerpt(text, 9, 1), None);
        assert_eq!(excerpt(text, 0, 1), None);
    }

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let refusal = Refusal {
            action: "start".into(),
            reason: "no".into(),
            fix: "do".into(),
            examples: vec![],
        };
        assert_eq!(Failure::from(cutover::Error::Refused(refusal)).code(), 3);
        assert_eq!(
            Failure::from(cutover::Error::Locked { doing: "x".into(), waited_ms: 1 }).code(),
            4
        );
        assert_eq!(Failure::unusable("no file", "make one").code(), 5);
        assert_eq!(Failure::refused("not confirmed", "confirm it").code(), 3);
        assert_eq!(Failure::from(cutover::Error::Interrupted).code(), 1);
        assert_eq!(Failure::plain("no").code(), 1);
    }
}
