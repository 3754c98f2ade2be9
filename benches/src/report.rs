//! Output, in one place: Markdown tables, or JSON.

use std::fmt;

use serde_json::{Map, Value, json};

/// The tables of a run.
#[derive(Debug, Default)]
pub struct Report {
    json: bool,
}

impl Report {
    /// A report to stdout. As JSON it is a line for each table, with an object for each row.
    pub fn new(json: bool) -> Report {
        Report { json }
    }

    /// Prints a table.
    #[expect(clippy::print_stdout, reason = "printing is what this program is for")]
    pub fn table(&mut self, title: &str, columns: &[&str], rows: &[Vec<String>]) {
        if self.json {
            let rows: Vec<Value> = rows.iter().map(|row| object(columns, row)).collect();
            println!("{}", json!({ "table": title, "rows": rows }));
            return;
        }
        println!("\n### {title}\n");
        println!("| {} |", columns.join(" | "));
        println!("|{}", "---|".repeat(columns.len()));
        for row in rows {
            println!("| {} |", row.join(" | "));
        }
    }

    /// Prints a sentence below a table.
    #[expect(clippy::print_stdout, reason = "printing is what this program is for")]
    pub fn note(&mut self, text: &str) {
        if self.json {
            println!("{}", json!({ "note": text }));
        } else {
            println!("\n{text}");
        }
    }
}

/// Columns without a heading of their own are verdicts; those of one name are numbered.
fn object(columns: &[&str], row: &[String]) -> Value {
    let mut object = Map::new();
    for (column, cell) in columns.iter().zip(row) {
        let mut key = if column.is_empty() { "verdict" } else { column }.to_owned();
        while object.contains_key(&key) {
            key.push_str(" (pages)");
        }
        object.insert(key, cell.parse::<f64>().map_or_else(|_| json!(cell), |n| json!(n)));
    }
    Value::Object(object)
}

/// A table alone.
pub fn table(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    Report::default().table(title, columns, rows);
}

/// Whether a figure is what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aimed {
    /// It is.
    Met,
    /// It is not.
    Missed,
}

impl Aimed {
    /// A figure that should not be greater.
    pub fn at_most(figure: f64, aim: f64) -> Aimed {
        if figure <= aim { Aimed::Met } else { Aimed::Missed }
    }

    /// A figure that should not be smaller.
    pub fn at_least(figure: f64, aim: f64) -> Aimed {
        if figure >= aim { Aimed::Met } else { Aimed::Missed }
    }
}

impl fmt::Display for Aimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Aimed::Met => "met",
            Aimed::Missed => "**missed**",
        })
    }
}
