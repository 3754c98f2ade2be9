//! What SQLite's releases make of real numbers.
//!
//! As text, a real number has 15 digits up to SQLite 3.42 and 17 since; a sum of them is
//! rounded otherwise, and so is a number that is rounded to a place after the point. The
//! trigger in the writer's SQLite would derive another value than ours.

use super::open::{Open, Settled};
use super::values::{Values, plain_column};
use crate::derive::query::Arm;
use crate::migration::cut;
use crate::schema::{Affinity, Column, Table};
use crate::tree::{Expr, Literal, Matching, Operator, Test, Unary};

/// Functions that make text of their arguments.
const OF_TEXT: [&str; 22] = [
    "char",
    "format",
    "group_concat",
    "hex",
    "instr",
    "json_array",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_quote",
    "json_replace",
    "json_set",
    "length",
    "lower",
    "ltrim",
    "printf",
    "quote",
    "replace",
    "rtrim",
    "substr",
    "upper",
];
const MORE_OF_TEXT: [&str; 3] = ["substring", "trim", "unicode"];

/// Refuses an arm that makes of real numbers what not every release does.
pub(super) fn check(values: &Values<'_>, arm: &Arm, table: Option<&Table>) -> Settled {
    for output in &arm.columns {
        look(values, arm, &output.expr)?;
        let text = table
            .and_then(|table| table.column(&output.name))
            .is_some_and(|column| column.affinity.is_text());
        if text && values.is_real(arm, &output.expr) {
            return Err(as_text(
                &output.expr,
                &format!("stored in {}, a column of text,", output.name),
            ));
        }
    }
    let conditions = arm.filter.iter().chain(arm.from.iter().filter_map(|item| item.on.as_ref()));
    let rest = conditions.chain(&arm.group_by).chain(&arm.having);
    rest.into_iter().try_for_each(|expr| look(values, arm, expr))
}

fn look(values: &Values<'_>, arm: &Arm, expr: &Expr) -> Settled {
    // As text, a number looks like no time that is too long, whatever its digits.
    if let Some(time) = cut::time_of(expr) {
        return look(values, arm, time);
    }
    let real = |expr: &Expr| values.is_real(arm, expr);
    match expr {
        Expr::Binary(left, Operator::Concat, right) => {
            if let Some(found) = [left, right].into_iter().find(|side| real(side)) {
                return Err(as_text(found, "joined by ||"));
            }
        }
        Expr::Cast(inner, Some(kind)) => {
            let to = Affinity::of(&kind.name);
            if !to.is_numeric() && real(inner) {
                return Err(as_text(inner, "cast to text"));
            }
        }
        Expr::Test {
            value,
            test: Test::Matches { operator: Matching::Like | Matching::Glob, .. },
            ..
        } if real(value) => {
            return Err(as_text(value, "compared with a pattern"));
        }
        Expr::Call(call) => {
            let (name, args) = (call.function(), call.args());
            let of_text = OF_TEXT.contains(&name.as_str()) || MORE_OF_TEXT.contains(&name.as_str());
            // The format of printf() is a literal; %d and its like cut a real number.
            let taken = match (name.as_str(), args.first()) {
                ("printf" | "format", Some(format)) if !takes_text(format) => &[],
                _ => args,
            };
            if let Some(found) = taken.iter().find(|arg| of_text && real(arg)) {
                return Err(as_text(found, &format!("given to {name}()")));
            }
            if ["sum", "total", "avg"].contains(&name.as_str())
                && let Some(found) = args.iter().find(|arg| real(arg))
            {
                return Err(added_up(found, &name));
            }
            if let ("round", [number, places]) = (name.as_str(), args)
                && !is_zero(places)
                && real(number)
            {
                return Err(rounded(number, places));
            }
        }
        _ => {}
    }
    let mut found = Ok(());
    expr.children(&mut |inner| {
        if found.is_ok() {
            found = look(values, arm, inner);
        }
    });
    found
}

impl Values<'_> {
    /// Whether an expression gives real numbers of any number of digits.
    fn is_real(&self, arm: &Arm, expr: &Expr) -> bool {
        if !self.step() {
            return false;
        }
        let real = |expr: &Expr| self.is_real(arm, expr);
        match expr {
            Expr::Parens(inner) => inner.iter().any(real),
            Expr::Unary(Unary::IsNull | Unary::NotNull, _) => false,
            Expr::Collate(inner, _) | Expr::Unary(_, inner) => real(inner),
            Expr::Column(..) => {
                self.source(arm, expr).is_some_and(holds_reals)
                    || self.results(arm, expr).iter().any(|(arm, expr)| self.is_real(arm, expr))
            }
            Expr::Cast(_, Some(kind)) => Affinity::of(&kind.name).is_real(),
            Expr::Binary(
                left,
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide,
                right,
            ) => [left, right].into_iter().any(|side| real(side) || is_real_literal(side)),
            Expr::Case(case) => case.results().any(real),
            Expr::Call(call) => {
                let args = call.args();
                match call.function().as_str() {
                    "julianday" | "avg" => true,
                    "abs" | "coalesce" | "ifnull" | "max" | "min" | "nullif" | "sum" | "total"
                    | "first_value" | "lag" | "last_value" | "lead" | "nth_value" => {
                        args.iter().any(real)
                    }
                    "iif" => args.iter().skip(1).any(real),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

fn is_real_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(Literal::Number(number)) if number.contains(['.', 'e', 'E']))
}

/// Whether a column is there for real numbers. One for dates and truth values has the same
/// affinity as one for decimals, and none in it.
fn holds_reals(column: &Column) -> bool {
    let declared = column.declared.to_ascii_uppercase();
    let other = ["BOOL", "DATE", "TIME"].iter().any(|word| declared.contains(word));
    column.affinity.is_real() || (column.affinity.is_decimal() && !other)
}

fn takes_text(format: &Expr) -> bool {
    match format {
        Expr::Literal(Literal::Text(format)) => format.contains(['s', 'q', 'Q', 'w', 'c']),
        _ => true,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(Literal::Number(number)) if number == "0")
}

fn shown(expr: &Expr) -> String {
    plain_column(expr).map_or_else(|| "a real number".to_owned(), |(_, column)| column.to_owned())
}

fn word(expr: &Expr) -> String {
    plain_column(expr).map_or_else(String::new, |(_, column)| column.to_owned())
}

fn as_text(expr: &Expr, how: &str) -> Open {
    Open {
        word: word(expr),
        reason: format!(
            "{} is a real number, and {how} its digits depend on the release of SQLite: the \
             writer's could derive other text than cutover's",
            shown(expr)
        ),
        fix: "keep it in a REAL column of its own; or first make it a whole number: CAST(round(x \
        * 100) AS INTEGER)"
            .to_owned(),
    }
}

fn added_up(expr: &Expr, function: &str) -> Open {
    let shown = shown(expr);
    Open {
        word: word(expr),
        reason: format!(
            "{shown} may hold real numbers, and {function}() of them depends on the order in which they \
             are added up and on the release of SQLite"
        ),
        fix: format!("add up whole numbers: sum(CAST(round({shown} * 100) AS INTEGER))"),
    }
}

fn rounded(expr: &Expr, places: &Expr) -> Open {
    let factor = match places {
        Expr::Literal(Literal::Number(number)) => {
            number.parse().ok().and_then(|places| 10_i64.checked_pow(places)).unwrap_or(100)
        }
        _ => 100,
    };
    let shown = shown(expr);
    Open {
        word: word(expr),
        reason: format!(
            "round() of {shown} to decimal places differs between releases of SQLite: the \
             writer's could derive another value than cutover's"
        ),
        fix: format!("write round({shown} * {factor}) / {factor}.0"),
    }
}
