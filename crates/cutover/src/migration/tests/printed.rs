//! A lowered SELECT as SQL, so that SQLite can say whether it still is one.

use crate::tree::{Constraint, Core, From, JoinKind, Joined, Name, Part, ResultColumn, Select};

/// None where the tree does not keep what was written: VALUES, and joins in parentheses.
pub(super) fn select(select: &Select) -> Option<String> {
    let mut sql = String::new();
    if !select.members.is_empty() {
        let members = select.members.iter().map(|member| {
            let columns = match member.columns.as_slice() {
                [] => String::new(),
                columns => format!(" ({})", list(columns)),
            };
            Some(format!("{}{columns} AS ({})", member.name, self::select(&member.select)?))
        });
        let members: Option<Vec<String>> = members.collect();
        sql += &format!("WITH RECURSIVE {} ", members?.join(", "));
    }
    sql += &part(&select.first)?;
    for (operator, next) in &select.rest {
        sql += &format!(" {operator} {}", part(next)?);
    }
    if !select.order_by.is_empty() {
        sql += &format!(" ORDER BY {}", list(&select.order_by));
    }
    Some(sql)
}

fn part(part: &Part) -> Option<String> {
    let Part::Select(core) = part else { return None };
    let Core { distinct, columns, from, filter, group_by, having, windows } = &**core;
    let columns: Vec<String> = columns
        .iter()
        .map(|column| match column {
            ResultColumn::Expr(expr, None) => expr.to_string(),
            ResultColumn::Expr(expr, Some(alias)) => format!("{expr} AS {alias}"),
            ResultColumn::Star => "*".to_owned(),
            ResultColumn::TableStar(table) => format!("{table}.*"),
        })
        .collect();
    let distinct = if *distinct { "DISTINCT " } else { "" };
    let mut sql = format!("SELECT {distinct}{}", columns.join(", "));
    for (position, joined) in from.iter().enumerate() {
        sql += match (position, joined.kind) {
            (0, _) => " FROM ",
            (_, JoinKind::Inner) => " JOIN ",
            (_, JoinKind::Cross) => " CROSS JOIN ",
            (_, JoinKind::Left) => " LEFT JOIN ",
            (_, JoinKind::Right | JoinKind::Natural) => return None,
        };
        sql += &self::joined(joined)?;
    }
    let clause = |word: &str, sql: Option<String>| {
        sql.map(|sql| format!(" {word} {sql}")).unwrap_or_default()
    };
    sql += &clause("WHERE", filter.as_ref().map(ToString::to_string));
    sql += &clause("GROUP BY", (!group_by.is_empty()).then(|| list(group_by)));
    sql += &clause("HAVING", having.as_ref().map(ToString::to_string));
    let windows: Vec<String> =
        windows.iter().map(|(name, window)| format!("{name} AS {window}")).collect();
    sql += &clause("WINDOW", (!windows.is_empty()).then(|| windows.join(", ")));
    Some(sql)
}

fn joined(joined: &Joined) -> Option<String> {
    let named = |alias: &Option<Name>| {
        alias.as_ref().map(|alias| format!(" AS {alias}")).unwrap_or_default()
    };
    let item = match &joined.item {
        From::Table { side: Some(side), name, alias } => format!("{side}.{name}{}", named(alias)),
        From::Table { side: None, name, alias } => format!("{name}{}", named(alias)),
        From::Call { function, args, alias } => {
            format!("{function}({}){}", list(args), named(alias))
        }
        From::Select { select, alias } => format!("({}){}", self::select(select)?, named(alias)),
        From::Parens => return None,
    };
    Some(match &joined.constraint {
        None => item,
        Some(Constraint::On(condition)) => format!("{item} ON {condition}"),
        Some(Constraint::Using(columns)) => format!("{item} USING ({})", list(columns)),
    })
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
