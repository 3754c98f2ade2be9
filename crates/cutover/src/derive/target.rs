//! A table that is filled by mappings: its key, its scope, and what is known of
//! them without looking at a row.

use crate::derive::determinism;
use crate::derive::dirty::{Rows, touched};
use crate::derive::flaw::Flaw;
use crate::derive::query::aggregates::contains_aggregate;
use crate::derive::query::normalise::normalise;
use crate::derive::query::term::{Term, columns_of};
use crate::derive::query::trace::{trace, trace_expr};
use crate::derive::query::{Arm, Item, Join, Leaf, Query, What};
use crate::derive::source::Source;
use crate::derive::sql::{equality, ident, join};
use crate::migration::{Mapping, Migration};
use crate::nearest::nearest;
use crate::phase::{Direction, Side};
use crate::schema::{Affinity, Catalog, Column, ConflictKey, Keyed, Table, UniqueKey};
use crate::tree::{Compound, Expr, Operator};

/// A target and everything that fills it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) direction: Direction,
    pub(crate) table: Table,
    /// The columns of the INSERT's list, named as the table names them.
    pub(crate) columns: Vec<String>,
    /// One for each mapping into this table.
    pub(crate) sources: Vec<Source>,
    pub(crate) key: UniqueKey,
    /// Columns of the target by which its rows depend on the source.
    pub(crate) scope: Vec<String>,
    /// For each column of the scope, whether some source may give NULL in it. The target
    /// itself may take none: then the row is refused, not overlooked.
    pub(crate) scope_may_be_null: Vec<bool>,
    /// Whether a scope can never hold more than one row.
    pub(crate) single: bool,
    /// Where the first mapping stands, for messages.
    pub(crate) line: usize,
}

impl Target {
    /// The columns of the list that can differ between rows of the same key: those
    /// outside of it, and those of it in which values that are not the same compare
    /// equal ('a' and 'A' under NOCASE, 1 and 1.0 without a type).
    pub(crate) fn values(&self) -> impl Iterator<Item = &String> + Clone {
        self.columns.iter().filter(|name| {
            !contains(&self.key.columns, name)
                || self
                    .column(name)
                    .is_none_or(|column| !column.is_binary() || column.affinity.keeps_all())
        })
    }

    /// A column of the target's table. Every name here was checked to be one.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.table.column(name)
    }

    /// Whether two keys of this target can be compared with `=`.
    pub(crate) fn key_never_null(&self) -> bool {
        self.key.columns.iter().all(|column| self.table.never_null(column))
    }

    /// `t.a = d.a AND …` over the key, with IS where it may hold NULL.
    pub(crate) fn same_key(&self, left: &str, right: &str) -> String {
        join(&self.key.columns, " AND ", |column| {
            let operator = equality(&self.table, column);
            format!("{left}.{0} {operator} {right}.{0}", ident(column))
        })
    }

    /// Unique keys of the table other than the one that identifies its rows, as
    /// far as the list gives them values.
    pub(crate) fn other_uniques(&self) -> impl Iterator<Item = &UniqueKey> {
        self.table.uniques.iter().filter(|unique| {
            unique.columns != self.key.columns
                && unique.columns.iter().any(|column| contains(&self.columns, column))
        })
    }

    /// Whether rows of the table can conflict on another key than the one that identifies
    /// them. What the list gives no value for has its own: NULL, or a rowid.
    pub(crate) fn has_other_keys(&self) -> bool {
        self.other_uniques().next().is_some()
            || !self.table.partial_uniques.is_empty()
            || self.further_keys().next().is_some()
    }

    /// Keys of the table that are neither UNIQUE constraints over stored columns with their
    /// own collations nor partial indexes over such, as far as the list gives them values.
    pub(crate) fn further_keys(&self) -> impl Iterator<Item = &ConflictKey> {
        self.table.conflict_keys.iter().filter(|key| {
            let further = key.parts.iter().any(|part| match &part.value {
                Keyed::Column(name) => {
                    part.collation.is_some()
                        || self.column(name).is_some_and(|column| column.generated)
                }
                Keyed::Expression(_) => true,
            });
            let given = |name: &String| {
                contains(&self.columns, name)
                    || self.column(name).and_then(|column| column.computed.as_ref()).is_some_and(
                        |from| from.columns.iter().any(|base| contains(&self.columns, base)),
                    )
            };
            further && key.watched().iter().any(given)
        })
    }

    /// Every leaf of every source.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (&Source, &Leaf)> {
        self.sources
            .iter()
            .flat_map(|source| source.query.leaves().into_iter().map(move |leaf| (source, leaf)))
    }
}

/// What is wrong with a mapping whose answer is not the same each time.
pub(crate) fn undetermined(
    migration: &Migration,
    targets: &[Target],
    catalog: &Catalog,
) -> Result<(), Flaw> {
    for target in targets {
        let mappings = migration
            .direction(target.direction)
            .filter(|mapping| mapping.target.eq_ignore_ascii_case(&target.table.known_as));
        for (mapping, source) in mappings.zip(&target.sources) {
            determinism::check(mapping, &source.query, &target.table, catalog)?;
        }
    }
    Ok(())
}

/// The targets of one direction, parents before those that read them.
pub(crate) fn targets(
    migration: &Migration,
    direction: Direction,
    catalog: &Catalog,
) -> Result<Vec<Target>, Flaw> {
    let mut names: Vec<&str> = Vec::new();
    for mapping in migration.direction(direction) {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(&mapping.target)) {
            names.push(&mapping.target);
        }
    }
    let mut filled: Vec<Target> = Vec::new();
    for name in names {
        let mappings: Vec<&Mapping> = migration
            .direction(direction)
            .filter(|mapping| mapping.target.eq_ignore_ascii_case(name))
            .collect();
        let next = target(&mappings, direction, catalog, &filled)?;
        filled.push(next);
    }
    Ok(filled)
}

fn target(
    mappings: &[&Mapping],
    direction: Direction,
    catalog: &Catalog,
    filled: &[Target],
) -> Result<Target, Flaw> {
    let first = mappings[0];
    let Some(table) = catalog.table(direction.target(), &first.target) else {
        let (reason, fix) = catalog.missing(direction.target(), &first.target);
        return Err(Flaw::mismatch(first, &first.target, reason, fix));
    };
    let columns = listed(first, table)?;
    let key = key(first, table, &columns)?;
    let queries = mappings
        .iter()
        .map(|mapping| query(mapping, table, &columns, catalog))
        .collect::<Result<Vec<_>, _>>()?;
    let scope = scope(mappings, &queries, table, &columns, &key, catalog)?;
    let mut sources = Vec::new();
    for (mapping, query) in mappings.iter().zip(queries) {
        sources.push(source(mapping, query, &columns, &scope)?);
    }
    check_terms(first, table, &sources, &scope, catalog)?;
    for (mapping, source) in mappings.iter().zip(&sources) {
        for leaf in source.query.leaves() {
            if touched(source, leaf, Rows::Unknown(None)).is_none() {
                return Err(Flaw::cant_keep(
                    mapping,
                    &leaf.table,
                    format!(
                        "which rows of {} depend on a row of {} can't be determined: it is read \
                         in a subquery that aggregates, or on the right of a LEFT JOIN",
                        table.known_as, leaf.table
                    ),
                    "join the table itself, outside the subquery, or make it part of the scope",
                ));
            }
        }
    }
    let single = matches!(sources.as_slice(), [only] if is_single(only, catalog, filled));
    let scope_may_be_null =
        (0..scope.len()).map(|position| may_be_null(&sources, position, catalog)).collect();
    Ok(Target {
        direction,
        table: table.clone(),
        columns,
        sources,
        key,
        scope,
        scope_may_be_null,
        single,
        line: first.at.line,
    })
}

/// The INSERT's columns under the names the table gives them.
fn listed(mapping: &Mapping, table: &Table) -> Result<Vec<String>, Flaw> {
    mapping
        .columns
        .iter()
        .map(|name| match table.column(name) {
            Some(column) if !column.generated => Ok(column.name.clone()),
            Some(_) => Err(Flaw::mismatch(
                mapping,
                name,
                format!("{}.{name} is a generated column: it can't be inserted", table.known_as),
                "leave it out of the list",
            )),
            None => Err(Flaw::mismatch(
                mapping,
                name,
                format!("table {} has no column {name}", table.known_as),
                match nearest(name, table.columns.iter().map(|column| &column.name)) {
                    Some(meant) => format!("it has {meant}"),
                    None => "check the name against the table's columns".to_owned(),
                },
            )),
        })
        .collect()
}

/// The key that tells the target's rows apart: of those whose columns are all in the list, one
/// that can hold no NULL, the primary key before the others. UNIQUE lets several NULLs in, so a
/// nullable key is the last resort: rows that share a NULL in it can't be told apart.
fn key(mapping: &Mapping, table: &Table, columns: &[String]) -> Result<UniqueKey, Flaw> {
    let may_be_null = |key: &&UniqueKey| !key.columns.iter().all(|part| table.never_null(part));
    table
        .uniques
        .iter()
        .filter(|key| key.columns.iter().all(|column| contains(columns, column)))
        .min_by_key(|key| (may_be_null(key), !key.primary))
        .cloned()
        .ok_or_else(|| {
            Flaw::cant_keep(
                mapping,
                &mapping.target,
                format!(
                    "no PRIMARY KEY or UNIQUE constraint of {} has all its columns in the INSERT's \
                     list, so its rows can't be told apart",
                    table.known_as
                ),
                "name the key's columns in the list, or give the table a UNIQUE constraint over columns that are",
            )
        })
}

/// The mapping's query with its result in the order of `columns`.
fn query(
    mapping: &Mapping,
    table: &Table,
    columns: &[String],
    catalog: &Catalog,
) -> Result<Query, Flaw> {
    let own = listed(mapping, table)?;
    let positions: Option<Vec<usize>> = columns
        .iter()
        .map(|column| own.iter().position(|name| name.eq_ignore_ascii_case(column)))
        .collect();
    let (Some(positions), true) = (positions, own.len() == columns.len()) else {
        return Err(Flaw::cant_keep(
            mapping,
            &mapping.target,
            format!("the INSERTs into {} list different columns", table.known_as),
            "list the same columns in each of them, with NULL for what a source does not have",
        ));
    };
    let mut query = normalise(mapping, catalog)?;
    determinism::settle(&mut query, catalog);
    let named: Vec<String> = columns.to_vec();
    for arm in query.arms_mut() {
        arm.columns = positions.iter().map(|position| arm.columns[*position].clone()).collect();
        for (output, name) in arm.columns.iter_mut().zip(&named) {
            output.name.clone_from(name);
        }
    }
    Ok(query)
}

/// The scope: as the author says, or the source's primary key where the target
/// carries it, or the columns of the target's key that can be traced, or every
/// column that can be.
fn scope(
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

fn source(
    mapping: &Mapping,
    query: Query,
    columns: &[String],
    scope: &[String],
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
    Ok(Source { query, scope_positions: positions, paths })
}

/// Scope values pass between the source's columns and the target's: both must
/// store and compare them alike.
fn check_terms(
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
fn may_be_null(sources: &[Source], position: usize, catalog: &Catalog) -> bool {
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

/// Whether one scope gives at most one row, by the statement's structure alone.
fn is_single(source: &Source, catalog: &Catalog, filled: &[Target]) -> bool {
    let ([terms], true) = (source.paths.as_slice(), source.query.rest.is_empty()) else {
        return source.query.rest.is_empty() && groups_by_scope(source);
    };
    if !source.query.first.group_by.is_empty() {
        return groups_by_scope(source);
    }
    let arm = &source.query.first;
    if arm.aggregates || !arm.partitions.is_empty() {
        return false;
    }
    let Some((driver, others)) = arm.from.split_first() else { return false };
    let Some(leaf) = driving_leaf(&driver.what) else { return false };
    let Some(table) = catalog.table(leaf.side, &leaf.table) else { return false };
    let by_key = table.primary_key().is_some_and(|key| {
        key.columns.iter().all(|part| {
            table.never_null(part)
                && terms.iter().any(|term| {
                    term.leaf == Some(leaf.number)
                        && term.bare().is_some_and(|bare| bare.eq_ignore_ascii_case(part))
                })
        })
    });
    by_key && others.iter().all(|item| joins_one(item, arm, catalog, filled))
}

/// The table whose rows an item passes on one by one, if it does.
fn driving_leaf(what: &What) -> Option<&Leaf> {
    match what {
        What::Leaf(leaf) => Some(leaf),
        What::Query(query) => {
            let arm = &query.first;
            let row_wise = query.rest.is_empty()
                && arm.group_by.is_empty()
                && !arm.aggregates
                && arm.partitions.is_empty()
                && arm.from.len() == 1;
            row_wise.then(|| driving_leaf(&arm.from[0].what)).flatten()
        }
        What::Call(..) | What::Step(_) => None,
    }
}

/// Every grouping expression is part of the scope.
fn groups_by_scope(source: &Source) -> bool {
    let arm = &source.query.first;
    !arm.group_by.is_empty()
        && arm.group_by.iter().all(|expr| {
            let group = trace_expr(arm, expr);
            group.is_some()
                && source
                    .scope_positions
                    .iter()
                    .any(|position| trace_expr(arm, &arm.columns[*position].expr) == group)
        })
}

/// The columns of an item that its join equates with something outside of it, and
/// whether by `=` (or by IS, which also matches NULL).
pub(crate) fn equated(item: &Item, arm: &Arm) -> Vec<(String, bool)> {
    let mut equated: Vec<(String, bool)> = Vec::new();
    let mut conditions: Vec<&Expr> = item.on.iter().collect();
    if item.join != Join::Left {
        conditions.extend(&arm.filter);
    }
    while let Some(condition) = conditions.pop() {
        match condition {
            Expr::Binary(left, Operator::And, right) => conditions.extend([&**left, &**right]),
            Expr::Parens(inner) => conditions.extend(inner),
            Expr::Binary(left, operator @ (Operator::Equals | Operator::Is), right) => {
                for (one, other) in [(left, right), (right, left)] {
                    if let Expr::Column(alias, column) = &**one
                        && alias.as_str() == item.alias
                        && columns_of(other).iter().all(|(alias, _)| *alias != item.alias)
                    {
                        equated.push((column.as_str().to_owned(), *operator == Operator::Equals));
                    }
                }
            }
            _ => {}
        }
    }
    equated
}

/// Whether a joined item gives at most one row: its ON (or, for an inner join,
/// the WHERE) equates a whole unique key of it.
fn joins_one(item: &Item, arm: &Arm, catalog: &Catalog, filled: &[Target]) -> bool {
    let What::Leaf(leaf) = &item.what else { return false };
    let Some(table) = catalog.table(leaf.side, &leaf.table) else { return false };
    let equated = equated(item, arm);
    // The rows of a target filled earlier are told apart by its key with IS: no two
    // of them agree on it, not even in NULL.
    let by_key = filled.iter().any(|target| {
        target.direction.target() == leaf.side
            && target.table.name == leaf.table
            && target
                .key
                .columns
                .iter()
                .all(|part| equated.iter().any(|(column, _)| column.eq_ignore_ascii_case(part)))
    });
    by_key
        || table.uniques.iter().any(|key| {
            key.columns.iter().all(|part| {
                equated.iter().any(|(column, strict)| {
                    // UNIQUE lets several NULLs in, so `IS` is one row only where there is none.
                    column.eq_ignore_ascii_case(part) && (*strict || table.never_null(part))
                })
            })
        })
}

/// Whether the insertion of a row of this leaf can take rows away from the result.
/// Only the arms that read the leaf can be affected by it.
pub(crate) fn insert_can_remove(query: &Query, number: usize) -> bool {
    let set = |operator: &Compound| matches!(operator, Compound::Except | Compound::Intersect);
    query.rest.iter().any(|(operator, _)| set(operator))
        || query.arms().any(|arm| {
            let Some(item) = arm.from.iter().find(|item| item.holds(number)) else { return false };
            let below = match &item.what {
                What::Query(query) => {
                    insert_can_remove(query, number)
                        || (arm.filter.is_some() && looks_at_several(query, number))
                }
                _ => false,
            };
            below || item.join == Join::Left || arm.having.is_some() || !arm.partitions.is_empty()
        })
}

/// Whether a row of this leaf always gives a row in its scope. Where it does not, a
/// row that takes the place of another (INSERT OR REPLACE fires no DELETE trigger)
/// can leave the other's image behind.
pub(crate) fn always_gives(query: &Query, number: usize) -> bool {
    let unions = query
        .rest
        .iter()
        .all(|(operator, _)| matches!(operator, Compound::UnionAll | Compound::Union));
    let whole = |arm: &Arm| {
        arm.filter.is_none()
            && arm.having.is_none()
            && arm.from.iter().all(|item| match &item.what {
                _ if !item.holds(number) => item.join == Join::Left,
                What::Query(inner) => item.join != Join::Left && always_gives(inner, number),
                _ => item.join != Join::Left,
            })
    };
    unions && query.arms().filter(|arm| arm.from.iter().any(|item| item.holds(number))).all(whole)
}

/// Whether the deletion of a row of this leaf can add to or change what is left.
pub(crate) fn delete_can_change(query: &Query, number: usize) -> bool {
    insert_can_remove(query, number) || looks_at_several(query, number)
}

/// Whether a result row is made from several rows of this leaf.
fn looks_at_several(query: &Query, number: usize) -> bool {
    query.arms().any(|arm| {
        let Some(item) = arm.from.iter().find(|item| item.holds(number)) else { return false };
        let below = match &item.what {
            What::Query(query) => looks_at_several(query, number),
            _ => false,
        };
        below
            || arm.aggregates
            || !arm.partitions.is_empty()
            || arm.columns.iter().any(|output| contains_aggregate(&output.expr))
    })
}

fn contains(columns: &[String], name: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

/// The tables the mappings read, each once.
pub(crate) fn read_tables(targets: &[Target]) -> Vec<(Side, String)> {
    let mut found: Vec<(Side, String)> = Vec::new();
    for (_, leaf) in targets.iter().flat_map(Target::leaves) {
        let entry = (leaf.side, leaf.table.clone());
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// `s0, s1, …`: the columns of a procedure.
pub(crate) fn scope_columns(target: &Target) -> Vec<String> {
    (0..target.scope.len()).map(|position| format!("s{position}")).collect()
}
