//! Groups whose members are equal and not the same.

use crate::shapes::shape::Shape;

/// min() and max() pick one of the spellings, the same whoever derives it.
#[test]
fn spellings_of_a_group() {
    Shape {
        schema: "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT COLLATE NOCASE NOT NULL, r TEXT COLLATE RTRIM NOT NULL, w);
                 CREATE INDEX t_c ON t (c); CREATE INDEX t_r ON t (r);
                 INSERT INTO t VALUES (1, 'a', 'x ', 1), (3, 'B', 'x', 2), (9, 'b', 'x  ', 3), (10, 'A', 'y', 4)",
        migration: "CREATE TABLE new.cs (c TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INTEGER);
                    CREATE TABLE new.rs (r TEXT COLLATE RTRIM PRIMARY KEY NOT NULL);
                    CREATE TABLE new.@t (id INTEGER PRIMARY KEY, c TEXT COLLATE NOCASE NOT NULL, r TEXT COLLATE RTRIM NOT NULL, v);
                    INSERT INTO new.cs (c, n) SELECT min(c COLLATE BINARY), count(*) FROM old.t GROUP BY c;
                    INSERT INTO new.rs (r) SELECT max(r COLLATE BINARY) FROM old.t GROUP BY r;
                    INSERT INTO new.@t (id, c, r, v) SELECT id, c, r, w FROM old.t;
                    INSERT INTO old.t (id, c, r, w) SELECT id, c, r, v FROM new.@t;",
        old: [
            "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'B', 'x   ', 5)",
            "UPDATE t SET c = upper(c) WHERE id = 9; UPDATE t SET r = r || ' '; UPDATE t SET c = lower(c)",
            "DELETE FROM t WHERE c = 'B'; INSERT INTO t VALUES (5, 'b', 'Y', 1), (6, 'B', 'y  ', 2); DELETE FROM t WHERE id = 5",
        ],
        new: [
            ("UPDATE @t SET v = v + 1", "UPDATE t SET w = w + 1"),
            ("UPDATE @t SET v = -v", "UPDATE t SET w = -w"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}
