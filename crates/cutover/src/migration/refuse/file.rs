//! Refusals of the text, and of the file as a whole.

use crate::migration::fault::Fault;
use crate::migration::parsed::Location;

pub(in crate::migration) fn nul(at: Location) -> Fault {
    Fault::at(
        at,
        "a NUL byte: this is not a text file, or it is damaged",
        "save the migration as UTF-8 text",
    )
}

pub(in crate::migration) fn unclosed_comment(at: Location) -> Fault {
    Fault::at(
        at,
        "a comment is opened here and never closed: every statement after it would be lost",
        "close it with `*/`",
    )
}

pub(in crate::migration) fn unclosed_quote(at: Location, quote: &str) -> Fault {
    let close = if quote == "[" { "]" } else { quote };
    Fault::at(
        at,
        format!("a quote is opened here with `{quote}` and never closed"),
        format!("close it with `{close}`"),
    )
}

pub(in crate::migration) fn not_a_token(at: Location, text: &str) -> Fault {
    let text: String = text.chars().take(40).collect();
    Fault::at(at, format!("`{text}` is not SQL"), "correct it, or quote it")
}

pub(in crate::migration) fn syntax(at: Location, message: String) -> Fault {
    Fault::at(at, message, "correct the statement; it must be one that SQLite 3.38 accepts")
}

/// No place where not even the statement is known.
pub(in crate::migration) fn unreadable(at: Option<Location>) -> Fault {
    let reason = "the parser can't read this statement";
    let fix = "simplify it: a migration needs only CREATE TABLE, CREATE INDEX and INSERT … SELECT";
    match at {
        Some(at) => Fault::at(at, reason, fix),
        None => Fault::file(reason.replace("this", "a"), fix),
    }
}

pub(in crate::migration) fn no_thread(error: &std::io::Error) -> Fault {
    Fault::file(
        format!("no thread could be started to read the file: {error}"),
        "free some memory, or raise the limit of threads, and try again",
    )
}

pub(in crate::migration) fn too_deep(at: Location, most: usize) -> Fault {
    Fault::at(
        at,
        format!("parentheses are nested more than {most} deep here"),
        "move the inner part into a WITH clause",
    )
}

pub(in crate::migration) fn nothing_read() -> Fault {
    Fault::file(
        "the file holds no statement",
        "write CREATE TABLE new.T (…), INSERT INTO new.T (…) SELECT … FROM old.… and \
         INSERT INTO old.… (…) SELECT … FROM new.T",
    )
}

pub(in crate::migration) fn no_backward() -> Fault {
    Fault::file(
        "no statement says how the old rows come from the new ones, so a rollback would be \
         impossible",
        "add INSERT INTO old.T (…) SELECT … FROM new.…",
    )
}

pub(in crate::migration) fn no_forward() -> Fault {
    Fault::file(
        "no statement says how the new rows come from the old ones",
        "add INSERT INTO new.T (…) SELECT … FROM old.…",
    )
}

pub(in crate::migration) fn never_filled(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("no statement fills `new.{table}`: it would stay empty"),
        format!("add INSERT INTO new.{table} (…) SELECT … FROM old.…, or remove the table"),
    )
}

pub(in crate::migration) fn replaced_for_good(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`new.{table}` replaces `old.{table}`, and no statement says how the old rows come back"
        ),
        format!(
            "add INSERT INTO old.{table} (…) SELECT … FROM new.…, or give the new table another name"
        ),
    )
}
