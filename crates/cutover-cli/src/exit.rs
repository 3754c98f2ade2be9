//! How a command ends: the exit code, and for a failure what to say about it.

use std::error::Error as StdError;
use std::path::Path;

use cutover::{Difference, ErrorKind, Refusal};

/// How a command that ran to its end went. Each is an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It found something wrong, such as differences, and said what.
    Failed = 1,
    /// A proof said no. Nothing was changed.
    Refused = 3,
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine said no; with the line of the migration file it points at.
    Engine { error: Box<cutover::Error>, excerpt: Option<String> },
    /// A file the command was given is not what it needs.
    Unusable { reason: String, fix: String },
    /// Something else failed.
    Other { doing: String, source: Option<Box<dyn StdError>>, fix: Option<String> },
}

impl Failure {
    pub(crate) fn unusable(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Unusable { reason: reason.into(), fix: fix.into() }
    }

    /// A failure without a deeper cause.
    pub(crate) fn plain(doing: impl Into<String>) -> Self {
        Self::Other { doing: doing.into(), source: None, fix: None }
    }

    /// Adds the line of the file that the error points at.
    pub(crate) fn in_file(error: cutover::Error, text: &str) -> Self {
        let at = match &error {
            cutover::Error::Migration(error) => error.at,
            _ => None,
        };
        let excerpt = at.and_then(|at| excerpt(text, at.line, at.column));
        Self::Engine { error: Box::new(error), excerpt }
    }

    /// The process's exit code. `2`, a usage error, is clap's.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Engine { error, .. } => match error.kind() {
                ErrorKind::Refused => 3,
                ErrorKind::Busy => 4,
                ErrorKind::Unusable => 5,
                // Includes kinds that a later engine may add.
                _ => 1,
            },
            Self::Unusable { .. } => 5,
            Self::Other { .. } => 1,
        }
    }

    /// What went wrong, in one sentence.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Engine { error, .. } => error.to_string(),
            Self::Unusable { reason, .. } => reason.clone(),
            Self::Other { doing, .. } => doing.clone(),
        }
    }

    /// What caused it, the nearest first.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut next: Option<&dyn StdError> = match self {
            Self::Engine { error, .. } => error.source(),
            Self::Unusable { .. } => None,
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
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Engine { error, .. } => error.hint(),
            Self::Unusable { fix, .. } => Some(fix.clone()),
            Self::Other { fix, .. } => fix.clone(),
        }
        .filter(|hint| !hint.is_empty())
    }

    /// The line of the migration file it points at, with a caret below.
    pub(crate) fn excerpt(&self) -> Option<&str> {
        match self {
            Self::Engine { excerpt, .. } => excerpt.as_deref(),
            _ => None,
        }
    }

    /// Rows that show why.
    pub(crate) fn examples(&self) -> &[Difference] {
        self.refusal().map_or(&[], |refusal| &refusal.examples)
    }

    /// The refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Engine { error, .. } => match &**error {
                cutover::Error::Refused(refusal) => Some(refusal),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<cutover::Error> for Failure {
    fn from(error: cutover::Error) -> Self {
        Self::Engine { error: Box::new(error), excerpt: None }
    }
}

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
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

/// Reads a file that the user named.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::unusable(
            format!("{}: {error}", path.display()),
            "name a migration file; `cutover new --help` shows how to begin one",
        )
    })
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
        assert_eq!(Failure::from(cutover::Error::Interrupted).code(), 1);
        assert_eq!(Failure::plain("no").code(), 1);
    }
}
