//! A migration as it would be run offline: plain SQL on one database that has both schemas,
//! with `old.` and `new.` taken off. For migrations whose tables have names of their own.

/// The parts of a migration.
#[derive(Debug, Clone, Default)]
pub struct Offline {
    /// Makes the new tables and their indexes.
    pub tables: String,
    /// old → new, in the order of the file.
    pub forward: Vec<Mapping>,
    /// new → old.
    pub backward: Vec<Mapping>,
}

/// One `INSERT … SELECT`.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The table that it fills.
    pub table: String,
    /// The columns that it fills, as the statement lists them.
    pub columns: String,
    /// The SELECT.
    pub gives: String,
}

impl Mapping {
    /// The statement that fills the table.
    pub fn fill(&self) -> String {
        format!("INSERT INTO {} ({}) {};", self.table, self.columns, self.gives)
    }

    /// What the table holds, in the columns of [`Mapping::gives`].
    pub fn holds(&self) -> String {
        format!("SELECT {} FROM {}", self.columns, self.table)
    }

    /// How many rows one side has and the other has not, seen from both: 0 if the table holds
    /// exactly what the mapping gives.
    pub fn differing(&self) -> String {
        let (gives, holds) = (&self.gives, self.holds());
        format!(
            "SELECT (SELECT count(*) FROM (SELECT * FROM ({gives}) EXCEPT {holds}))
                  + (SELECT count(*) FROM ({holds} EXCEPT SELECT * FROM ({gives})))"
        )
    }
}

impl Offline {
    /// Takes a migration apart. Its texts hold no semicolons, which holds for all of ours.
    pub fn of(migration: &str) -> Offline {
        let lines: Vec<&str> =
            migration.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let mut parts = Offline::default();
        for statement in lines.join("\n").split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let bare = statement.replace("old.", "").replace("new.", "");
            match (mapping(&bare), statement.starts_with("INSERT INTO new.")) {
                (Some(mapping), true) => parts.forward.push(mapping),
                (Some(mapping), false) => parts.backward.push(mapping),
                (None, _) => parts.tables.push_str(&format!("{bare};\n")),
            }
        }
        parts
    }

    /// Fills the new tables.
    pub fn fill(&self) -> String {
        self.forward.iter().map(Mapping::fill).collect()
    }
}

fn mapping(statement: &str) -> Option<Mapping> {
    let (table, rest) = statement.strip_prefix("INSERT INTO ")?.split_once('(')?;
    let (columns, gives) = rest.split_once(')')?;
    Some(Mapping {
        table: table.trim().to_owned(),
        columns: columns.trim().to_owned(),
        gives: gives.trim().to_owned(),
    })
}
