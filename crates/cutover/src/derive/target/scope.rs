//! The scope: the columns of a target by which its rows depend on the source.

use super::table::contains;
use crate::derive::flaw::Flaw;
use crate::derive::query::equated::equated;
use crate::derive::query::term::Term;
use crate::derive::query::trace::trace;
use crate::derive::query::{Item, Leaf, Query, What};
use crate::derive::source::Source;
use crate::migration::Mapping;
use crate::schema::Affinity;
use crate::schema::{Catalog, Column, Table, UniqueKey};
use crate::tree::{Expr, Name};

/// The scope: as the author says, or the source's primary key where the target
/// carries it, or the columns of the target's key that can be traced, or every
/// column that can be.
pub(super) fn scope(
    mappings: &[&Mapping],
    queries: &[Query],
    table: &Table,
    columns: &[String],
    key: &UniqueKey,
    catalog: &Catalog,
) -> Result<Vec<String>, Flaw> {
    if let Some(named) = mappings.iter().find_map(|mapping| mapping.scope.as_ref()) {
        return named
            .iter()
            .map(|name| {
                columns.iter().find(|column| column.eq_ignore_ascii_case(name)).cloned().ok_or_else(
                    || {
                        Flaw::mismatch(
                            mappings[0],
                            name,
                            format!(
                                "scope: {name} is not in the INSERT's list of {}",
                                table.known_as
                            ),
                            "name columns of the target",
                        )
                    },
                )
            })
            .collect();
    }
    let carried = queries
        .iter()
        .map(|query| carried_keys(query, columns, catalog))
        .reduce(|one, other| one.into_iter().filter(|set| other.contains(set)).collect());
    if let Some(best) = carried.and_then(|sets| sets.into_iter().next()) {
        return Ok(best);
    }
    let traced = |column: &&String| {
        let position = columns.iter().position(|name| name == *column);
        position.is_some_and(|position| {
            let all: Vec<_> = queries.iter().map(|query| trace(query, position)).collect();
            all.iter().all(Option::is_some)
                && all.iter().flatten().flatten().any(|term| term.leaf.is_some())
        })
    };
    let of_key: Vec<String> =
        columns.iter().filter(|c| contains(&key.columns, c)).filter(traced).cloned().collect();
    let found =
        if of_key.is_empty() { columns.iter().filter(traced).cloned().collect() } else { of_key };
    if found.is_empty() {
        return Err(Flaw::cant_keep(
            mappings[0],
            &mappings[0].target,
            format!(
                "which source rows a row of {} depends on can't be determined: no column of the \
                 list is the source's key, a grouping or a partitioning column",
                table.known_as
            ),
            "carry the source's key into the target, or write `-- scope: column, column` above the statement",
        ));
    }
    Ok(found)
}

/// The sets of target columns that hold the primary key of the leaf each path
/// comes from; those of the first FROM item first.
fn carried_keys(query: &Query, columns: &[String], catalog: &Catalog) -> Vec<Vec<String>> {
    let traces: Vec<Option<Vec<Term>>> = (0..columns.len()).map(|c| trace(query, c)).collect();
    let leaves = query.leaves();
    let key_of = |number: usize| {
        let leaf = leaves.iter().find(|leaf| leaf.number == number)?;
        Some(catalog.table(leaf.side, &leaf.table)?.primary_key()?.columns.clone())
    };
    let holds = |set: &[String], path: usize| -> Option<bool> {
        let terms: Vec<&Term> = set
            .iter()
            .map(|name| {
                let position = columns.iter().position(|column| column == name)?;
                traces[position].as_ref()?.get(path)
            })
            .collect::<Option<_>>()?;
        let leaf = terms.first()?.leaf?;
        let key = key_of(leaf)?;
        let bare: Vec<&str> =
            terms.iter().filter(|t| t.leaf == Some(leaf)).filter_map(|t| t.bare()).collect();
        Some(
            bare.len() == set.len()
                && bare.len() == key.len()
                && bare.iter().all(|b| contains(&key, b)),
        )
    };
    let paths = traces.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let mut sets = Vec::new();
    for leaf in &leaves {
        let Some(key) = key_of(leaf.number) else { continue };
        let carrier = |part: &String| {
            columns.iter().zip(&traces).find_map(|(column, terms)| {
                let found = terms.as_ref()?.iter().any(|term| {
                    term.leaf == Some(leaf.number)
                        && term.bare().is_some_and(|bare| bare.eq_ignore_ascii_case(part))
                });
                found.then(|| column.clone())
            })
        };
        let Some(set) = key.iter().map(carrier).collect::<Option<Vec<String>>>() else { continue };
        if (0..paths).all(|path| holds(&set, path) == Some(true)) && !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

pub(super) fn source(
    mapping: &Mapping,
    query: Query,
    columns: &[String],
    scope: &[String],
    catalog: &Catalog,
) -> Result<Source, Flaw> {
    let mut positions = Vec::new();
    let mut traces = Vec::new();
    for name in scope {
        let position = columns.iter().position(|column| column == name).unwrap_or_default();
        let Some(terms) = trace(&query, position) else {
            return Err(Flaw::cant_keep(
                mapping,
                name,
                format!(
                    "{name} can't be a scope of {}: restricting the statement to one value of it \
                     would change the result",
                    mapping.target
                ),
                "a scope must be a grouping column, a partitioning column of every window function, or a \
                 column of the source; name another with `-- scope:`",
            ));
        };
        positions.push(position);
        traces.push(terms);
    }
    let paths = traces.iter().map(Vec::len).max().unwrap_or(0);
    let paths = (0..paths)
        .map(|path| {
            traces
                .iter()
                // A constant or a column of a table outside of the union is the same on every path.
                .map(|terms| {
                    terms.get(path).or_else(|| terms.first().filter(|_| terms.len() == 1)).cloned()
                })
                .collect::<Option<Vec<Term>>>()
        })
        .collect::<Option<Vec<_>>>()
        .filter(|paths| paths.iter().all(|terms| terms.iter().any(|term| term.leaf.is_some())))
        .ok_or_else(|| {
            Flaw::cant_keep(
                mapping,
                &mapping.target,
                format!(
                    "the scope ({}) does not lead to a table on every path of the statement",
                    scope.join(", ")
                ),
                "name columns that come from a table in every arm of the UNION",
            )
        })?;
    let beside = beside(&query, &paths, catalog);
    Ok(Source { query, scope_positions: positions, paths, beside })
}

/// Leaves whose own columns the join equates with the scope's, as those that store and compare
/// values alike: a row of theirs tells its scope as a row of the leaf that has it does.
fn beside(query: &Query, paths: &[Vec<Term>], catalog: &Catalog) -> Vec<(usize, Vec<Term>)> {
    let ([terms], true) = (paths, query.rest.is_empty()) else { return Vec::new() };
    let arm = &query.first;
    let leaf_of = |number: usize| {
        arm.from.iter().find_map(|item| match &item.what {
            What::Leaf(leaf) if leaf.number == number => Some((item, leaf)),
            _ => None,
        })
    };
    let column_of = |leaf: &Leaf, name: &str| {
        catalog.table(leaf.side, &leaf.table).and_then(|table| table.column(name))
    };
    let alike = |one: &Column, other: &Column| {
        one.affinity == other.affinity && one.collation.eq_ignore_ascii_case(&other.collation)
    };
    let term_of = |item: &Item, leaf: &Leaf, term: &Term| {
        let (driver, driving) = leaf_of(term.leaf?)?;
        let name = term.bare()?;
        let own = column_of(driving, name)?;
        equated(item, arm).iter().find_map(|equation| {
            let Expr::Column(alias, column) = equation.with else { return None };
            let same = alias.as_str() == driver.alias
                && column.as_str().eq_ignore_ascii_case(name)
                && column_of(leaf, equation.column).is_some_and(|column| alike(column, own));
            same.then(|| Term::of(Some(leaf.number), Expr::Name(Name::quoted(equation.column))))
        })
    };
    arm.from
        .iter()
        .filter_map(|item| {
            let What::Leaf(leaf) = &item.what else { return None };
            let found: Option<Vec<Term>> =
                terms.iter().map(|term| term_of(item, leaf, term)).collect();
            Some((leaf.number, found?))
        })
        .collect()
}

/// Scope values pass between the source's columns and the target's: both must
/// store and compare them alike.
pub(super) fn check_terms(
    mapping: &Mapping,
    table: &Table,
    sources: &[Source],
    scope: &[String],
    catalog: &Catalog,
) -> Result<(), Flaw> {
    for source in sources {
        let leaves = source.query.leaves();
        for (name, term) in source.paths.iter().flat_map(|terms| scope.iter().zip(terms)) {
            let Some(target) = table.column(name) else { continue };
            let found = leaves.iter().find(|leaf| Some(leaf.number) == term.leaf);
            let column = found
                .and_then(|leaf| catalog.table(leaf.side, &leaf.table))
                .and_then(|table| table.column(term.bare()?));
            let affinity = match (&term.expr, column) {
                (_, Some(column)) => Some(column.affinity),
                (Expr::Cast(_, Some(kind)), None) => Some(Affinity::of(&kind.name)),
                _ => None,
            };
            if affinity.is_some_and(|affinity| !affinity.stores_like(target.affinity)) {
                return Err(Flaw::cant_keep(
                    mapping,
                    name,
                    format!(
                        "{}.{name} is the scope, and its type stores values differently from the \
                         source's ({}): '007' and 7 would become one",
                        table.known_as,
                        column.map_or("an expression", |column| &column.declared),
                    ),
                    format!("write CAST(… AS {}) in the SELECT", target.declared),
                ));
            }
            if column
                .is_some_and(|column| !column.collation.eq_ignore_ascii_case(&target.collation))
            {
                return Err(Flaw::cant_keep(
                    mapping,
                    name,
                    format!(
                        "{}.{name} is the scope, and it compares text differently from the \
                         source's column",
                        table.known_as
                    ),
                    "give both columns the same COLLATE",
                ));
            }
        }
    }
    Ok(())
}

/// Whether the column that gives a scope's value may hold NULL, in any source.
pub(super) fn may_be_null(sources: &[Source], position: usize, catalog: &Catalog) -> bool {
    sources.iter().any(|source| {
        let leaves = source.query.leaves();
        source.paths.iter().any(|terms| {
            let term = &terms[position];
            let leaf = leaves.iter().find(|leaf| Some(leaf.number) == term.leaf);
            leaf.and_then(|leaf| catalog.table(leaf.side, &leaf.table))
                .zip(term.bare())
                .is_none_or(|(table, column)| !table.never_null(column))
        })
    })
}
