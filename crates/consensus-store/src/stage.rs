//! The stages of a spec.

use std::fmt;

use serde::{Serialize, Serializer};

/// A stage of the work on a spec. Files hold stages by name, and not only those that
/// this version knows: they are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// `spec-plan`
    Plan,
    /// `spec-tasks`
    Tasks,
    /// `spec-implement`
    Implement,
    /// `spec-validate`
    Validate,
    /// `spec-audit`
    Audit,
    /// `spec-unlock`
    Unlock,
    /// Any other name.
    Other(String),
}

impl Stage {
    /// The stages this version knows, in the order of the work.
    pub const KNOWN: [Self; 6] =
        [Self::Plan, Self::Tasks, Self::Implement, Self::Validate, Self::Audit, Self::Unlock];

    /// The name by which files hold it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Plan => "spec-plan",
            Self::Tasks => "spec-tasks",
            Self::Implement => "spec-implement",
            Self::Validate => "spec-validate",
            Self::Audit => "spec-audit",
            Self::Unlock => "spec-unlock",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Stage {
    fn from(name: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|stage| stage.as_str() == name)
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl From<String> for Stage {
    fn from(name: String) -> Self {
        match Self::from(name.as_str()) {
            Self::Other(_) => Self::Other(name),
            known => known,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn names_are_kept_whether_known_or_not() {
        for stage in Stage::KNOWN {
            assert_eq!(Stage::from(stage.as_str()), stage);
            assert!(stage.as_str().starts_with("spec-"));
        }
        for name in ["spec-deploy", "Spec-Plan", "", "étape"] {
            assert_eq!(Stage::from(name), Stage::Other(name.to_owned()));
            assert_eq!(Stage::from(name.to_owned()).as_str(), name);
        }
    }
}
