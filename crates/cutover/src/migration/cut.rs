//! Cuts times to three digits of a second, where [`fractions`](super::fractions) finds that they
//! may have more; and knows again what it made.

use crate::tree::{Call, Case, Expr, Literal, Matching, Operator, Select, Test};

/// Cuts the times of these calls (as `fractions::spelt` writes them), wherever they stand.
pub(super) fn cut_times(select: &mut Select, open: &[String]) {
    if open.is_empty() {
        return;
    }
    select.visit_mut(&mut |expr| {
        // A call within a call was changed before the one around it is looked at.
        let is_one = open.contains(&spelt(&as_written(expr)));
        if let Expr::Call(call) = expr
            && is_one
        {
            let position = usize::from(call.function() == "strftime");
            if let Some(time) = call.args_mut().get_mut(position) {
                *time = cut(time.clone());
            }
        }
    });
}

/// What was cut, if an expression is what [`cut_times`] made of a time.
pub(crate) fn time_of(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Case(Case { base: None, otherwise: Some(time), .. }) => {
            (*expr == cut((**time).clone())).then_some(&**time)
        }
        _ => None,
    }
}

/// An expression as it is told from others, however its names are quoted.
pub(super) fn unquoted(sql: &str) -> String {
    sql.replace(['"', '`', '[', ']'], "")
}

fn spelt(expr: &Expr) -> String {
    unquoted(&expr.to_string().to_ascii_lowercase())
}

/// An expression without the cuts that were made in it.
fn as_written(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    expr.visit_mut(&mut |expr| {
        if let Some(time) = time_of(expr) {
            *expr = time.clone();
        }
    });
    expr
}

/// A time with at most three digits behind the point: what follows them up to the zone is taken
/// out. A number of days has no colon, and keeps all of its digits.
fn cut(time: Expr) -> Expr {
    let called = |function, args| Expr::Call(Call::of(function, args));
    let point = || called("instr", vec![time.clone(), text(".")]);
    let to = |places: &str| Expr::binary(point(), Operator::Add, Expr::number(places));
    let kept = called("substr", vec![time.clone(), Expr::number("1"), to("3")]);
    let rest = called("substr", vec![time.clone(), to("4")]);
    let zone = called("ltrim", vec![rest, text("0123456789")]);
    let is_long = Expr::Test {
        value: Box::new(time.clone()),
        not: false,
        test: Test::Matches {
            operator: Matching::Glob,
            pattern: Box::new(text("*:[0-9][0-9].[0-9][0-9][0-9][0-9]*")),
            escape: None,
        },
    };
    Expr::Case(Case {
        base: None,
        branches: vec![(is_long, Expr::binary(kept, Operator::Concat, zone))],
        otherwise: Some(Box::new(time.clone())),
    })
}

fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Text(format!("'{text}'")))
}
