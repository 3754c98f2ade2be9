//! Refusals of CREATE TABLE and CREATE INDEX.

use super::*;

#[test]
fn temp_table() {
    for text in [
        "CREATE »TEMP TABLE new.t (id INT)",
        "create »temporary table t (id INT)",
        "CREATE »TEMP TABLE t AS SELECT 1",
    ] {
        refused(
            text,
            "a temporary table exists only in one connection",
            "write CREATE TABLE new.T (…)",
        );
    }
}

#[test]
fn if_not_exists() {
    let reason = "IF NOT EXISTS would hide that something else already has this name";
    let fix = "remove IF NOT EXISTS: cutover knows what it has created";
    refused("CREATE TABLE »IF NOT EXISTS new.t (id INT)", reason, fix);
    refused(&format!("{TABLE}CREATE UNIQUE INDEX »if not exists new.i ON t (id)"), reason, fix);
}

#[test]
fn create_unqualified() {
    refused(
        "CREATE TABLE »users (id INT)",
        "`users` does not say which side it is on",
        "write CREATE TABLE new.users",
    );
    refused(
        &format!("{TABLE}CREATE INDEX »\"i\" ON t (id)"),
        "`i` does not say which side it is on",
        "write CREATE INDEX new.i",
    );
}

#[test]
fn create_old() {
    refused(
        "CREATE TABLE »old.users (id INT)",
        "`old.users` would change the old schema, which stays as it is until it is retired",
        "write CREATE TABLE new.users for what the migration creates, or remove it",
    );
    refused(
        "CREATE INDEX »OLD.i ON users (id)",
        "`old.i` would change the old schema, which stays as it is until it is retired",
        "write CREATE INDEX new.i for what the migration creates, or remove it",
    );
}

#[test]
fn create_elsewhere() {
    for side in ["main", "temp", "aux"] {
        refused(
            &format!("CREATE TABLE »{side}.users (id INT)"),
            &format!("`{side}.users`: there are only two sides, old and new"),
            "write CREATE TABLE new.users",
        );
    }
}

#[test]
fn created_twice() {
    for text in [
        "CREATE TABLE new.»T (id INT)",
        "CREATE INDEX new.i ON t (id); CREATE INDEX new.»I ON t (a)",
        "CREATE INDEX new.»t ON t (id)",
        "CREATE INDEX new.i ON t (id); CREATE TABLE new.»i (a)",
    ] {
        let name = &text[text.find('»').unwrap() + '»'.len_utf8()..][..1];
        refused(
            &format!("{TABLE}{text}"),
            &format!(
                "`{name}` was created further up: tables and indexes share one set of names, \
                 regardless of case"
            ),
            "give one of them another name",
        );
    }
}

#[test]
fn reserved() {
    for name in ["_cutover_x", "cutover_live_users", "sqlite_x", "SQLite_y", "_Cutover_"] {
        for text in [
            format!("CREATE TABLE new.»{name} (id INT)"),
            format!("CREATE TABLE new.t (id INT); CREATE INDEX new.»{name} ON t (id)"),
            format!(
                "CREATE TABLE new.t (id INT); INSERT INTO old.»{name} (id) SELECT id FROM new.t"
            ),
        ] {
            refused(
                &text,
                &format!("`{name}` is a name reserved for SQLite or cutover"),
                "use a name that doesn't begin with sqlite_, _cutover_ or cutover_live_",
            );
        }
    }
}

#[test]
fn named_like_a_side() {
    let refused_here = |text: &str, name: &str| {
        refused(
            &format!("{TABLE}{text}"),
            &format!("`{name}` names a side here, and the row being written in a trigger"),
            "use another name or alias",
        );
    };
    refused_here("CREATE TABLE new.»OLD (id INT)", "OLD");
    for from in [
        "old.o AS »new",
        "old.o »old",
        "old.»old",
        "(SELECT 1) »new",
        "json_each('[]') »new",
        "(old.o JOIN old.p) AS »new",
    ] {
        let name = &from[from.find('»').unwrap() + '»'.len_utf8()..];
        refused_here(&format!("INSERT INTO new.t (id) SELECT id FROM {from}"), name);
    }
    refused_here(
        "INSERT INTO new.t (id) WITH »new AS (SELECT id FROM old.o) SELECT id FROM old.o",
        "new",
    );
}

#[test]
fn create_as_select() {
    refused(
        "CREATE TABLE new.t »AS SELECT id FROM old.o",
        "CREATE TABLE … AS SELECT copies rows once and gives the table no key, so they couldn't \
         be kept in step",
        "write CREATE TABLE new.T (…) with its columns, and INSERT INTO new.T (…) SELECT …",
    );
}

#[test]
fn index_on_other() {
    refused(
        &format!("{TABLE}CREATE INDEX new.i ON »users (id)"),
        "the file creates no `new.users` above this index",
        "add CREATE TABLE new.users (…) above it, or remove the index",
    );
}

#[test]
fn qualified_reference() {
    refused(
        &format!("{TABLE}CREATE INDEX new.i ON »new.t (id)"),
        "SQLite takes no qualifier after ON: both tables are on the same side",
        "write ON t",
    );
    refused(
        "CREATE TABLE new.t (id INT REFERENCES »new.[u] (id))",
        "SQLite takes no qualifier after REFERENCES: both tables are on the same side",
        "write REFERENCES [u]",
    );
}

#[test]
fn not_sqlite() {
    let fix = "remove it, or write it as SQLite has it";
    for (text, what) in [
        ("CREATE TABLE new.u (»a INT[])", "an array type"),
        ("CREATE INDEX new.i ON t USING »btree (id)", "CREATE INDEX … USING"),
        ("CREATE INDEX new.i ON t (id) »WITH (x = 1)", "CREATE INDEX … WITH (…)"),
        ("INSERT INTO new.t (id) SELECT »DEFAULT FROM old.o", "DEFAULT as a value"),
    ] {
        refused(&format!("{TABLE}{text}"), &format!("{what} isn't SQLite's"), fix);
    }
}

#[test]
fn collation() {
    for text in [
        "CREATE TABLE new.u (a TEXT COLLATE »unicode)",
        "CREATE TABLE new.u (a TEXT, PRIMARY KEY (a COLLATE »unicode))",
        "CREATE INDEX new.i ON t (a COLLATE »unicode)",
        "INSERT INTO new.t (id) SELECT id FROM old.o WHERE a = 'x' COLLATE »unicode",
    ] {
        refused(
            &format!("{TABLE}{text}"),
            "the collation `unicode` isn't one of SQLite's own: a program that doesn't define it \
             could no longer write",
            "use BINARY, NOCASE or RTRIM",
        );
    }
}
