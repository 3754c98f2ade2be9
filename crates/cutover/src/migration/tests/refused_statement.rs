//! Refusals of whole statements, and of the comments around them.

use crate::migration::tests::*;

#[test]
fn kind() {
    let derive = "it changes rows once, but a migration says how rows are derived, so that they \
                  can be kept in step";
    let insert = "write INSERT INTO new.T (…) SELECT … FROM old.…";
    let kept = "the old schema stays as it is until it is retired, and cutover drops it then";
    let elsewhere = "triggers can't write to another database file, so nothing there can be kept \
    in step";
    let upkeep = "it does not define the schema, and would hold up the writers";
    let transactions = "each step of cutover is one transaction already";
    let others = "cutover creates tables and indexes only, and could not undo it";
    let nowhere = "nothing stores its rows";
    let before = "put INSERT INTO new.T (…) before it";
    let by_hand = "remove it, and run it by hand after the migration";
    let application = "remove it, and create it from the application";
    for (text, kind, why, fix) in [
        ("UPDATE old.o SET a = 1", "UPDATE", derive, insert),
        ("WITH x AS (SELECT 1) UPDATE old.o SET a = 1", "UPDATE", derive, insert),
        ("DELETE FROM old.o", "DELETE", derive, insert),
        ("with x AS (SELECT 1) delete FROM old.o", "DELETE", derive, insert),
        (
            "REPLACE INTO new.t (id) SELECT id FROM old.o",
            "REPLACE",
            "it would silently drop rows that conflict",
            insert,
        ),
        ("DROP TABLE old.o", "DROP", kept, "remove it"),
        (
            "ALTER TABLE old.o ADD COLUMN a",
            "ALTER",
            kept,
            "write CREATE TABLE new.T (…), and say how its rows come from the old ones",
        ),
        (
            "PRAGMA user_version = 3",
            "PRAGMA",
            "the database's settings belong to the application",
            "remove it",
        ),
        ("ATTACH 'x.db' AS old", "ATTACH", elsewhere, "remove it"),
        ("DETACH old", "DETACH", elsewhere, "remove it"),
        ("VACUUM", "VACUUM", upkeep, by_hand),
        ("REINDEX", "REINDEX", upkeep, by_hand),
        ("ANALYZE", "ANALYZE", upkeep, by_hand),
        ("OPTIMIZE INDEX", "OPTIMIZE", upkeep, by_hand),
        ("BEGIN IMMEDIATE", "BEGIN", transactions, "remove it"),
        ("COMMIT", "COMMIT", transactions, "remove it"),
        ("END", "END", transactions, "remove it"),
        ("ROLLBACK", "ROLLBACK", transactions, "remove it"),
        ("SAVEPOINT x", "SAVEPOINT", transactions, "remove it"),
        ("RELEASE x", "RELEASE", transactions, "remove it"),
        (
            "EXPLAIN QUERY PLAN INSERT INTO new.t (id) SELECT id FROM old.o",
            "EXPLAIN",
            "it runs nothing",
            "remove EXPLAIN",
        ),
        ("SELECT 1", "SELECT", nowhere, before),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "SELECT", nowhere, before),
        ("VALUES (1)", "VALUES", nowhere, before),
        ("CREATE VIEW new.v AS SELECT 1", "CREATE VIEW", others, application),
        (
            "CREATE TRIGGER x AFTER INSERT ON o BEGIN SELECT 1; END",
            "CREATE TRIGGER",
            others,
            application,
        ),
        ("CREATE TEMP VIEW v AS SELECT 1", "CREATE TEMP VIEW", others, application),
        ("CREATE TEMP TRIGGER x", "CREATE TEMP TRIGGER", others, application),
        ("CREATE TEMPORARY VIEW v", "CREATE TEMPORARY VIEW", others, application),
        ("CREATE TEMPORARY TRIGGER x", "CREATE TEMPORARY TRIGGER", others, application),
        ("CREATE VIRTUAL TABLE x USING fts5(a)", "CREATE VIRTUAL TABLE", others, application),
        ("CREATE MATERIALIZED VIEW v", "CREATE MATERIALIZED VIEW", others, application),
        ("CREATE TYPE x BASE text", "CREATE TYPE", others, application),
        ("CREATE DOMAIN d AS INT", "CREATE DOMAIN", others, application),
        ("CREATE SEQUENCE s", "CREATE SEQUENCE", others, application),
    ] {
        let reason = format!("a migration can't hold {kind}: {why}");
        refused(&format!("{TABLE}\n /* x */ »{text};"), &reason, fix);
    }
}

#[test]
fn with_before_insert() {
    refused(
        &format!("{TABLE}»WITH x AS (SELECT 1) INSERT INTO new.t (id) SELECT * FROM x"),
        "WITH stands before the INSERT, where a trigger can't have it",
        "put it after the column list: INSERT INTO T (…) WITH … SELECT …",
    );
}

#[test]
fn scope_on_other() {
    for text in [
        "»-- scope: id\nCREATE TABLE new.u (id INTEGER)",
        "  »--Scope : id\n\nCREATE INDEX new.i ON t (id)",
    ] {
        refused(
            &format!("{TABLE}{text}"),
            "this scope comment is above a statement that is not an INSERT … SELECT",
            "put it directly above its INSERT",
        );
    }
}

#[test]
fn scope_elsewhere() {
    for text in [
        "INSERT INTO new.t (id)\n»-- scope: id\nSELECT id FROM old.o;",
        "INSERT INTO new.t (id) SELECT id FROM old.o »-- scope: id",
        "INSERT INTO new.t (id) SELECT id FROM old.o; »-- scope: id\n",
        "INSERT INTO new.t (id) SELECT id FROM old.o; »-- scope: id\n\
         INSERT INTO old.o (id) SELECT id FROM new.t",
    ] {
        refused(
            &format!("{TABLE}{text}"),
            "this scope comment is not above a statement, so it has no effect",
            "put it on a line of its own, directly above its INSERT",
        );
    }
}

#[track_caller]
fn refused_scope(comments: &str, reason: &str, fix: &str) {
    let insert = "INSERT INTO new.t (id, a) SELECT id, a FROM old.o";
    refused(&format!("{TABLE}{comments}\n{insert}"), reason, fix);
}

#[test]
fn scope_twice() {
    refused_scope(
        "-- scope: id\n -- more\n »-- scope: a",
        "a second scope comment for the same statement",
        "name all the columns in one: -- scope: col, col",
    );
}

#[test]
fn scope_malformed() {
    for list in ["", "  ", "id,", ",", "id a", "id, (a)", "'id'", "id.a", "*", "\"id"] {
        refused_scope(
            &format!("  »-- scope:{list}"),
            "no column names can be read in this scope comment",
            "write -- scope: col, col with columns of the INSERT's list, or remove it",
        );
    }
}

#[test]
fn scope_column() {
    refused_scope(
        "-- scope: id, »b",
        "the scope names `b`, which isn't in the INSERT's column list",
        "name columns that the INSERT fills",
    );
}

#[test]
fn scope_column_twice() {
    refused_scope("-- scope: id, a, »ID", "the scope names `ID` twice", "name it once");
}

#[test]
fn parameter() {
    for parameter in ["?", "?1", ":x", "@x", "$x"] {
        refused_select(
            &format!("SELECT id, a FROM old.o WHERE a = »{parameter}"),
            &format!("`{parameter}` is a parameter, and nothing gives it a value"),
            "write the value itself",
        );
    }
}

#[test]
fn digit_separator() {
    for (number, plain) in [("1_000", "1000"), ("1_0.5", "10.5"), ("0xff_ff", "0xffff")] {
        refused(
            &format!("CREATE TABLE new.t (a INT DEFAULT »{number})"),
            &format!(
                "`{number}` has separators between its digits, which SQLite accepts since 3.46: \
                 every program's SQLite, from 3.38 on, must be able to read what a migration \
                 creates"
            ),
            &format!("write {plain}"),
        );
    }
}

#[test]
fn hex_too_large() {
    let digits = "f".repeat(30);
    refused(
        &format!("{TABLE}INSERT INTO new.t (id, a) SELECT id, »0x{digits} FROM old.o"),
        "`0xffffffffffffffffff…` has more than 16 hexadecimal digits",
        "write a blob, x'…', or a decimal number",
    );
    accepted_select("SELECT id, 0x00ffffffffffffffff FROM old.o");
}
