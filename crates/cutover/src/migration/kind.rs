//! Which statements a migration may hold, told by their first words.

use crate::migration::fault::Checked;
use crate::migration::refuse;
use crate::migration::tokens::Statement;

/// A statement that a migration may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Index,
    Mapping,
    /// Begins with nothing that SQL knows: the parser says where it goes wrong.
    Unknown,
}

const DERIVE: &str = "it changes rows once, but a migration says how rows are derived, so that \
                      they can be kept in step";
const WRITE_INSERT: &str = "write INSERT INTO new.T (…) SELECT … FROM old.…";
const TRANSACTIONS: &str = "each step of cutover is one transaction already";
const OWNED: &str = "the database's settings belong to the application";
const ONE_FILE: &str =
    "triggers can't write to another database file, so nothing there can be kept in step";
const UPKEEP: &str = "it does not define the schema, and would hold up the writers";
const KEPT: &str = "the old schema stays as it is until it is retired, and cutover drops it then";
const OTHERS: &str = "cutover creates tables and indexes only, and could not undo it";
const REMOVE: &str = "remove it";
const BY_HAND: &str = "remove it, and run it by hand after the migration";
const IN_THE_APPLICATION: &str = "remove it, and create it from the application";

/// First words, why they are refused, and what to do.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (&["UPDATE"], DERIVE, WRITE_INSERT),
    (&["DELETE"], DERIVE, WRITE_INSERT),
    (&["REPLACE"], "it would silently drop rows that conflict", WRITE_INSERT),
    (&["DROP"], KEPT, REMOVE),
    (&["ALTER"], KEPT, "write CREATE TABLE new.T (…), and say how its rows come from the old ones"),
    (&["PRAGMA"], OWNED, REMOVE),
    (&["ATTACH"], ONE_FILE, REMOVE),
    (&["DETACH"], ONE_FILE, REMOVE),
    (&["VACUUM"], UPKEEP, BY_HAND),
    (&["REINDEX"], UPKEEP, BY_HAND),
    (&["ANALYZE"], UPKEEP, BY_HAND),
    (&["OPTIMIZE"], UPKEEP, BY_HAND),
    (&["BEGIN"], TRANSACTIONS, REMOVE),
    (&["COMMIT"], TRANSACTIONS, REMOVE),
    (&["END"], TRANSACTIONS, REMOVE),
    (&["ROLLBACK"], TRANSACTIONS, REMOVE),
    (&["SAVEPOINT"], TRANSACTIONS, REMOVE),
    (&["RELEASE"], TRANSACTIONS, REMOVE),
    (&["EXPLAIN"], "it runs nothing", "remove EXPLAIN"),
    (&["SELECT"], "nothing stores its rows", "put INSERT INTO new.T (…) before it"),
    (&["VALUES"], "nothing stores its rows", "put INSERT INTO new.T (…) before it"),
    (&["CREATE", "VIEW"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TRIGGER"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TEMP", "VIEW"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TEMP", "TRIGGER"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TEMPORARY", "VIEW"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TEMPORARY", "TRIGGER"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "VIRTUAL", "TABLE"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "MATERIALIZED", "VIEW"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "TYPE"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "DOMAIN"], OTHERS, IN_THE_APPLICATION),
    (&["CREATE", "SEQUENCE"], OTHERS, IN_THE_APPLICATION),
];

/// Which of them a statement is.
pub(super) fn of(statement: &Statement<'_>) -> Checked<Kind> {
    if statement.begins(&["INSERT"]) {
        return Ok(Kind::Mapping);
    }
    if statement.begins(&["CREATE", "TABLE"]) {
        return Ok(Kind::Table);
    }
    if statement.begins(&["CREATE", "INDEX"]) || statement.begins(&["CREATE", "UNIQUE", "INDEX"]) {
        return Ok(Kind::Index);
    }
    if statement.begins(&["CREATE", "TEMP", "TABLE"])
        || statement.begins(&["CREATE", "TEMPORARY", "TABLE"])
    {
        return Err(refuse::temp_table(statement.place(statement.tokens.get(1))));
    }
    // After WITH, the first of these words outside of parentheses says what the
    // statement is.
    let main = statement.outermost().find(|token| {
        ["INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "VALUES"]
            .iter()
            .any(|word| token.is(word))
    });
    let found = match main {
        Some(main) if statement.begins(&["WITH"]) => {
            if main.is("INSERT") {
                return Err(refuse::with_before_insert(statement.at()));
            }
            REFUSED.iter().find(|(words, ..)| words.len() == 1 && main.is(words[0]))
        }
        _ => REFUSED.iter().find(|(words, ..)| statement.begins(words)),
    };
    match found {
        Some((words, why, fix)) => Err(refuse::kind(statement.at(), &words.join(" "), why, fix)),
        None => Ok(Kind::Unknown),
    }
}
