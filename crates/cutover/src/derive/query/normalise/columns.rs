//! What the names in an expression stand for.

use super::select::{Normaliser, Result};
use super::visible::{Names, Visible};
use super::windows;
use crate::derive::flaw::Flaw;
use crate::derive::query::shape::Output;
use crate::nearest::nearest;
use crate::tree::{Expr, ResultColumn};

/// The columns of json_each and json_tree that a query may name
/// (<https://www.sqlite.org/json1.html#jeach>).
pub(super) const JSON_COLUMNS: [&str; 8] =
    ["key", "value", "type", "atom", "id", "parent", "fullkey", "path"];

/// Those of them whose numbers are not the same in every release.
const UNSETTLED: [&str; 2] = ["id", "parent"];

impl Normaliser<'_> {
    pub(super) fn outputs(
        &self,
        columns: &[ResultColumn],
        names: &Names<'_>,
        given: Option<&[String]>,
    ) -> Result<Vec<Output>> {
        let mut outputs = Vec::new();
        for result in columns {
            match result {
                ResultColumn::Expr(expr, alias) => {
                    let resolved = self.expr(expr, names)?;
                    let name = match (alias, &resolved) {
                        (Some(alias), _) => alias.as_str().to_owned(),
                        (None, Expr::Column(_, column)) => column.as_str().to_owned(),
                        (None, _) => expr.to_string(),
                    };
                    outputs.push(Output { expr: resolved, name });
                }
                ResultColumn::Star => {
                    outputs.extend(names.visible.iter().flat_map(every_column));
                }
                ResultColumn::TableStar(table) => {
                    let item = names.visible.iter().find(|item| item.is(table.as_str()));
                    let Some(item) = item else {
                        return Err(self.no_column(&format!("{}.*", table.as_str()), &[]));
                    };
                    outputs.extend(every_column(item));
                }
            }
        }
        if let Some(given) = given {
            if given.len() != outputs.len() {
                return Err(self.flaw(
                    "SELECT",
                    format!("{} values for {} columns", outputs.len(), given.len()),
                    "give one value for each column",
                ));
            }
            for (output, name) in outputs.iter_mut().zip(given) {
                output.name.clone_from(name);
            }
        }
        Ok(outputs)
    }

    /// An expression with every name in it resolved.
    pub(super) fn expr(&self, expr: &Expr, names: &Names<'_>) -> Result<Expr> {
        let mut expr = expr.clone();
        windows::inline(&mut expr, names.windows);
        let mut flaw = None;
        let mut nodes = 0;
        expr.visit_mut(&mut |expr| {
            nodes += 1;
            if flaw.is_none()
                && let Err(found) = self.resolve(expr, names)
            {
                flaw = Some(found);
            }
        });
        self.size.grow(self.mapping, nodes)?;
        flaw.map_or(Ok(expr), Err)
    }

    fn resolve(&self, expr: &mut Expr, names: &Names<'_>) -> Result<()> {
        *expr = match &*expr {
            Expr::Name(name) => self.unqualified(name.as_str(), names)?,
            Expr::Column(table, name)
                if names.visible.iter().any(|item| item.alias == table.as_str()) =>
            {
                // Resolved already, inside a result alias.
                Expr::column(table.as_str(), name.as_str())
            }
            Expr::Column(table, name) => self.qualified(table.as_str(), name.as_str(), names)?,
            Expr::Subquery(_) => {
                return Err(self.cant(
                    "SELECT",
                    "a subquery in an expression can't be kept in step with the table it reads",
                    "write it as a JOIN",
                ));
            }
            _ => return Ok(()),
        };
        Ok(())
    }

    fn unqualified(&self, name: &str, names: &Names<'_>) -> Result<Expr> {
        let mut found = names
            .visible
            .iter()
            .filter(|item| has(&item.columns, name) && !has(&item.merged, name));
        match (found.next(), found.next()) {
            (Some(item), None) => self.settled(item, name),
            (Some(_), Some(_)) => Err(Flaw::mismatch(
                self.mapping,
                name,
                format!("{name}: more than one table here has that column"),
                format!("write table.{name}"),
            )),
            (None, _) => names
                .results
                .iter()
                .find(|output| output.name.eq_ignore_ascii_case(name))
                .map(|output| output.expr.clone())
                .ok_or_else(|| self.no_column(name, names.visible)),
        }
    }

    fn qualified(&self, table: &str, name: &str, names: &Names<'_>) -> Result<Expr> {
        names
            .visible
            .iter()
            .find(|item| item.is(table) && has(&item.columns, name))
            .ok_or_else(|| self.no_column(&format!("{table}.{name}"), names.visible))
            .and_then(|item| self.settled(item, name))
    }

    /// A column of an item, unless SQLite's releases disagree on what is in it.
    fn settled(&self, item: &Visible, name: &str) -> Result<Expr> {
        if item.call && has(&UNSETTLED.map(str::to_owned), name) {
            return Err(self.cant(
                name,
                &format!(
                    "SQLite's releases number the elements of JSON text differently, so {name} in \
                     the writer's SQLite can differ from cutover's"
                ),
                "use key, an element's position in its array, or fullkey and path",
            ));
        }
        Ok(item.reference(name))
    }

    fn no_column(&self, name: &str, visible: &[Visible]) -> Flaw {
        let last = name.rsplit('.').next().unwrap_or(name);
        let fix = match nearest(last, visible.iter().flat_map(|item| &item.columns)) {
            Some(meant) => format!("there is {meant}; a text literal needs single quotes"),
            None => {
                "check the name against the table's columns; a text literal needs single quotes"
                    .to_owned()
            }
        };
        Flaw::mismatch(self.mapping, last, format!("there is no column {name}"), fix)
    }
}

impl Visible {
    fn is(&self, name: &str) -> bool {
        self.shown.as_deref().is_some_and(|shown| shown.eq_ignore_ascii_case(name))
    }

    /// A column of this item, under the name its table gives it.
    fn reference(&self, name: &str) -> Expr {
        let written = self.columns.iter().find(|column| column.eq_ignore_ascii_case(name));
        Expr::column(&self.alias, written.map_or(name, String::as_str))
    }
}

fn every_column(item: &Visible) -> Vec<Output> {
    item.columns
        .iter()
        .filter(|name| !has(&item.merged, name))
        .filter(|name| !(item.call && has(&UNSETTLED.map(str::to_owned), name)))
        .map(|name| Output { expr: Expr::column(&item.alias, name), name: name.clone() })
        .collect()
}

pub(super) fn has(columns: &[String], name: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}
