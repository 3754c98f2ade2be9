//! Expressions.

use super::name::Name;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// A name alone: a column, unless no table has one of that name.
    Name(Name),
    /// `row.column`
    Column(Name, Name),
    Literal(Literal),
    Unary(Unary, Box<Expr>),
    Binary(Box<Expr>, Operator, Box<Expr>),
    /// `value [NOT] BETWEEN …`, `IN (…)`, `LIKE …`
    Test {
        value: Box<Expr>,
        not: bool,
        test: Test,
    },
    Call(Call),
    Case(Case),
    Cast(Box<Expr>, Option<Type>),
    Collate(Box<Expr>, Name),
    /// One expression in parentheses, or a row of several.
    Parens(Vec<Expr>),
    /// EXISTS, IN (SELECT …) or a SELECT as a value. Nothing looks into it: a mapping that has
    /// one is refused.
    Subquery(String),
}

/// A literal, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Number(String),
    /// With its quotes.
    Text(String),
    /// With its `x'…'`.
    Blob(String),
    Null,
    True,
    False,
    /// CURRENT_DATE and its like.
    Now(&'static str),
    /// SQL that stands in the place of an expression.
    Written(String),
}

/// An operator of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    BitwiseNot,
    Negative,
    Not,
    Positive,
    IsNull,
    NotNull,
}

/// An operator of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    And,
    Arrow,
    ArrowText,
    BitwiseAnd,
    BitwiseOr,
    Concat,
    Divide,
    Equals,
    Greater,
    GreaterEquals,
    Is,
    IsNot,
    LeftShift,
    Less,
    LessEquals,
    Modulus,
    Multiply,
    NotEquals,
    Or,
    RightShift,
    Subtract,
}

impl Operator {
    /// Whether it compares its operands, by their affinities and collations.
    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equals
                | Self::NotEquals
                | Self::Less
                | Self::LessEquals
                | Self::Greater
                | Self::GreaterEquals
                | Self::Is
                | Self::IsNot
        )
    }
}

/// What a value is tested for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    Between(Box<Expr>, Box<Expr>),
    In(Vec<Expr>),
    Matches { operator: Matching, pattern: Box<Expr>, escape: Option<Box<Expr>> },
}

/// An operator that compares with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    Glob,
    Like,
    Match,
    Regexp,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: Name,
    pub(crate) distinctness: Option<Distinctness>,
    pub(crate) args: Args,
    pub(crate) filter: Option<Box<Expr>>,
    pub(crate) over: Option<Over>,
}

impl Call {
    /// A call of a function that looks at one row.
    pub(crate) fn of(function: &str, args: Vec<Expr>) -> Self {
        Self {
            name: Name::plain(function),
            distinctness: None,
            args: Args::List(args),
            filter: None,
            over: None,
        }
    }

    /// Its arguments; none for `*`.
    pub(crate) fn args(&self) -> &[Expr] {
        match &self.args {
            Args::Star => &[],
            Args::List(args) => args,
        }
    }

    pub(crate) fn args_mut(&mut self) -> &mut [Expr] {
        match &mut self.args {
            Args::Star => &mut [],
            Args::List(args) => args,
        }
    }

    /// The function, in small letters.
    pub(crate) fn function(&self) -> String {
        self.name.as_str().to_ascii_lowercase()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Args {
    /// `count(*)`
    Star,
    List(Vec<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distinctness {
    Distinct,
    All,
}

/// An OVER clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    Window(Box<Window>),
    Name(Name),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// The window it builds on.
    pub(crate) base: Option<Name>,
    pub(crate) partition_by: Vec<Expr>,
    pub(crate) order_by: Vec<Sorted>,
    pub(crate) frame: Option<Frame>,
}

/// A term of an ORDER BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sorted {
    pub(crate) expr: Expr,
    pub(crate) order: Option<Order>,
    /// Whether NULLs come first, if it says.
    pub(crate) nulls_first: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Asc,
    Desc,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) mode: FrameMode,
    pub(crate) start: Bound,
    pub(crate) end: Option<Bound>,
    pub(crate) exclude: Option<Exclude>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameMode {
    Groups,
    Range,
    Rows,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    CurrentRow,
    Following(Box<Expr>),
    Preceding(Box<Expr>),
    UnboundedFollowing,
    UnboundedPreceding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exclude {
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) base: Option<Box<Expr>>,
    /// Each WHEN with its THEN.
    pub(crate) branches: Vec<(Expr, Expr)>,
    pub(crate) otherwise: Option<Box<Expr>>,
}

impl Case {
    /// What it may give: every THEN, and the ELSE.
    pub(crate) fn results(&self) -> impl Iterator<Item = &Expr> {
        self.branches.iter().map(|(_, then)| then).chain(self.otherwise.as_deref())
    }
}

/// What a CAST casts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) name: String,
    /// `(10)` or `(10, 2)`
    pub(crate) size: Vec<Expr>,
}

/// How the parts of a compound SELECT are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compound {
    Union,
    UnionAll,
    Except,
    Intersect,
}

impl Expr {
    pub(crate) fn binary(left: Self, operator: Operator, right: Self) -> Self {
        Self::Binary(Box::new(left), operator, Box::new(right))
    }

    pub(crate) fn number(number: &str) -> Self {
        Self::Literal(Literal::Number(number.to_owned()))
    }

    /// A column of a table, where no other table is read.
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(Name::quoted(name))
    }

    /// `row.column`
    pub(crate) fn column(row: &str, name: &str) -> Self {
        Self::Column(Name::quoted(row), Name::quoted(name))
    }
}
