//! What a CREATE statement says and no pragma tells: CHECK constraints, the expressions of
//! generated columns, the rules of foreign keys, the parts of an index. What can't be parsed
//! gives none.

use turso_parser::ast::{
    self, ColumnConstraint, ColumnDefinition, CreateTableBody, DeferSubclause, ForeignKeyClause,
    InitDeferredPred, NamedTableConstraint, RefAct, RefArg, SortedColumn, Stmt, TableConstraint,
    TriggerCmd, TriggerEvent,
};

use crate::migration::{lower, parser};
use crate::schema::Check;
use crate::tree::Expr;

/// The CHECK constraints: an early answer to what SQLite itself enforces.
pub(crate) fn checks(sql: &str) -> Vec<Check> {
    let Some((columns, constraints)) = parsed(sql) else { return Vec::new() };
    let of_columns = columns.iter().flat_map(|column| &column.constraints).filter_map(|named| {
        match &named.constraint {
            ColumnConstraint::Check { expr, .. } => Some(&**expr),
            _ => None,
        }
    });
    let of_table = constraints.iter().filter_map(|named| match &named.constraint {
        TableConstraint::Check { expr, .. } => Some(&**expr),
        _ => None,
    });
    of_columns.chain(of_table).filter_map(condition).collect()
}

/// The generated columns, each with its expression over columns that are not generated: one
/// may be made from another, never in a circle.
pub(crate) fn generated(sql: &str) -> Vec<(String, Check)> {
    let Some((columns, _)) = parsed(sql) else { return Vec::new() };
    let expressions: Vec<(String, Expr)> = columns
        .iter()
        .filter_map(|column| {
            let expr = column.constraints.iter().find_map(|named| match &named.constraint {
                ColumnConstraint::Generated { expr, .. } => Some(expr),
                _ => None,
            })?;
            Some((column.col_name.as_str().to_owned(), over_columns(expr)?))
        })
        .collect();
    let resolved = expressions.iter().map(|(name, expr)| {
        let mut expr = expr.clone();
        // As many rounds as there are columns: no chain is longer.
        for _ in &expressions {
            expr.visit_mut(&mut |part| {
                let Expr::Name(named) = &*part else { return };
                let other =
                    expressions.iter().find(|(name, _)| name.eq_ignore_ascii_case(named.as_str()));
                if let Some((_, other)) = other {
                    *part = Expr::Parens(vec![other.clone()]);
                }
            });
        }
        (name.clone(), check(expr))
    });
    resolved.collect()
}

/// The indexed expressions and the WHERE of a CREATE INDEX statement, a column among them as
/// the expression that it is.
pub(crate) fn index(sql: &str) -> Option<(Vec<Check>, Option<Check>)> {
    indexed(sql).map(|index| (index.parts, index.condition))
}

/// Whether a constraint says ON CONFLICT REPLACE. The words stand nowhere else but in a
/// comment or a name, and to take a constraint for one that does costs a needless look.
pub(crate) fn replaces(sql: &str) -> bool {
    let upper = sql.to_ascii_uppercase();
    upper.contains("CONFLICT") && upper.contains("REPLACE")
}

/// A foreign key, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) columns: Vec<String>,
    pub(crate) parent: String,
    /// The rules that are not SQLite's default, such as `ON DELETE CASCADE`.
    pub(crate) rules: Vec<String>,
}

/// The foreign keys of columns and of the table.
pub(crate) fn references(sql: &str) -> Vec<Reference> {
    let Some((columns, constraints)) = parsed(sql) else { return Vec::new() };
    let of_columns = columns.iter().flat_map(|column| {
        column.constraints.iter().filter_map(|named| match &named.constraint {
            ColumnConstraint::ForeignKey { clause, defer_clause } => {
                Some(reference(vec![column.col_name.as_str().to_owned()], clause, defer_clause))
            }
            _ => None,
        })
    });
    let of_table = constraints.iter().filter_map(|named| match &named.constraint {
        TableConstraint::ForeignKey { columns, clause, defer_clause } => {
            let columns = columns.iter().map(|column| column.col_name.as_str().to_owned());
            Some(reference(columns.collect(), clause, defer_clause))
        }
        _ => None,
    });
    of_columns.chain(of_table).collect()
}

fn reference(
    columns: Vec<String>,
    clause: &ForeignKeyClause,
    defer: &Option<DeferSubclause>,
) -> Reference {
    let action = |act: &RefAct| match act {
        RefAct::SetNull => Some("SET NULL"),
        RefAct::SetDefault => Some("SET DEFAULT"),
        RefAct::Cascade => Some("CASCADE"),
        RefAct::Restrict => Some("RESTRICT"),
        RefAct::NoAction => None,
    };
    let mut rules: Vec<String> = clause
        .args
        .iter()
        .filter_map(|arg| match arg {
            RefArg::OnDelete(act) => action(act).map(|act| format!("ON DELETE {act}")),
            RefArg::OnUpdate(act) => action(act).map(|act| format!("ON UPDATE {act}")),
            // SQLite reads these and does nothing about them.
            RefArg::OnInsert(_) | RefArg::Match(_) => None,
        })
        .collect();
    let deferred = defer.as_ref().is_some_and(|defer| {
        defer.deferrable && defer.init_deferred == Some(InitDeferredPred::InitiallyDeferred)
    });
    if deferred {
        rules.push("DEFERRABLE INITIALLY DEFERRED".to_owned());
    }
    rules.sort();
    Reference { columns, parent: clause.tbl_name.as_str().to_owned(), rules }
}

/// What a CREATE INDEX statement indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexed {
    pub(crate) unique: bool,
    /// Columns or expressions, with a collation of their own where one is given.
    pub(crate) parts: Vec<Check>,
    /// The WHERE of a partial index.
    pub(crate) condition: Option<Check>,
}

pub(crate) fn indexed(sql: &str) -> Option<Indexed> {
    let Ok(Stmt::CreateIndex { unique, columns, where_clause, .. }) = parser::parse(sql) else {
        return None;
    };
    let part = |column: &SortedColumn| condition(&column.expr);
    Some(Indexed {
        unique,
        parts: columns.iter().map(part).collect::<Option<_>>()?,
        condition: match where_clause {
            Some(expr) => Some(condition(&expr)?),
            None => None,
        },
    })
}

/// A condition or another expression, read from its text.
pub(crate) fn condition_of(sql: &str) -> Option<Check> {
    let index = indexed(&format!("CREATE INDEX i ON t (({sql}))"))?;
    index.parts.into_iter().next()
}

/// What fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Insert,
    Update,
    Delete,
}

/// What a CREATE TRIGGER statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) event: Event,
    pub(crate) table: String,
    /// What its statements write to, and how.
    pub(crate) writes: Vec<(Event, String)>,
}

pub(crate) fn effect(sql: &str) -> Option<Effect> {
    let Ok(Stmt::CreateTrigger { event, tbl_name, commands, .. }) = parser::parse(sql) else {
        return None;
    };
    let event = match event {
        TriggerEvent::Insert => Event::Insert,
        TriggerEvent::Delete => Event::Delete,
        TriggerEvent::Update | TriggerEvent::UpdateOf(_) => Event::Update,
    };
    let table = tbl_name.name.as_str().to_owned();
    Some(Effect { event, table, writes: commands.iter().flat_map(writes).collect() })
}

/// What one statement of a trigger writes. Any INSERT or UPDATE may also delete: it takes
/// over the conflict clause of the statement that fired it, which may be REPLACE
/// (<https://www.sqlite.org/lang_createtrigger.html>).
fn writes(command: &TriggerCmd) -> Vec<(Event, String)> {
    let (table, events) = match command {
        TriggerCmd::Insert { tbl_name, upsert: None, .. } => {
            (tbl_name, &[Event::Insert, Event::Delete][..])
        }
        TriggerCmd::Insert { tbl_name, .. } => {
            (tbl_name, &[Event::Insert, Event::Update, Event::Delete][..])
        }
        TriggerCmd::Update { tbl_name, .. } => (tbl_name, &[Event::Update, Event::Delete][..]),
        TriggerCmd::Delete { tbl_name, .. } => (tbl_name, &[Event::Delete][..]),
        TriggerCmd::Select(_) => return Vec::new(),
    };
    events.iter().map(|&event| (event, table.as_str().to_owned())).collect()
}

/// An expression over a table's columns.
fn condition(expr: &ast::Expr) -> Option<Check> {
    over_columns(expr).map(check)
}

fn check(expr: Expr) -> Check {
    let mut columns = Vec::new();
    expr.visit(&mut |part| {
        if let Expr::Name(name) = part {
            columns.push(name.as_str().to_owned());
        }
    });
    Check { sql: expr.to_string(), expr, columns }
}

/// `t.a` is `a`: there is no other table whose column it could be.
fn over_columns(expr: &ast::Expr) -> Option<Expr> {
    let mut expr = lower::expr(expr).ok()?;
    expr.visit_mut(&mut |part| {
        if let Expr::Column(_, column) = part {
            *part = Expr::Name(column.clone());
        }
    });
    Some(expr)
}

fn parsed(sql: &str) -> Option<(Vec<ColumnDefinition>, Vec<NamedTableConstraint>)> {
    let Ok(Stmt::CreateTable { body, .. }) = parser::parse(sql) else { return None };
    match body {
        CreateTableBody::ColumnsAndConstraints { columns, constraints, .. } => {
            Some((columns, constraints))
        }
        CreateTableBody::AsSelect(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_keys_with_what_they_do() {
        let sql = "CREATE TABLE t (a REFERENCES u ON DELETE CASCADE ON UPDATE NO ACTION, b, c, \
                   FOREIGN KEY (b, c) REFERENCES \"V w\" (x, y) DEFERRABLE INITIALLY DEFERRED)";
        let found = references(sql);
        let shown: Vec<String> = found
            .iter()
            .map(|key| format!("{}>{}:{}", key.columns.join(","), key.parent, key.rules.join(",")))
            .collect();
        assert_eq!(shown, ["a>u:ON DELETE CASCADE", "b,c>V w:DEFERRABLE INITIALLY DEFERRED"]);
    }

    #[test]
    fn the_parts_of_an_index() {
        let found =
            indexed("CREATE UNIQUE INDEX i ON t (lower(a), b COLLATE NOCASE DESC) WHERE b > 0")
                .unwrap();
        let parts: Vec<&str> = found.parts.iter().map(|part| part.sql.as_str()).collect();
        assert!(found.unique);
        assert_eq!(parts, ["lower (a)", "b COLLATE NOCASE"]);
        assert_eq!(found.condition.unwrap().columns, ["b"]);
        assert_eq!(indexed("CREATE TABLE t (a)"), None);
    }

    #[test]
    fn generated_columns_are_told_by_what_is_stored() {
        let sql =
            "CREATE TABLE t (a INT, b AS (c + 1) STORED, c INT GENERATED ALWAYS AS (t.a * 2))";
        let told: Vec<_> =
            generated(sql).into_iter().map(|(name, from)| (name, from.sql, from.columns)).collect();
        let of = |name: &str, sql: &str| (name.to_owned(), sql.to_owned(), vec!["a".to_owned()]);
        assert_eq!(told, [of("b", "(a * 2) + 1"), of("c", "a * 2")]);
    }
}
