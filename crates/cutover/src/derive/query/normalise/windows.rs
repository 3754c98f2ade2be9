//! Windows that are defined apart from the call.

use crate::tree::{Call, Expr, Name, Over, Window};

/// Writes the windows that are named into the calls that name them.
pub(super) fn inline(expr: &mut Expr, windows: &[(Name, Window)]) {
    expr.visit_mut(&mut |expr| {
        let Expr::Call(call) = expr else { return };
        let window = match &call.over {
            Some(Over::Name(name)) => named(name, windows),
            Some(Over::Window(window)) if window.base.is_some() => Some(whole(window, windows)),
            _ => None,
        };
        if let Some(window) = window {
            call.over = Some(Over::Window(Box::new(window)));
        }
    });
}

/// A window by its name. It may build on one that is defined before it.
fn named(name: &Name, windows: &[(Name, Window)]) -> Option<Window> {
    let same = |(other, _): &(Name, _)| other.as_str().eq_ignore_ascii_case(name.as_str());
    let at = windows.iter().position(same)?;
    Some(whole(&windows[at].1, &windows[..at]))
}

/// A window with what it takes from the one that it builds on.
fn whole(window: &Window, windows: &[(Name, Window)]) -> Window {
    let mut window = window.clone();
    if let Some(base) = window.base.take().and_then(|base| named(&base, windows)) {
        window.partition_by = base.partition_by;
        if window.order_by.is_empty() {
            window.order_by = base.order_by;
        }
    }
    window
}

/// The PARTITION BY of each window in an expression.
pub(super) fn partitions(expr: &Expr) -> Vec<Vec<Expr>> {
    let mut found = Vec::new();
    expr.visit(&mut |expr| {
        if let Expr::Call(Call { over: Some(Over::Window(window)), .. }) = expr {
            found.push(window.partition_by.clone());
        }
    });
    found
}
