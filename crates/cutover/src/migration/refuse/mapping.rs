//! Refusals of INSERT … SELECT and of what is in it.

use crate::migration::fault::Fault;
use crate::migration::parsed::Location;
use crate::phase::Side;

/// Said of whatever SQLite 3.38 hasn't.
pub(in crate::migration) fn newer(at: Location, what: &str, since: &str, fix: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "SQLite has {what} since {since}: triggers run in the SQLite of the program that \
             writes, which may be as old as 3.38"
        ),
        fix,
    )
}

/// `reason` and `fix` are those of the table of functions.
pub(in crate::migration) fn function(at: Location, name: &str, reason: &str, fix: &str) -> Fault {
    Fault::at(at, format!("{name}() {reason}"), fix)
}

pub(in crate::migration) fn current_time(at: Location, literal: &str) -> Fault {
    Fault::at(
        at,
        format!("{literal} has another value each time the row is derived"),
        "take the time from a column of the source",
    )
}

pub(in crate::migration) fn conflict_clause(at: Location, clause: &str) -> Fault {
    Fault::at(
        at,
        format!("{clause} would silently drop rows that conflict"),
        "write INSERT INTO, and a SELECT that gives each key once",
    )
}

pub(in crate::migration) fn upsert(at: Location) -> Fault {
    Fault::at(
        at,
        "ON CONFLICT would make the result depend on the order of the rows",
        "remove it, and write a SELECT that gives each key once",
    )
}

pub(in crate::migration) fn returning(at: Location) -> Fault {
    Fault::at(at, "RETURNING has no caller to return rows to", "remove it")
}

pub(in crate::migration) fn target_unqualified(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("`{table}` does not say which side it is on"),
        format!(
            "write INSERT INTO new.{table}, or INSERT INTO old.{table} in a backward statement"
        ),
    )
}

pub(in crate::migration) fn target_elsewhere(at: Location, side: &str, table: &str) -> Fault {
    Fault::at(
        at,
        format!("`{side}.{table}`: there are only two sides, old and new"),
        format!(
            "write INSERT INTO new.{table}, or INSERT INTO old.{table} in a backward statement"
        ),
    )
}

pub(in crate::migration) fn target_alias(at: Location) -> Fault {
    Fault::at(at, "the INSERT's table has an alias, which only an UPSERT needs", "remove the alias")
}

pub(in crate::migration) fn not_created(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("the file creates no `new.{table}` above this statement"),
        format!("add CREATE TABLE new.{table} (…) above it, or correct the name"),
    )
}

pub(in crate::migration) fn no_columns(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "the INSERT does not name the columns of `{table}` that it fills: a column added \
             later would shift the values"
        ),
        format!("name the columns: INSERT INTO {table} (col, col) SELECT …"),
    )
}

pub(in crate::migration) fn column_twice(at: Location, column: &str) -> Fault {
    Fault::at(
        at,
        format!("`{column}` is twice in the INSERT's column list"),
        "remove one, and its value from the SELECT",
    )
}

pub(in crate::migration) fn no_such_column(at: Location, table: &str, column: &str) -> Fault {
    Fault::at(
        at,
        format!("`new.{table}` is created without a column `{column}`"),
        "correct the name, or add the column to CREATE TABLE",
    )
}

pub(in crate::migration) fn generated_column(at: Location, column: &str) -> Fault {
    Fault::at(
        at,
        format!("`{column}` is a generated column: SQLite computes its value"),
        "remove it from the INSERT's column list, and its value from the SELECT",
    )
}

pub(in crate::migration) fn column_count(at: Location, columns: usize, values: usize) -> Fault {
    Fault::at(
        at,
        format!("this SELECT gives {values} values for the INSERT's {columns} columns"),
        "give one value for each column, in the same order",
    )
}

pub(in crate::migration) fn constant_row(at: Location) -> Fault {
    Fault::at(
        at,
        "this row comes from no table, so there is nothing to keep it in step with",
        "read the rows from a table: SELECT … FROM old.… or new.…",
    )
}

pub(in crate::migration) fn default_values(at: Location) -> Fault {
    Fault::at(
        at,
        "a DEFAULT VALUES row comes from no table, so there is nothing to keep it in step with",
        "name the columns and read the rows from a table: INSERT INTO T (…) SELECT … FROM …",
    )
}

pub(in crate::migration) fn star(at: Location) -> Fault {
    Fault::at(
        at,
        "`*` means the columns that the table has now: one added later would shift the values",
        "name the columns",
    )
}

pub(in crate::migration) fn limit(at: Location) -> Fault {
    Fault::at(
        at,
        "LIMIT picks rows by their position: its choice depends on every other row, so the result \
         can't be kept in step",
        "pick rows by their values: WHERE, min(), max(), or row_number() OVER (PARTITION BY … \
         ORDER BY …)",
    )
}

pub(in crate::migration) fn order_by(at: Location) -> Fault {
    Fault::at(at, "ORDER BY has no effect here: the rows of a table have no order", "remove it")
}

pub(in crate::migration) fn recursive(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!("`{name}` reads itself, and its WITH clause lacks RECURSIVE"),
        "write WITH RECURSIVE",
    )
}

pub(in crate::migration) fn recursion(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{name}` does not read itself step by step: which rows depend on which can't be \
             determined"
        ),
        "read it once, in the last SELECT of a UNION or UNION ALL, joined with the tables \
         themselves and without LEFT JOIN, GROUP BY, DISTINCT and ORDER BY",
    )
}

pub(in crate::migration) fn natural_join(at: Location) -> Fault {
    Fault::at(
        at,
        "NATURAL joins by the columns that both tables have now: one added later would change \
         the join",
        "name the columns: JOIN … USING (col, col)",
    )
}

pub(in crate::migration) fn having_alone(at: Location) -> Fault {
    newer(at, "HAVING without GROUP BY", "3.39", "add GROUP BY, or filter in a SELECT around it")
}

pub(in crate::migration) fn indexed(at: Location) -> Fault {
    Fault::at(
        at,
        "INDEXED BY ties the statement to an index; if that is dropped, no program can write",
        "remove it: check says which index is missing",
    )
}

pub(in crate::migration) fn table_unqualified(at: Location, table: &str, side: Side) -> Fault {
    Fault::at(
        at,
        format!("`{table}` does not say which side it is on"),
        format!("write {side}.{table}"),
    )
}

pub(in crate::migration) fn table_elsewhere(
    at: Location,
    qualifier: &str,
    table: &str,
    side: Side,
) -> Fault {
    Fault::at(
        at,
        format!("`{qualifier}.{table}`: there are only two sides, old and new"),
        format!("write {side}.{table}"),
    )
}

pub(in crate::migration) fn table_reserved(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("`{table}` belongs to SQLite or to cutover: its rows change without a trigger"),
        "read the application's own tables",
    )
}

pub(in crate::migration) fn reads_own_target(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`new.{table}` is read by the statement that fills it, so its rows would depend on themselves"
        ),
        "read old tables, or new ones filled further up",
    )
}

pub(in crate::migration) fn not_filled_yet(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("no statement above this one fills `new.{table}`: it would still be empty"),
        format!("move this statement below INSERT INTO new.{table}"),
    )
}

pub(in crate::migration) fn backward_reads_old(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "a statement that fills an old table can't read `old.{table}`: after the cutover only \
             the new tables are current"
        ),
        "read only new tables, and keep in them what the old rows need",
    )
}

pub(in crate::migration) fn qualified_column(at: Location, written: &str, shorter: &str) -> Fault {
    Fault::at(
        at,
        format!("`{written}`: a column can't name its side, only the table in FROM can"),
        format!("write {shorter}"),
    )
}

pub(in crate::migration) fn column_of_side(at: Location, side: &str, column: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{side}.{column}` names a side where a table belongs; in a trigger it would mean the \
             row being written"
        ),
        format!("write the table's name or alias before the column: T.{column}"),
    )
}

pub(in crate::migration) fn table_function(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!("{name}() is a table-valued function that not every program's SQLite has"),
        "use json_each() or json_tree(), or a table",
    )
}

pub(in crate::migration) fn in_table(at: Location, table: &str) -> Fault {
    Fault::at(
        at,
        format!("`IN {table}` uses whatever column the table has"),
        format!("name the column: IN (SELECT col FROM {table})"),
    )
}

pub(in crate::migration) fn match_operator(at: Location, operator: &str) -> Fault {
    Fault::at(
        at,
        format!("{operator} needs an extension: a program without it could no longer write"),
        "use LIKE, GLOB, instr() or substr()",
    )
}

pub(in crate::migration) fn raise(at: Location) -> Fault {
    Fault::at(
        at,
        "RAISE() stops a trigger, and with it the application's write",
        "remove it; what the new table must not hold belongs in a CHECK constraint",
    )
}

pub(in crate::migration) fn read_differently(at: Location, reason: &str, fix: &str) -> Fault {
    Fault::at(at, reason, fix)
}

pub(in crate::migration) fn subscript(at: Location) -> Fault {
    Fault::at(
        at,
        "brackets after an expression: SQLite reads them as a quoted name",
        "write AS before an alias; a JSON array's element is json_extract(x, '$[0]')",
    )
}

pub(in crate::migration) fn array_operator(at: Location, operator: &str) -> Fault {
    Fault::at(
        at,
        format!("`{operator}` isn't an operator of SQLite"),
        "use EXISTS (SELECT … FROM json_each(…))",
    )
}

pub(in crate::migration) fn unordered(at: Location, name: &str, fix: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "{name}() depends on the order of the rows, which nothing here sets: the same rows \
             could give another value each time they are derived"
        ),
        fix,
    )
}

pub(in crate::migration) fn unnamed_column(at: Location, name: &str) -> Fault {
    Fault::at(
        at,
        format!(
            "`{name}` is the text of an unnamed expression: it names a column only while the \
             expression is written exactly like that"
        ),
        "give the expression a name with AS, and use that",
    )
}
