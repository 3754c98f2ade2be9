//! Random statements of both kinds of programs, on a database with the triggers and on the model.

use std::collections::BTreeMap;

use fastrand::Rng;
use rusqlite::Connection;

use super::super::objects;
use super::classes::Class;
use super::model::{Model, Verdict, contents, fill, make, plain};
use super::values::{Row, rows};
use crate::derive::names::Names;
use crate::derive::tests::derive;

/// What a program may have set on its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    recursive_triggers: bool,
    foreign_keys: bool,
}

impl Settings {
    pub(super) const ALL: [Self; 4] = [
        Self { recursive_triggers: false, foreign_keys: false },
        Self { recursive_triggers: true, foreign_keys: false },
        Self { recursive_triggers: false, foreign_keys: true },
        Self { recursive_triggers: true, foreign_keys: true },
    ];
}

/// What a run came to.
#[derive(Default)]
pub(super) struct Report {
    pub(super) run: usize,
    pub(super) refused: usize,
    failed: usize,
    pub(super) faults: Vec<String>,
}

impl Report {
    pub(super) fn summary(&self) -> String {
        format!(
            "{} statements, {} refused, {} failed by themselves, {} faults",
            self.run,
            self.refused,
            self.failed,
            self.faults.len()
        )
    }
}

pub(super) struct Driver {
    class: &'static Class,
    settings: Settings,
    rng: Rng,
    seed: u64,
    sabotage: String,
    conn: Connection,
    model: Model,
}

/// The migration of a class, as a file has it.
fn migration(class: &Class) -> String {
    let mut text = class.new.to_owned();
    for forward in class.forward {
        text += &format!(
            "\nINSERT INTO new.{} ({}) {};",
            forward.table,
            forward.columns.join(", "),
            forward.select
        );
    }
    for (table, columns, select) in class.backward {
        text += &format!("\n{}INSERT INTO old.{table} ({columns}) {select};", class.above);
    }
    text
}

impl Driver {
    pub(super) fn new(class: &'static Class, settings: Settings, seed: u64) -> Self {
        Self::sabotaged(class, settings, seed, "")
    }

    /// The same, and statements that break the triggers.
    pub(super) fn sabotaged(
        class: &'static Class,
        settings: Settings,
        seed: u64,
        sabotage: &str,
    ) -> Self {
        let mut driver = Self {
            class,
            settings,
            rng: Rng::with_seed(seed),
            seed,
            sabotage: sabotage.to_owned(),
            conn: Connection::open_in_memory().expect("memory"),
            model: Model::new(class, settings.foreign_keys),
        };
        driver.begin();
        driver
    }

    /// Whether a table holds what the mapping gave before a write.
    pub(super) fn holds_aside(&self) -> bool {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name GLOB '_cutover_*_delta_*')";
        self.conn.query_row(sql, (), |row| row.get(0)).expect(sql)
    }

    /// Both databases anew, with some rows.
    fn begin(&mut self) {
        let class = self.class;
        self.conn = Connection::open_in_memory().expect("memory");
        self.model = Model::new(class, self.settings.foreign_keys);
        make(&self.conn, class);
        let inserts: Vec<&&str> =
            class.old_statements.iter().filter(|sql| sql.starts_with("INSERT")).collect();
        for _ in 0..4 {
            for insert in &inserts {
                let sql = self.fill_in(insert);
                let done = self.conn.execute_batch(&sql);
                assert_eq!(done.is_ok(), self.model.conn().execute_batch(&sql).is_ok(), "{sql}");
            }
        }
        // Only what comes back may be there before the start.
        for conn in [&self.conn, self.model.conn()] {
            fill(conn, class);
            for (table, columns, select) in class.backward {
                let select = plain(select);
                let sql = format!(
                    "DELETE FROM {table} WHERE ({columns}) NOT IN (SELECT * FROM ({select}))"
                );
                conn.execute_batch(&sql).expect(&sql);
            }
        }
        let old: Vec<&str> = class.old.iter().map(|(_, definition)| *definition).collect();
        let (forward, backward, catalog) =
            derive(&old.join(";"), &migration(class)).unwrap_or_else(|flaw| panic!("{flaw:?}"));
        let names = Names { migration: 1 };
        for object in objects(&forward, &backward, names, "m", &catalog) {
            self.conn
                .execute_batch(&object.sql)
                .unwrap_or_else(|error| panic!("{error}: {}", object.sql));
        }
        self.conn.execute_batch(&self.sabotage).expect("sabotage");
        let set =
            |name: &str, on: bool| format!("PRAGMA {name} = {}", if on { "ON" } else { "OFF" });
        self.conn
            .execute_batch(&set("recursive_triggers", self.settings.recursive_triggers))
            .expect("pragma");
        self.conn.execute_batch(&set("foreign_keys", self.settings.foreign_keys)).expect("pragma");
    }

    /// Runs statements until there are so many, or so many faults.
    pub(super) fn run(&mut self, statements: usize, faults: usize) -> Report {
        let mut report = Report::default();
        while report.run < statements && report.faults.len() < faults {
            if self.rng.u8(..20) == 0 {
                self.rolled_back(&mut report);
            }
            let old = self.rng.bool();
            let templates = if old { self.class.old_statements } else { self.class.new_statements };
            let template = self.rng.choice(templates).expect("templates");
            let sql = self.fill_in(template);
            report.run += 1;
            if let Err(fault) = self.step(&sql, old, &mut report) {
                report.faults.push(format!(
                    "{} {:?} seed {} statement {}: {sql}\n{fault}",
                    self.class.name, self.settings, self.seed, report.run
                ));
                self.begin();
            }
        }
        report
    }

    /// A transaction that leaves nothing.
    fn rolled_back(&mut self, report: &mut Report) {
        let before = contents(&self.conn, self.class);
        self.conn.execute_batch("BEGIN").expect("begin");
        for _ in 0..3 {
            let templates = [self.class.old_statements, self.class.new_statements].concat();
            let template = self.rng.choice(&templates).expect("templates");
            let sql = self.fill_in(template);
            let _ = self.conn.execute(&sql, []);
        }
        if !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK").expect("rollback");
        }
        if contents(&self.conn, self.class) != before {
            // An OR ROLLBACK ended the transaction, and what followed it stood alone.
            self.begin();
        }
        if let Err(fault) = self.no_trace() {
            report.faults.push(format!("after a rollback: {fault}"));
        }
    }

    fn step(&mut self, sql: &str, old: bool, report: &mut Report) -> Result<(), String> {
        let before = contents(&self.conn, self.class);
        let done = self.conn.execute(sql, []);
        let last_rowid = self.conn.last_insert_rowid();
        let model = self.model.conn().last_insert_rowid();
        let verdict = match old {
            true => self.model.old_statement(sql),
            false => self.model.new_statement(sql),
        };
        self.no_trace()?;
        let now = contents(&self.conn, self.class);
        let told = format!("before: {}", shown(&before));
        match (&done, &verdict) {
            (Ok(changes), Verdict::Done { changes: expected, last_rowid: expected_rowid }) => {
                if changes != expected {
                    return Err(format!("changes() is {changes}, not {expected}; {told}"));
                }
                // A rowid without a name is whatever is free.
                let named = !sql.contains("INTO post_tags");
                let inserts = sql.starts_with("INSERT") && model != *expected_rowid;
                if inserts && named && last_rowid != *expected_rowid {
                    return Err(format!(
                        "last_insert_rowid() is {last_rowid}, not {expected_rowid}"
                    ));
                }
                self.alike(&now).map_err(|fault| format!("{fault}\n{told}"))
            }
            // OR FAIL keeps what was done before the row that failed.
            (Err(error), Verdict::Done { changes: usize::MAX, .. }) if !is_ours(error) => {
                report.failed += 1;
                self.alike(&now).map_err(|fault| format!("{fault}\n{told}"))
            }
            (Err(_), Verdict::Done { changes: usize::MAX, .. }) => {
                report.refused += 1;
                self.begin();
                Ok(())
            }
            (Err(error), Verdict::Done { .. }) => {
                Err(format!("refused for nothing: {error}; {told}"))
            }
            (Ok(_), verdict) => {
                Err(format!("accepted, but {verdict:?}; {told}\nnow {}", shown(&now)))
            }
            (Err(error), verdict) => {
                if matches!(verdict, Verdict::Refused(_)) {
                    report.refused += 1
                } else {
                    report.failed += 1
                }
                let partly = sql.contains("OR FAIL") && !is_ours(error);
                if now != before && !partly {
                    return Err(format!("refused ({error}), and changed something; {told}"));
                }
                if partly && now != before {
                    return Err(format!(
                        "failed ({error}) for {verdict:?}, and kept something; {told}"
                    ));
                }
                Ok(())
            }
        }
    }

    fn alike(&self, now: &BTreeMap<String, Vec<Row>>) -> Result<(), String> {
        let expected = self.model.contents();
        if *now == expected {
            return Ok(());
        }
        Err(format!("holds {}\nnot   {}", shown(now), shown(&expected)))
    }

    /// The flag is down, and what is held for a moment is gone.
    fn no_trace(&self) -> Result<(), String> {
        let tables = rows(
            &self.conn,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_cutover\\_1\\_%' ESCAPE '\\'",
        );
        for table in tables.concat() {
            let name = table.trim_matches('\'').to_owned();
            if name.contains("probe") || name.contains("_replaced_") {
                continue;
            }
            let left = rows(&self.conn, &format!("SELECT * FROM \"{name}\""));
            let flag = name.ends_with("_syncing") && left == [vec!["0".to_owned()]];
            if !left.is_empty() && !flag {
                return Err(format!("{name} holds {left:?}"));
            }
        }
        Ok(())
    }

    /// A template with its gaps filled in.
    fn fill_in(&mut self, template: &str) -> String {
        let mut sql = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (gap, after) = after.split_once('}').expect("a gap ends");
            sql += before;
            sql += &self.gap(gap);
            rest = after;
        }
        sql + rest
    }

    fn gap(&mut self, gap: &str) -> String {
        const CLAUSES: [&str; 9] = [
            "",
            "",
            "",
            "OR IGNORE",
            "OR REPLACE",
            "OR REPLACE",
            "OR FAIL",
            "OR ABORT",
            "OR ROLLBACK",
        ];
        match gap {
            "k" => self.rng.i64(1..8).to_string(),
            "k1" => self.rng.i64(1..4).to_string(),
            "k2" => self.rng.i64(4..6).to_string(),
            "k3" => self.rng.i64(6..8).to_string(),
            "n" => self.rng.i64(1..40).to_string(),
            "w?" if self.rng.u8(..4) == 0 => "NULL".to_owned(),
            "w" | "w?" => format!("'{}'", self.rng.choice(["a", "b", "c", "d"]).expect("words")),
            "or" => (*self.rng.choice(&CLAUSES).expect("clauses")).to_owned(),
            choices => {
                let choices: Vec<&str> = choices.split('|').collect();
                (*self.rng.choice(&choices).expect("choices")).to_owned()
            }
        }
    }
}

fn is_ours(error: &rusqlite::Error) -> bool {
    error.to_string().contains("cutover:")
}

fn shown(tables: &BTreeMap<String, Vec<Row>>) -> String {
    let table = |(name, rows): (&String, &Vec<Row>)| {
        let rows: Vec<String> = rows.iter().map(|row| format!("({})", row.join(", "))).collect();
        format!("\n    {name}: {}", rows.join(" "))
    };
    tables.iter().map(table).collect()
}
