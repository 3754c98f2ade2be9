//! From the parser's tree to ours.
//!
//! What ours has no place for is refused, never left out: what is not known here is not
//! understood by the analysis either.

use turso_parser::ast::{self, FunctionTail, JoinOperator, JoinType, TypeSize};

use super::recursion::reads_itself;
use crate::phase::Side;
use crate::tree::{
    Args, Bound, Call, Case, Compound, Constraint, Core, Distinctness, Exclude, Expr, Frame,
    FrameMode, From, JoinKind, Joined, Literal, Matching, Member, Name, Operator, Order, Over,
    Part, ResultColumn, Select, Sorted, Test, Type, Unary, Window,
};

/// The parser read what our tree has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;

type Result<T> = std::result::Result<T, Unknown>;

/// Lowers an expression.
pub(crate) fn expr(expr: &ast::Expr) -> Result<Expr> {
    use ast::Expr as Read;
    Ok(match expr {
        Read::Id(word) | Read::Name(word) => Expr::Name(name(word)),
        Read::Qualified(row, column) => Expr::Column(name(row), name(column)),
        Read::Literal(read) => Expr::Literal(literal(read)?),
        Read::Unary(operator, inner) => Expr::Unary(unary(*operator), boxed(inner)?),
        Read::IsNull(inner) => Expr::Unary(Unary::IsNull, boxed(inner)?),
        Read::NotNull(inner) => Expr::Unary(Unary::NotNull, boxed(inner)?),
        Read::Binary(left, op, right) => Expr::Binary(boxed(left)?, operator(*op)?, boxed(right)?),
        Read::Between { lhs, not, start, end } => Expr::Test {
            value: boxed(lhs)?,
            not: *not,
            test: Test::Between(boxed(start)?, boxed(end)?),
        },
        Read::InList { lhs, not, rhs } => {
            Expr::Test { value: boxed(lhs)?, not: *not, test: Test::In(exprs(rhs)?) }
        }
        Read::Like { lhs, not, op, rhs, escape } => {
            let escape = escape.as_deref().map(boxed).transpose()?;
            let test = Test::Matches { operator: like(*op), pattern: boxed(rhs)?, escape };
            Expr::Test { value: boxed(lhs)?, not: *not, test }
        }
        Read::FunctionCall {
            name: called,
            distinctness,
            args,
            order_by,
            within_group,
            filter_over,
        } if order_by.is_empty() && within_group.is_empty() => {
            let distinctness = distinctness.map(|read| match read {
                ast::Distinctness::Distinct => Distinctness::Distinct,
                ast::Distinctness::All => Distinctness::All,
            });
            call(called, distinctness, Args::List(exprs(args)?), filter_over)?
        }
        Read::FunctionCallStar { name: called, filter_over } => {
            call(called, None, Args::Star, filter_over)?
        }
        Read::Case { base, when_then_pairs, else_expr } => {
            let branch =
                |(when, then): &(Box<_>, Box<_>)| Ok((self::expr(when)?, self::expr(then)?));
            Expr::Case(Case {
                base: base.as_deref().map(boxed).transpose()?,
                branches: when_then_pairs.iter().map(branch).collect::<Result<_>>()?,
                otherwise: else_expr.as_deref().map(boxed).transpose()?,
            })
        }
        Read::Cast { expr: inner, type_name } => {
            Expr::Cast(boxed(inner)?, type_name.as_ref().map(kind).transpose()?)
        }
        Read::Collate(inner, collation) => Expr::Collate(boxed(inner)?, name(collation)),
        Read::Parenthesized(list) => Expr::Parens(exprs(list)?),
        Read::Exists(_) | Read::InSelect { .. } | Read::InTable { .. } | Read::Subquery(_) => {
            Expr::Subquery(expr.to_string())
        }
        _ => return Err(Unknown),
    })
}

/// Lowers a SELECT.
pub(super) fn select(select: &ast::Select) -> Result<Select> {
    let ast::Select { with, body, order_by, limit: None } = select else { return Err(Unknown) };
    let members = with.iter().flat_map(|with| &with.ctes);
    let rest = body.compounds.iter();
    Ok(Select {
        members: members.map(member).collect::<Result<_>>()?,
        first: part(&body.select)?,
        rest: rest
            .map(|next| Ok((compound(next.operator), part(&next.select)?)))
            .collect::<Result<_>>()?,
        order_by: sorted(order_by)?,
    })
}

/// Whether a member is MATERIALIZED makes no difference to its rows.
fn member(member: &ast::CommonTableExpr) -> Result<Member> {
    Ok(Member {
        name: name(&member.tbl_name),
        columns: member.columns.iter().map(|column| name(&column.col_name)).collect(),
        select: select(&member.select)?,
        reads_itself: reads_itself(member),
    })
}

fn part(part: &ast::OneSelect) -> Result<Part> {
    let ast::OneSelect::Select {
        distinctness,
        columns,
        from: read_from,
        where_clause,
        group_by,
        window_clause,
    } = part
    else {
        return Ok(Part::Values);
    };
    let grouped = group_by.as_ref();
    let windows = window_clause.iter();
    Ok(Part::Select(Box::new(Core {
        distinct: *distinctness == Some(ast::Distinctness::Distinct),
        columns: columns.iter().map(result_column).collect::<Result<_>>()?,
        from: read_from.as_ref().map(from).transpose()?.unwrap_or_default(),
        filter: where_clause.as_deref().map(expr).transpose()?,
        group_by: grouped.map(|by| exprs(&by.exprs)).transpose()?.unwrap_or_default(),
        having: grouped.and_then(|by| by.having.as_deref()).map(expr).transpose()?,
        windows: windows
            .map(|named| Ok((name(&named.name), window(&named.window)?)))
            .collect::<Result<_>>()?,
    })))
}

fn result_column(column: &ast::ResultColumn) -> Result<ResultColumn> {
    Ok(match column {
        ast::ResultColumn::Expr(value, alias) => {
            let given = alias.as_ref().filter(|alias| alias.is_explicit());
            ResultColumn::Expr(expr(value)?, given.map(|alias| name(alias.name())))
        }
        ast::ResultColumn::Star => ResultColumn::Star,
        ast::ResultColumn::TableStar(table) => ResultColumn::TableStar(name(table)),
    })
}

fn from(from: &ast::FromClause) -> Result<Vec<Joined>> {
    let first = Joined { kind: JoinKind::Inner, item: item(&from.select)?, constraint: None };
    let others = from.joins.iter().map(|join| {
        let constraint = join.constraint.as_ref().map(|constraint| {
            Ok(match constraint {
                ast::JoinConstraint::On(condition) => Constraint::On(expr(condition)?),
                ast::JoinConstraint::Using(names) => {
                    Constraint::Using(names.iter().map(name).collect())
                }
            })
        });
        let kind = join_kind(join.operator);
        Ok(Joined { kind, item: item(&join.table)?, constraint: constraint.transpose()? })
    });
    std::iter::once(Ok(first)).chain(others).collect()
}

fn join_kind(operator: JoinOperator) -> JoinKind {
    let JoinOperator::TypedJoin(Some(kind)) = operator else { return JoinKind::Inner };
    let kinds = [
        (JoinType::NATURAL, JoinKind::Natural),
        (JoinType::RIGHT, JoinKind::Right),
        (JoinType::LEFT, JoinKind::Left),
        (JoinType::CROSS, JoinKind::Cross),
    ];
    kinds
        .into_iter()
        .find(|(flag, _)| kind.contains(*flag))
        .map_or(JoinKind::Inner, |(_, kind)| kind)
}

fn item(table: &ast::SelectTable) -> Result<From> {
    let given = |alias: &Option<ast::As>| alias.as_ref().map(|alias| name(alias.name()));
    Ok(match table {
        ast::SelectTable::Table(table, alias, None) => {
            let side = table.db_name.as_ref().map(|side| {
                let is = |known: &Side| known.name().eq_ignore_ascii_case(side.as_str());
                [Side::Old, Side::New].into_iter().find(is).ok_or(Unknown)
            });
            From::Table { side: side.transpose()?, name: name(&table.name), alias: given(alias) }
        }
        ast::SelectTable::Table(_, _, Some(_)) => return Err(Unknown),
        ast::SelectTable::TableCall(function, args, alias) => {
            From::Call { function: name(&function.name), args: exprs(args)?, alias: given(alias) }
        }
        ast::SelectTable::Select(inner, alias) => {
            From::Select { select: Box::new(select(inner)?), alias: given(alias) }
        }
        ast::SelectTable::Sub(..) => From::Parens,
    })
}

fn name(read: &ast::Name) -> Name {
    Name::read(read.as_str(), read.as_ident())
}

fn boxed(read: &ast::Expr) -> Result<Box<Expr>> {
    expr(read).map(Box::new)
}

fn exprs(list: &[Box<ast::Expr>]) -> Result<Vec<Expr>> {
    list.iter().map(|read| expr(read)).collect()
}

fn literal(literal: &ast::Literal) -> Result<Literal> {
    use ast::Literal as Read;
    Ok(match literal {
        Read::Numeric(number) => Literal::Number(number.clone()),
        Read::String(text) => Literal::Text(text.clone()),
        Read::Blob(blob) => Literal::Blob(blob.clone()),
        Read::Null => Literal::Null,
        Read::True => Literal::True,
        Read::False => Literal::False,
        Read::CurrentDate => Literal::Now("CURRENT_DATE"),
        Read::CurrentTime => Literal::Now("CURRENT_TIME"),
        Read::CurrentTimestamp => Literal::Now("CURRENT_TIMESTAMP"),
        Read::Keyword(_) => return Err(Unknown),
    })
}

fn call(
    called: &ast::Name,
    distinctness: Option<Distinctness>,
    args: Args,
    tail: &FunctionTail,
) -> Result<Expr> {
    let over = tail.over_clause.as_ref().map(|over| {
        Ok(match over {
            ast::Over::Window(read) => Over::Window(Box::new(window(read)?)),
            ast::Over::Name(read) => Over::Name(name(read)),
        })
    });
    Ok(Expr::Call(Call {
        name: name(called),
        distinctness,
        args,
        filter: tail.filter_clause.as_deref().map(boxed).transpose()?,
        over: over.transpose()?,
    }))
}

fn window(window: &ast::Window) -> Result<Window> {
    Ok(Window {
        base: window.base.as_ref().map(name),
        partition_by: exprs(&window.partition_by)?,
        order_by: sorted(&window.order_by)?,
        frame: window.frame_clause.as_ref().map(frame).transpose()?,
    })
}

fn sorted(terms: &[ast::SortedColumn]) -> Result<Vec<Sorted>> {
    let term = |term: &ast::SortedColumn| {
        Ok(Sorted {
            expr: expr(&term.expr)?,
            order: term.order.map(|order| match order {
                ast::SortOrder::Asc => Order::Asc,
                ast::SortOrder::Desc => Order::Desc,
            }),
            nulls_first: term.nulls.map(|nulls| nulls == ast::NullsOrder::First),
        })
    };
    terms.iter().map(term).collect()
}

fn frame(frame: &ast::FrameClause) -> Result<Frame> {
    Ok(Frame {
        mode: match frame.mode {
            ast::FrameMode::Groups => FrameMode::Groups,
            ast::FrameMode::Range => FrameMode::Range,
            ast::FrameMode::Rows => FrameMode::Rows,
        },
        start: bound(&frame.start)?,
        end: frame.end.as_ref().map(bound).transpose()?,
        exclude: frame.exclude.as_ref().map(|exclude| match exclude {
            ast::FrameExclude::NoOthers => Exclude::NoOthers,
            ast::FrameExclude::CurrentRow => Exclude::CurrentRow,
            ast::FrameExclude::Group => Exclude::Group,
            ast::FrameExclude::Ties => Exclude::Ties,
        }),
    })
}

fn bound(bound: &ast::FrameBound) -> Result<Bound> {
    Ok(match bound {
        ast::FrameBound::CurrentRow => Bound::CurrentRow,
        ast::FrameBound::Following(by) => Bound::Following(boxed(by)?),
        ast::FrameBound::Preceding(by) => Bound::Preceding(boxed(by)?),
        ast::FrameBound::UnboundedFollowing => Bound::UnboundedFollowing,
        ast::FrameBound::UnboundedPreceding => Bound::UnboundedPreceding,
    })
}

fn kind(kind: &ast::Type) -> Result<Type> {
    let size = match &kind.size {
        None => Vec::new(),
        Some(TypeSize::MaxSize(size)) => vec![expr(size)?],
        Some(TypeSize::TypeSize(digits, places)) => vec![expr(digits)?, expr(places)?],
    };
    (kind.array_dimensions == 0).then(|| Type { name: kind.name.clone(), size }).ok_or(Unknown)
}

fn unary(operator: ast::UnaryOperator) -> Unary {
    match operator {
        ast::UnaryOperator::BitwiseNot => Unary::BitwiseNot,
        ast::UnaryOperator::Negative => Unary::Negative,
        ast::UnaryOperator::Not => Unary::Not,
        ast::UnaryOperator::Positive => Unary::Positive,
    }
}

fn like(operator: ast::LikeOperator) -> Matching {
    match operator {
        ast::LikeOperator::Glob => Matching::Glob,
        ast::LikeOperator::Like => Matching::Like,
        ast::LikeOperator::Match => Matching::Match,
        ast::LikeOperator::Regexp => Matching::Regexp,
    }
}

fn compound(operator: ast::CompoundOperator) -> Compound {
    match operator {
        ast::CompoundOperator::Union => Compound::Union,
        ast::CompoundOperator::UnionAll => Compound::UnionAll,
        ast::CompoundOperator::Except => Compound::Except,
        ast::CompoundOperator::Intersect => Compound::Intersect,
    }
}

fn operator(operator: ast::Operator) -> Result<Operator> {
    use ast::Operator as Read;
    Ok(match operator {
        Read::Add => Operator::Add,
        Read::And => Operator::And,
        Read::ArrowRight => Operator::Arrow,
        Read::ArrowRightShift => Operator::ArrowText,
        Read::BitwiseAnd => Operator::BitwiseAnd,
        Read::BitwiseOr => Operator::BitwiseOr,
        Read::Concat => Operator::Concat,
        Read::Equals => Operator::Equals,
        Read::Divide => Operator::Divide,
        Read::Greater => Operator::Greater,
        Read::GreaterEquals => Operator::GreaterEquals,
        Read::Is => Operator::Is,
        Read::IsNot => Operator::IsNot,
        Read::LeftShift => Operator::LeftShift,
        Read::Less => Operator::Less,
        Read::LessEquals => Operator::LessEquals,
        Read::Modulus => Operator::Modulus,
        Read::Multiply => Operator::Multiply,
        Read::NotEquals => Operator::NotEquals,
        Read::Or => Operator::Or,
        Read::RightShift => Operator::RightShift,
        Read::Subtract => Operator::Subtract,
        Read::BitwiseNot | Read::ArrayContains | Read::ArrayOverlap => return Err(Unknown),
    })
}
