//! Which functions a migration may call.
//!
//! A trigger runs in the process that writes, in its SQLite, with the functions
//! that its connection has. So a function is accepted only if it is in the
//! default build of SQLite 3.38 and of every later one, and gives the same value
//! for the same arguments, always and everywhere.
//!
//! Sources: <https://sqlite.org/lang_corefunc.html>, `lang_aggfunc.html`,
//! `lang_datefunc.html`, `lang_mathfunc.html`, `windowfunctions.html`,
//! `json1.html` and <https://sqlite.org/changes.html>.

use std::borrow::Cow;

/// Why a function can't be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objection {
    /// To be said after the function's name.
    pub(super) reason: Cow<'static, str>,
    pub(super) fix: Cow<'static, str>,
    /// The only objection is that the value varies: in a DEFAULT, which is
    /// worked out once for each row and then kept, nothing speaks against it.
    pub(super) only_varies: bool,
}

impl Objection {
    pub(super) fn lasting(
        reason: impl Into<Cow<'static, str>>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { reason: reason.into(), fix: fix.into(), only_varies: false }
    }

    pub(super) fn varies(reason: &'static str) -> Self {
        Self {
            reason: reason.into(),
            fix: "compute the value from columns of the source".into(),
            only_varies: true,
        }
    }

    /// Something that SQLite 3.38 hasn't.
    pub(super) fn newer(what: &str, since: &str, fix: &'static str) -> Self {
        Self::lasting(
            format!(
                "{what} since SQLite {since}: triggers run in the SQLite of the program that \
                 writes, which may be as old as 3.38"
            ),
            fix,
        )
    }
}

/// The table-valued functions that may stand in a FROM clause.
pub(super) const TABLE_VALUED: &[&str] = &["json_each", "json_tree"];

/// The functions of the default build of SQLite 3.38.
const ALLOWED: &[&[&str]] = &[CORE, AGGREGATES, WINDOW, DATES, JSON];

const CORE: &[&str] = &[
    "abs",
    "char",
    "coalesce",
    "format",
    "glob",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nullif",
    "printf",
    "quote",
    "replace",
    "round",
    "rtrim",
    "sign",
    "substr",
    "substring",
    "trim",
    "typeof",
    "unicode",
    "unlikely",
    "upper",
    "zeroblob",
];

const AGGREGATES: &[&str] = &["avg", "count", "group_concat", "sum", "total"];

const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Accepted when they are given the time: see `dates.rs`.
pub(super) const DATES: &[&str] =
    &["date", "datetime", "julianday", "strftime", "time", "unixepoch"];

/// In every default build since 3.38.
const JSON: &[&str] = &[
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
];

/// The mathematical functions, which a build has only if it asked for them.
const MATH: &[&str] = &[
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh",
    "degrees", "exp", "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power",
    "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
];

/// Functions of the connection, not of the row.
const CONNECTION: &[&str] = &["changes", "last_insert_rowid", "total_changes"];

/// Functions of the library that runs the statement.
const LIBRARY: &[&str] = &[
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
    "sqlite_source_id",
    "sqlite_version",
];

/// Functions that reach out of the database.
const OUTSIDE: &[&str] = &["edit", "load_extension", "readfile", "writefile"];

/// Functions that SQLite got after 3.38: name, version, what to write instead.
const NEWER: &[(&str, &str, &str)] = &[
    ("concat", "3.44", "use the operator ||, with coalesce() where NULL may come"),
    ("concat_ws", "3.44", "use the operator ||, with coalesce() where NULL may come"),
    ("if", "3.48", "use CASE WHEN … THEN … ELSE … END"),
    ("json_array_insert", "3.52", "use json_insert()"),
    ("json_error_position", "3.42", "use json_valid()"),
    ("json_pretty", "3.46", "use json()"),
    ("octet_length", "3.43", "use length(CAST(x AS BLOB))"),
    ("string_agg", "3.44", "use group_concat()"),
    ("timediff", "3.43", "use julianday() of both times"),
    ("unhex", "3.41", "keep the hexadecimal text, or the blob"),
    ("unistr", "3.50", "use char()"),
    ("unistr_quote", "3.50", "use quote()"),
];

/// Functions for which a compile-time option is needed.
const OPTIONAL: &[&str] =
    &["median", "percentile", "percentile_cont", "percentile_disc", "soundex", "sqlite_offset"];

/// What speaks against calling a function with so many arguments, if anything.
pub(super) fn objection(name: &str, arguments: usize) -> Option<Objection> {
    let name = name.to_ascii_lowercase();
    let is_in = |list: &&[&str]| list.contains(&name.as_str());
    if ALLOWED.iter().any(is_in) {
        return too_new_a_form(&name, arguments);
    }
    if ["random", "randomblob"].contains(&name.as_str()) {
        return Some(Objection::varies("gives another value each time the row is derived"));
    }
    if is_in(&CONNECTION) {
        return Some(Objection::varies("describes the writer's connection, not the row"));
    }
    if is_in(&LIBRARY) {
        return Some(Objection::varies(
            "describes the SQLite that runs it, and each program has its own",
        ));
    }
    if is_in(&OUTSIDE) {
        return Some(Objection::lasting(
            "works outside the database, which a trigger must not do in the writer's process",
            "put what is needed into a table first",
        ));
    }
    if is_in(&MATH) || is_in(&OPTIONAL) {
        return Some(Objection::lasting(
            "exists only if SQLite was built with an option: a program without it could no longer \
             write",
            "compute the value with operators and functions that every SQLite has",
        ));
    }
    Some(newer(&name).unwrap_or_else(|| {
        Objection::lasting(
            "is not a function of every SQLite: a program without it could no longer write",
            "use functions of SQLite 3.38's default build",
        )
    }))
}

fn newer(name: &str) -> Option<Objection> {
    if name.starts_with("jsonb") {
        return Some(Objection::newer(
            "is there",
            "3.45",
            "use the json_ function, which gives text",
        ));
    }
    let (_, since, fix) = NEWER.iter().find(|(newer, ..)| *newer == name)?;
    Some(Objection::newer("is there", since, fix))
}

/// Functions of 3.38 that got further forms later.
fn too_new_a_form(name: &str, arguments: usize) -> Option<Objection> {
    match (name, arguments) {
        ("iif", 3) | ("json_valid", 1) => None,
        ("iif", _) => Some(Objection::newer(
            "does not take exactly three arguments",
            "3.48",
            "give it three, or use CASE WHEN … THEN … END",
        )),
        ("json_valid", _) => {
            Some(Objection::newer("takes a second argument", "3.45", "give it one: json_valid(x)"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sqlite::Connection;

    /// What the bundled SQLite has besides: operators and literals under their
    /// internal names, and functions of extensions and for debugging.
    const EXTENSIONS: &[&str] = &[
        "->",
        "->>",
        "bm25",
        "current_date",
        "current_time",
        "current_timestamp",
        "fts3_tokenizer",
        "fts5",
        "fts5_get_locale",
        "fts5_insttoken",
        "fts5_locale",
        "fts5_source_id",
        "highlight",
        "match",
        "matchinfo",
        "offsets",
        "optimize",
        "rtreecheck",
        "rtreedepth",
        "rtreenode",
        "snippet",
        "sqlite_log",
        "subtype",
    ];

    #[test]
    fn no_function_is_in_two_lists() {
        let newer: Vec<&str> = NEWER.iter().map(|(name, ..)| *name).collect();
        let mut all: Vec<&str> = [MATH, CONNECTION, LIBRARY, OUTSIDE, OPTIONAL, &newer]
            .into_iter()
            .chain(ALLOWED.iter().copied())
            .flatten()
            .copied()
            .collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    /// What is accepted exists, and every function that the bundled SQLite has is
    /// accepted, or refused for a better reason than being unknown.
    #[test]
    fn the_lists_agree_with_sqlite() {
        let known = Connection::memory().unwrap().functions().unwrap();
        for name in ALLOWED.iter().copied().flatten() {
            assert!(known.iter().any(|known| known == name), "SQLite has no {name}()");
        }
        let unknown = known.iter().filter(|name| {
            objection(name, 1).is_some_and(|found| found.reason.starts_with("isn't"))
        });
        let unknown: Vec<&str> = unknown.map(String::as_str).collect();
        let new: Vec<&&str> = unknown.iter().filter(|name| !EXTENSIONS.contains(name)).collect();
        assert!(new.is_empty(), "to be put into one of the lists: {new:?}");
    }
}
