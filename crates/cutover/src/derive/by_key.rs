//! What a mapping gives for one key of a target whose rows come from one row each, as SQL.

use super::query::givers::drop_optional;
use super::query::term::columns_of;
use super::query::{Arm, Output, Query};
use super::sql::{ident, join};
use super::target::{Direct, Target};
use crate::tree::{Expr, Literal};

/// The values of a target's key, by position.
pub(crate) type KeyValue<'a> = &'a dyn Fn(usize) -> String;

/// Whether the mapping gives a row for the key. Nothing where it always does, if there is a row
/// of the hub of that number.
pub(crate) fn is_given(
    target: &Target,
    direct: &Direct,
    own: Option<usize>,
    key: KeyValue<'_>,
) -> Option<String> {
    if direct.conditional {
        let one = Expr::Literal(Literal::Number("1".to_owned()));
        let mut arm = target.sources[0].query.first.clone();
        drop_optional(&mut arm);
        return Some(format!("EXISTS ({})", of_key(arm, direct, one, key)));
    }
    let others: Vec<String> = direct
        .hubs
        .iter()
        .filter(|hub| !hub.optional && Some(hub.leaf.number) != own)
        .map(|hub| format!("EXISTS (SELECT 1{})", from(&hub.leaf.table, &hub.key, key)))
        .collect();
    (!others.is_empty()).then(|| others.join(" AND "))
}

/// `FROM table AS x WHERE` its key has these values.
pub(crate) fn from(table: &str, columns: &[String], key: KeyValue<'_>) -> String {
    let positions: Vec<usize> = (0..columns.len()).collect();
    let same = join(&positions, " AND ", |position| {
        format!("x.{} = {}", ident(&columns[*position]), key(*position))
    });
    format!(" FROM {} AS x WHERE {same}", ident(table))
}

/// An expression over the mapping's tables for a key of which it gives a row. What is joined
/// for other columns takes no row away then, and is left out.
pub(crate) fn value(target: &Target, direct: &Direct, expr: &Expr, key: KeyValue<'_>) -> String {
    let mut arm = target.sources[0].query.first.clone();
    arm.filter = None;
    let mut read: Vec<String> = aliases(expr);
    for at in (1..arm.from.len()).rev() {
        if read.contains(&arm.from[at].alias) {
            read.extend(arm.from[at].on.iter().flat_map(aliases));
        } else {
            arm.from.remove(at);
        }
    }
    format!("({})", of_key(arm, direct, expr.clone(), key))
}

fn aliases(expr: &Expr) -> Vec<String> {
    columns_of(expr).into_iter().map(|(alias, _)| alias).collect()
}

/// A condition over the mapping's tables, for the key; NULL where it gives no row.
pub(crate) fn holds(target: &Target, direct: &Direct, expr: &Expr, key: KeyValue<'_>) -> String {
    let arm = target.sources[0].query.first.clone();
    format!("({})", of_key(arm, direct, expr.clone(), key))
}

fn of_key(mut arm: Arm, direct: &Direct, expr: Expr, key: KeyValue<'_>) -> String {
    let driver = &direct.hubs[0];
    let positions: Vec<usize> = (0..driver.key.len()).collect();
    let alias = ident(&arm.from[0].alias);
    let mut condition = join(&positions, " AND ", |position| {
        format!("{alias}.{} = {}", ident(&driver.key[*position]), key(*position))
    });
    if let Some(filter) = &arm.filter {
        condition += &format!(" AND ({filter})");
    }
    arm.filter = Some(Expr::Literal(Literal::Written(condition)));
    arm.columns = vec![Output { expr, name: "v".to_owned() }];
    Query::of(arm).render(&|leaf| ident(&leaf.table))
}
