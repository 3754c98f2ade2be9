//! What may stand in a column.

use crate::shapes::shape::Shape;

const SCHEMA: &str = "CREATE TABLE things (id INTEGER PRIMARY KEY, v);";

/// One column of every value there is, and new programs that write such values too.
fn of_values(rows: &'static str, old: [&'static str; 3], new: [(&'static str, &'static str); 2]) {
    let schema = format!("{SCHEMA} {rows}").leak();
    Shape {
        schema,
        migration: "CREATE TABLE new.@things (id INTEGER PRIMARY KEY, value);
                    INSERT INTO new.@things (id, value) SELECT id, v FROM old.things;
                    INSERT INTO old.things (id, v) SELECT id, value FROM new.@things;",
        old,
        new,
        ..Shape::PLAIN
    }
    .goes();
}

#[test]
fn json() {
    of_values(
        r#"INSERT INTO things (v) VALUES ('{"a": [1, 2.50, "x"], "a": null}'), ('[]'), (' {"b" :1e400}'), ('not json'), (NULL)"#,
        [
            r#"UPDATE things SET v = json_set(v, '$.c', json('{"d":"\u0000"}')) WHERE id = 1"#,
            "INSERT INTO things (v) SELECT json_group_array(id) FROM things",
            "UPDATE things SET v = json_remove(v, '$.a') WHERE json_valid(v)",
        ],
        [
            (
                r#"INSERT INTO @things (value) VALUES ('{"é":"\ud83d\ude00"}')"#,
                r#"INSERT INTO things (v) VALUES ('{"é":"\ud83d\ude00"}')"#,
            ),
            ("UPDATE @things SET value = json_quote(value)", "UPDATE things SET v = json_quote(v)"),
        ],
    );
}

#[test]
fn blobs_of_ten_mebibytes() {
    of_values(
        "INSERT INTO things (v) VALUES (zeroblob(10 << 20)), (CAST(printf('%.*c', 10 << 20, 'x') AS BLOB))",
        [
            "INSERT INTO things (v) VALUES (CAST(printf('%.*c', 10 << 20, 'y') AS BLOB))",
            "UPDATE things SET v = CAST(substr(v, 1, 10485759) || 'z' AS BLOB) WHERE id = 2",
            "DELETE FROM things WHERE id = 1",
        ],
        [
            (
                "INSERT INTO @things (value) VALUES (zeroblob(10 << 20))",
                "INSERT INTO things (v) VALUES (zeroblob(10 << 20))",
            ),
            ("DELETE FROM @things WHERE id = 3", "DELETE FROM things WHERE id = 3"),
        ],
    );
}

#[test]
fn nul_in_text() {
    of_values(
        "INSERT INTO things (v) VALUES ('a' || char(0) || 'b'), (char(0)), ('a' || char(0) || 'c'), ('')",
        [
            "UPDATE things SET v = v || char(0)",
            "INSERT INTO things (v) VALUES ('a' || char(0)), (CAST('a' || char(0) AS BLOB)); DELETE FROM things WHERE v = char(0)",
            "UPDATE things SET v = 'a' || char(0) || 'd' WHERE id = 1",
        ],
        [
            (
                "INSERT INTO @things (value) VALUES (char(0, 0))",
                "INSERT INTO things (v) VALUES (char(0, 0))",
            ),
            (
                "UPDATE @things SET value = value || char(0) || 'e'",
                "UPDATE things SET v = v || char(0) || 'e'",
            ),
        ],
    );
}

/// SQLite stores NULL for NaN; the infinities, -0.0 and the ends of the range stay.
#[test]
fn infinity_and_nan() {
    of_values(
        "INSERT INTO things (v) VALUES (9e999), (-9e999), (9e999 - 9e999), (-0.0), (5e-324), (1.7976931348623157e308)",
        [
            "UPDATE things SET v = -v",
            "INSERT INTO things (v) VALUES (9e999 * 0), (0.1 + 0.2), (1e999)",
            "UPDATE things SET v = v * 2",
        ],
        [
            (
                "INSERT INTO @things (value) VALUES (-9e999)",
                "INSERT INTO things (v) VALUES (-9e999)",
            ),
            ("UPDATE @things SET value = -value", "UPDATE things SET v = -v"),
        ],
    );
}

#[test]
fn integers_at_the_ends() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, v);
                 INSERT INTO t VALUES (9223372036854775807, -9223372036854775808), (-9223372036854775808, 9223372036854775807),
                                      (0, 9223372036854775808.0), (-1, 9007199254740993)",
        migration: "CREATE TABLE new.@t (id INTEGER PRIMARY KEY, value);
                    INSERT INTO new.@t (id, value) SELECT id, v FROM old.t;
                    INSERT INTO old.t (id, v) SELECT id, value FROM new.@t;",
        old: [
            "UPDATE t SET v = v - 1 WHERE v > 0; INSERT INTO t VALUES (9223372036854775806, 1)",
            "UPDATE t SET id = id - 2 WHERE id = 9223372036854775807 OR id = 0",
            "INSERT INTO t VALUES (9223372036854775807, 9007199254740993.0); DELETE FROM t WHERE id = -9223372036854775808",
        ],
        new: [
            ("INSERT INTO @t VALUES (-9223372036854775808, -9223372036854775808)", "INSERT INTO t VALUES (-9223372036854775808, -9223372036854775808)"),
            ("UPDATE @t SET value = value + 1 WHERE typeof(value) = 'integer'", "UPDATE t SET v = v + 1 WHERE typeof(v) = 'integer'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Dates are texts, integers or reals to SQLite; it is the application that reads them.
#[test]
fn dates_in_every_format() {
    of_values(
        "INSERT INTO things (v) VALUES ('2024-02-29'), ('2024-02-29 23:59'), ('2024-02-29 23:59:59'), ('2024-02-29 23:59:59.999'),
             ('2024-02-29T23:59'), ('2024-02-29T23:59:59'), ('2024-02-29T23:59:59.123456'), ('23:59'), ('23:59:59'), ('23:59:59.5'),
             ('2024-02-29T23:59:59Z'), ('2024-02-29 23:59:59+05:30'), (2460370.5), (1709251199), ('2460370.5'), ('now')",
        [
            "UPDATE things SET v = datetime(v) WHERE id % 2 = 0",
            "INSERT INTO things (v) VALUES (julianday('2024-02-29')), (strftime('%s', '2024-02-29'))",
            "UPDATE things SET v = julianday(v) WHERE id % 3 = 0",
        ],
        [
            ("INSERT INTO @things (value) VALUES ('0000-01-01'), ('9999-12-31')", "INSERT INTO things (v) VALUES ('0000-01-01'), ('9999-12-31')"),
            ("UPDATE @things SET value = date(value) WHERE id % 5 = 0", "UPDATE things SET v = date(v) WHERE id % 5 = 0"),
        ],
    );
}

/// Each of SQLite's formats read by the mapping: seconds to text and back.
#[test]
fn dates_that_change_their_format() {
    Shape {
        schema: "CREATE TABLE e (id INTEGER PRIMARY KEY, at INTEGER, day REAL);
                 INSERT INTO e VALUES (1, 0, 2460370.5), (2, 1709251199, NULL), (3, -1, 0.5), (4, NULL, 2440587.5)",
        migration: "CREATE TABLE new.@e (id INTEGER PRIMARY KEY, moment TEXT, day TEXT);
                    INSERT INTO new.@e (id, moment, day) SELECT id, strftime('%Y-%m-%dT%H:%M:%SZ', at, 'unixepoch'), date(day) FROM old.e;
                    INSERT INTO old.e (id, at, day) SELECT id, CAST(strftime('%s', substr(moment, 1, 19)) AS INTEGER), julianday(substr(day, 1, 23)) FROM new.@e;",
        old: [
            "INSERT INTO e VALUES (5, 4102444800, 2451544.5)",
            "UPDATE e SET at = at + 86400",
            "UPDATE e SET day = day + 1 WHERE id > 2",
        ],
        new: [
            ("INSERT INTO @e VALUES (6, '1999-12-31T23:59:59Z', '1999-12-31')", "INSERT INTO e VALUES (6, 946684799, 2451543.5)"),
            ("UPDATE @e SET moment = NULL WHERE id < 3", "UPDATE e SET at = NULL WHERE id < 3"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}
