//! The targets of a migration: each mapping is read, and its key and scope are found.

use super::form::form;
use super::key::key;
use super::scope::{check_terms, may_be_null, scope, source};
use super::single::is_single;
use super::table::{Form, Target, read_tables};
use crate::derive::determinism;
use crate::derive::dirty::{Rows, touched};
use crate::derive::flaw::Flaw;
use crate::derive::query::Query;
use crate::derive::query::normalise::normalise;
use crate::migration::{Mapping, Migration};
use crate::nearest::nearest;
use crate::phase::{Direction, Side};
use crate::schema::{Catalog, Table};

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
    let read: Vec<(Side, String)> = read_tables(&filled);
    for target in &mut filled {
        let own = (direction.target(), target.table.name.clone());
        if let Form::Totals(totals) = &mut target.form
            && read.contains(&own)
        {
            totals.marked = None;
        }
    }
    Ok(filled)
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
        sources.push(source(mapping, query, &columns, &scope, catalog)?);
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
    let mut target = Target {
        direction,
        table: table.clone(),
        columns,
        sources,
        key,
        scope,
        scope_may_be_null,
        single,
        line: first.at.line,
        form: Form::Derived,
    };
    target.form = form(&target, catalog);
    Ok(target)
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
