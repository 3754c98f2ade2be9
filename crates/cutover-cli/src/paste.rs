//! Makes the commands we suggest work when they are pasted.
//!
//! The engine names commands as a reader knows them (`cutover advance`). Typed
//! like that they would lack the database, and the shell may not know `cutover`
//! by name. So every command between backticks is completed with what this call
//! was given.

use std::path::Path;

/// What a suggested command needs in order to work as this call did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paste {
    /// How this program was called, if not by name alone.
    pub(crate) program: Option<String>,
    /// The database, unless the environment names it.
    pub(crate) db: Option<String>,
    /// The migration, if one was named.
    pub(crate) migration: Option<String>,
    /// The migration file, if one was given.
    pub(crate) file: Option<String>,
}

/// Commands that work on no database, or take the migration from a file.
const WITHOUT_DB: [&str; 3] = ["demo", "completions", "man"];
const WITHOUT_MIGRATION: [&str; 4] = ["new", "check", "plan", "start"];

impl Paste {
    /// What this process was called with.
    pub(crate) fn new(db: Option<&Path>, migration: Option<&str>, file: Option<&Path>) -> Self {
        let program = std::env::args().next().filter(|name| name.contains('/'));
        let from_env = std::env::var_os("CUTOVER_DB");
        let db = db.filter(|db| from_env.as_deref() != Some(db.as_os_str()));
        Self {
            program,
            db: db.map(|db| db.display().to_string()),
            migration: migration.map(str::to_owned),
            file: file.map(|file| file.display().to_string()),
        }
    }

    /// A whole command from its words, such as `advance --to new-only`.
    pub(crate) fn command(&self, words: &str) -> String {
        let name = words.split_whitespace().next().unwrap_or_default();
        let mut command = self.program.as_deref().map_or_else(|| "cutover".into(), quote);
        for word in words.split_whitespace() {
            command.push(' ');
            match &self.file {
                Some(file) if word == "FILE" => command.push_str(&quote(file)),
                _ => command.push_str(word),
            }
        }
        let mut add = |flag: &str, value: &Option<String>| {
            let given = words.split_whitespace().any(|word| word == flag);
            if let (Some(value), false) = (value, given) {
                command.push_str(&format!(" {flag} {}", quote(value)));
            }
        };
        let help = words.split_whitespace().any(|word| word == "--help");
        if !WITHOUT_DB.contains(&name) && !help {
            add("--db", &self.db);
            if !WITHOUT_MIGRATION.contains(&name) {
                add("--migration", &self.migration);
            }
        }
        command
    }

    /// Completes every command between backticks in a text.
    pub(crate) fn complete(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (i, part) in text.split('`').enumerate() {
            if i > 0 {
                out.push('`');
            }
            match part.strip_prefix("cutover ") {
                Some(words) if i % 2 == 1 => out.push_str(&self.command(words)),
                _ => out.push_str(part),
            }
        }
        out
    }
}

/// A word as a POSIX shell reads it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste() -> Paste {
        Paste {
            db: Some("my app.db".into()),
            migration: Some("split".into()),
            file: Some("split.sql".into()),
            program: None,
        }
    }

    #[test]
    fn commands_in_a_text_get_what_this_call_was_given() {
        assert_eq!(
            paste().complete("run `cutover backfill`, then `cutover advance --to new-only`"),
            "run `cutover backfill --db 'my app.db' --migration split`, \
             then `cutover advance --to new-only --db 'my app.db' --migration split`"
        );
        assert_eq!(
            paste().complete("`cutover start FILE`, `cutover new --help` and `cutover demo`"),
            "`cutover start split.sql --db 'my app.db'`, `cutover new --help` and `cutover demo`"
        );
    }

    #[test]
    fn what_is_there_already_is_not_added_twice() {
        let text = "`cutover status --db other.db --migration x`";
        assert_eq!(paste().complete(text), text);
    }

    #[test]
    fn text_outside_backticks_is_left_alone() {
        for text in ["cutover backfill", "`SELECT 1` cutover x", "a ` b", ""] {
            assert_eq!(paste().complete(text), text);
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("a/b.db"), "a/b.db");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("$HOME"), "'$HOME'");
    }
}
