//! Mappings as data, and the migration file that they make.

use super::table::{Table, names};
use crate::sql::quoted;

/// One `INSERT … SELECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The table it fills.
    pub table: String,
    /// The columns it fills.
    pub columns: Vec<String>,
    /// What follows. Its tables carry `old.` and `new.`.
    pub select: String,
    /// The columns of a `-- scope:` comment, if there is one.
    pub scope: Option<String>,
}

impl Mapping {
    /// The statement, filling the table of this name in `schema`.
    #[must_use]
    pub fn insert(&self, schema: &str) -> String {
        format!(
            "INSERT INTO {schema}.{} ({})\n{}",
            quoted(&self.table),
            names(&self.columns),
            self.select
        )
    }

    fn written(&self, schema: &str) -> String {
        let scope =
            self.scope.as_ref().map_or_else(String::new, |scope| format!("-- scope: {scope}\n"));
        format!("{scope}{};\n", self.insert(schema))
    }
}

/// A new table whose surrogate keys other tables carry: what is compared is what they
/// stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surrogate {
    /// The table with the surrogate key.
    pub lookup: String,
    /// The surrogate key.
    pub id: String,
    /// What it stands for.
    pub natural: String,
    /// The table that carries it.
    pub carrier: String,
    /// The column in which it does.
    pub carried: String,
}

/// Tables and the mappings between them.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The old tables that are mapped.
    pub old: Vec<Table>,
    /// The new tables, parents before children.
    pub new: Vec<Table>,
    /// In the file's order.
    pub forward: Vec<Mapping>,
    /// In the file's order.
    pub backward: Vec<Mapping>,
    /// The new side's surrogate keys.
    pub surrogates: Vec<Surrogate>,
}

impl Mapping {
    /// Reads the table that its FROM begins with through a subquery.
    fn wrap(&mut self) {
        for side in ["old", "new"] {
            let from = format!(" FROM {side}.");
            let Some((before, after)) = self.select.split_once(&from) else { continue };
            let Some((table, rest)) = after.split_once(" AS ") else { continue };
            self.select = format!("{before} FROM (SELECT * FROM {side}.{table}) AS {rest}");
            return;
        }
    }
}

impl Plan {
    /// Reads tables through subqueries that change nothing.
    pub(crate) fn wrap(&mut self) {
        self.forward.iter_mut().chain(&mut self.backward).for_each(Mapping::wrap);
    }

    /// The migration file.
    #[must_use]
    pub fn file(&self) -> String {
        let mut file = String::new();
        for statement in self.new.iter().flat_map(|table| table.create("new.")) {
            file += &format!("{statement};\n");
        }
        self.forward.iter().for_each(|mapping| file += &mapping.written("new"));
        self.backward.iter().for_each(|mapping| file += &mapping.written("old"));
        file
    }

    /// Whether both sides have a table of this name.
    #[must_use]
    pub fn shares(&self, table: &str) -> bool {
        let has = |tables: &[Table]| tables.iter().any(|other| other.name == table);
        has(&self.old) && has(&self.new)
    }

    /// The query by which the rows of a new table are compared, given where a table of
    /// that side is found. No surrogate key appears in what it gives.
    #[must_use]
    pub fn new_rows(&self, table: &Table, place: &dyn Fn(&str) -> String) -> String {
        let mut columns = Vec::new();
        for column in &table.columns {
            if self.surrogates.iter().any(|s| s.lookup == table.name && s.id == column.name) {
                continue;
            }
            let carried = self
                .surrogates
                .iter()
                .find(|s| s.carrier == table.name && s.carried == column.name);
            columns.push(match carried {
                Some(s) => format!(
                    "(SELECT l.{} FROM {} AS l WHERE l.{} = t.{}) AS {3}",
                    quoted(&s.natural),
                    place(&s.lookup),
                    quoted(&s.id),
                    quoted(&s.carried)
                ),
                None => format!("t.{}", quoted(&column.name)),
            });
        }
        format!("SELECT {} FROM {} AS t", columns.join(", "), place(&table.name))
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.old.append(&mut other.old);
        self.new.append(&mut other.new);
        self.forward.append(&mut other.forward);
        self.backward.append(&mut other.backward);
        self.surrogates.append(&mut other.surrogates);
    }
}
