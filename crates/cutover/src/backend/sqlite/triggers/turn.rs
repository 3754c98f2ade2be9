//! Whose turn it is to write: the flag that is up while the triggers of one side write the other.

use crate::derive::names::Names;
use crate::derive::sql::ident;

/// That no trigger of either side is writing.
pub(super) fn idle(names: Names) -> String {
    format!("(SELECT depth FROM {}) = 0", ident(&names.syncing()))
}

/// That one is.
pub(super) fn at_work(names: Names) -> String {
    format!("(SELECT depth FROM {}) <> 0", ident(&names.syncing()))
}

/// The statements between the flag's going up and its coming down.
pub(super) fn in_turn(names: Names, statements: &[String]) -> Vec<String> {
    let set = |depth: u8| format!("UPDATE {} SET depth = {depth}", ident(&names.syncing()));
    let mut all = vec![set(1)];
    all.extend_from_slice(statements);
    all.push(set(0));
    all
}
