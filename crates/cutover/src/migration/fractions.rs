//! Times whose text may hold more than three digits of a second.
//!
//! SQLite 3.40 rounds them and later releases cut them, so the trigger that runs in the
//! writer's SQLite would derive another second than ours. So a mapping's times are cut to three
//! digits before a date function sees them, except where they can't have more: they are cut
//! already, a number, a literal, or a condition says how long they are. What stands in a CREATE
//! is refused instead: SQLite keeps its text as it was written.

use turso_parser::ast::{Expr, LikeOperator, Literal, OneSelect, Operator, ResultColumn, Select};

use super::cut;
use super::functions::DATES;
use super::syntax::{name, unmarked};

/// `YYYY-MM-DD HH:MM:SS.SSS`
const LONGEST: usize = 23;

/// Directives of `strftime()` that give what the text says, without working out the day.
const AS_WRITTEN: &str = "dHmMSY%";

/// Modifiers before which the time has to be a number; of a text that is a date they make NULL.
const OF_NUMBERS: [&str; 2] = ["unixepoch", "julianday"];

/// Whether a call of one of the date functions gives the same in every release, whatever the
/// time holds that may be long.
pub(super) fn settled(function: &str, args: &[Box<Expr>], short: &Conditions) -> bool {
    let formats = function.eq_ignore_ascii_case("strftime");
    let (format, rest) = args.split_at(usize::from(formats).min(args.len()));
    let Some((time, modifiers)) = rest.split_first() else { return true };
    let first = modifiers.first().and_then(|modifier| text(modifier));
    if first.is_some_and(|first| {
        OF_NUMBERS.iter().any(|of_numbers| first.trim().eq_ignore_ascii_case(of_numbers))
    }) {
        return true;
    }
    let as_written = match format.first() {
        None => ["date", "time", "datetime"].iter().any(|f| function.eq_ignore_ascii_case(f)),
        Some(format) => text(format).is_some_and(|format| only_as_written(&format)),
    };
    (as_written && modifiers.is_empty()) || is_short(time, short)
}

/// Whether a call is of a date function, and of a time that may have more than three digits.
pub(super) fn is_open(expr: &Expr, short: &Conditions) -> bool {
    match expr {
        Expr::FunctionCall { name: called, args, .. } => {
            let function = name(called);
            DATES.iter().any(|date| function.eq_ignore_ascii_case(date))
                && !settled(function, args, short)
        }
        _ => false,
    }
}

/// A call as it is told from others, however its names are quoted.
pub(super) fn spelt(expr: &Expr) -> String {
    cut::unquoted(&unmarked(expr))
}

fn only_as_written(format: &str) -> bool {
    let mut characters = format.chars();
    while characters.any(|character| character == '%') {
        if characters.next().is_some_and(|directive| !AS_WRITTEN.contains(directive)) {
            return false;
        }
    }
    true
}

/// Whether a value is no text with more than three digits of a second.
fn is_short(expr: &Expr, short: &Conditions) -> bool {
    let all = |parts: &[Box<Expr>]| parts.iter().all(|part| is_short(part, short));
    short.covers(expr)
        || match expr {
            Expr::Literal(Literal::String(_)) => text(expr).is_some_and(|text| digits(&text) <= 3),
            Expr::Literal(_) | Expr::Unary(..) => true,
            Expr::Parenthesized(parts) => all(parts),
            Expr::Collate(inner, _) => is_short(inner, short),
            Expr::Cast { type_name: Some(kind), .. } => {
                use crate::schema::Affinity;
                Affinity::of(&kind.name).is_numeric()
            }
            Expr::Binary(_, operator, _) => !matches!(
                operator,
                Operator::Concat | Operator::ArrowRight | Operator::ArrowRightShift
            ),
            Expr::Case { when_then_pairs, else_expr, .. } => {
                when_then_pairs.iter().all(|(_, then)| is_short(then, short))
                    && else_expr.as_ref().is_none_or(|or| is_short(or, short))
            }
            Expr::FunctionCall { name: called, args, .. } => {
                match name(called).to_ascii_lowercase().as_str() {
                    "substr" | "substring" => is_cut(args),
                    "date" | "time" | "datetime" | "julianday" | "strftime" | "unixepoch"
                    | "length" | "instr" | "round" | "abs" | "unicode" | "sign" => true,
                    "coalesce" | "ifnull" | "min" | "max" => all(args),
                    "nullif" => args.first().is_some_and(|value| is_short(value, short)),
                    "iif" => args.iter().skip(1).all(|value| is_short(value, short)),
                    _ => false,
                }
            }
            _ => false,
        }
}

/// `substr(x, 1, 23)`, or less of it.
fn is_cut(args: &[Box<Expr>]) -> bool {
    match args {
        [_, from, length] => {
            matches!(number(from), Some(0 | 1))
                && number(length).is_some_and(|length| length <= LONGEST)
        }
        _ => false,
    }
}

/// Digits after the last point of a text that follow each other.
fn digits(text: &str) -> usize {
    let after = text.rsplit_once('.').map_or("", |(_, after)| after);
    // A number of days has as many as it likes.
    if text.parse::<f64>().is_ok() {
        return 0;
    }
    after.bytes().take_while(u8::is_ascii_digit).count()
}

/// Values that are short where they are read: a condition around them says so.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(Vec<String>);

impl Conditions {
    /// With what has to hold where a condition does.
    pub(super) fn and(&self, condition: &Expr) -> Self {
        let mut all = self.clone();
        all.gather(condition);
        all
    }

    /// With the columns that a subquery gives as such times, where it is all that is read.
    pub(super) fn and_columns_of(&self, select: &Select) -> Self {
        let mut all = self.clone();
        let OneSelect::Select { columns, .. } = &select.body.select else { return all };
        for column in columns.iter().filter(|_| select.body.compounds.is_empty()) {
            if let ResultColumn::Expr(expr, Some(alias)) = column
                && is_short(expr, self)
            {
                all.0.push(unmarked(&Expr::Id(alias.name().clone())));
            }
        }
        all
    }

    fn covers(&self, expr: &Expr) -> bool {
        !self.0.is_empty() && self.0.contains(&unmarked(expr))
    }

    fn gather(&mut self, condition: &Expr) {
        match condition {
            Expr::Binary(left, Operator::And, right) => {
                self.gather(left);
                self.gather(right);
            }
            Expr::Parenthesized(inner) => inner.iter().for_each(|inner| self.gather(inner)),
            Expr::Binary(left, operator, right) => {
                let limit = match operator {
                    Operator::Equals | Operator::Is | Operator::LessEquals => LONGEST,
                    Operator::Less => LONGEST + 1,
                    _ => return,
                };
                if let (Some([measured]), Some(length)) = (call(left, "length"), number(right))
                    && length <= limit
                {
                    self.0.push(unmarked(measured));
                }
            }
            Expr::Like { lhs, not: false, op: LikeOperator::Glob, rhs, escape: None } => {
                let Some(length) = text(rhs).and_then(|pattern| fixed_length(&pattern)) else {
                    return;
                };
                match call(lhs, "substr") {
                    Some([whole, from])
                        if number(from).is_some_and(|from| from + length <= LONGEST + 1) =>
                    {
                        self.0.push(unmarked(whole));
                    }
                    _ if length <= LONGEST => self.0.push(unmarked(lhs)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// How many characters a GLOB pattern matches, if always as many.
fn fixed_length(pattern: &str) -> Option<usize> {
    let mut length = 0;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => return None,
            '[' => {
                // A bracket right behind the first one is a member of the set.
                rest.next()?;
                rest.find(|character| *character == ']')?;
            }
            _ => {}
        }
        length += 1;
    }
    Some(length)
}

fn call<'e>(expr: &'e Expr, function: &str) -> Option<&'e [Box<Expr>]> {
    match expr {
        Expr::FunctionCall { name: called, args, .. }
            if name(called).eq_ignore_ascii_case(function) =>
        {
            Some(args)
        }
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Literal(Literal::Numeric(number)) => number.parse().ok(),
        Expr::Parenthesized(inner) if inner.len() == 1 => number(&inner[0]),
        _ => None,
    }
}

/// A string literal's content.
pub(super) fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(Literal::String(quoted)) => {
            let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            Some(inner.replace("''", "'"))
        }
        Expr::Parenthesized(inner) if inner.len() == 1 => text(&inner[0]),
        _ => None,
    }
}
