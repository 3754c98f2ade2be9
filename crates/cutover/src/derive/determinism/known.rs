//! What rows have in common that agree on some expressions: the columns these decide.

use super::values::{Values, plain_column};
use crate::derive::query::aggregates::{contains_aggregate, contains_window};
use crate::derive::query::term::{bare, columns_of};
use crate::derive::query::{Arm, Item, Join, Query, What};
use crate::schema::Affinity;
use crate::tree::{Compound, Expr, Literal, Operator};

/// An expression on which rows agree, and the collation under which they do.
pub(super) type Seed = (Expr, String);

/// What the rows have in common.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Items of which they have the very same row.
    items: Vec<String>,
    /// Columns in which they hold the very same value.
    columns: Vec<(String, String)>,
}

/// A column on which they agree.
struct Agreed {
    alias: String,
    column: String,
    collation: String,
    /// Not in being NULL both.
    strictly: bool,
}

impl Known {
    /// Whether they have the very same row of an item.
    pub(super) fn has_row(&self, alias: &str) -> bool {
        self.items.iter().any(|item| item == alias)
    }

    /// Whether the rows have the very same value of an expression.
    pub(super) fn decides(&self, expr: &Expr) -> bool {
        !contains_aggregate(expr)
            && !contains_window(expr)
            && columns_of(expr).iter().all(|(alias, column)| {
                self.items.contains(alias)
                    || self.columns.iter().any(|(a, c)| a == alias && c == column)
            })
    }
}

impl Values<'_> {
    /// Expressions on which rows agree because they are in one group, or tie.
    pub(super) fn seeds<'e>(
        &self,
        arm: &Arm,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) -> Vec<Seed> {
        exprs.into_iter().map(|expr| (expr.clone(), self.collation(arm, expr))).collect()
    }

    /// What rows of an arm's FROM clause have in common that agree on the seeds.
    pub(super) fn known(&self, arm: &Arm, seeds: &[Seed]) -> Known {
        let mut known = Known::default();
        let mut agreed = Vec::new();
        for (expr, collation) in seeds {
            let Some((alias, column)) = plain_column(expr) else { continue };
            let (alias, column) = (alias.to_owned(), column.to_owned());
            if collation.eq_ignore_ascii_case("BINARY") && !self.is_untyped(arm, expr) {
                known.columns.push((alias.clone(), column.clone()));
            }
            let collation = collation.clone();
            agreed.push(Agreed { alias, column, collation, strictly: false });
        }
        let equalities = equalities(arm);
        loop {
            let before = (known.items.len(), known.columns.len(), agreed.len());
            for equality in &equalities {
                self.follow(arm, equality, &mut known, &mut agreed);
            }
            for item in &arm.from {
                if !known.items.contains(&item.alias) && self.is_decided(item, &known, &agreed) {
                    known.items.push(item.alias.clone());
                }
            }
            if before == (known.items.len(), known.columns.len(), agreed.len()) {
                return known;
            }
        }
    }

    fn is_untyped(&self, arm: &Arm, expr: &Expr) -> bool {
        self.doubt(arm, bare(expr)) == Some(super::values::Doubt::Untyped)
    }

    /// What is equal to something known is agreed on.
    fn follow(
        &self,
        arm: &Arm,
        equality: &Equality<'_>,
        known: &mut Known,
        agreed: &mut Vec<Agreed>,
    ) {
        for (one, other) in [(equality.left, equality.right), (equality.right, equality.left)] {
            let Some((alias, column)) = plain_column(one) else { continue };
            let has = |agreed: &Agreed| {
                agreed.alias == alias
                    && agreed.column == column
                    && (agreed.strictly || !equality.strict)
            };
            if equality.only_for.is_some_and(|only| only != alias)
                || agreed.iter().any(has)
                || !known.decides(other)
                || !self.compare_alike(arm, one, other)
            {
                continue;
            }
            let collation = self.common_collation(arm, equality.left, equality.right);
            let exactly = collation.eq_ignore_ascii_case("BINARY") && !self.is_untyped(arm, one);
            if exactly && equality.only_for.is_none() {
                known.columns.push((alias.to_owned(), column.to_owned()));
            }
            agreed.push(Agreed {
                alias: alias.to_owned(),
                column: column.to_owned(),
                collation,
                strictly: equality.strict,
            });
        }
    }

    /// Whether one value of `other` is equal to one value of the column at most: compared
    /// with a number, '1' and '01' both are 1.
    fn compare_alike(&self, arm: &Arm, column: &Expr, other: &Expr) -> bool {
        let numeric = |affinity: Option<Affinity>| affinity.is_some_and(Affinity::is_numeric);
        numeric(self.affinity(arm, column)) || !numeric(self.affinity(arm, other))
    }

    /// Whether rows that agree so far have the same row of an item.
    fn is_decided(&self, item: &Item, known: &Known, agreed: &[Agreed]) -> bool {
        if !self.step() {
            return false;
        }
        let own: Vec<&Agreed> = agreed.iter().filter(|agreed| agreed.alias == item.alias).collect();
        // An optional row is there for both or for neither if its condition looks at
        // nothing else.
        let depends = |expr: &Expr| {
            columns_of(expr).iter().any(|(alias, column)| {
                *alias != item.alias
                    && !known.items.contains(alias)
                    && !known.columns.iter().any(|(a, c)| a == alias && c == column)
            })
        };
        if item.join == Join::Left && item.on.as_ref().is_some_and(depends) {
            return false;
        }
        match &item.what {
            What::Leaf(_) => self.table(item).is_some_and(|table| {
                table.uniques.iter().any(|key| {
                    key.condition.is_none()
                        && key.columns.iter().all(|part| {
                            let collation = table
                                .column(part)
                                .map_or("BINARY", |column| column.collation.as_str());
                            own.iter().any(|agreed| {
                                agreed.column.eq_ignore_ascii_case(part)
                                    && as_fine_as(&agreed.collation, collation)
                                    // A PRIMARY KEY may hold several NULLs where it is not
                                    // declared otherwise; such rows the target refuses.
                                    && (agreed.strictly || key.primary || table.never_null(part))
                            })
                        })
                })
            }),
            What::Query(query) => {
                let given: Vec<(usize, String)> = own
                    .iter()
                    .filter_map(|agreed| {
                        Some((query.position(&agreed.column)?, agreed.collation.clone()))
                    })
                    .collect();
                self.is_unique(query, &given)
            }
            What::Call(function, arguments) => {
                let place = if function == "json_tree" { "fullkey" } else { "key" };
                arguments.iter().all(|argument| known.decides(argument))
                    && own.iter().any(|agreed| agreed.column == place)
            }
            What::Step(_) => false,
        }
    }

    /// Whether no two rows of a query agree on these of its columns.
    fn is_unique(&self, query: &Query, given: &[(usize, String)]) -> bool {
        let all =
            (0..query.first.columns.len()).all(|n| given.iter().any(|(given, _)| *given == n));
        let last = query.rest.last().map(|(operator, _)| *operator);
        match (query.recursion.is_some(), last) {
            (_, Some(Compound::Union)) => all,
            (true, _) => false,
            (false, None) => {
                (query.first.distinct && all && self.as_fine_as_results(query, given))
                    || self.arm_is_unique(&query.first, given)
            }
            (false, Some(Compound::UnionAll)) => {
                let only = query.rest.iter().all(|(o, _)| *o == Compound::UnionAll);
                only && query.arms().all(|arm| self.arm_is_unique(arm, given))
                    && given.iter().any(|(position, _)| tells_arms_apart(query, *position))
            }
            (false, Some(_)) => all || self.arm_is_unique(&query.first, given),
        }
    }

    fn as_fine_as_results(&self, query: &Query, given: &[(usize, String)]) -> bool {
        given.iter().all(|(position, collation)| {
            let output = query.first.columns.get(*position);
            output.is_some_and(|output| {
                as_fine_as(collation, &self.collation(&query.first, &output.expr))
            })
        })
    }

    fn arm_is_unique(&self, arm: &Arm, given: &[(usize, String)]) -> bool {
        let seeds: Vec<Seed> = given
            .iter()
            .filter_map(|(position, collation)| {
                Some((arm.columns.get(*position)?.expr.clone(), collation.clone()))
            })
            .collect();
        self.rows_are_unique(arm, &seeds)
    }

    /// Whether no two rows that an arm gives (before DISTINCT) agree on the seeds.
    pub(super) fn rows_are_unique(&self, arm: &Arm, seeds: &[Seed]) -> bool {
        if arm.group_by.is_empty() && arm.aggregates {
            return true;
        }
        let known = self.known(arm, seeds);
        if arm.group_by.is_empty() {
            return arm.from.iter().all(|item| known.items.contains(&item.alias));
        }
        arm.group_by.iter().all(|group| {
            known.decides(group)
                || seeds.iter().any(|(seed, collation)| {
                    bare(seed) == bare(group) && as_fine_as(collation, &self.collation(arm, group))
                })
        })
    }
}

/// Whether every arm gives another constant in a column.
fn tells_arms_apart(query: &Query, position: usize) -> bool {
    let mut seen: Vec<&Literal> = Vec::new();
    query.arms().all(|arm| match arm.columns.get(position).map(|output| &output.expr) {
        Some(Expr::Literal(literal)) if !seen.contains(&literal) => {
            seen.push(literal);
            true
        }
        _ => false,
    })
}

/// Whether what is equal under one collation is so under the other.
fn as_fine_as(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case("BINARY") || one.eq_ignore_ascii_case(other)
}

/// `left = right`, or IS.
struct Equality<'a> {
    left: &'a Expr,
    right: &'a Expr,
    strict: bool,
    /// It only holds of the rows of this item: it is what the item is joined by optionally.
    only_for: Option<&'a str>,
}

/// What holds of every row of an arm.
fn equalities(arm: &Arm) -> Vec<Equality<'_>> {
    let mut found = Vec::new();
    let mut conditions: Vec<(&Expr, Option<&str>)> = Vec::new();
    conditions.extend(arm.filter.iter().map(|filter| (filter, None)));
    for item in &arm.from {
        let only_for = (item.join == Join::Left).then_some(item.alias.as_str());
        conditions.extend(item.on.iter().map(|on| (on, only_for)));
    }
    while let Some((condition, only_for)) = conditions.pop() {
        match condition {
            Expr::Binary(left, Operator::And, right) => {
                conditions.extend([(&**left, only_for), (&**right, only_for)]);
            }
            Expr::Parens(inner) if inner.len() == 1 => conditions.push((&inner[0], only_for)),
            Expr::Binary(left, operator @ (Operator::Equals | Operator::Is), right) => {
                let strict = *operator == Operator::Equals;
                found.push(Equality { left, right, strict, only_for });
            }
            _ => {}
        }
    }
    found
}
