//! A statement in parts, which shrinking leaves out or makes simpler.

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) parts: Vec<Part>,
    pub(super) kind: Kind,
}

/// What may be expected of a statement besides its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An INSERT that, if it inserts anything, sets `last_insert_rowid()`.
    Insert,
    /// Any other write.
    Write,
    /// Begins or ends a transaction or a savepoint.
    Transaction,
    /// A setting of the connection.
    Setting,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Stays as it is.
    Sql(String),
    /// A literal, which another may stand for.
    Value(String),
    /// May be left out.
    Optional(String),
    /// The rows of a VALUES clause, each a list of literals.
    Rows(Vec<Vec<String>>),
}

impl Statement {
    pub(super) fn rollback() -> Self {
        Self::fixed(Kind::Transaction, "ROLLBACK")
    }

    pub(super) fn fixed(kind: Kind, sql: impl Into<String>) -> Self {
        Self { parts: vec![Part::Sql(sql.into())], kind }
    }

    /// The statement as SQL, without a semicolon.
    pub(super) fn sql(&self) -> String {
        let mut sql = String::new();
        for part in &self.parts {
            match part {
                Part::Sql(text) | Part::Value(text) | Part::Optional(text) => sql.push_str(text),
                Part::Rows(rows) => {
                    let rows: Vec<String> =
                        rows.iter().map(|row| format!("({})", row.join(", "))).collect();
                    sql.push_str(&rows.join(", "));
                }
            }
        }
        sql
    }

    /// Statements that are simpler than this one in one respect, the boldest first.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        // An upsert's clause is all that can follow the rows.
        let rows = self.parts.iter().position(|part| matches!(part, Part::Rows(_)));
        if let Some(rows) = rows.filter(|rows| rows + 1 < self.parts.len()) {
            all.push(Self { parts: self.parts[..=rows].to_vec(), kind: self.kind });
        }
        for (position, part) in self.parts.iter().enumerate() {
            for simpler in part.simpler() {
                let mut parts = self.parts.clone();
                parts[position] = simpler;
                all.push(Self { parts, kind: self.kind });
            }
        }
        all
    }
}

impl Part {
    fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Sql(_) => Vec::new(),
            Self::Optional(text) if text.is_empty() => Vec::new(),
            Self::Optional(_) => vec![Self::Optional(String::new())],
            Self::Value(value) => simpler_values(value).map(Self::Value).collect(),
            Self::Rows(rows) => simpler_rows(rows),
        }
    }
}

/// One row fewer, or one value simpler.
fn simpler_rows(rows: &[Vec<String>]) -> Vec<Part> {
    let mut all = Vec::new();
    if rows.len() > 1 {
        for left_out in 0..rows.len() {
            let mut fewer = rows.to_vec();
            fewer.remove(left_out);
            all.push(Part::Rows(fewer));
        }
    }
    for (row, values) in rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            for simpler in simpler_values(value) {
                let mut changed = rows.to_vec();
                changed[row][column] = simpler;
                all.push(Part::Rows(changed));
            }
        }
    }
    all
}

/// From the simplest on. A value is only ever replaced by one that stands before it, so
/// that simplifying comes to an end.
const SIMPLE: [&str; 6] = ["NULL", "1", "2", "'a'", "'b'", "0"];

fn simpler_values(value: &str) -> impl Iterator<Item = String> {
    let rank = SIMPLE.iter().position(|simple| *simple == value).unwrap_or(SIMPLE.len());
    SIMPLE[..rank].iter().map(|simple| (*simple).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplifying_comes_to_an_end() {
        let mut statement = Statement {
            parts: vec![
                Part::Sql("INSERT".into()),
                Part::Optional(" OR REPLACE".into()),
                Part::Sql(" INTO t VALUES ".into()),
                Part::Rows(vec![vec!["7".into(), "'x'".into()], vec!["0".into(), "NULL".into()]]),
                Part::Sql(" ON CONFLICT DO UPDATE SET a = ".into()),
                Part::Value("x'00'".into()),
            ],
            kind: Kind::Write,
        };
        let mut steps = 0;
        // The last candidate is the most timid: the clause behind the rows stays to the end.
        while let Some(next) = statement.simpler().pop().filter(|next| next.parts.len() == 6) {
            statement = next;
            steps += 1;
            assert!(steps < 100, "{}", statement.sql());
        }
        assert_eq!(
            statement.sql(),
            "INSERT INTO t VALUES (NULL, NULL) ON CONFLICT DO UPDATE SET a = NULL"
        );
    }
}
