//! What to do about something: words, and the commands in them as data.

use std::fmt;

use serde::{Serialize, Serializer};

use super::command::Command;

/// What to do about something. A program prints it with each command spelled as its users type
/// it ([`spelled`](Self::spelled)), puts the commands behind buttons, or acts on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    parts: Vec<Part>,
}

/// A piece of a [`Fix`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Text(String),
    /// A command that does what they say.
    Command(Command),
}

impl Fix {
    /// To run a command.
    #[must_use]
    pub fn run(command: Command) -> Self {
        Self::from("run ").with(command)
    }

    /// To look at what a command says.
    #[must_use]
    pub fn look_at(command: Command) -> Self {
        Self::from("look at ").with(command)
    }

    /// The same, and then this.
    #[must_use]
    pub fn with(mut self, part: impl Into<Part>) -> Self {
        self.parts.push(part.into());
        self
    }

    /// The same, and then all of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// The pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The commands, the one to try first before the others.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.parts.iter().filter_map(|part| match part {
            Part::Command(command) => Some(command),
            Part::Text(_) => None,
        })
    }

    /// Whether nothing is known that could be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty()))
    }

    /// As text, with each command as `spell` writes it.
    #[must_use]
    pub fn spelled(&self, spell: impl Fn(&Command) -> String) -> String {
        let piece = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Command(command) => spell(command),
        };
        self.parts.iter().map(piece).collect()
    }
}

/// As the `cutover` program has it.
impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(|command| format!("`cutover {command}`")))
    }
}

/// A string, as [`Display`](fmt::Display) has it.
impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&str> for Fix {
    fn from(text: &str) -> Self {
        Self { parts: vec![text.into()] }
    }
}

impl From<String> for Fix {
    fn from(text: String) -> Self {
        Self { parts: vec![text.into()] }
    }
}

impl From<Command> for Fix {
    fn from(command: Command) -> Self {
        Self { parts: vec![command.into()] }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Command> for Part {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_spelled_as_each_program_spells_it() {
        let fix = Fix::run(Command::Backfill).with(", or leave with ").with(Command::ABORT);
        assert_eq!(fix.to_string(), "run `cutover backfill`, or leave with `cutover abort`");
        assert_eq!(
            fix.spelled(|command| format!("<{command}>")),
            "run <backfill>, or leave with <abort>"
        );
        assert_eq!(fix.commands().collect::<Vec<_>>(), [&Command::Backfill, &Command::ABORT]);
        assert_eq!(serde_json::to_string(&fix).unwrap(), format!("\"{fix}\""));
        assert!(Fix::default().is_empty() && Fix::from("").is_empty() && !fix.is_empty());
    }
}
