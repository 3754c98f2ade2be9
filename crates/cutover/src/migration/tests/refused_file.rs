//! Refusals of the text, and of the file as a whole.

use crate::migration::refuse;
use crate::migration::tests::*;

const CORRECT_IT: &str = "correct the statement; it must be one that SQLite 3.38 accepts";

#[test]
fn nul() {
    refused(
        "CREATE TABLE new.t (a TEXT DEFAULT '»\0');",
        "a NUL byte: this is not a text file, or it is damaged",
        "save the migration as UTF-8 text",
    );
}

#[test]
fn unclosed_comment() {
    for text in ["»/* no end", "»/*/", "»/* *"] {
        refused(
            &format!("{TABLE}INSERT INTO new.t (id) {text}"),
            "a comment is opened here and never closed: every statement after it would be lost",
            "close it with `*/`",
        );
    }
}

#[test]
fn unclosed_quote() {
    for (quote, close) in [("'", "'"), ("\"", "\""), ("`", "`"), ("[", "]")] {
        refused(
            &format!("{TABLE}SELECT »{quote}it"),
            &format!("a quote is opened here with `{quote}` and never closed"),
            &format!("close it with `{close}`"),
        );
    }
}

/// The first fault of the file is the one that is reported.
#[test]
fn unclosed_quote_below_another_fault() {
    refused(
        "»VACUUM; SELECT '",
        "a migration can't hold VACUUM: it does not define the schema, and would hold up the \
         writers",
        "remove it, and run it by hand after the migration",
    );
}

#[test]
fn not_a_token() {
    for token in ["1.5x", "x'0", "0xzz", "\\", "!", "1e"] {
        refused(
            &format!("{TABLE}SELECT »{token} FROM t"),
            &format!("`{token}` is not SQL"),
            "correct it, or quote it",
        );
    }
}

#[test]
fn syntax() {
    refused("CREATE TABLE new.t (id »= 1)", "near `=`: syntax error", CORRECT_IT);
    refused("\n  »FROB new.t;", "near `FROB`: syntax error", CORRECT_IT);
    refused(
        "CREATE TABLE new.t (id INT»   ; -- more",
        "the statement ends before it is complete",
        CORRECT_IT,
    );
    refused(
        "CREATE TABLE new.t (id INT) WITHOUT ROWID»",
        "PRIMARY KEY missing on table new.t",
        CORRECT_IT,
    );
}

/// Nothing is known that makes the parser panic.
#[test]
fn unreadable() {
    let error = refuse::unreadable(Some(Location { line: 1, column: 2 })).of("m");
    assert_eq!(error.to_string(), "m.sql:1:2: the parser can't read this statement");
    assert_eq!(
        error.fix(),
        Some(
            &"simplify it: a migration needs only CREATE TABLE, CREATE INDEX and INSERT … SELECT"
                .into()
        )
    );
    let error = refuse::unreadable(None).of("m");
    assert_eq!(error.to_string(), "m.sql: the parser can't read a statement");
}

#[test]
fn no_thread() {
    let error = refuse::no_thread(&std::io::Error::other("no memory")).of("m");
    assert_eq!(error.to_string(), "m.sql: no thread could be started to read the file: no memory");
    assert_eq!(
        error.fix(),
        Some(&"free some memory, or raise the limit of threads, and try again".into())
    );
}

#[test]
fn too_deep() {
    let select = format!("SELECT id, {}»(a{} FROM old.o", "(".repeat(100), ")".repeat(101));
    refused_select(
        &select,
        "parentheses are nested more than 100 deep here",
        "move the inner part into a WITH clause",
    );
}

#[test]
fn nothing_read() {
    for text in ["", "\u{feff}", " \n\t", ";;", "-- only a comment", "/* and */ -- another\n;"] {
        refused(
            text,
            "the file holds no statement",
            "write CREATE TABLE new.T (…), INSERT INTO new.T (…) SELECT … FROM old.… and \
             INSERT INTO old.… (…) SELECT … FROM new.T",
        );
    }
}

#[test]
fn no_backward() {
    refused(
        &format!("{TABLE}INSERT INTO new.t (id) SELECT id FROM old.o;"),
        "no statement says how the old rows come from the new ones, so a rollback would be \
         impossible",
        "add INSERT INTO old.T (…) SELECT … FROM new.…",
    );
}

#[test]
fn no_forward() {
    refused(
        &format!("{TABLE}INSERT INTO old.o (id) SELECT id FROM new.t;"),
        "no statement says how the new rows come from the old ones",
        "add INSERT INTO new.T (…) SELECT … FROM old.…",
    );
}

#[test]
fn never_filled() {
    let fix = "add INSERT INTO new.t2 (…) SELECT … FROM old.…, or remove the table";
    let reason = "no statement fills `new.t2`: it would stay empty";
    refused("»CREATE TABLE new.t2 (id INTEGER PRIMARY KEY)", reason, fix);
    refused(
        &format!(
            "{TABLE}»CREATE TABLE new.t2 (id INTEGER PRIMARY KEY);\n\
             INSERT INTO new.t (id) SELECT id FROM old.o;\n\
             INSERT INTO old.o (id) SELECT id FROM new.t;"
        ),
        reason,
        fix,
    );
}

#[test]
fn replaced_for_good() {
    refused(
        "»CREATE TABLE new.T (id INTEGER PRIMARY KEY);\n\
         CREATE TABLE new.u (id INTEGER PRIMARY KEY);\n\
         INSERT INTO new.T (id) SELECT id FROM old.t;\n\
         INSERT INTO new.u (id) SELECT id FROM old.t;\n\
         INSERT INTO old.o (id) SELECT id FROM new.t;",
        "`new.T` replaces `old.T`, and no statement says how the old rows come back",
        "add INSERT INTO old.T (…) SELECT … FROM new.…, or give the new table another name",
    );
}
