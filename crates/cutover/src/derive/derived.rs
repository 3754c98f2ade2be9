//! What a mapping gives, restricted to a part of it, as SQL.

use super::query::Leaf;
use super::query::RenderLeaf;
use super::sql::{any, equality, ident, idents, join};
use super::typed::compared;
use crate::derive::query::term::Term;
use crate::derive::query::trace::of_row;
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::phase::Side;

/// How the tables of each side are written: bare in a trigger, behind a schema
/// where a scratch database is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
}

impl Place {
    /// Both sides in the database at hand. Triggers allow no schema before a name.
    pub(crate) const LIVE: Self = Self { old: "", new: "" };

    pub(crate) fn table(self, side: Side, name: &str) -> String {
        let schema = match side {
            Side::Old => self.old,
            Side::New => self.new,
        };
        format!("{schema}{}", ident(name))
    }
}

/// The temporary table that lists the scopes of a pass.
pub(crate) const SCOPES: &str = "temp.cutover_scopes";

/// Which part of a mapping is meant.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// All of it.
    All,
    /// One scope, its values given by SQL expressions.
    Scope(&'a dyn Fn(usize) -> String),
    /// A range of scopes that are the source's key: `:lo…` exclusive (if there is
    /// a lower end), `:hi…` inclusive (if there is an upper one).
    Range { lo: bool, hi: bool },
    /// The scopes numbered `:from` to `:to` in [`SCOPES`].
    Listed,
}

/// The SELECT that gives the target's rows, columns in the order of its list.
pub(crate) fn derived(target: &Target, place: Place, part: Part<'_>) -> String {
    derived_from(target, &|leaf| place.table(leaf.side, &leaf.table), part)
}

/// The same, from tables that are written as the caller says.
pub(crate) fn derived_from(target: &Target, table: RenderLeaf<'_>, part: Part<'_>) -> String {
    join(&target.sources, " UNION ALL ", |source| {
        let leaf = |leaf: &Leaf| leaf_of(target, source, leaf, table(leaf), part);
        let sql = source.query.render(&leaf);
        if matches!(part, Part::Listed) && source.spans_leaves() {
            return only_listed(target, &sql);
        }
        // A compound or an ORDER BY can't stand in a compound unwrapped.
        if target.sources.len() > 1
            && (!source.query.rest.is_empty() || !source.query.order_by.is_empty())
        {
            format!("SELECT * FROM ({sql})")
        } else {
            sql
        }
    })
}

/// A leaf, restricted where its columns carry the scope. The restriction stands at
/// the leaf because SQLite does not move it there by itself through a GROUP BY
/// over a UNION: it would read the whole table.
pub(super) fn leaf_of(
    target: &Target,
    source: &Source,
    leaf: &Leaf,
    table: String,
    part: Part<'_>,
) -> String {
    let Some(terms) =
        source.paths.iter().find(|terms| terms.iter().any(|term| term.leaf == Some(leaf.number)))
    else {
        return table;
    };
    let bound: Vec<(usize, &Term)> = terms
        .iter()
        .enumerate()
        .filter(|(_, term)| term.leaf.is_none_or(|number| number == leaf.number))
        .collect();
    match part {
        Part::All => table,
        Part::Scope(value) => {
            let condition = join(&bound, " AND ", |(position, term)| {
                let operator = comparison(target, *position, term);
                format!("{} {operator} {}", of_row(&term.expr, "x"), value(*position))
            });
            format!("(SELECT x.* FROM {table} AS x WHERE {condition})")
        }
        Part::Range { lo, hi } => {
            let key = join(&bound, ", ", |(_, term)| of_row(&term.expr, "x"));
            match range(&key, bound.len(), lo, hi) {
                Some(condition) => format!("(SELECT x.* FROM {table} AS x WHERE {condition})"),
                None => table,
            }
        }
        Part::Listed if bound.len() == terms.len() => {
            let condition = join(&bound, " AND ", |(position, term)| {
                format!(
                    "{} {} k.s{position}",
                    of_row(&term.expr, "x"),
                    comparison(target, *position, term)
                )
            });
            format!(
                "(SELECT x.* FROM {SCOPES} AS k CROSS JOIN {table} AS x \
                 WHERE k.n BETWEEN :from AND :to AND {condition})"
            )
        }
        // Only a part of the scope is known here: a superset of the rows, also those of scopes
        // that combine the parts otherwise. `only_listed` cuts them off.
        Part::Listed => {
            let condition = join(&bound, " AND ", |(position, term)| {
                let value = of_row(&term.expr, "x");
                // IN matches no NULL.
                let null = match comparison(target, *position, term) {
                    "IS" => format!(" OR {value} IS NULL"),
                    _ => String::new(),
                };
                format!(
                    "({value} IN (SELECT k.s{position} FROM {SCOPES} AS k WHERE k.n BETWEEN :from AND :to){null})"
                )
            });
            format!("(SELECT x.* FROM {table} AS x WHERE {condition})")
        }
    }
}

/// What a mapping gives, cut down to the listed scopes. Where a scope has its parts in several
/// leaves, each is restricted by its own part alone, so that (1, 'a') and (2, 'b') also let
/// (1, 'b') through, which belongs to another chunk.
fn only_listed(target: &Target, sql: &str) -> String {
    let positions: Vec<usize> = (0..target.scope.len()).collect();
    // The plus takes the affinity off: with it, no index of the list would be used.
    let same = join(&positions, " AND ", |position| {
        format!("k.s{position} IS +d.{}", ident(&target.scope[*position]))
    });
    format!(
        "SELECT {} FROM ({sql}) AS d WHERE EXISTS (SELECT 1 FROM {SCOPES} AS k \
         WHERE {same} AND k.n BETWEEN :from AND :to)",
        idents("d.", &target.columns)
    )
}

/// `=` where neither side can be NULL, so that every SQLite uses the index.
fn comparison(target: &Target, position: usize, term: &Term) -> &'static str {
    let never_null =
        target.scope.get(position).is_some_and(|column| target.table.never_null(column))
            && target.scope_may_be_null.get(position) == Some(&false);
    if never_null && term.bare().is_some() { "=" } else { "IS" }
}

/// `key > :lo AND key <= :hi`, as far as there are ends.
fn range(key: &str, width: usize, lo: bool, hi: bool) -> Option<String> {
    let values = |end: &str| {
        let list = (0..width).map(|n| format!(":{end}{n}")).collect::<Vec<_>>().join(", ");
        if width == 1 { list } else { format!("({list})") }
    };
    let key = if width == 1 { key.to_owned() } else { format!("({key})") };
    let ends: Vec<String> = [
        lo.then(|| format!("{key} > {}", values("lo"))),
        hi.then(|| format!("{key} <= {}", values("hi"))),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!ends.is_empty()).then(|| ends.join(" AND "))
}

/// The target's own rows of the same part, columns in the order of its list.
pub(crate) fn held(target: &Target, place: Place, part: Part<'_>) -> String {
    let table = place.table(target.direction.target(), &target.table.name);
    let columns = idents("t.", &target.columns);
    let scope_is = |value: &dyn Fn(usize) -> String| {
        let positions: Vec<usize> = (0..target.scope.len()).collect();
        join(&positions, " AND ", |position| {
            let column = &target.scope[*position];
            let operator = equality(&target.table, column);
            format!("t.{} {operator} {}", ident(column), value(*position))
        })
    };
    match part {
        Part::All => format!("SELECT {columns} FROM {table} AS t"),
        Part::Scope(value) => {
            format!("SELECT {columns} FROM {table} AS t WHERE {}", scope_is(value))
        }
        Part::Range { lo, hi } => {
            let condition = range(&idents("t.", &target.scope), target.scope.len(), lo, hi);
            let condition =
                condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
            format!("SELECT {columns} FROM {table} AS t{condition}")
        }
        Part::Listed => format!(
            "SELECT {columns} FROM {SCOPES} AS k CROSS JOIN {table} AS t \
             WHERE k.n BETWEEN :from AND :to AND {}",
            scope_is(&|position| format!("k.s{position}"))
        ),
    }
}

/// The values of a scope column, one column `s0…` each, of every scope that the
/// source or the target has. Scopes without rows do no harm.
pub(crate) fn scopes(target: &Target, place: Place) -> String {
    scopes_within(target, place, Part::All)
}

/// The same, of a range of scopes that are the source's key, or of all.
pub(crate) fn scopes_within(target: &Target, place: Place, part: Part<'_>) -> String {
    let ends = |key: &str| match part {
        Part::Range { lo, hi } => range(key, target.scope.len(), lo, hi)
            .map_or_else(String::new, |condition| format!(" WHERE {condition}")),
        _ => String::new(),
    };
    let mut parts: Vec<String> = Vec::new();
    for source in &target.sources {
        for terms in &source.paths {
            let leaf = terms.iter().find_map(|term| term.leaf);
            let one_leaf = terms.iter().all(|term| term.leaf.is_none() || term.leaf == leaf);
            let leaves = source.query.leaves();
            let found = leaves.iter().find(|found| Some(found.number) == leaf);
            match found {
                Some(leaf) if one_leaf => {
                    let key = join(terms, ", ", |term| of_row(&term.expr, "x"));
                    let table = place.table(leaf.side, &leaf.table);
                    parts.push(format!("SELECT {key} FROM {table} AS x{}", ends(&key)));
                }
                _ => parts.push(format!(
                    "SELECT {} FROM ({}) AS d",
                    idents("d.", &target.scope),
                    source.query.render(&|leaf| place.table(leaf.side, &leaf.table))
                )),
            }
        }
    }
    let key = idents("t.", &target.scope);
    let table = place.table(target.direction.target(), &target.table.name);
    parts.push(format!("SELECT {key} FROM {table} AS t{}", ends(&key)));
    parts.dedup();
    parts.join(" UNION ")
}

/// The least integer, the one that a column of integers stores apart from the real of the
/// same value.
const LEAST: &str = "-9223372036854775808";

/// Whether the target's stored row differs from the derived one: `left` is the
/// stored row's alias, `right` gives the derived value of a column.
///
/// Unary plus takes the affinity off the derived value, so that it is converted
/// as it would be when stored. A column without affinity stores 1 and 1.0 apart,
/// and they compare equal: there the storage class is compared as well. One that stores
/// integers makes one of every real that has one, but for the least
/// (`sqlite3VdbeIntegerAffinity` in SQLite's vdbemem.c).
pub(crate) fn differs<'a>(
    target: &Target,
    columns: impl Iterator<Item = &'a String>,
    left: &str,
    right: &dyn Fn(&str) -> String,
) -> Option<String> {
    let parts: Vec<String> = columns
        .map(|name| {
            let quoted = ident(name);
            let column = target.column(name);
            let collate = if column.is_some_and(|column| !column.is_binary()) {
                " COLLATE BINARY"
            } else {
                ""
            };
            let derived = right(name);
            let mut part = format!("{left}.{quoted}{collate} IS NOT +{derived}");
            if let Some(column) = column.filter(|_| left == "NEW") {
                part = compared(left, column, &format!("{collate} IS NOT"), &derived);
            }
            match column.map(|column| column.affinity) {
                Some(affinity) if affinity.keeps_all() => {
                    part += &format!(" OR typeof({left}.{quoted}) <> typeof({derived})");
                }
                Some(affinity) if affinity.is_exact() && !target.table.is_rowid_alias(name) =>
                {
                    part += &format!(
                        " OR ({left}.{quoted} IS {LEAST} AND typeof({left}.{quoted}) <> typeof({derived}) \
                         AND typeof({derived}) <> 'text')"
                    );
                }
                _ => {}
            }
            part
        })
        .collect();
    (!parts.is_empty()).then(|| any(&parts))
}

/// As [`differs`], or the two may differ in what no SQL can tell: 0.0 and -0.0 are equal and
/// shown alike. A column with a type stores both as 0; one without keeps them, so a zero is
/// written again, whatever is there.
pub(crate) fn may_differ<'a>(
    target: &Target,
    columns: impl Iterator<Item = &'a String> + Clone,
    left: &str,
    right: &dyn Fn(&str) -> String,
) -> Option<String> {
    let keeps =
        |name: &&String| target.column(name).is_none_or(|column| column.affinity.keeps_all());
    let zeros = columns.clone().filter(keeps).map(|name| is_zero(&right(name)));
    let parts: Vec<String> =
        differs(target, columns.clone(), left, right).into_iter().chain(zeros).collect();
    (!parts.is_empty()).then(|| any(&parts))
}

/// Whether a value is one of the two reals that are zero.
pub(crate) fn is_zero(value: &str) -> String {
    format!("({value} = 0 AND typeof({value}) = 'real')")
}

/// Whether a pass over the target can go by ranges of the source's key: every
/// path leads to one leaf whose primary key is the scope, in the same order.
pub(crate) fn goes_by_range(
    target: &Target,
    primary_key: &dyn Fn(&Leaf) -> Option<Vec<String>>,
) -> bool {
    target.scope.iter().all(|column| target.table.never_null(column))
        && target.table.has_index_on(&target.scope)
        && target.sources.iter().all(|source| {
            let leaves = source.query.leaves();
            source.paths.iter().all(|terms| {
                let leaf = leaves.iter().find(|leaf| Some(leaf.number) == terms[0].leaf);
                let key = leaf.and_then(|leaf| primary_key(leaf));
                let bare: Option<Vec<String>> = terms
                    .iter()
                    .map(|term| {
                        let own = term.leaf.is_some() && term.leaf == terms[0].leaf;
                        term.bare().filter(|_| own).map(str::to_lowercase)
                    })
                    .collect();
                key.is_some_and(|key| {
                    bare == Some(key.iter().map(|part| part.to_lowercase()).collect())
                })
            })
        })
}
