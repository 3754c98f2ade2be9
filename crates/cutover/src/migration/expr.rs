//! What may stand in an expression.

use turso_parser::ast::{Expr, LikeOperator, Literal, Name, Operator};

use super::dates::{self, Argument};
use super::fault::Checked;
use super::formats;
use super::fractions::{self, Conditions};
use super::functions::{self, Objection};
use super::syntax::{name, place, token};
use super::tokens::Statement;
use super::{names, refuse};

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its value is derived again and again, so it must not vary.
    Derived,
    /// It is a column's DEFAULT, worked out once for each row.
    Default,
}

/// What becomes of times that may have more than three digits of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// They are cut (see [`fractions::cut_times`]).
    Cut,
    /// They stay as they are written.
    AsWritten,
}

/// Checks one expression, without those in it.
pub(super) fn check(statement: &Statement<'_>, expr: &Expr, role: Role, times: Times) -> Checked {
    if let Some((reason, fix)) = formats::arrow(expr).filter(|_| !statement.started) {
        let at = statement.place_of(&[&["->"], &["->>"]]);
        return Err(refuse::read_differently(at, reason, fix));
    }
    match expr {
        Expr::FunctionCall { name, args, order_by, within_group, .. } => {
            if !order_by.is_empty() || !within_group.is_empty() {
                let fix = "order the rows in a subquery: FROM (SELECT … ORDER BY …)";
                let at = place(statement, name);
                return Err(refuse::newer(at, "ORDER BY in an aggregate's call", "3.44", fix));
            }
            call(statement, name, args, role, times)
        }
        Expr::FunctionCallStar { name, .. } => call(statement, name, &[], role, times),
        Expr::Literal(literal) => check_literal(statement, literal, role),
        Expr::Like { op: LikeOperator::Match, .. } => operator(statement, "MATCH"),
        Expr::Like { op: LikeOperator::Regexp, .. } => operator(statement, "REGEXP"),
        Expr::Collate(_, collation) => check_collation(statement, collation),
        Expr::DoublyQualified(side, table, column) => {
            let shorter = format!("{}.{}", name(table), name(column));
            let written = format!("{}.{shorter}", name(side));
            Err(refuse::qualified_column(place(statement, side), &written, &shorter))
        }
        Expr::Qualified(side, column) if names::side(name(side)).is_some() => {
            Err(refuse::column_of_side(place(statement, side), name(side), name(column)))
        }
        Expr::InTable { rhs, .. } => {
            let side = rhs.db_name.as_ref().map(|side| format!("{}.", name(side)));
            let table = format!("{}{}", side.unwrap_or_default(), name(&rhs.name));
            Err(refuse::in_table(place(statement, &rhs.name), &table))
        }
        Expr::Raise(..) => Err(refuse::raise(statement.place_of(&[&["RAISE", "("]]))),
        Expr::Binary(_, Operator::ArrayContains, _) => array_operator(statement, "@>"),
        Expr::Binary(_, Operator::ArrayOverlap, _) => array_operator(statement, "&&"),
        Expr::Array { .. } | Expr::Subscript { .. } | Expr::FieldAccess { .. } => {
            Err(refuse::subscript(statement.place_of(&[&["["]])))
        }
        Expr::Default => {
            Err(refuse::not_sqlite(statement.place_of(&[&["DEFAULT"]]), "DEFAULT as a value"))
        }
        _ => Ok(()),
    }
}

/// Checks a collation's name.
pub(super) fn check_collation(statement: &Statement<'_>, collation: &Name) -> Checked {
    let known = ["BINARY", "NOCASE", "RTRIM"];
    if known.iter().any(|known| name(collation).eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(refuse::collation(place(statement, collation), name(collation)))
}

fn operator(statement: &Statement<'_>, word: &str) -> Checked {
    Err(refuse::match_operator(statement.place_of(&[&[word]]), word))
}

fn array_operator(statement: &Statement<'_>, word: &str) -> Checked {
    Err(refuse::array_operator(statement.place_of(&[&[word]]), word))
}

fn check_literal(statement: &Statement<'_>, literal: &Literal, role: Role) -> Checked {
    let word = match literal {
        Literal::CurrentDate => "CURRENT_DATE",
        Literal::CurrentTime => "CURRENT_TIME",
        Literal::CurrentTimestamp => "CURRENT_TIMESTAMP",
        _ => return Ok(()),
    };
    if role == Role::Default {
        return Ok(());
    }
    Err(refuse::current_time(statement.place_of(&[&[word]]), word))
}

fn call(
    statement: &Statement<'_>,
    called: &Name,
    args: &[Box<Expr>],
    role: Role,
    times: Times,
) -> Checked {
    let function = name(called);
    // The parser writes `x[1]` and `ARRAY[1]` as calls of functions that stand
    // nowhere in the text.
    let desugared = ["array", "array_element", "array_slice"];
    if desugared.contains(&function) && statement.find(&[function, "("]).is_none() {
        let bracket = statement.tokens.iter().find(|token| token.text.starts_with('['));
        return Err(refuse::subscript(statement.place(bracket)));
    }
    let objection = functions::objection(function, args.len()).or_else(|| {
        let is_date = functions::DATES.iter().any(|date| function.eq_ignore_ascii_case(date));
        let arguments = || args.iter().map(|arg| argument(statement, arg)).collect::<Vec<_>>();
        is_date.then(|| dates::objection(function, &arguments())).flatten()
    });
    let objection = objection.or_else(|| match role {
        Role::Default => None,
        Role::Derived if statement.started => None,
        Role::Derived => differs(function, args, times),
    });
    match objection {
        Some(Objection { only_varies: true, .. }) if role == Role::Default => Ok(()),
        Some(Objection { reason, fix, .. }) => {
            Err(refuse::function(place(statement, called), function, &reason, &fix))
        }
        None => Ok(()),
    }
}

/// Why the function gives another value in other releases of SQLite, if it does.
fn differs(function: &str, args: &[Box<Expr>], times: Times) -> Option<Objection> {
    let is = |known: &&str| function.eq_ignore_ascii_case(known);
    let open = || !fractions::settled(function, args, &Conditions::default());
    if times == Times::AsWritten && functions::DATES.iter().any(is) && open() {
        return Some(Objection::lasting(
            "of a text with more than three digits of a second gives another time in other releases of \
             SQLite: the writer's would derive another value than cutover's",
            "cut the text, as in substr(x, 1, 23); write a number as CAST(x AS REAL)",
        ));
    }
    ["printf", "format"].iter().any(is).then(|| formats::objection(args)).flatten()
}

fn argument(statement: &Statement<'_>, expr: &Expr) -> Argument {
    match expr {
        Expr::Literal(Literal::String(quoted)) => {
            let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
            Argument::Text(inner.replace("''", "'"))
        }
        // SQLite reads a name in double quotes as a string where no column has
        // that name: date("now") is common, and works.
        Expr::Id(id) if token(statement, id).is_some_and(|id| id.text.starts_with('"')) => {
            Argument::Text(name(id).to_owned())
        }
        Expr::Parenthesized(inner) if inner.len() == 1 => argument(statement, &inner[0]),
        _ => Argument::Other,
    }
}
