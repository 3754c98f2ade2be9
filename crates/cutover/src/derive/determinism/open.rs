//! What is open about a mapping: it has more than one answer.

/// What is wrong: the word to point at, the reason, and the fix.
pub(super) struct Open {
    pub(super) word: String,
    pub(super) reason: String,
    pub(super) fix: String,
}

pub(super) type Settled = Result<(), Open>;

/// Which columns of a query somebody looks at, other than to compare them.
pub(super) type Used<'a> = &'a dyn Fn(usize) -> bool;
