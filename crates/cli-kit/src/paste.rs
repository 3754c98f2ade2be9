//! Makes the commands we suggest work when they are pasted.
//!
//! The engine gives commands as data. Typed by their names alone they would lack the database, the
//! shell may not know `cutover` by name, and the reader may be using another program that offers
//! the same commands. So each is spelled as this program spells it and completed with what this
//! call was given.

use std::path::Path;

use cutover::{Command, Fix};

use crate::spelling::Spelling;

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

    /// A command of the engine's, whole.
    pub fn typed(&self, command: &Command) -> String {
        self.command(&command.to_string())
    }

    /// The same between backticks, to stand in a sentence.
    pub fn quoted(&self, command: &Command) -> String {
        format!("`{}`", self.typed(command))
    }

    /// What to do, with each command as it can be pasted.
    pub fn fix(&self, fix: &Fix) -> String {
        fix.spelled(|command| self.quoted(command))
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
    use crate::spelling::CUTOVER;
    use cutover::Phase;

    fn paste() -> Paste {
        Paste {
            db: Some("my app.db".into()),
            migration: Some("split".into()),
            file: Some("split.sql".into()),
            ..Paste::of(&CUTOVER)
        }
    }

    #[test]
    fn commands_get_what_this_call_was_given() {
        let fix =
            Fix::run(Command::Backfill).with(", then ").with(Command::advance_to(Phase::NewOnly));
        assert_eq!(
            paste().fix(&fix),
            "run `cutover backfill --db 'my app.db' --migration split`, \
             then `cutover advance --to new-only --db 'my app.db' --migration split`"
        );
        assert_eq!(paste().quoted(&Command::Start), "`cutover start split.sql --db 'my app.db'`");
        assert_eq!(paste().command("new --help"), "cutover new --help");
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
        assert_eq!(paste.command("start FILE"), "store migrate start --db my.db");
        assert_eq!(paste.command("status"), "store migrate status --db my.db");
        assert_eq!(paste.own("list"), "store list --db my.db");
        assert_eq!(Paste::of(&STORE).command("advance"), "store migrate advance");
    }

    #[test]
    fn what_is_there_already_is_not_added_twice() {
        let other = paste().command(&Command::abort("other").to_string());
        assert_eq!(other, "cutover abort --migration other --db 'my app.db'");
    }

    #[test]
    fn words_are_left_alone() {
        for text in ["cutover backfill", "`SELECT 1` cutover x", "a ` b", ""] {
            assert_eq!(paste().fix(&Fix::from(text)), text);
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
