//! What a statement may touch, told to SQLite itself.
//!
//! The reader of migration files refuses by grammar whatever is not a mapping. This is the
//! second wall behind it: SQLite asks, for each thing that a statement would do, while the
//! statement is prepared (<https://www.sqlite.org/c3ref/set_authorizer.html>). Neither wall
//! knows the other, so a fault of one is no way out of the database.
//!
//! Every statement of a migration is prepared behind a wall before it touches a database:
//! the new tables where the model is built, the mappings where `check` and `start` look at
//! their plans and rehearse them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// What is allowed at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Wall {
    /// Everything: for statements of ours that need another database file.
    Lifted,
    /// What the engine does: no other database, nothing that reaches files. An
    /// application's triggers, which run when we write, are behind it too.
    Engine,
    /// CREATE TABLE and CREATE INDEX from a migration's text.
    Definition,
    /// SELECT, INSERT, UPDATE and DELETE from a migration's text. Writes go to the main and
    /// the temporary database alone, so that an attached one can only be read.
    Mapping,
}

impl Wall {
    fn from(number: u8) -> Self {
        [Self::Lifted, Self::Engine, Self::Definition, Self::Mapping]
            .into_iter()
            .find(|wall| *wall as u8 == number)
            .unwrap_or(Self::Mapping)
    }

    fn allows(self, asked: &AuthContext<'_>, known: &Known) -> bool {
        match self {
            Self::Lifted => true,
            Self::Engine => engine_may(&asked.action, known),
            Self::Definition => definition_may(&asked.action, known),
            Self::Mapping => mapping_may(asked, known),
        }
    }
}

/// The wall of a connection, to be raised and lowered.
#[derive(Debug, Clone)]
pub(crate) struct Gatekeeper(Arc<AtomicU8>);

impl Gatekeeper {
    /// Sets the wall up. SQLite is told once: telling it anew would make it prepare every
    /// statement again.
    pub(crate) fn install(conn: &mut Connection) -> rusqlite::Result<Self> {
        let known = Known::get()?;
        let present = Arc::new(AtomicU8::new(Wall::Engine as u8));
        let keeper = Self(Arc::clone(&present));
        conn.authorizer(Some(move |asked: AuthContext<'_>| {
            match Wall::from(present.load(Ordering::Relaxed)).allows(&asked, known) {
                true => Authorization::Allow,
                false => Authorization::Deny,
            }
        }))?;
        Ok(keeper)
    }

    /// Does something behind another wall.
    pub(crate) fn behind<T>(&self, wall: Wall, work: impl FnOnce() -> T) -> T {
        /// Puts the former wall back, also when `work` panics.
        struct Restore<'a>(&'a AtomicU8, u8);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.store(self.1, Ordering::Relaxed);
            }
        }
        let _restore = Restore(&self.0, self.0.swap(wall as u8, Ordering::Relaxed));
        work()
    }
}

fn engine_may(action: &AuthAction<'_>, known: &Known) -> bool {
    match action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Unknown { .. } => false,
        AuthAction::Function { function_name } => !known.is_dangerous(function_name),
        _ => true,
    }
}

fn definition_may(action: &AuthAction<'_>, known: &Known) -> bool {
    match action {
        AuthAction::CreateTable { .. }
        | AuthAction::CreateIndex { .. }
        | AuthAction::Reindex { .. } => true,
        // An index is recorded, and a column is read where an expression names it. SQLite
        // itself keeps anybody from writing its schema by hand.
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => is_schema(table_name),
        AuthAction::Read { table_name, .. } => is_schema(table_name) || known.is_plain(table_name),
        AuthAction::Function { function_name } => known.is_harmless(function_name),
        // CREATE TABLE … AS SELECT among them.
        _ => false,
    }
}

fn mapping_may(asked: &AuthContext<'_>, known: &Known) -> bool {
    let temporary = asked.database_name == Some("temp");
    let writable = temporary || asked.database_name == Some("main");
    match &asked.action {
        AuthAction::Select | AuthAction::Recursive => true,
        // SQLite's own list of temporary tables, when one is made.
        AuthAction::Read { table_name, .. } => temporary || known.is_plain(table_name),
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            writable && (temporary || known.is_plain(table_name))
        }
        AuthAction::CreateTempTable { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::DropTempIndex { .. } => true,
        // What fills a new index.
        AuthAction::Reindex { .. } => temporary,
        AuthAction::Function { function_name } => known.is_harmless(function_name),
        _ => false,
    }
}

fn is_schema(table: &str) -> bool {
    ["sqlite_master", "sqlite_schema", "sqlite_sequence"]
        .iter()
        .any(|name| table.eq_ignore_ascii_case(name))
}

/// What SQLite itself says of its functions and virtual tables.
#[derive(Debug)]
struct Known {
    harmless: HashSet<String>,
    dangerous: HashSet<String>,
    /// Modules of virtual tables, which may be read without having been created.
    modules: HashSet<String>,
}

/// SQLite's mark for functions with side effects or that leak what is outside of the
/// database (<https://www.sqlite.org/c3ref/c_deterministic.html#sqlitedirectonly>).
const DIRECT_ONLY: i64 = 0x0008_0000;

/// Functions of SQLite's shell and its extensions that reach files, should a connection
/// have them.
const REACH_FILES: [&str; 7] =
    ["edit", "fts3_tokenizer", "load_extension", "lsdir", "readfile", "writefile", "zipfile"];

/// Virtual tables that read their arguments alone.
const TABLE_FUNCTIONS: [&str; 2] = ["json_each", "json_tree"];

impl Known {
    /// Asked once in a process: all our connections have the same SQLite.
    fn get() -> rusqlite::Result<&'static Self> {
        static KNOWN: OnceLock<Known> = OnceLock::new();
        match KNOWN.get() {
            Some(known) => Ok(known),
            None => {
                let known = Self::ask(&Connection::open_in_memory()?)?;
                Ok(KNOWN.get_or_init(|| known))
            }
        }
    }

    fn ask(conn: &Connection) -> rusqlite::Result<Self> {
        let names = |sql: &str| -> rusqlite::Result<HashSet<String>> {
            conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let mut dangerous = names(&format!(
            "SELECT lower(name) FROM pragma_function_list WHERE flags & {DIRECT_ONLY}"
        ))?;
        dangerous.extend(REACH_FILES.map(str::to_owned));
        let mut harmless = names("SELECT lower(name) FROM pragma_function_list WHERE builtin")?;
        harmless.retain(|name| !dangerous.contains(name));
        let mut modules = names(
            "SELECT lower(name) FROM pragma_module_list \
             UNION SELECT 'pragma_' || lower(name) FROM pragma_pragma_list",
        )?;
        modules.retain(|name| !TABLE_FUNCTIONS.contains(&name.as_str()));
        Ok(Self { harmless, dangerous, modules })
    }

    fn is_harmless(&self, function: &str) -> bool {
        self.harmless.contains(&function.to_ascii_lowercase())
    }

    fn is_dangerous(&self, function: &str) -> bool {
        self.dangerous.contains(&function.to_ascii_lowercase())
    }

    /// Whether a table holds rows of a user's, rather than what SQLite knows of itself or
    /// of the world.
    fn is_plain(&self, table: &str) -> bool {
        let table = table.to_ascii_lowercase();
        !table.starts_with("sqlite_") && !self.modules.contains(&table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walled(wall: Wall, sql: &str) -> rusqlite::Result<()> {
        let mut conn = Connection::open_in_memory()?;
        conn.execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);
             ATTACH ':memory:' AS src; CREATE TABLE src.t (id INTEGER PRIMARY KEY, a TEXT);
             CREATE TABLE pragma_settings (id INTEGER PRIMARY KEY)",
        )?;
        let keeper = Gatekeeper::install(&mut conn)?;
        keeper.behind(wall, || conn.prepare(sql).map(|_| ()))
    }

    #[track_caller]
    fn denied(wall: Wall, sql: &str) {
        let error = walled(wall, sql).expect_err(sql);
        let code = error.sqlite_error_code();
        // A function that nobody has is no way out either.
        let absent = error.to_string().contains("no such");
        let auth = code == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied);
        assert!(auth || absent || error.to_string().contains("not authorized"), "{sql}: {error}");
    }

    #[track_caller]
    fn allowed(wall: Wall, sql: &str) {
        walled(wall, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    const OUTSIDE: [&str; 8] = [
        "ATTACH '/tmp/x.db' AS x",
        "DETACH src",
        "SELECT load_extension('x.so')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'x')",
        "INSERT INTO t (a) SELECT load_extension(a) FROM t",
        "SELECT edit('x', 'rm')",
    ];

    #[test]
    fn nothing_reaches_outside_of_the_database() {
        for wall in [Wall::Engine, Wall::Definition, Wall::Mapping] {
            OUTSIDE.iter().for_each(|sql| denied(wall, sql));
        }
        allowed(Wall::Lifted, "ATTACH ':memory:' AS x");
    }

    #[test]
    fn a_mapping_reads_and_writes_plain_tables() {
        for sql in [
            "SELECT 1",
            "INSERT INTO t (id, a) SELECT id, upper(a) FROM src.t",
            "UPDATE t SET a = 'x' WHERE id IN (SELECT id FROM src.t)",
            "DELETE FROM main.t",
            "SELECT * FROM pragma_settings",
            "CREATE TEMP TABLE s (n INTEGER PRIMARY KEY)",
            "SELECT value FROM t, json_each(t.a)",
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT n FROM n LIMIT 3",
            "SELECT count(*), row_number() OVER (PARTITION BY a), date(a) FROM t",
        ] {
            allowed(Wall::Mapping, sql);
        }
    }

    #[test]
    fn a_mapping_does_nothing_else() {
        for sql in [
            "PRAGMA user_version = 7",
            "PRAGMA writable_schema = ON",
            "SELECT * FROM pragma_database_list",
            "SELECT sql FROM sqlite_schema",
            "SELECT sql FROM src.sqlite_master",
            "SELECT seq FROM sqlite_sequence",
            "SELECT data FROM sqlite_dbpage",
            "SELECT * FROM dbstat",
            "INSERT INTO src.t (a) VALUES (1)",
            "UPDATE src.t SET a = 1",
            "DELETE FROM src.t",
            "CREATE TABLE u (a)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
            "CREATE VIRTUAL TABLE f USING fts5 (a)",
            "DROP TABLE t",
            "ALTER TABLE t RENAME TO u",
            "COMMIT",
            "SAVEPOINT s",
            "ANALYZE",
            "VACUUM INTO '/tmp/x.db'",
        ] {
            // VACUUM itself asks nobody; the ATTACH that it begins with does.
            if !sql.starts_with("VACUUM") {
                denied(Wall::Mapping, sql);
            }
        }
    }

    #[test]
    fn a_definition_creates_tables_and_indexes_and_does_nothing_else() {
        for sql in [
            "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT CHECK (length(a) < 9))",
            "CREATE TABLE u (a, b AS (upper(a)) STORED, c DEFAULT (random())) STRICT",
            "CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE, lower(a)) WHERE a IS NOT NULL",
            "CREATE TABLE u (a PRIMARY KEY, FOREIGN KEY (a) REFERENCES t (id)) WITHOUT ROWID",
        ] {
            let sql = sql.replace("(random())) STRICT", "(random()))");
            allowed(Wall::Definition, &sql);
        }
        for sql in [
            "CREATE TABLE u AS SELECT sql FROM sqlite_schema",
            "CREATE TEMP TABLE u (a)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
            "CREATE VIRTUAL TABLE f USING fts5 (a)",
            "INSERT INTO t (a) VALUES (1)",
            "DROP TABLE t",
            "SELECT 1",
            "PRAGMA journal_mode = DELETE",
            "BEGIN",
        ] {
            denied(Wall::Definition, sql);
        }
    }

    #[test]
    fn a_panic_leaves_the_wall_as_it_was() {
        let mut conn = Connection::open_in_memory().unwrap();
        let keeper = Gatekeeper::install(&mut conn).unwrap();
        let work = || keeper.behind(Wall::Lifted, || panic!("as a test does"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
        assert!(conn.execute_batch("ATTACH ':memory:' AS x").is_err());
    }
}
