//! Formats of `printf()`, and paths behind `->`, that SQLite's releases read differently.

use turso_parser::ast::{Expr, Literal, Operator, UnaryOperator};

use super::fractions::text;
use super::functions::Objection;

/// Directives that give the same in every release.
const DIRECTIVES: &str = "diuscqQwxXo%";

/// What speaks against calling `printf()` or `format()` with these arguments, if anything.
pub(super) fn objection(args: &[Box<Expr>]) -> Option<Objection> {
    let Some(format) = args.first().and_then(|format| text(format)) else {
        return Some(Objection::lasting(
            "takes its format from a value, and SQLite's releases write some formats differently",
            "write the format as a literal",
        ));
    };
    let directive = other_directive(&format)?;
    let (what, fix) = match directive {
        'e' | 'E' | 'f' | 'g' | 'G' => (
            "rounds a real number",
            "format whole numbers: for two places, printf('%d.%02d', n / 100, n % 100) of \
             CAST(round(x * 100) AS INTEGER) as n",
        ),
        _ => ("writes it", "use %d %i %u %x %X %o %s %c %q %Q %w"),
    };
    Some(Objection::lasting(
        format!(
            "with %{directive} {what} otherwise in other releases of SQLite: the writer's would derive another text than cutover's"
        ),
        fix,
    ))
}

fn other_directive(format: &str) -> Option<char> {
    let mut characters = format.chars();
    while characters.any(|character| character == '%') {
        let directive = characters.find(|character| !"-+ 0123456789.*!#,l".contains(*character))?;
        if !DIRECTIVES.contains(directive) {
            return Some(directive);
        }
    }
    None
}

/// Why the right side of `->` or `->>` is read differently, and what to write instead.
pub(super) fn arrow(expr: &Expr) -> Option<(&'static str, &'static str)> {
    let Expr::Binary(_, operator, right) = expr else { return None };
    if !matches!(operator, Operator::ArrowRight | Operator::ArrowRightShift) {
        return None;
    }
    match &**right {
        Expr::Unary(UnaryOperator::Negative, number)
            if matches!(**number, Expr::Literal(Literal::Numeric(_))) =>
        {
            Some((
                "a negative number behind -> is NULL in SQLite before 3.47, and counts from the end since",
                "write '$[#-1]' for the last element",
            ))
        }
        right => {
            let path = text(right)?;
            (!path.is_empty() && path.bytes().all(|byte| byte.is_ascii_digit())).then_some((
                "digits in quotes behind -> are an array's index in some releases of SQLite, and a label in others",
                "write the number without quotes, or a path: '$[0]', '$.\"0\"'",
            ))
        }
    }
}
