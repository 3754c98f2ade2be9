//! Makes the commands we suggest work when they are pasted.
//!
//! The engine names commands as a reader of `cutover` knows them (`cutover
//! advance`). Typed like that they would lack the database, the shell may not know
//! `cutover` by name, and the reader may be using another program that offers the
//! same commands. So every command between backticks is spelled as this program
//! spells it and completed with what this call was given.

use std::path::Path;

use crate::spelling::{CUTOVER, Spelling};

/// What a suggested command needs in order to work as this call did.
#[derive(Debug, Clone)]
pub struct Paste {
    /// How the program spells commands.
    pub spelling: &'static Spelling,
    /// How this program was called, if not by name alone.
    pub program: Option<String>,
    /// The database, unless the environment names it or it is the default.
    pub db: Option<String>,
    /// The migration, if one was named.
    pub migration: Option<String>,
    /// The migration file, if one was given.
    pub file: Option<String>,
}

/// Commands that work on no database, or take the migration from a file.
const WITHOUT_DB: [&str; 3] = ["demo", "completions", "man"];
const WITHOUT_MIGRATION: [&str; 6] = ["new", "check", "plan", "start", "list", "forget"];

impl Paste {
    /// What this process was called with. `db` is the database, where it is not the
    /// default.
    #[must_use]
    pub fn new(spelling: &'static Spelling, db: Option<&Path>) -> Self {
        let program = std::env::args_os().next().and_then(|name| name.into_string().ok());
        let program = program.filter(|name| name.contains('/'));
        let from_env = std::env::var_os(spelling.db_variable);
        let db = db.filter(|db| from_env.as_deref() != Some(db.as_os_str()));
        Self { program, db: db.map(|db| db.display().to_string()), ..Self::of(spelling) }
    }

    /// Commands as the program is called by name, on its default database.
    pub fn of(spelling: &'static Spelling) -> Self {
        Self { spelling, program: None, db: None, migration: None, file: None }
    }

    /// One of the commands of a migration, whole, from its words as `cutover` spells
    /// them, such as `advance --to new-only`.
    pub fn command(&self, words: &str) -> String {
        let name = words.split_whitespace().next().unwrap_or_default();
        let mut command = self.program();
        if !self.spelling.prefix.is_empty() {
            command.push(' ');
            command.push_str(self.spelling.prefix);
        }
        for (at, word) in words.split_whitespace().enumerate() {
            if at == 1 && name == "forget" && !self.spelling.names_migration {
                // The migration, which is the program's own.
                continue;
            }
            let word = match &self.file {
                _ if word != "FILE" => word.to_owned(),
                _ if !self.spelling.names_migration => continue,
                Some(file) => quote(file),
                None => word.to_owned(),
            };
            command.push(' ');
            command.push_str(&word);
        }
        let help = words.split_whitespace().any(|word| word == "--help");
        if !WITHOUT_DB.contains(&name) && !help {
            add(&mut command, words, "--db", self.db.as_deref());
            if !WITHOUT_MIGRATION.contains(&name) {
                add(&mut command, words, "--migration", self.migration.as_deref());
            }
        }
        command
    }

    /// One of the program's other commands, whole, from its words, such as `specs`.
    #[must_use]
    pub fn own(&self, words: &str) -> String {
        let mut command = format!("{} {words}", self.program());
        if !words.split_whitespace().any(|word| word == "--help") {
            add(&mut command, words, "--db", self.db.as_deref());
        }
        command
    }

    /// Completes every command between backticks in a text.
    pub fn complete(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (i, part) in text.split('`').enumerate() {
            if i > 0 {
                out.push('`');
            }
            let words =
                |program| part.strip_prefix(program).and_then(|rest| rest.strip_prefix(' '));
            match (words(CUTOVER.program), words(self.spelling.program)) {
                (Some(words), _) if i % 2 == 1 => out.push_str(&self.command(words)),
                (_, Some(words)) if i % 2 == 1 => out.push_str(&self.own(words)),
                _ => out.push_str(part),
            }
        }
        out
    }

    fn program(&self) -> String {
        self.program.as_deref().map_or_else(|| self.spelling.program.into(), quote)
    }
}

/// Adds a flag to a command, unless it was among its words.
fn add(command: &mut String, words: &str, flag: &str, value: Option<&str>) {
    let given = words.split_whitespace().any(|word| word == flag);
    if let (Some(value), false) = (value, given) {
        command.push_str(&format!(" {flag} {}", quote(value)));
    }
}

/// A word as a POSIX shell reads it.
pub fn quote(word: &str) -> String {
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
            ..Paste::of(&CUTOVER)
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

    /// A program with a migration of its own offers the same commands.
    #[test]
    fn commands_are_spelled_as_the_program_spells_them() {
        static STORE: Spelling = Spelling {
            program: "store",
            prefix: "migrate",
            db_variable: "STORE_DB",
            names_migration: false,
        };
        let paste = Paste { db: Some("my.db".into()), ..Paste::of(&STORE) };
        assert_eq!(
            paste.complete(
                "`cutover start FILE`, then `cutover status`; `store list` and `store -h`"
            ),
            "`store migrate start --db my.db`, then `store migrate status --db my.db`; \
             `store list --db my.db` and `store -h --db my.db`"
        );
        assert_eq!(Paste::of(&STORE).complete("`cutover advance`"), "`store migrate advance`");
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
