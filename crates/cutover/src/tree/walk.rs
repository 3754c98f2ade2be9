//! Walks over expressions. The direct children of a node are written once, for shared and for
//! mutable trees: two copies would drift apart.

use super::expr::{Args, Bound, Call, Case, Expr, Over, Test, Window};
use super::select::{Constraint, From, Part, ResultColumn, Select};

impl Expr {
    /// Calls `f` for this expression and every one in it, inner ones first.
    pub(crate) fn visit(&self, f: &mut dyn FnMut(&Self)) {
        self.children(&mut |inner| inner.visit(f));
        f(self);
    }

    /// As [`visit`](Self::visit). What `f` puts in the place of an expression is not visited.
    pub(crate) fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Self)) {
        self.children_mut(&mut |inner| inner.visit_mut(f));
        f(self);
    }
}

macro_rules! children {
    ($children:ident, $in_call:ident, $in_window:ident, $bound:ident $(, $mut:tt)?) => {
        impl Expr {
            /// Gives the direct children of an expression, in the order of the text.
            pub(crate) fn $children<'a>(
                &'a $($mut)? self,
                f: &mut dyn FnMut(&'a $($mut)? Expr),
            ) {
                match self {
                    Self::Name(_) | Self::Column(..) | Self::Literal(_) | Self::Subquery(_) => {}
                    Self::Unary(_, inner) | Self::Cast(inner, _) | Self::Collate(inner, _) => {
                        f(inner);
                    }
                    Self::Binary(left, _, right) => {
                        f(left);
                        f(right);
                    }
                    Self::Test { value, test, .. } => {
                        f(value);
                        match test {
                            Test::Between(from, to) => {
                                f(from);
                                f(to);
                            }
                            Test::In(list) => list.into_iter().for_each(f),
                            Test::Matches { pattern, escape, .. } => {
                                f(pattern);
                                escape.into_iter().for_each(|escape| f(escape));
                            }
                        }
                    }
                    Self::Call(call) => $in_call(call, f),
                    Self::Case(Case { base, branches, otherwise }) => {
                        base.into_iter().for_each(|base| f(base));
                        for (when, then) in branches {
                            f(when);
                            f(then);
                        }
                        otherwise.into_iter().for_each(|otherwise| f(otherwise));
                    }
                    Self::Parens(list) => list.into_iter().for_each(f),
                }
            }
        }

        fn $in_call<'a>(call: &'a $($mut)? Call, f: &mut dyn FnMut(&'a $($mut)? Expr)) {
            if let Args::List(args) = &$($mut)? call.args {
                args.into_iter().for_each(&mut *f);
            }
            (&$($mut)? call.filter).into_iter().for_each(|filter| f(filter));
            if let Some(Over::Window(window)) = &$($mut)? call.over {
                $in_window(window, f);
            }
        }

        fn $in_window<'a>(window: &'a $($mut)? Window, f: &mut dyn FnMut(&'a $($mut)? Expr)) {
            (&$($mut)? window.partition_by).into_iter().for_each(&mut *f);
            for term in &$($mut)? window.order_by {
                f(&$($mut)? term.expr);
            }
            if let Some(frame) = &$($mut)? window.frame {
                $bound(&$($mut)? frame.start, f);
                (&$($mut)? frame.end).into_iter().for_each(|end| $bound(end, f));
            }
        }

        fn $bound<'a>(bound: &'a $($mut)? Bound, f: &mut dyn FnMut(&'a $($mut)? Expr)) {
            if let Bound::Following(expr) | Bound::Preceding(expr) = bound {
                f(expr);
            }
        }
    };
}

children!(children, in_call, in_window, in_bound);
children!(children_mut, in_call_mut, in_window_mut, in_bound_mut, mut);

impl Select {
    /// Calls `f` for every expression at every depth, inner ones first.
    pub(crate) fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        self.members.iter_mut().for_each(|member| member.select.visit_mut(f));
        for part in self.parts_mut() {
            let Part::Select(core) = part else { continue };
            for column in &mut core.columns {
                if let ResultColumn::Expr(expr, _) = column {
                    expr.visit_mut(f);
                }
            }
            for joined in &mut core.from {
                match &mut joined.item {
                    From::Call { args, .. } => args.iter_mut().for_each(|arg| arg.visit_mut(f)),
                    From::Select { select, .. } => select.visit_mut(f),
                    From::Table { .. } | From::Parens => {}
                }
                if let Some(Constraint::On(condition)) = &mut joined.constraint {
                    condition.visit_mut(f);
                }
            }
            core.filter.iter_mut().for_each(|expr| expr.visit_mut(f));
            core.group_by.iter_mut().for_each(|expr| expr.visit_mut(f));
            core.having.iter_mut().for_each(|expr| expr.visit_mut(f));
            for (_, window) in &mut core.windows {
                in_window_mut(window, &mut |expr| expr.visit_mut(f));
            }
        }
        self.order_by.iter_mut().for_each(|term| term.expr.visit_mut(f));
    }
}
