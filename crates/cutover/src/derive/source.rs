//! One mapping into a target.

use crate::derive::query::Query;
use crate::derive::query::term::Term;

/// One mapping into a target.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its result columns stand in the order of `Target::columns`.
    pub(crate) query: Query,
    /// The scope's columns, as positions in the result.
    pub(crate) scope_positions: Vec<usize>,
    /// The scope's columns in terms of leaves: one entry a path, one term a column.
    pub(crate) paths: Vec<Vec<Term>>,
    /// The same for leaves that are joined by it: their number, and one term a column.
    pub(crate) beside: Vec<(usize, Vec<Term>)>,
}

impl Source {
    /// Whether the parts of a scope come from several leaves, on some path.
    pub(crate) fn spans_leaves(&self) -> bool {
        self.paths.iter().any(|terms| {
            let mut leaves = terms.iter().filter_map(|term| term.leaf);
            leaves.next().is_some_and(|first| leaves.any(|leaf| leaf != first))
        })
    }
}
