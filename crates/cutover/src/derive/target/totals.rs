//! Targets whose rows are groups of a table's rows, with what is counted, added up, least and
//! greatest in each.
//!
//! Such a row follows by what one row of the source brings and takes away: the group is read
//! only where that does not tell. So each column must hold what the mapping gives as it is, and
//! each row must say by itself which group it is of and whether it counts.

use super::kept::{Kept, Total, Totals};
use super::table::{Target, contains};
use crate::derive::cascades::cascades_onto_itself;
use crate::derive::dirty::own_terms;
use crate::derive::query::term::{bare, columns_of};
use crate::derive::query::{Arm, What};
use crate::phase::Direction;
use crate::schema::{Affinity, Catalog, Column, Index, Table};
use crate::tree::{Args, Call, Expr, Literal, Test};

/// How a target follows groups, if it can. Its key is known to be the scope, and exact.
pub(super) fn totals(target: &Target, catalog: &Catalog) -> Option<Totals> {
    let [source] = target.sources.as_slice() else { return None };
    let arm = &source.query.first;
    let ([item], true) = (arm.from.as_slice(), is_plain(arm)) else { return None };
    let What::Leaf(leaf) = &item.what else { return None };
    let table = catalog.table(leaf.side, &leaf.table)?;
    let alone = source.query.rest.is_empty()
        && source.query.recursion.is_none()
        && leaf.side == target.direction.source()
        && table.triggers.is_empty()
        && !cascades_onto_itself(table, catalog);
    // An old table that a rollback left rows out of has no group to add to.
    if !alone || target.direction == Direction::Backward || target.table.has_checks {
        return None;
    }
    let key: Vec<&str> = own_terms(source, leaf)?
        .iter()
        .map(|term| term.bare().filter(|name| is_stored(table, name)))
        .collect::<Option<_>>()?;
    let by_key = |group: &Expr| match bare(group) {
        Expr::Column(_, name) => key.iter().any(|part| part.eq_ignore_ascii_case(name.as_str())),
        _ => false,
    };
    if !arm.group_by.iter().all(by_key) {
        return None;
    }
    let filter = match &arm.filter {
        Some(filter) => Some(condition(filter, table)?),
        None => None,
    };
    let mut kept = Vec::new();
    for (column, output) in target.columns.iter().zip(&arm.columns) {
        let is_constant = columns_of(&output.expr).is_empty() && !is_call(&output.expr);
        if contains(&target.key.columns, column) || is_constant {
            continue;
        }
        let of = total(&output.expr, table, target.column(column)?)?;
        // What could be NULL where there is none is refused by the procedures.
        if of.may_be_null(table) && target.table.never_null(column) {
            return None;
        }
        kept.push(Kept { column: column.clone(), output: output.clone(), of });
    }
    let marked = marked(&kept, &target.table);
    (!kept.is_empty()).then(|| Totals { leaf: leaf.clone(), filter, kept, marked })
}

/// A number of rows that may be another for a moment: nothing is made from it.
fn marked(kept: &[Kept], table: &Table) -> Option<String> {
    let column = &kept.iter().find(|kept| matches!(kept.of, Total::Rows))?.column;
    let indexed = |index: &Index| index.partial || contains(&index.columns, column);
    let free = !table.indexes.iter().any(indexed) && !table.columns.iter().any(|c| c.generated);
    free.then(|| column.clone())
}

fn is_plain(arm: &Arm) -> bool {
    !arm.group_by.is_empty() && !arm.distinct && arm.having.is_none() && arm.partitions.is_empty()
}

fn is_stored(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|column| !column.generated)
}

fn is_call(expr: &Expr) -> bool {
    let mut found = false;
    expr.visit(&mut |part| found |= matches!(part, Expr::Call(_)));
    found
}

/// What an output is of the group, if the target's column holds it as it is.
fn total(expr: &Expr, table: &Table, held: &Column) -> Option<Total> {
    let Expr::Call(call @ Call { distinctness: None, filter: None, over: None, .. }) = bare(expr)
    else {
        return None;
    };
    let whole = held.affinity.is_exact() || held.affinity.keeps_all();
    let function = call.function();
    if call.args == Args::Star {
        return (function == "count" && whole).then_some(Total::Rows);
    }
    let [Expr::Column(_, name)] = call.args() else { return None };
    let column = table.column(name.as_str()).filter(|column| !column.generated)?;
    let of = column.name.clone();
    let nullable = !table.never_null(&of);
    match function.as_str() {
        "count" if whole && nullable => Some(Total::Count(of)),
        "count" if whole => Some(Total::Rows),
        "sum" if whole => Some(Total::Sum { of, nullable }),
        "min" | "max" if compares_alike(column, held) => Some(Total::Extreme {
            apart: column.affinity.is_exact() && !table.is_rowid_alias(&of),
            least: function == "min",
            of,
        }),
        _ => None,
    }
}

/// Whether values of a column are held as they are, and no two of them are equal and differ: but
/// for the least integer and the real that equals it, in a column for exact numbers.
fn compares_alike(column: &Column, held: &Column) -> bool {
    column.is_binary()
        && held.is_binary()
        && !held.affinity.keeps_all()
        && column.affinity.stores_like(held.affinity)
}

/// A condition on a row, as it can be asked of NEW and OLD: what it compares must not depend on
/// the types of columns, which those lack (<https://www.sqlite.org/datatype3.html>).
fn condition(filter: &Expr, table: &Table) -> Option<Expr> {
    let stored = columns_of(filter).iter().all(|(_, name)| is_stored(table, name));
    let mut blind = stored;
    filter.visit(&mut |part| {
        blind &= match part {
            Expr::Subquery(_) | Expr::Name(_) => false,
            Expr::Binary(left, operator, right) if operator.is_comparison() => {
                compare_blindly(table, &[&**left, &**right])
            }
            Expr::Test { value, test: Test::Between(from, to), .. } => {
                compare_blindly(table, &[&**value, &**from, &**to])
            }
            Expr::Test { value, test: Test::In(list), .. } => {
                let all: Vec<&Expr> = std::iter::once(&**value).chain(list).collect();
                compare_blindly(table, &all)
            }
            Expr::Case(_) => false,
            _ => true,
        };
    });
    if !blind {
        return None;
    }
    let mut filter = filter.clone();
    filter.visit_mut(&mut |part| {
        if let Expr::Column(_, name) = &*part {
            *part = Expr::Name(name.clone());
        }
    });
    Some(filter)
}

/// Whether values compare the same whether or not the columns among them have their types.
fn compare_blindly(table: &Table, operands: &[&Expr]) -> bool {
    let affinity = |expr: &Expr| match bare(expr) {
        Expr::Column(_, name) => table.column(name.as_str()).map(|column| column.affinity),
        _ => None,
    };
    let Some(kind) = operands.iter().find_map(|operand| affinity(operand)) else {
        // What a CAST gives has a type wherever it stands, and nothing else has.
        return true;
    };
    operands.iter().all(|operand| match bare(operand) {
        Expr::Column(..) => affinity(operand).is_some_and(|other| alike(kind, other)),
        Expr::Literal(Literal::Null | Literal::Blob(_)) => true,
        Expr::Literal(Literal::Text(_)) => kind.is_text() || kind.keeps_all(),
        Expr::Literal(Literal::Number(_)) => kind.is_numeric() || kind.keeps_all(),
        Expr::Unary(crate::tree::Unary::Negative, number) => {
            matches!(&**number, Expr::Literal(Literal::Number(_)))
                && (kind.is_numeric() || kind.keeps_all())
        }
        _ => false,
    })
}

fn alike(one: Affinity, other: Affinity) -> bool {
    one == other || (one.is_numeric() && other.is_numeric())
}
