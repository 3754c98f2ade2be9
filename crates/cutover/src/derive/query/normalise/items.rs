//! What stands in a FROM clause.

use super::columns::{JSON_COLUMNS, has};
use super::select::{Normaliser, Result};
use super::visible::{Names, Visible};
use crate::derive::flaw::Flaw;
use crate::derive::query::shape::{Item, Join, What};
use crate::tree::{Constraint, Expr, From, JoinKind, Joined, Name, Operator};

impl Normaliser<'_> {
    pub(super) fn from(&mut self, from: &[Joined]) -> Result<(Vec<Item>, Vec<Visible>)> {
        let mut items = Vec::new();
        let mut visible = Vec::new();
        for joined in from {
            self.push_item(joined, &mut items, &mut visible)?;
        }
        Ok((items, visible))
    }

    fn join(&self, kind: JoinKind) -> Result<Join> {
        match kind {
            JoinKind::Inner => Ok(Join::Inner),
            JoinKind::Cross => Ok(Join::Cross),
            JoinKind::Left => Ok(Join::Left),
            JoinKind::Natural => Err(self.flaw(
                "NATURAL",
                "NATURAL JOIN depends on which columns the tables happen to share",
                "name the columns: JOIN … USING (column) or ON",
            )),
            JoinKind::Right => Err(self.flaw(
                "JOIN",
                "RIGHT and FULL JOIN need SQLite 3.39, and triggers run in the old program's SQLite",
                "rewrite it as a LEFT JOIN",
            )),
        }
    }

    fn push_item(
        &mut self,
        joined: &Joined,
        items: &mut Vec<Item>,
        visible: &mut Vec<Visible>,
    ) -> Result<()> {
        let join = self.join(joined.kind)?;
        self.size.one_more_table(self.mapping, &joined.item)?;
        let (what, shown, columns) = self.item(&joined.item, visible)?;
        let call = matches!(what, What::Call(..));
        let alias = match &what {
            // The rows of a step are read once. Under their own name the query plan shows
            // that they are no table.
            What::Step(name) => name.clone(),
            _ => format!("t{}", self.aliases),
        };
        self.aliases += 1;
        if let What::Query(query) = &what {
            self.size.subquery(self.mapping, &alias, query)?;
        }
        visible.push(Visible { alias: alias.clone(), shown, columns, merged: Vec::new(), call });
        let on = match &joined.constraint {
            None => None,
            Some(Constraint::On(expr)) => {
                Some(self.expr(expr, &Names { visible, results: &[], windows: &[] })?)
            }
            Some(Constraint::Using(names)) => Some(self.using(names, visible)?),
        };
        items.push(Item { alias, join, on, what });
        Ok(())
    }

    /// `USING (a, b)` as a condition; the right-hand columns disappear.
    fn using(&self, names: &[Name], visible: &mut [Visible]) -> Result<Expr> {
        let (right, left) = visible
            .split_last_mut()
            .ok_or_else(|| self.flaw("USING", "USING without a left side", "write ON"))?;
        let mut condition: Option<Expr> = None;
        for name in names {
            let missing = || {
                Flaw::mismatch(
                    self.mapping,
                    name.as_str(),
                    format!("USING ({}): both sides must have that column", name.as_str()),
                    "write ON with the columns' names",
                )
            };
            let owner =
                left.iter().find(|item| has(&item.columns, name.as_str())).ok_or_else(missing)?;
            let ours =
                right.columns.iter().find(|column| column.eq_ignore_ascii_case(name.as_str()));
            let ours = ours.ok_or_else(missing)?.clone();
            let equal = Expr::binary(
                Expr::column(&owner.alias, name.as_str()),
                Operator::Equals,
                Expr::column(&right.alias, &ours),
            );
            right.merged.push(ours);
            condition = Some(match condition {
                None => equal,
                Some(before) => Expr::binary(before, Operator::And, equal),
            });
        }
        condition.ok_or_else(|| self.flaw("USING", "USING names no column", "write ON"))
    }

    fn item(
        &mut self,
        item: &From,
        left: &[Visible],
    ) -> Result<(What, Option<String>, Vec<String>)> {
        let shown = |name: &Name| name.as_str().to_owned();
        match item {
            From::Table { side, name, alias } => {
                let (what, columns) = self.named(*side, name)?;
                Ok((what, Some(shown(alias.as_ref().unwrap_or(name))), columns))
            }
            From::Select { select, alias } => {
                let query = self.select(select, None)?;
                let columns = query.names();
                Ok((What::Query(Box::new(query)), alias.as_ref().map(shown), columns))
            }
            From::Call { function, args, alias } => {
                let names = Names { visible: left, results: &[], windows: &[] };
                let args = args.iter().map(|arg| self.expr(arg, &names)).collect::<Result<_>>()?;
                let function = function.as_str().to_lowercase();
                let shown = alias.as_ref().map_or_else(|| function.clone(), shown);
                let columns = JSON_COLUMNS.iter().map(|column| (*column).to_owned()).collect();
                Ok((What::Call(function, args), Some(shown), columns))
            }
            From::Parens => Err(self.flaw(
                "(",
                "a join in parentheses is not supported",
                "write the joins one after the other, or as a subquery",
            )),
        }
    }
}
