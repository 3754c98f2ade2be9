//! A pass over a target, chunk by chunk: by ranges of the source's key where the
//! scope is that key, through a list of the scopes otherwise.

use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::rows::rows;
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, scan};
use crate::derive::derived::Place;
use crate::derive::query::Leaf;
use crate::derive::source::Source;
use crate::derive::target::Target;
use crate::error::Result;
use crate::model::build::Model;

/// Where a pass is. Chunks tile everything: what lies between two rows of the
/// source belongs to a chunk too, so that rows of the mirror without a source are met.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    target: &'a Target,
    way: Way,
    /// The scope with which it ends, where it does not go to the end.
    until: Option<Vec<Value>>,
    finished: bool,
}

/// How much of a target has been filled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filled {
    All,
    /// Up to this scope.
    UpTo(Vec<Value>),
    Nothing,
}

#[derive(Debug)]
enum Way {
    /// By the key: (table, key columns) of each source and of the target itself.
    Range { tables: Vec<(String, Vec<String>)>, after: Option<Vec<Value>> },
    /// By number in the list of scopes.
    Listed { next: i64, last: i64 },
}

impl<'a> Pass<'a> {
    /// Begins a pass, or goes on behind `position`.
    pub(crate) fn begin(
        db: &Db,
        model: &Model,
        target: &'a Target,
        place: Place,
        position: Vec<Value>,
    ) -> Result<Self> {
        let way = if model.by_range(target) {
            let mut tables: Vec<(String, Vec<String>)> = target
                .leaves()
                .filter_map(|(source, leaf)| {
                    Some((place.table(leaf.side, &leaf.table), carried(source, leaf)?))
                })
                .collect();
            tables.push((
                place.table(target.direction.target(), &target.table.name),
                target.scope.clone(),
            ));
            Way::Range { tables, after: (!position.is_empty()).then_some(position) }
        } else {
            let last = scan::list_scopes(db, target, place)?;
            let done = if position.is_empty() { 0 } else { scan::scope_number(db, &position)? };
            Way::Listed { next: done + 1, last }
        };
        Ok(Self { target, way, until: None, finished: false })
    }

    /// Begins a pass over what is filled of a target.
    pub(crate) fn over(
        db: &Db,
        model: &Model,
        target: &'a Target,
        place: Place,
        filled: &Filled,
    ) -> Result<Self> {
        let mut pass = Self::begin(db, model, target, place, Vec::new())?;
        match (filled, &mut pass.way) {
            (Filled::All, _) => {}
            (Filled::Nothing, _) => pass.finished = true,
            (Filled::UpTo(scope), Way::Listed { last, .. }) => {
                *last = scan::scope_number(db, scope)?;
            }
            (Filled::UpTo(scope), Way::Range { .. }) => pass.until = Some(scope.clone()),
        }
        Ok(pass)
    }

    /// The next chunk of about `rows` source rows (or scopes). `None` at the end.
    pub(crate) fn chunk(&mut self, db: &Db, rows: u64) -> Result<Option<Chunk>> {
        if self.finished {
            return Ok(None);
        }
        match &mut self.way {
            Way::Range { tables, after } => {
                let mut end: Option<Vec<Value>> = None;
                for (table, key) in tables {
                    let found = scan::boundary(db, table, key, after.as_deref(), rows)?;
                    end = match (end, found) {
                        (Some(one), Some(other)) => Some(smaller(one, other)),
                        (one, other) => one.or(other),
                    };
                }
                if let Some(until) = &self.until
                    && end.as_ref().is_none_or(|end| !is_before(end, until))
                {
                    end = Some(until.clone());
                    self.finished = true;
                }
                self.finished |= end.is_none();
                let lo = std::mem::replace(after, end.clone());
                Ok(Some(Chunk::Range { lo, hi: end }))
            }
            Way::Listed { next, last } if *next > *last => Ok(None),
            Way::Listed { next, last } => {
                let chunk = scan::listed(*next, rows, *last);
                if let Chunk::Listed { to, .. } = chunk {
                    *next = to + 1;
                }
                Ok(Some(chunk))
            }
        }
    }

    /// The scope up to which everything is done once the last chunk is; empty at
    /// the end of the pass.
    pub(crate) fn position(&self, db: &Db) -> Result<Vec<Value>> {
        match &self.way {
            Way::Range { after, .. } => Ok(after.clone().unwrap_or_default()),
            Way::Listed { next, last } if *next > *last => Ok(Vec::new()),
            Way::Listed { next, .. } => scan::scope_at(db, next - 1, self.target.scope.len()),
        }
    }
}

/// The key of a leaf, if a path's scope is carried by it.
fn carried(source: &Source, leaf: &Leaf) -> Option<Vec<String>> {
    source.paths.iter().find_map(|terms| {
        terms
            .iter()
            .map(|term| term.bare().filter(|_| term.leaf == Some(leaf.number)).map(str::to_owned))
            .collect()
    })
}

fn smaller(one: Vec<Value>, other: Vec<Value>) -> Vec<Value> {
    if is_before(&other, &one) { other } else { one }
}

/// Whether a key comes before another.
pub(crate) fn is_before(one: &[Value], other: &[Value]) -> bool {
    one.iter()
        .zip(other)
        .map(|(a, b)| crate::backend::sqlite::value::order(a.into(), b.into()))
        .find(|ordering| ordering.is_ne())
        .is_some_and(std::cmp::Ordering::is_lt)
}

/// Source rows a pass over the target meets, for progress.
pub(crate) fn total(db: &Db, target: &Target, place: Place) -> Result<u64> {
    let count = |leaf: &Leaf| {
        db.count(&format!("SELECT count(*) FROM {}", place.table(leaf.side, &leaf.table)))
    };
    driving(target).into_iter().map(count).sum()
}

/// About as many: large tables are not counted.
pub(crate) fn about(db: &Db, target: &Target) -> Result<u64> {
    driving(target).into_iter().map(|leaf| Ok(rows(db, &leaf.table)?.rows)).sum()
}

/// The tables whose rows a pass over the target meets, each once.
fn driving(target: &Target) -> Vec<&Leaf> {
    let mut driving: Vec<&Leaf> = Vec::new();
    for source in &target.sources {
        for terms in &source.paths {
            let leaf = source
                .query
                .leaves()
                .into_iter()
                .find(|leaf| terms.iter().any(|term| term.leaf == Some(leaf.number)));
            let known = |leaf: &Leaf| {
                driving.iter().any(|it| (it.side, &it.table) == (leaf.side, &leaf.table))
            };
            if let Some(leaf) = leaf.filter(|leaf| !known(leaf)) {
                driving.push(leaf);
            }
        }
    }
    driving
}
