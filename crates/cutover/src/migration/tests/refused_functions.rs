//! Refusals of functions, each with its reason.

use super::*;

const FROM_COLUMNS: &str = "compute the value from columns of the source";

#[track_caller]
fn refused_call(call: &str, reason: &str, fix: &str) {
    refused_select(&format!("SELECT id, coalesce(a, »{call}) FROM old.o"), reason, fix);
}

#[test]
fn function() {
    for name in ["random", "RandomBlob"] {
        let reason = format!("{name}() gives another value each time the row is derived");
        refused_call(&format!("{name}(8)"), &reason, FROM_COLUMNS);
    }
}

#[test]
fn functions_of_the_connection() {
    for name in ["changes", "total_changes", "last_insert_rowid"] {
        let reason = format!("{name}() describes the writer's connection, not the row");
        refused_call(&format!("{name}()"), &reason, FROM_COLUMNS);
    }
    for name in ["sqlite_version", "sqlite_source_id"] {
        let reason =
            format!("{name}() describes the SQLite that runs it, and each program has its own");
        refused_call(&format!("{name}()"), &reason, FROM_COLUMNS);
    }
}

#[test]
fn functions_that_reach_outside() {
    for name in ["load_extension", "readfile", "writefile", "edit"] {
        refused_call(
            &format!("{name}('x')"),
            &format!(
                "{name}() works outside the database, which a trigger must not do in the writer's \
                 process"
            ),
            "put what is needed into a table first",
        );
    }
}

#[test]
fn functions_of_some_builds() {
    for name in ["sqrt", "floor", "pow", "mod", "sqlite_offset", "soundex", "median", "percentile"]
    {
        refused_call(
            &format!("{name}(a)"),
            &format!(
                "{name}() exists only if SQLite was built with an option: a program without it \
                 could no longer write"
            ),
            "compute the value with operators and functions that every SQLite has",
        );
    }
    for name in ["regexp", "my_function", "\"uuid\"", "subtype"] {
        refused_call(
            &format!("{name}(a)"),
            &format!(
                "{}() is not a function of every SQLite: a program without it could no longer \
                 write",
                name.replace('"', "")
            ),
            "use functions of SQLite 3.38's default build",
        );
    }
}

#[test]
fn functions_newer_than_3_38() {
    for (call, since, fix) in [
        ("concat(a, 'x')", "3.44", "use the operator ||, with coalesce() where NULL may come"),
        ("concat_ws(a, 'x')", "3.44", "use the operator ||, with coalesce() where NULL may come"),
        ("if(a, 1, 2)", "3.48", "use CASE WHEN … THEN … ELSE … END"),
        ("json_error_position(a)", "3.42", "use json_valid()"),
        ("json_pretty(a)", "3.46", "use json()"),
        ("jsonb_extract(a, '$')", "3.45", "use the json_ function, which gives text"),
        ("octet_length(a)", "3.43", "use length(CAST(x AS BLOB))"),
        ("string_agg(a, ',')", "3.44", "use group_concat()"),
        ("timediff(a, b)", "3.43", "use julianday() of both times"),
        ("unhex(a)", "3.41", "keep the hexadecimal text, or the blob"),
        ("unistr(a)", "3.50", "use char()"),
    ] {
        let name = call.split('(').next().unwrap();
        let reason = format!(
            "{name}() is there since SQLite {since}: triggers run in the SQLite of the program \
             that writes, which may be as old as 3.38"
        );
        refused_call(call, &reason, fix);
    }
    let newer = |what: &str, since: &str| {
        format!(
            "{what} since SQLite {since}: triggers run in the SQLite of the program that writes, \
             which may be as old as 3.38"
        )
    };
    refused_call(
        "iif(a, 1)",
        &newer("iif() does not take exactly three arguments", "3.48"),
        "give it three, or use CASE WHEN … THEN … END",
    );
    refused_call(
        "json_valid(a, 6)",
        &newer("json_valid() takes a second argument", "3.45"),
        "give it one: json_valid(x)",
    );
}

#[test]
fn dates_without_a_time() {
    for call in ["date()", "time()", "datetime()", "julianday()", "unixepoch()", "strftime('%Y')"] {
        let name = call.split('(').next().unwrap();
        let reason = format!("{name}() without a time gives the current time");
        refused_call(call, &reason, FROM_COLUMNS);
    }
    for call in ["date('now')", "unixepoch('NOW', '-1 day')", "strftime('%s', (\"now\"))"] {
        let name = call.split('(').next().unwrap();
        let reason = format!("{name}() of 'now' gives the current time");
        refused_call(call, &reason, FROM_COLUMNS);
    }
}

#[test]
fn dates_in_a_time_zone() {
    for modifier in ["localtime", "UTC"] {
        refused_call(
            &format!("datetime(a, '+1 day', '{modifier}')"),
            "datetime() with 'localtime' or 'utc' depends on the time zone of the machine that \
             writes",
            FROM_COLUMNS,
        );
    }
}

#[test]
fn dates_newer_than_3_38() {
    let newer = |what: &str, since: &str| {
        format!(
            "{what} since SQLite {since}: triggers run in the SQLite of the program that writes, \
             which may be as old as 3.38"
        )
    };
    for (modifier, since) in [
        ("subsec", "3.42"),
        ("subsecond", "3.42"),
        ("floor", "3.46"),
        ("ceiling", "3.46"),
        ("+0001-01-00", "3.43"),
        ("-0001-01-00 00:00", "3.43"),
    ] {
        refused_call(
            &format!("time(a, '{modifier}')"),
            &newer(&format!("time() takes '{modifier}'"), since),
            "compute it with the modifiers of 3.38",
        );
    }
    for (format, directive) in [("%Y-%F", 'F'), ("%%%e", 'e'), ("%G", 'G')] {
        refused_call(
            &format!("strftime('{format}', a)"),
            &newer(&format!("strftime() substitutes %{directive}"), "3.44 or later"),
            "use %d %f %H %j %J %m %M %s %S %w %W %Y",
        );
    }
}

/// A definition is read by every program's SQLite; only a DEFAULT may vary.
#[test]
fn functions_in_definitions() {
    let reason = "random() gives another value each time the row is derived";
    for text in [
        "CREATE TABLE new.u (a INT CHECK (a > »random()))",
        "CREATE TABLE new.u (a INT, CHECK (a > abs(»random())))",
        "CREATE TABLE new.u (a INT, b INT AS (»random()))",
        "CREATE INDEX new.i ON t (»random())",
        "CREATE INDEX new.i ON t (id) WHERE a > »random()",
    ] {
        refused(&format!("{TABLE}{text}"), reason, FROM_COLUMNS);
    }
    refused(
        "CREATE TABLE new.t (a TEXT DEFAULT (»concat('a', 'b')))",
        "concat() is there since SQLite 3.44: triggers run in the SQLite of the program that \
         writes, which may be as old as 3.38",
        "use the operator ||, with coalesce() where NULL may come",
    );
}

#[test]
fn current_time() {
    for literal in ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"] {
        refused_select(
            &format!("SELECT id, »{literal} FROM old.o"),
            &format!("{literal} has another value each time the row is derived"),
            "take the time from a column of the source",
        );
    }
}

#[test]
fn unordered() {
    let refused_order = |text: &str, name: &str, fix: &str| {
        refused_select(
            text,
            &format!(
                "{name}() depends on the order of the rows, which nothing here sets: the same \
                 rows could give another value each time they are derived"
            ),
            fix,
        );
    };
    for name in ["group_concat", "json_group_array"] {
        for from in ["old.o", "(SELECT * FROM old.o)", "(SELECT * FROM old.o ORDER BY a), old.p"] {
            refused_order(
                &format!("SELECT id, »{name}(a) FROM {from} GROUP BY id"),
                name,
                "read the rows from an ordered subquery: FROM (SELECT … ORDER BY …)",
            );
        }
    }
    refused_order(
        "SELECT id, »json_group_object(a, b) OVER () FROM (SELECT * FROM old.o ORDER BY a)",
        "json_group_object",
        "add ORDER BY to its window",
    );
    for over in ["()", "(PARTITION BY a)", "v", "(v ROWS 1 PRECEDING)", "nowhere"] {
        refused_order(
            &format!(
                "SELECT id, »row_number() OVER {over} FROM old.o WINDOW v AS (PARTITION BY a)"
            ),
            "row_number",
            "add ORDER BY to its window, by columns that no two rows share",
        );
    }
}

const LONG: &str = "GLOB '*:[0-9][0-9].[0-9][0-9][0-9][0-9]*'";

/// A mapping with a call, as the engine is given it.
#[track_caller]
fn read_call(call: &str) -> String {
    accepted_select(&format!("SELECT id, {call} FROM old.o AS o"));
    let text = format!(
        "{TABLE}INSERT INTO new.t (id, a) SELECT id, {call} FROM old.o AS o;\n\
         INSERT INTO old.o (id) SELECT id FROM new.t"
    );
    printed::select(&parse(&text).unwrap().mappings[0].select).unwrap()
}

/// SQLite 3.40 rounds the digits behind the third, later releases cut them: so they are cut
/// before a date function sees them.
#[test]
fn fractions_of_a_second() {
    for call in [
        "strftime('%s', a)",
        "strftime('%Y %f', a)",
        "strftime('%Y', a, '+1 day')",
        "julianday(a)",
        "unixepoch(a)",
        "unixepoch(a, 'auto')",
        "date(a, '+1 day')",
        "datetime(a, '+1 hour', 'unixepoch')",
        "time(a || '', 'start of day')",
        "julianday('2024-01-01 00:00:00.1234')",
        "julianday(substr(a, 1, 24))",
        "julianday(substr(a, 3))",
        "julianday(coalesce(substr(a, 1, 19), b))",
        "julianday(CASE WHEN b THEN a END)",
        "julianday(CASE WHEN length(b) = 19 THEN a END)",
        "julianday(CASE WHEN a GLOB '[0-9]*' THEN a END)",
        "julianday(replace(a, 'T', ' '))",
    ] {
        assert!(read_call(call).contains(LONG), "{call}");
    }
    let nested = read_call("strftime('%s', a, julianday(b) || '')");
    assert_eq!(nested.matches(LONG).count(), 2, "{nested}");
}

/// The text of a definition is SQLite's.
#[test]
fn fractions_of_a_second_in_a_definition() {
    refused(
        "CREATE TABLE new.n (id INTEGER PRIMARY KEY, a TEXT, s TEXT AS (»strftime('%s', a)))",
        "strftime() of a text with more than three digits of a second gives another time in other \
         releases of SQLite: the writer's would derive another value than cutover's",
        "cut the text, as in substr(x, 1, 23); write a number as CAST(x AS REAL)",
    );
}

/// Cut, they are the same moment to the thousandth, zone and all.
#[test]
fn times_are_cut_to_three_digits() {
    let db = crate::backend::sqlite::Connection::memory().unwrap();
    db.batch("CREATE TABLE o (id INTEGER PRIMARY KEY, a)").unwrap();
    let select = read_call("strftime('%Y-%m-%d %H:%M:%f', a, '+0 days')").replace("old.", "");
    for (written, read) in [
        ("2024-01-02 10:11:12.999999", Some("2024-01-02 10:11:12.999")),
        ("2024-01-02 10:11:12.123456+02:00", Some("2024-01-02 08:11:12.123")),
        ("2024-01-02T10:11:12.1234567Z", Some("2024-01-02 10:11:12.123")),
        ("10:11:12.5678", Some("2000-01-01 10:11:12.567")),
        ("2024-01-02 10:11:12.5", Some("2024-01-02 10:11:12.500")),
        ("2024-01-02 10:11", Some("2024-01-02 10:11:00.000")),
        ("2460000.51234567", Some("2023-02-25 00:17:46.666")),
        ("no time", None),
    ] {
        db.execute("INSERT OR REPLACE INTO o VALUES (1, ?1)", &[written.into()]).unwrap();
        let found: Option<String> = db.row(&select, &[], |row| row.get(1)).unwrap();
        assert_eq!(found.as_deref(), read, "{written}");
    }
}

/// Where there can't be more than three, or where they don't matter.
#[test]
fn times_without_fractions() {
    for call in [
        "date(a)",
        "datetime(a)",
        "strftime('%Y-%m-%dT%H:%M:%SZ', a)",
        "strftime('%s', substr(a, 1, 23))",
        "strftime('%s', coalesce(substr(a, 1, 10), '2024-01-01 00:00:00.123'))",
        "julianday(CAST(a AS REAL))",
        "julianday(a / 86400.0)",
        "datetime(a, 'unixepoch', '+1 day')",
        "datetime(julianday(substr(a, 1, 10)) + 1)",
        "date(date(a), '+1 day')",
        "CASE WHEN length(a) = 19 AND b THEN strftime('%s', a) END",
        "CASE WHEN length(o.a) <= 23 THEN strftime('%s', O.A) END",
        "CASE WHEN a GLOB '[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]' THEN strftime('%s', a) END",
        "datetime(strftime('%s', a), 'unixepoch') IS a AND length(a) = 19",
    ] {
        assert!(!read_call(call).contains(LONG), "{call}");
    }
    for select in [
        "SELECT id, unixepoch(iso) FROM (SELECT id, strftime('%Y', a, 'unixepoch') AS iso FROM old.o)",
        "WITH x AS (SELECT id, substr(a, 1, 19) AS t FROM old.o) SELECT id, unixepoch(t) FROM x",
    ] {
        accepted_select(select);
    }
}

#[test]
fn formats() {
    let other = |directive: char, what: &str| {
        format!(
            "printf() with %{directive} {what} otherwise in other releases of SQLite: the writer's would \
             derive another text than cutover's"
        )
    };
    for (format, directive) in [("%.2f", 'f'), ("%d %5.1e", 'e'), ("%!.15g", 'g'), ("%,G", 'G')] {
        refused_call(
            &format!("printf('{format}', a, b)"),
            &other(directive, "rounds a real number"),
            "format whole numbers: for two places, printf('%d.%02d', n / 100, n % 100) of \
             CAST(round(x * 100) AS INTEGER) as n",
        );
    }
    for directive in ['a', 'j', 'n'] {
        refused_call(
            &format!("printf('%{directive}', a)"),
            &other(directive, "writes it"),
            "use %d %i %u %x %X %o %s %c %q %Q %w",
        );
    }
    refused_call(
        "format(a, b)",
        "format() takes its format from a value, and SQLite's releases write some formats differently",
        "write the format as a literal",
    );
    accepted_select("SELECT id, printf('%d%% %-5s %03d %,d %Q', a, b, c, id, a) FROM old.o");
}

#[test]
fn read_differently() {
    refused_select(
        "SELECT id, a »-> '0' FROM old.o",
        "digits in quotes behind -> are an array's index in some releases of SQLite, and a label in others",
        "write the number without quotes, or a path: '$[0]', '$.\"0\"'",
    );
    refused_select(
        "SELECT id, a »->> -1 FROM old.o",
        "a negative number behind -> is NULL in SQLite before 3.47, and counts from the end since",
        "write '$[#-1]' for the last element",
    );
    accepted_select("SELECT id, a -> 0 ->> '$[#-1]' FROM old.o");
}
