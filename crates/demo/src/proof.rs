//! What the demo proved, as a short table.

use cli_kit::render::{BAD, BOLD, GOOD, count, counted, line, seconds};
use serde::Serialize;

use crate::compare::Comparison;
use crate::story::Switch;

/// Everything the demo measured and compared.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Proof {
    /// Whether nothing was lost and nothing differs.
    pub(crate) ok: bool,
    /// Writes that were acknowledged to a writer.
    pub(crate) acknowledged: u64,
    /// Those of them that are not there.
    pub(crate) lost: u64,
    /// Writes given up because the database stayed locked; not acknowledged.
    pub(crate) timeouts: u64,
    /// Writer processes.
    pub(crate) writers: u64,
    /// The twin's old tables against the live views, and the migration file run on
    /// the twin against the new tables.
    pub(crate) compared: Vec<Comparison>,
    /// Rows that a rollback set aside: runs that old programs emptied while both wrote, for which
    /// the old tables have no row. Whatever else were set aside would be a difference.
    pub(crate) kept: u64,
    /// Checked reads through the live views.
    pub(crate) reads: u64,
    pub(crate) longest_read_ms: f64,
    /// The longest write, and in which part of the story.
    pub(crate) longest_stall_ms: f64,
    pub(crate) longest_stall_while: String,
    /// The longest write before the migration began.
    pub(crate) longest_stall_before_ms: f64,
    /// Every switch in order.
    pub(crate) switches: Vec<Switch>,
    /// A rollback from `new-only` to `dual-write`.
    pub(crate) rollback_seconds: f64,
    pub(crate) backfilled_rows: u64,
    pub(crate) backfill_seconds: f64,
    pub(crate) writes_per_second_during_backfill: u64,
    pub(crate) writes_per_second_before: u64,
    pub(crate) seconds: f64,
}

impl Proof {
    /// Whether what is there is what the twin says should be there.
    pub(crate) fn agrees(&self) -> bool {
        self.lost == 0 && self.compared.iter().all(|table| table.rows > 0 && table.differences == 0)
    }

    pub(crate) fn judge(&mut self) {
        self.ok = self.agrees() && self.acknowledged > 0;
    }

    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        let verdict = if self.ok {
            format!("{GOOD}nothing was lost{GOOD:#}")
        } else {
            format!("{BAD}NOT PROVED: see below{BAD:#}")
        };
        line!(out, "{BOLD}What was proved{BOLD:#} in {}: {verdict}", seconds(self.seconds));
        line!(out);
        for (name, value, remark) in self.lines() {
            line!(out, "{name:28} {value:>10}  {remark}");
        }
        for table in self.compared.iter().filter(|table| table.differences > 0) {
            let example = table.example.as_deref().unwrap_or_default();
            line!(out, "{BAD}{}{BAD:#}: {example}", table.table);
        }
        out
    }

    fn lines(&self) -> Vec<(String, String, String)> {
        let mut lines: Vec<(String, String, String)> = Vec::new();
        let mut add = |name: &str, value: String, remark: String| {
            lines.push((name.to_owned(), value, remark));
        };
        let processes = format!("by {} processes", self.writers);
        add("acknowledged writes", count(self.acknowledged), processes);
        add("  of these lost", count(self.lost), String::new());
        for table in &self.compared {
            let differences = counted(table.differences, "difference");
            add(&format!("{}, rows", table.table), count(table.rows), differences);
        }
        add(
            "reads, each checked",
            count(self.reads),
            format!("longest {:.1} ms", self.longest_read_ms),
        );
        add(
            "longest stall of a writer",
            format!("{:.1} ms", self.longest_stall_ms),
            format!("{}; before: {:.1} ms", self.longest_stall_while, self.longest_stall_before_ms),
        );
        let worst = self.switches.iter().max_by(|a, b| a.held_ms.total_cmp(&b.held_ms));
        if let Some(worst) = worst {
            add(
                "longest lock of a switch",
                format!("{:.1} ms", worst.held_ms),
                format!("to {}, of {} switches", worst.phase, self.switches.len()),
            );
        }
        let way = "new-only → dual-write, with writers".to_owned();
        add("rollback", seconds(self.rollback_seconds), way);
        add(
            "backfill",
            seconds(self.backfill_seconds),
            format!("{}, with writers", counted(self.backfilled_rows, "row")),
        );
        add(
            "writes/s while it ran",
            count(self.writes_per_second_during_backfill),
            format!("before: {}", count(self.writes_per_second_before)),
        );
        if self.timeouts > 0 {
            add("writes that found it locked", count(self.timeouts), "for 5 s".into());
        }
        if self.kept > 0 {
            add("empty runs set aside", count(self.kept), "by the rollback".into());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        let compared =
            |table: &str| Comparison { table: table.into(), rows: 5, ..Default::default() };
        Proof {
            acknowledged: 7,
            compared: vec![compared("consensus_artifacts"), compared("consensus_runs")],
            ..Proof::default()
        }
    }

    #[test]
    fn it_is_proved_only_if_something_was_compared_and_nothing_differs() {
        let judged = |change: fn(&mut Proof)| {
            let mut proof = proof();
            change(&mut proof);
            proof.judge();
            proof.ok
        };
        assert!(judged(|_| {}));
        assert!(!judged(|proof| proof.lost = 1));
        assert!(!judged(|proof| proof.acknowledged = 0));
        assert!(!judged(|proof| proof.compared[1].rows = 0));
        assert!(!judged(|proof| proof.compared[1].differences = 1));
    }
}
