//! Refusals of INSERT … SELECT and of what is in it.

use crate::migration::tests::*;

#[track_caller]
fn refused_insert(text: &str, reason: &str, fix: &str) {
    refused(&format!("{TABLE}{text}"), reason, fix);
}

/// The reason given for what SQLite 3.38 hasn't.
fn since(what: &str, since: &str) -> String {
    format!(
        "SQLite has {what} since {since}: triggers run in the SQLite of the program that writes, \
         which may be as old as 3.38"
    )
}

#[test]
fn newer() {
    let swap =
        "write LEFT JOIN with the tables swapped; for FULL JOIN, add the rest with UNION ALL";
    for join in ["RIGHT JOIN", "right outer join", "FULL JOIN", "FULL OUTER JOIN"] {
        refused_select(
            &format!("SELECT id, \"right\" FROM old.o »{join} old.p USING (id)"),
            &since("RIGHT and FULL JOIN", "3.39"),
            swap,
        );
    }
    refused_select(
        "SELECT id, a FROM old.o WHERE a »IS NOT DISTINCT FROM b",
        &since("IS NOT DISTINCT FROM", "3.39"),
        "write IS",
    );
    refused_select(
        "SELECT id, a »is distinct FROM b FROM old.o",
        &since("IS DISTINCT FROM", "3.39"),
        "write IS NOT",
    );
    let fix = "order the rows in a subquery: FROM (SELECT … ORDER BY …)";
    for call in ["group_concat(a ORDER BY id)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY a)"] {
        refused_select(
            &format!("SELECT id, »{call} FROM old.o"),
            &since("ORDER BY in an aggregate's call", "3.44"),
            fix,
        );
    }
}

#[test]
fn having_alone() {
    refused_select(
        "SELECT max(id), max(a) FROM old.o »HAVING count(*) > 0",
        &since("HAVING without GROUP BY", "3.39"),
        "add GROUP BY, or filter in a SELECT around it",
    );
}

#[test]
fn conflict_clause() {
    for action in ["REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK"] {
        refused_insert(
            &format!("INSERT »OR {action} INTO new.t (id) SELECT id FROM old.o"),
            &format!("INSERT OR {action} would silently drop rows that conflict"),
            "write INSERT INTO, and a SELECT that gives each key once",
        );
    }
}

#[test]
fn upsert() {
    for tail in ["NOTHING", "UPDATE SET a = 1"] {
        refused_select(
            &format!("SELECT id, a FROM old.o WHERE 1 »ON CONFLICT DO {tail}"),
            "ON CONFLICT would make the result depend on the order of the rows",
            "remove it, and write a SELECT that gives each key once",
        );
    }
}

#[test]
fn returning() {
    refused_select(
        "SELECT id, a FROM old.o »RETURNING id",
        "RETURNING has no caller to return rows to",
        "remove it",
    );
}

#[test]
fn target_unqualified() {
    refused_insert(
        "INSERT INTO »t (id) SELECT id FROM old.o",
        "`t` does not say which side it is on",
        "write INSERT INTO new.t, or INSERT INTO old.t in a backward statement",
    );
}

#[test]
fn target_elsewhere() {
    refused_insert(
        "INSERT INTO »main.t (id) SELECT id FROM old.o",
        "`main.t`: there are only two sides, old and new",
        "write INSERT INTO new.t, or INSERT INTO old.t in a backward statement",
    );
}

#[test]
fn target_alias() {
    refused_insert(
        "INSERT INTO new.t AS »x (id) SELECT id FROM old.o",
        "the INSERT's table has an alias, which only an UPSERT needs",
        "remove the alias",
    );
}

#[test]
fn not_created() {
    let reason = "the file creates no `new.u` above this statement";
    let fix = "add CREATE TABLE new.u (…) above it, or correct the name";
    refused_insert("INSERT INTO »new.u (id) SELECT id FROM old.o", reason, fix);
    refused_insert("INSERT INTO new.t (id) SELECT id FROM old.o, »new.u", reason, fix);
    refused_insert("INSERT INTO old.o (id) SELECT id FROM »new.u", reason, fix);
    refused_insert(
        "INSERT INTO »new.u (id) SELECT id FROM old.o; CREATE TABLE new.u (id INT)",
        reason,
        fix,
    );
}

#[test]
fn no_columns() {
    refused_insert(
        "INSERT INTO »old.o SELECT id FROM new.t",
        "the INSERT does not name the columns of `old.o` that it fills: a column added later \
         would shift the values",
        "name the columns: INSERT INTO old.o (col, col) SELECT …",
    );
}

#[test]
fn column_twice() {
    refused_insert(
        "INSERT INTO new.t (id, a, »ID) SELECT id, a, id FROM old.o",
        "`ID` is twice in the INSERT's column list",
        "remove one, and its value from the SELECT",
    );
}

#[test]
fn no_such_column() {
    refused_insert(
        "INSERT INTO new.t (id, »rowid) SELECT id, id FROM old.o",
        "`new.t` is created without a column `rowid`",
        "correct the name, or add the column to CREATE TABLE",
    );
}

#[test]
fn generated_column() {
    refused_insert(
        "INSERT INTO new.t (id, »b) SELECT id, b FROM old.o",
        "`b` is a generated column: SQLite computes its value",
        "remove it from the INSERT's column list, and its value from the SELECT",
    );
}

#[test]
fn column_count() {
    let fix = "give one value for each column, in the same order";
    refused_select(
        "»SELECT id FROM old.o",
        "this SELECT gives 1 values for the INSERT's 2 columns",
        fix,
    );
    refused_select(
        "WITH x AS (SELECT 1) SELECT id, a FROM old.o WHERE a IN (SELECT 1) UNION »SELECT 1, 2, 3 FROM x",
        "this SELECT gives 3 values for the INSERT's 2 columns",
        fix,
    );
}

#[test]
fn constant_row() {
    for select in [
        "»VALUES (1, 2)",
        "»SELECT 1, 2",
        "SELECT id, a FROM old.o UNION ALL »SELECT 1, (SELECT max(a) FROM old.o)",
        "SELECT id, a FROM old.o UNION ALL »VALUES (1, 2)",
        "WITH x AS (VALUES (1)) »SELECT 1, 2",
    ] {
        refused_select(
            select,
            "this row comes from no table, so there is nothing to keep it in step with",
            "read the rows from a table: SELECT … FROM old.… or new.…",
        );
    }
}

#[test]
fn default_values() {
    for columns in ["", " (id, a)"] {
        refused_insert(
            &format!("INSERT INTO new.t{columns} »DEFAULT VALUES"),
            "a DEFAULT VALUES row comes from no table, so there is nothing to keep it in step with",
            "name the columns and read the rows from a table: INSERT INTO T (…) SELECT … FROM …",
        );
    }
}

#[test]
fn star() {
    for select in [
        "SELECT »* FROM old.o",
        "SELECT DISTINCT »* FROM old.o",
        "SELECT count(*), (a) * 2, 2 * 3, »* FROM old.o",
        "SELECT id, »o.* FROM old.o o",
        "SELECT id, a FROM old.o UNION SELECT »* FROM old.o",
    ] {
        refused_select(
            select,
            "`*` means the columns that the table has now: one added later would shift the values",
            "name the columns",
        );
    }
}

#[test]
fn limit() {
    for select in [
        "SELECT id, a FROM old.o »LIMIT 1",
        "SELECT id, a FROM old.o ORDER BY a »LIMIT 1 OFFSET 2",
        "SELECT id, (SELECT a FROM old.p ORDER BY a »LIMIT 1) FROM old.o",
        "WITH x AS (SELECT * FROM old.o »LIMIT 3) SELECT id, a FROM x",
    ] {
        refused_select(
            select,
            "LIMIT picks rows by their position: its choice depends on every other row, so the \
             result can't be kept in step",
            "pick rows by their values: WHERE, min(), max(), or row_number() OVER (PARTITION BY … \
             ORDER BY …)",
        );
    }
}

#[test]
fn order_by() {
    refused_select(
        "SELECT id, row_number() OVER (ORDER BY id) FROM (SELECT * FROM old.o ORDER BY a) »ORDER BY 1",
        "ORDER BY has no effect here: the rows of a table have no order",
        "remove it",
    );
}

#[test]
fn recursive() {
    refused_select(
        "WITH x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM »X) SELECT n, a FROM x, old.o",
        "`X` reads itself, and its WITH clause lacks RECURSIVE",
        "write WITH RECURSIVE",
    );
}

#[test]
fn recursion() {
    for steps in [
        // Not in the last part, not in a part of its own, twice.
        "SELECT x.id, x.a FROM x UNION ALL SELECT id, a FROM old.o",
        "SELECT x.id, x.a FROM x",
        "SELECT id, a FROM old.o UNION ALL SELECT x.id, y.a FROM x JOIN x AS y ON y.id = x.id",
        // Not itself a table of the FROM clause.
        "SELECT id, a FROM old.o UNION ALL SELECT s.id, s.a FROM (SELECT * FROM x) AS s",
        "SELECT id, a FROM old.o UNION ALL SELECT id, a FROM old.o WHERE id IN (SELECT id FROM x)",
        // What is not there decides, or the rows of a step together.
        "SELECT id, a FROM old.o UNION ALL SELECT x.id, o.a FROM x LEFT JOIN old.o AS o ON o.id = x.id",
        "SELECT id, a FROM old.o UNION ALL SELECT x.id, max(x.a) FROM x GROUP BY x.id",
        "SELECT id, a FROM old.o UNION ALL SELECT DISTINCT x.id, x.a FROM x",
        "SELECT id, a FROM old.o EXCEPT SELECT x.id, x.a FROM x",
        "SELECT id, a FROM old.o UNION ALL SELECT x.id, x.a FROM x ORDER BY 2",
    ] {
        refused_select(
            &format!("WITH RECURSIVE »x (id, a) AS ({steps}) SELECT id, a FROM x"),
            "`x` does not read itself step by step: which rows depend on which can't be determined",
            "read it once, in the last SELECT of a UNION or UNION ALL, joined with the tables \
             themselves and without LEFT JOIN, GROUP BY, DISTINCT and ORDER BY",
        );
    }
}

#[test]
fn natural_join() {
    for join in ["NATURAL JOIN", "NATURAL LEFT JOIN"] {
        refused_select(
            &format!("SELECT id, a FROM (old.o »{join} old.p)"),
            "NATURAL joins by the columns that both tables have now: one added later would \
             change the join",
            "name the columns: JOIN … USING (col, col)",
        );
    }
}

#[test]
fn indexed() {
    for indexed in ["INDEXED BY i", "NOT INDEXED"] {
        let indexed = indexed.replace("INDEXED", "»INDEXED");
        refused_select(
            &format!("SELECT id, a FROM old.o AS x {indexed}"),
            "INDEXED BY ties the statement to an index; if that is dropped, no program can write",
            "remove it: check says which index is missing",
        );
    }
}

#[test]
fn table_unqualified() {
    let reason = "`foo` does not say which side it is on";
    for select in [
        "SELECT foo, foo.a FROM »foo",
        "SELECT id, foo FROM old.foo, »foo",
        "SELECT id, (SELECT max(foo) FROM old.o JOIN »foo ON 1) FROM old.o",
        "SELECT id, a FROM old.o WHERE foo IN (SELECT 1 FROM \"foo\")",
        "WITH x AS (SELECT * FROM »foo) SELECT id, a FROM x",
        "SELECT id, (WITH foo AS (SELECT 1) SELECT 1) FROM »foo",
        "SELECT id, sum(id) OVER (PARTITION BY (SELECT 1 FROM »foo)) FROM old.o",
    ] {
        let select = select.replace("\"foo\"", "»\"foo\"");
        refused_select(&select, reason, "write old.foo");
    }
    refused_insert("INSERT INTO old.o (id) SELECT id FROM »foo", reason, "write new.foo");
    refused_insert(
        "CREATE TABLE new.foo (id INT);INSERT INTO new.t (id) SELECT id FROM »foo",
        reason,
        "write new.foo",
    );
}

/// A keyword that serves as a name has no exact place: its first word is shown.
#[test]
fn table_unqualified_named_by_a_keyword() {
    refused_select(
        "SELECT id, a FROM »plan",
        "`plan` does not say which side it is on",
        "write old.plan",
    );
}

#[test]
fn table_elsewhere() {
    for side in ["main", "temp", "aux"] {
        refused_select(
            &format!("SELECT id, a FROM »{side}.o"),
            &format!("`{side}.o`: there are only two sides, old and new"),
            "write old.o",
        );
    }
}

#[test]
fn table_reserved() {
    for table in ["sqlite_master", "_cutover_journal", "cutover_live_o"] {
        refused_select(
            &format!("SELECT id, a FROM »old.{table}"),
            &format!(
                "`{table}` belongs to SQLite or to cutover: its rows change without a trigger"
            ),
            "read the application's own tables",
        );
    }
}

#[test]
fn reads_own_target() {
    refused_select(
        "SELECT id, a FROM old.o WHERE id NOT IN (SELECT id FROM »new.T)",
        "`new.T` is read by the statement that fills it, so its rows would depend on themselves",
        "read old tables, or new ones filled further up",
    );
}

#[test]
fn not_filled_yet() {
    refused_insert(
        "CREATE TABLE new.u (id INT);\n\
         INSERT INTO new.t (id) SELECT o.id FROM old.o JOIN »new.u USING (id);\n\
         INSERT INTO new.u (id) SELECT id FROM old.o",
        "no statement above this one fills `new.u`: it would still be empty",
        "move this statement below INSERT INTO new.u",
    );
}

#[test]
fn backward_reads_old() {
    refused_insert(
        "INSERT INTO old.o (id) SELECT id FROM new.t WHERE EXISTS (SELECT 1 FROM »old.p)",
        "a statement that fills an old table can't read `old.p`: after the cutover only the new \
         tables are current",
        "read only new tables, and keep in them what the old rows need",
    );
}

#[test]
fn qualified_column() {
    refused_select(
        "SELECT »old.o.id, a FROM old.o",
        "`old.o.id`: a column can't name its side, only the table in FROM can",
        "write o.id",
    );
}

#[test]
fn column_of_side() {
    refused_select(
        "SELECT id, »NEW.a FROM old.o",
        "`NEW.a` names a side where a table belongs; in a trigger it would mean the row being \
         written",
        "write the table's name or alias before the column: T.a",
    );
}

#[test]
fn table_function() {
    for from in ["»generate_series(1, 3)", "»pragma_table_info('o')", "old.»json_each('[]')"] {
        let name = from.split(['»', '(']).nth(1).unwrap();
        refused_select(
            &format!("SELECT id, a FROM old.o, {from}"),
            &format!("{name}() is a table-valued function that not every program's SQLite has"),
            "use json_each() or json_tree(), or a table",
        );
    }
}

#[test]
fn in_table() {
    for (table, text) in [("old.p", "old.»p"), ("p", "»p"), ("json_each", "»json_each('[]')")] {
        refused_select(
            &format!("SELECT id, a FROM old.o WHERE id IN {text}"),
            &format!("`IN {table}` uses whatever column the table has"),
            &format!("name the column: IN (SELECT col FROM {table})"),
        );
    }
}

#[test]
fn match_operator() {
    for operator in ["MATCH", "REGEXP"] {
        refused_select(
            &format!("SELECT id, a FROM old.o WHERE a NOT »{operator} 'x'"),
            &format!("{operator} needs an extension: a program without it could no longer write"),
            "use LIKE, GLOB, instr() or substr()",
        );
    }
}

#[test]
fn raise() {
    for call in ["RAISE(IGNORE)", "RAISE (ABORT, 'no')"] {
        refused_select(
            &format!("SELECT id, coalesce(a, »{call}) FROM old.o"),
            "RAISE() stops a trigger, and with it the application's write",
            "remove it; what the new table must not hold belongs in a CHECK constraint",
        );
    }
}

#[test]
fn subscript() {
    for value in ["a»[1]", "ARRAY»[1, 2]", "a »[alias]", "a»[1:2]"] {
        refused_select(
            &format!("SELECT id, {value} FROM old.o"),
            "brackets after an expression: SQLite reads them as a quoted name",
            "write AS before an alias; a JSON array's element is json_extract(x, '$[0]')",
        );
    }
}

#[test]
fn array_operator() {
    for operator in ["@>", "&&"] {
        refused_select(
            &format!("SELECT id, a FROM old.o WHERE a »{operator} b"),
            &format!("`{operator}` isn't an operator of SQLite"),
            "use EXISTS (SELECT … FROM json_each(…))",
        );
    }
}

#[test]
fn unnamed_column() {
    for (name, select) in [
        ("Max(a)", "SELECT id, »\"Max(a)\" FROM (SELECT id, max(a) FROM old.o GROUP BY id)"),
        ("a || 'x'", "WITH x AS (SELECT id, a || 'x' FROM old.o) SELECT id, x.»[a || 'x'] FROM x"),
    ] {
        refused_select(
            select,
            &format!(
                "`{name}` is the text of an unnamed expression: it names a column only while the \
                 expression is written exactly like that"
            ),
            "give the expression a name with AS, and use that",
        );
    }
}
