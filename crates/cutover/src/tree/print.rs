//! Expressions as SQL.
//!
//! The text lies in triggers and views of users' databases, so its spaces are a format: one
//! between two words, none inside of parentheses, before a comma and around a dot.

use std::fmt::{self, Display, Formatter, Write};

use super::expr::{
    Args, Bound, Call, Case, Compound, Distinctness, Exclude, Expr, Frame, FrameMode, Literal,
    Matching, Operator, Order, Over, Sorted, Test, Type, Unary, Window,
};

/// Writes word after word.
struct Printer<'f, 'w> {
    out: &'f mut Formatter<'w>,
    /// Whether the next word needs no space before it.
    spaced: bool,
}

impl Printer<'_, '_> {
    fn word(&mut self, word: impl Display) -> fmt::Result {
        self.space()?;
        write!(self.out, "{word}")?;
        self.spaced = false;
        Ok(())
    }

    fn words(&mut self, words: &[&str]) -> fmt::Result {
        words.iter().try_for_each(|word| self.word(word))
    }

    fn space(&mut self) -> fmt::Result {
        if !self.spaced {
            self.out.write_char(' ')?;
        }
        self.spaced = true;
        Ok(())
    }

    fn open(&mut self) -> fmt::Result {
        self.space()?;
        self.out.write_char('(')
    }

    fn close(&mut self) -> fmt::Result {
        self.spaced = false;
        self.out.write_char(')')
    }

    fn dot(&mut self) -> fmt::Result {
        self.spaced = true;
        self.out.write_char('.')
    }

    fn list<T>(
        &mut self,
        items: &[T],
        mut item: impl FnMut(&mut Self, &T) -> fmt::Result,
    ) -> fmt::Result {
        for (position, part) in items.iter().enumerate() {
            if position > 0 {
                self.out.write_char(',')?;
                self.spaced = false;
            }
            item(self, part)?;
        }
        Ok(())
    }

    fn exprs(&mut self, exprs: &[Expr]) -> fmt::Result {
        self.list(exprs, Self::expr)
    }

    fn in_parens(&mut self, exprs: &[Expr]) -> fmt::Result {
        self.open()?;
        self.exprs(exprs)?;
        self.close()
    }

    fn expr(&mut self, expr: &Expr) -> fmt::Result {
        match expr {
            Expr::Name(name) => self.word(name),
            Expr::Column(row, name) => {
                self.word(row)?;
                self.dot()?;
                self.word(name)
            }
            Expr::Literal(literal) => self.literal(literal),
            Expr::Unary(operator, inner) => match operator {
                Unary::IsNull | Unary::NotNull => {
                    self.expr(inner)?;
                    self.word(operator)
                }
                _ => {
                    self.word(operator)?;
                    self.expr(inner)
                }
            },
            Expr::Binary(left, operator, right) => {
                self.expr(left)?;
                self.word(operator)?;
                self.expr(right)
            }
            Expr::Test { value, not, test } => {
                self.expr(value)?;
                if *not {
                    self.word("NOT")?;
                }
                self.test(test)
            }
            Expr::Call(call) => self.call(call),
            Expr::Case(case) => self.case(case),
            Expr::Cast(inner, kind) => self.cast(inner, kind.as_ref()),
            Expr::Collate(inner, collation) => {
                self.expr(inner)?;
                self.word("COLLATE")?;
                self.word(collation)
            }
            Expr::Parens(list) => self.in_parens(list),
            Expr::Subquery(sql) => self.word(sql),
        }
    }

    fn literal(&mut self, literal: &Literal) -> fmt::Result {
        match literal {
            Literal::Number(text) | Literal::Text(text) | Literal::Written(text) => self.word(text),
            // No space follows: nothing runs into the quote.
            Literal::Blob(text) => {
                self.space()?;
                self.out.write_str(text)
            }
            Literal::Null => self.word("NULL"),
            Literal::True => self.word("TRUE"),
            Literal::False => self.word("FALSE"),
            Literal::Now(word) => self.word(word),
        }
    }

    fn test(&mut self, test: &Test) -> fmt::Result {
        match test {
            Test::Between(from, to) => {
                self.word("BETWEEN")?;
                self.expr(from)?;
                self.word("AND")?;
                self.expr(to)
            }
            Test::In(list) => {
                self.word("IN")?;
                self.in_parens(list)
            }
            Test::Matches { operator, pattern, escape } => {
                self.word(operator)?;
                self.expr(pattern)?;
                if let Some(escape) = escape {
                    self.word("ESCAPE")?;
                    self.expr(escape)?;
                }
                Ok(())
            }
        }
    }

    fn call(&mut self, call: &Call) -> fmt::Result {
        self.word(&call.name)?;
        self.open()?;
        if let Some(distinctness) = call.distinctness {
            self.word(distinctness)?;
        }
        match &call.args {
            Args::Star => self.word("*")?,
            Args::List(args) => self.exprs(args)?,
        }
        self.close()?;
        if let Some(filter) = &call.filter {
            self.word("FILTER")?;
            self.open()?;
            self.word("WHERE")?;
            self.expr(filter)?;
            self.close()?;
        }
        match &call.over {
            None => Ok(()),
            Some(Over::Name(name)) => {
                self.word("OVER")?;
                self.word(name)
            }
            Some(Over::Window(window)) => {
                self.word("OVER")?;
                self.window(window)
            }
        }
    }

    fn window(&mut self, window: &Window) -> fmt::Result {
        self.open()?;
        if let Some(base) = &window.base {
            self.word(base)?;
        }
        if !window.partition_by.is_empty() {
            self.words(&["PARTITION", "BY"])?;
            self.exprs(&window.partition_by)?;
        }
        if !window.order_by.is_empty() {
            self.words(&["ORDER", "BY"])?;
            self.list(&window.order_by, Self::sorted)?;
        }
        if let Some(frame) = &window.frame {
            self.frame(frame)?;
        }
        self.close()
    }

    fn sorted(&mut self, term: &Sorted) -> fmt::Result {
        self.expr(&term.expr)?;
        if let Some(order) = term.order {
            self.word(order)?;
        }
        match term.nulls_first {
            None => Ok(()),
            Some(true) => self.words(&["NULLS", "FIRST"]),
            Some(false) => self.words(&["NULLS", "LAST"]),
        }
    }

    fn frame(&mut self, frame: &Frame) -> fmt::Result {
        self.word(frame.mode)?;
        match &frame.end {
            None => self.bound(&frame.start)?,
            Some(end) => {
                self.word("BETWEEN")?;
                self.bound(&frame.start)?;
                self.word("AND")?;
                self.bound(end)?;
            }
        }
        match frame.exclude {
            None => Ok(()),
            Some(exclude) => {
                self.word("EXCLUDE")?;
                self.word(exclude)
            }
        }
    }

    fn bound(&mut self, bound: &Bound) -> fmt::Result {
        match bound {
            Bound::CurrentRow => self.words(&["CURRENT", "ROW"]),
            Bound::UnboundedFollowing => self.words(&["UNBOUNDED", "FOLLOWING"]),
            Bound::UnboundedPreceding => self.words(&["UNBOUNDED", "PRECEDING"]),
            Bound::Following(expr) => {
                self.expr(expr)?;
                self.word("FOLLOWING")
            }
            Bound::Preceding(expr) => {
                self.expr(expr)?;
                self.word("PRECEDING")
            }
        }
    }

    fn case(&mut self, case: &Case) -> fmt::Result {
        self.word("CASE")?;
        if let Some(base) = &case.base {
            self.expr(base)?;
        }
        for (when, then) in &case.branches {
            self.word("WHEN")?;
            self.expr(when)?;
            self.word("THEN")?;
            self.expr(then)?;
        }
        if let Some(otherwise) = &case.otherwise {
            self.word("ELSE")?;
            self.expr(otherwise)?;
        }
        self.word("END")
    }

    fn cast(&mut self, inner: &Expr, kind: Option<&Type>) -> fmt::Result {
        self.word("CAST")?;
        self.open()?;
        self.expr(inner)?;
        self.word("AS")?;
        if let Some(Type { name, size }) = kind {
            self.word(name)?;
            if !size.is_empty() {
                self.in_parens(size)?;
            }
        }
        self.close()
    }
}

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        Printer { out, spaced: true }.expr(self)
    }
}

impl Display for Sorted {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        Printer { out, spaced: true }.sorted(self)
    }
}

impl Display for Window {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        Printer { out, spaced: true }.window(self)
    }
}

/// What a keyword or an operator is written as.
macro_rules! written {
    ($($kind:ident { $($variant:ident => $text:literal),+ $(,)? })+) => {$(
        impl Display for $kind {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),+ })
            }
        }
    )+};
}

written! {
    Unary {
        BitwiseNot => "~", Negative => "-", Not => "NOT", Positive => "+",
        IsNull => "ISNULL", NotNull => "NOTNULL",
    }
    Operator {
        Add => "+", And => "AND", Arrow => "->", ArrowText => "->>", BitwiseAnd => "&",
        BitwiseOr => "|", Concat => "||", Divide => "/", Equals => "=", Greater => ">",
        GreaterEquals => ">=", Is => "IS", IsNot => "IS NOT", LeftShift => "<<", Less => "<",
        LessEquals => "<=", Modulus => "%", Multiply => "*", NotEquals => "!=", Or => "OR",
        RightShift => ">>", Subtract => "-",
    }
    Matching { Glob => "GLOB", Like => "LIKE", Match => "MATCH", Regexp => "REGEXP" }
    Distinctness { Distinct => "DISTINCT", All => "ALL" }
    Order { Asc => "ASC", Desc => "DESC" }
    FrameMode { Groups => "GROUPS", Range => "RANGE", Rows => "ROWS" }
    Exclude {
        NoOthers => "NO OTHERS", CurrentRow => "CURRENT ROW", Group => "GROUP", Ties => "TIES",
    }
    Compound {
        Union => "UNION", UnionAll => "UNION ALL", Except => "EXCEPT", Intersect => "INTERSECT",
    }
}
