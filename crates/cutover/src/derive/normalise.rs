//! Brings a mapping's SELECT into the form of [`query`](super::query): every name
//! resolved against the tables as they are, or refused with its place.

use turso_parser::ast::{
    As, CommonTableExpr, Distinctness, Expr, FromClause, GroupBy, JoinConstraint, JoinOperator,
    JoinType, Literal, Name, OneSelect, Operator, Over, QualifiedName, ResultColumn, Select,
    SelectTable, SortedColumn, Window, WindowDef,
};

use super::flaw::Flaw;
use super::functions::is_aggregate;
use super::query::{Arm, Item, Join, Leaf, Output, Query, What};
use super::recursion::is_plain_step;
use super::size::Size;
use super::trace::bare;
use crate::migration::Mapping;
use crate::migration::recursion::reads_itself;
use crate::migration::walk::{Node, Subqueries, shared, visit_exprs_mut};
use crate::nearest::nearest;
use crate::phase::Side;
use crate::schema::Catalog;

/// The columns of json_each and json_tree that a query may name
/// (<https://www.sqlite.org/json1.html#jeach>).
const JSON_COLUMNS: [&str; 8] = ["key", "value", "type", "atom", "id", "parent", "fullkey", "path"];

/// Those of them whose numbers are not the same in every release.
const UNSETTLED: [&str; 2] = ["id", "parent"];

type Result<T> = std::result::Result<T, Flaw>;

/// The mapping's SELECT, its result columns named by the target's columns.
pub(crate) fn normalise(mapping: &Mapping, catalog: &Catalog) -> Result<Query> {
    let mut normaliser = Normaliser {
        mapping,
        catalog,
        leaves: 0,
        aliases: 0,
        size: Size::default(),
        ctes: Vec::new(),
        read: Vec::new(),
        recursion: None,
    };
    normaliser.select(&mapping.select, Some(&mapping.columns))
}

struct Normaliser<'a> {
    mapping: &'a Mapping,
    catalog: &'a Catalog,
    leaves: usize,
    aliases: usize,
    size: Size,
    /// The CTEs in scope, innermost last.
    ctes: Vec<CommonTableExpr>,
    /// What the arm that was read last reads.
    read: Vec<Visible>,
    /// The recursive CTE whose last arm is being read.
    recursion: Option<Recursion>,
}

/// A recursive CTE in its own last arm.
struct Recursion {
    /// The name the author knows it by.
    shown: String,
    /// The unique name it was given.
    name: String,
    columns: Vec<String>,
}

/// A FROM item as the expressions of its SELECT see it.
struct Visible {
    /// The unique alias it was given.
    alias: String,
    /// The name the author knows it by.
    shown: Option<String>,
    columns: Vec<String>,
    /// Columns that a USING merged into those of an item further left.
    merged: Vec<String>,
    /// Whether it is a table-valued function.
    call: bool,
}

/// What the names in one SELECT stand for.
struct Names<'a> {
    visible: &'a [Visible],
    /// Result aliases; they yield to real columns.
    results: &'a [Output],
    windows: &'a [WindowDef],
}

impl Normaliser<'_> {
    fn select(&mut self, select: &Select, names: Option<&[String]>) -> Result<Query> {
        self.size.enter(self.mapping)?;
        let query = self.select_within(select, names);
        self.size.leave();
        query
    }

    fn select_within(&mut self, select: &Select, names: Option<&[String]>) -> Result<Query> {
        let outer = self.ctes.len();
        if let Some(with) = &select.with {
            self.ctes.extend(with.ctes.iter().cloned());
        }
        let first = self.arm(&select.body.select, names)?;
        let order = self.order(&select.order_by, &first)?;
        let shown: Vec<String> = first.columns.iter().map(|output| output.name.clone()).collect();
        let mut rest = Vec::new();
        for compound in &select.body.compounds {
            let arm = self.arm(&compound.select, Some(&shown))?;
            rest.push((compound.operator, arm));
        }
        self.ctes.truncate(outer);
        // In a FROM-subquery the order matters only to what aggregates the rows
        // in their order; terms are result columns by name or number there.
        let order_by = select
            .order_by
            .iter()
            .map(|term| match term.expr.as_ref() {
                Expr::Qualified(_, column) | Expr::DoublyQualified(_, _, column) => {
                    term.to_string().replace(&term.expr.to_string(), &column.as_ident())
                }
                _ => term.to_string(),
            })
            .collect();
        Ok(Query { first, rest, order_by, order, recursion: None })
    }

    /// ORDER BY terms over what an arm reads: a number or a result column's name stands for
    /// that column.
    fn order(&self, terms: &[SortedColumn], arm: &Arm) -> Result<Vec<Expr>> {
        let result =
            |name: &str| arm.columns.iter().find(|output| output.name.eq_ignore_ascii_case(name));
        let of_result = |expr: &Expr| match expr {
            Expr::Literal(Literal::Numeric(number)) => {
                number.parse().ok().and_then(|n: usize| arm.columns.get(n.wrapping_sub(1)))
            }
            Expr::Id(name) | Expr::Name(name) => result(name.as_str()),
            _ => None,
        };
        let names = Names { visible: &self.read, results: &arm.columns, windows: &[] };
        terms
            .iter()
            .map(|term| match of_result(&term.expr) {
                Some(output) => Ok(output.expr.clone()),
                None => self.expr(&term.expr, &names),
            })
            .collect()
    }

    /// A CTE that reads itself; the file's own check has seen that it does so in its last
    /// arm alone.
    fn recursive(&mut self, cte: &CommonTableExpr, names: Option<&[String]>) -> Result<Query> {
        self.size.enter(self.mapping)?;
        let body = &cte.select.body;
        let outer = self.ctes.len();
        if let Some(with) = &cte.select.with {
            self.ctes.extend(with.ctes.iter().cloned());
        }
        let first = self.arm(&body.select, names)?;
        let columns: Vec<String> = first.columns.iter().map(|output| output.name.clone()).collect();
        let name = format!("r{}", self.aliases);
        self.aliases += 1;
        let mut rest = Vec::new();
        for (position, compound) in body.compounds.iter().enumerate() {
            let own = (position + 1 == body.compounds.len()).then(|| Recursion {
                shown: cte.tbl_name.as_str().to_owned(),
                name: name.clone(),
                columns: columns.clone(),
            });
            let is_step = own.is_some();
            let outer = std::mem::replace(&mut self.recursion, own);
            let arm = self.arm(&compound.select, Some(&columns));
            self.recursion = outer;
            let arm = arm?;
            if is_step && !is_plain_step(&arm) {
                return Err(self.cant(
                    cte.tbl_name.as_str(),
                    "a step of a recursive query that aggregates, or reads a subquery, can't be kept in step",
                    "join the tables themselves in it, and aggregate outside of it",
                ));
            }
            rest.push((compound.operator, arm));
        }
        self.ctes.truncate(outer);
        self.size.leave();
        Ok(Query { first, rest, order_by: Vec::new(), order: Vec::new(), recursion: Some(name) })
    }

    fn arm(&mut self, select: &OneSelect, names: Option<&[String]>) -> Result<Arm> {
        let OneSelect::Select {
            distinctness,
            columns,
            from,
            where_clause,
            group_by,
            window_clause,
        } = select
        else {
            return Err(self.flaw(
                "VALUES",
                "VALUES is not a table that is kept in step",
                "select from a table",
            ));
        };
        let Some(from) = from else {
            return Err(self.flaw(
                "SELECT",
                "this SELECT reads no table, so there is nothing it could be kept in step with",
                "select from a table",
            ));
        };
        let (items, visible) = self.from(from)?;
        let bare = Names { visible: &visible, results: &[], windows: window_clause };
        let outputs = self.outputs(columns, &bare, names)?;
        let full = Names { visible: &visible, results: &outputs, windows: window_clause };
        let filter = where_clause.as_ref().map(|expr| self.expr(expr, &full)).transpose()?;
        let (group_by, having) = self.group_by(group_by.as_ref(), &full)?;
        if !group_by.is_empty() {
            self.no_row_is_picked(&outputs, &group_by)?;
        }
        let aggregates = outputs.iter().any(|output| contains_aggregate(&output.expr));
        self.read = visible;
        Ok(Arm {
            distinct: *distinctness == Some(Distinctness::Distinct),
            partitions: outputs.iter().flat_map(|output| partitions(&output.expr)).collect(),
            columns: outputs,
            from: items,
            filter,
            group_by,
            having,
            aggregates,
        })
    }

    /// Refuses columns beside an aggregate that are not grouped by.
    fn no_row_is_picked(&self, outputs: &[Output], group_by: &[Expr]) -> Result<()> {
        let picked = |output: &&Output| {
            !contains_aggregate(&output.expr) && outside_of_groups(&output.expr, group_by).is_some()
        };
        let Some(output) = outputs.iter().find(picked) else { return Ok(()) };
        Err(self.cant(
            &output.name,
            &format!(
                "{} is neither grouped by nor aggregated: which row of the group it comes from is not determined",
                output.name
            ),
            "add it to GROUP BY, or aggregate it with min() or max()",
        ))
    }

    fn group_by(
        &self,
        group_by: Option<&GroupBy>,
        names: &Names<'_>,
    ) -> Result<(Vec<Expr>, Option<Expr>)> {
        let Some(GroupBy { exprs, having }) = group_by else { return Ok((Vec::new(), None)) };
        let exprs = exprs
            .iter()
            .map(|expr| match expr.as_ref() {
                Expr::Literal(Literal::Numeric(number)) => {
                    let position: usize = number.parse().unwrap_or(0);
                    names.results.get(position.wrapping_sub(1)).map_or_else(
                        || {
                            Err(self.flaw(
                                number,
                                format!("GROUP BY {number}: there is no such result column"),
                                "name the column",
                            ))
                        },
                        |output| Ok(output.expr.clone()),
                    )
                }
                expr => self.expr(expr, names),
            })
            .collect::<Result<_>>()?;
        let having = having.as_ref().map(|expr| self.expr(expr, names)).transpose()?;
        Ok((exprs, having))
    }

    fn from(&mut self, from: &FromClause) -> Result<(Vec<Item>, Vec<Visible>)> {
        let mut items = Vec::new();
        let mut visible = Vec::new();
        self.push_item(&from.select, Join::Inner, None, &mut items, &mut visible)?;
        for joined in &from.joins {
            let join = self.join_kind(joined.operator)?;
            self.push_item(
                &joined.table,
                join,
                joined.constraint.as_ref(),
                &mut items,
                &mut visible,
            )?;
        }
        Ok((items, visible))
    }

    fn join_kind(&self, operator: JoinOperator) -> Result<Join> {
        let JoinOperator::TypedJoin(Some(kind)) = operator else { return Ok(Join::Inner) };
        if kind.contains(JoinType::NATURAL) {
            return Err(self.flaw(
                "NATURAL",
                "NATURAL JOIN depends on which columns the tables happen to share",
                "name the columns: JOIN … USING (column) or ON",
            ));
        }
        if kind.contains(JoinType::RIGHT) {
            return Err(self.flaw(
                "JOIN",
                "RIGHT and FULL JOIN need SQLite 3.39, and triggers run in the old program's SQLite",
                "turn it into a LEFT JOIN",
            ));
        }
        Ok(if kind.contains(JoinType::LEFT) {
            Join::Left
        } else if kind.contains(JoinType::CROSS) {
            Join::Cross
        } else {
            Join::Inner
        })
    }

    fn push_item(
        &mut self,
        table: &SelectTable,
        join: Join,
        constraint: Option<&JoinConstraint>,
        items: &mut Vec<Item>,
        visible: &mut Vec<Visible>,
    ) -> Result<()> {
        self.size.one_more_table(self.mapping, table)?;
        let (what, shown, columns) = self.table(table, visible)?;
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
        let on = match constraint {
            None => None,
            Some(JoinConstraint::On(expr)) => {
                Some(self.expr(expr, &Names { visible, results: &[], windows: &[] })?)
            }
            Some(JoinConstraint::Using(names)) => Some(self.using(names, visible)?),
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
                column(&owner.alias, name.as_str()),
                Operator::Equals,
                column(&right.alias, &ours),
            );
            right.merged.push(ours);
            condition = Some(match condition {
                None => equal,
                Some(before) => Expr::binary(before, Operator::And, equal),
            });
        }
        condition.ok_or_else(|| self.flaw("USING", "USING names no column", "write ON"))
    }

    fn table(
        &mut self,
        table: &SelectTable,
        left: &[Visible],
    ) -> Result<(What, Option<String>, Vec<String>)> {
        let alias_of =
            |alias: &Option<As>| alias.as_ref().map(|alias| alias.name().as_str().to_owned());
        match table {
            SelectTable::Table(name, alias, _) => {
                let shown = alias_of(alias).unwrap_or_else(|| name.name.as_str().to_owned());
                let (what, columns) = self.named(name)?;
                Ok((what, Some(shown), columns))
            }
            SelectTable::Select(select, alias) => {
                let query = self.select(select, None)?;
                let columns =
                    query.first.columns.iter().map(|output| output.name.clone()).collect();
                Ok((What::Query(Box::new(query)), alias_of(alias), columns))
            }
            SelectTable::TableCall(name, args, alias) => {
                let names = Names { visible: left, results: &[], windows: &[] };
                let args = args.iter().map(|arg| self.expr(arg, &names)).collect::<Result<_>>()?;
                let function = name.name.as_str().to_lowercase();
                let shown = alias_of(alias).unwrap_or_else(|| function.clone());
                let columns = JSON_COLUMNS.iter().map(|column| (*column).to_owned()).collect();
                Ok((What::Call(function, args), Some(shown), columns))
            }
            SelectTable::Sub(..) => Err(self.flaw(
                "(",
                "a join in parentheses is not supported",
                "write the joins one after the other, or as a subquery",
            )),
        }
    }

    /// A table of a side, or a CTE.
    fn named(&mut self, name: &QualifiedName) -> Result<(What, Vec<String>)> {
        let bare = name.name.as_str();
        let side = match name.db_name.as_ref().map(|side| side.as_str().to_lowercase()) {
            Some(side) if side == "old" => Side::Old,
            Some(_) => Side::New,
            None => {
                if let Some(open) = &self.recursion
                    && open.shown.eq_ignore_ascii_case(bare)
                {
                    return Ok((What::Step(open.name.clone()), open.columns.clone()));
                }
                let position = self
                    .ctes
                    .iter()
                    .rposition(|cte| cte.tbl_name.as_str().eq_ignore_ascii_case(bare));
                let Some(position) = position else {
                    return Err(Flaw::mismatch(
                        self.mapping,
                        bare,
                        format!("no table {bare}"),
                        "qualify it with old. or new.",
                    ));
                };
                let cte = self.ctes[position].clone();
                // A CTE sees those before it, not itself.
                let hidden = self.ctes.split_off(position);
                let names: Vec<String> =
                    cte.columns.iter().map(|column| column.col_name.as_str().to_owned()).collect();
                let names = (!names.is_empty()).then_some(names.as_slice());
                let query = if reads_itself(&cte) {
                    self.recursive(&cte, names)
                } else {
                    self.select(&cte.select, names)
                };
                self.ctes.extend(hidden);
                let query = query?;
                let columns =
                    query.first.columns.iter().map(|output| output.name.clone()).collect();
                return Ok((What::Query(Box::new(query)), columns));
            }
        };
        let Some(table) = self.catalog.table(side, bare) else {
            let (reason, fix) = self.catalog.missing(side, bare);
            return Err(Flaw::mismatch(self.mapping, bare, reason, fix));
        };
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let leaf =
            Leaf { number: self.leaves, side, table: table.name.clone(), columns: columns.clone() };
        self.leaves += 1;
        Ok((What::Leaf(leaf), columns))
    }

    fn outputs(
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
                    let name = match (alias.as_ref().filter(|alias| alias.is_explicit()), &resolved)
                    {
                        (Some(alias), _) => alias.name().as_str().to_owned(),
                        (None, Expr::Qualified(_, column)) => column.as_str().to_owned(),
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
    fn expr(&self, expr: &Expr, names: &Names<'_>) -> Result<Expr> {
        let mut expr = expr.clone();
        inline_windows(&mut expr, names.windows);
        let mut flaw = None;
        let mut nodes = 0;
        visit_exprs_mut(&mut expr, Subqueries::Skip, &mut |expr| {
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
            Expr::Id(name) | Expr::Name(name) => self.unqualified(name.as_str(), names)?,
            Expr::Qualified(table, name)
                if names.visible.iter().any(|item| item.alias == table.as_str()) =>
            {
                // Resolved already, inside a result alias.
                column(table.as_str(), name.as_str())
            }
            Expr::Qualified(table, name) => self.qualified(table.as_str(), name.as_str(), names)?,
            Expr::DoublyQualified(_, table, name) => {
                self.qualified(table.as_str(), name.as_str(), names)?
            }
            Expr::Subquery(_) | Expr::Exists(_) | Expr::InSelect { .. } | Expr::InTable { .. } => {
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
                    "SQLite's releases number the elements of a JSON text differently, so that {name} is \
                     another number in the writer's SQLite than in cutover's"
                ),
                "take key, an element's place in its array, or fullkey and path",
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

    fn flaw(&self, word: &str, reason: impl Into<String>, fix: &str) -> Flaw {
        Flaw::mismatch(self.mapping, word, reason, fix)
    }

    fn cant(&self, word: &str, reason: &str, fix: &str) -> Flaw {
        Flaw::cant_keep(self.mapping, word, reason, fix)
    }
}

impl Visible {
    fn is(&self, name: &str) -> bool {
        self.shown.as_deref().is_some_and(|shown| shown.eq_ignore_ascii_case(name))
    }

    /// A column of this item, under the name its table gives it.
    fn reference(&self, name: &str) -> Expr {
        let written = self.columns.iter().find(|column| column.eq_ignore_ascii_case(name));
        column(&self.alias, written.map_or(name, String::as_str))
    }
}

fn every_column(item: &Visible) -> Vec<Output> {
    item.columns
        .iter()
        .filter(|name| !has(&item.merged, name))
        .filter(|name| !(item.call && has(&UNSETTLED.map(str::to_owned), name)))
        .map(|name| Output { expr: column(&item.alias, name), name: name.clone() })
        .collect()
}

/// `alias.column`.
pub(crate) fn column(alias: &str, name: &str) -> Expr {
    let quoted = |name: &str| Name::from_string(super::sql::ident(name));
    Expr::Qualified(quoted(alias), quoted(name))
}

fn has(columns: &[String], name: &str) -> bool {
    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

/// Writes the windows that are named into the calls that name them.
fn inline_windows(expr: &mut Expr, windows: &[WindowDef]) {
    visit_exprs_mut(expr, Subqueries::Skip, &mut |expr| {
        let (Expr::FunctionCall { filter_over, .. } | Expr::FunctionCallStar { filter_over, .. }) =
            expr
        else {
            return;
        };
        let window = match &filter_over.over_clause {
            Some(Over::Name(name)) => named(name, windows),
            Some(Over::Window(window)) if window.base.is_some() => Some(whole(window, windows)),
            _ => None,
        };
        if let Some(window) = window {
            filter_over.over_clause = Some(Over::Window(window));
        }
    });
}

/// A window by its name. It may build on one that is defined before it.
fn named(name: &Name, windows: &[WindowDef]) -> Option<Window> {
    let same = |other: &WindowDef| other.name.as_str().eq_ignore_ascii_case(name.as_str());
    let at = windows.iter().position(same)?;
    Some(whole(&windows[at].window, &windows[..at]))
}

/// A window with what it takes from the one that it builds on.
fn whole(window: &Window, windows: &[WindowDef]) -> Window {
    let mut window = window.clone();
    if let Some(base) = window.base.take().and_then(|base| named(&base, windows)) {
        window.partition_by = base.partition_by;
        if window.order_by.is_empty() {
            window.order_by = base.order_by;
        }
    }
    window
}

fn partitions(expr: &Expr) -> Vec<Vec<Expr>> {
    let mut found = Vec::new();
    visit_exprs_mut(&mut expr.clone(), Subqueries::Skip, &mut |expr| {
        if let Expr::FunctionCall { filter_over, .. } | Expr::FunctionCallStar { filter_over, .. } =
            expr
            && let Some(Over::Window(window)) = &filter_over.over_clause
        {
            found.push(window.partition_by.iter().map(|expr| expr.as_ref().clone()).collect());
        }
    });
    found
}

/// Whether an expression aggregates rows (window functions do not).
pub(crate) fn contains_aggregate(expr: &Expr) -> bool {
    let mut found = false;
    visit_exprs_mut(&mut expr.clone(), Subqueries::Skip, &mut |expr| match expr {
        Expr::FunctionCall { name, args, filter_over, .. } => {
            found |= filter_over.over_clause.is_none() && is_aggregate(name.as_str(), args.len());
        }
        Expr::FunctionCallStar { filter_over, .. } => found |= filter_over.over_clause.is_none(),
        _ => {}
    });
    found
}

/// A column in an expression that is neither one of the grouping expressions nor in an
/// aggregate.
pub(super) fn outside_of_groups(expr: &Expr, group_by: &[Expr]) -> Option<String> {
    // `c` is settled where it is grouped by with every one of its spellings.
    let grouped = |expr: &Expr| group_by.iter().any(|group| bare(group) == bare(expr));
    match expr {
        _ if grouped(expr) => None,
        Expr::Qualified(_, column) => Some(column.as_str().to_owned()),
        Expr::FunctionCall { name, args, filter_over, .. }
            if filter_over.over_clause.is_none() && is_aggregate(name.as_str(), args.len()) =>
        {
            None
        }
        _ => {
            let mut found = None;
            shared::expr(expr, &mut |node| {
                if let (None, Node::Expr(inner)) = (&found, node) {
                    found = outside_of_groups(inner, group_by);
                }
            });
            found
        }
    }
}

/// Whether an expression holds a window function.
pub(crate) fn contains_window(expr: &Expr) -> bool {
    !partitions(expr).is_empty()
}
