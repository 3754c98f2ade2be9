//! What an application's triggers write to in the end: their own statements, and the
//! triggers that those fire, on tables and on views. While a table is the mirror the sync
//! writes to it and fires its triggers; where they lead to another table that is kept in
//! step, their effect would come twice.

use crate::backend::sqlite::catalog::definition::{Event, effect};
use crate::schema::AppTrigger;

/// A write that a trigger makes. Names without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Write {
    event: Event,
    table: String,
}

/// A trigger, as far as it matters here.
#[derive(Debug)]
struct Fired {
    name: String,
    on: Write,
    writes: Vec<Write>,
}

/// A way from a table over its triggers to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// The triggers in the order in which they fire.
    pub(crate) triggers: Vec<String>,
    /// The table that the last one writes to.
    pub(crate) to: String,
}

/// The ways by which the triggers on `table` lead to a table that `matters`, the shortest
/// to each. What lies behind such a table is not looked at.
pub(crate) fn ways(
    triggers: &[AppTrigger],
    table: &str,
    matters: &dyn Fn(&str) -> bool,
) -> Vec<Way> {
    let triggers: Vec<Fired> = triggers.iter().filter_map(read).collect();
    let mut found: Vec<Way> = Vec::new();
    // Which triggers were looked at, and over which others: shorter ways come first.
    let mut reached: Vec<(usize, Vec<usize>)> = Vec::new();
    let on = |trigger: &Fired| trigger.on.table.eq_ignore_ascii_case(table);
    for first in (0..triggers.len()).filter(|&at| on(&triggers[at])) {
        reached.push((first, vec![first]));
    }
    let mut next = 0;
    while let Some((at, way)) = reached.get(next).cloned() {
        next += 1;
        for write in &triggers[at].writes {
            if matters(&write.table) {
                let to = || found.iter().any(|way| way.to.eq_ignore_ascii_case(&write.table));
                if way.len() == 1 || !to() {
                    let triggers = way.iter().map(|&at| triggers[at].name.clone()).collect();
                    found.push(Way { triggers, to: write.table.clone() });
                }
                continue;
            }
            for fired in (0..triggers.len()).filter(|&other| triggers[other].fired_by(write)) {
                if reached.iter().all(|(other, _)| *other != fired) {
                    reached.push((fired, [way.clone(), vec![fired]].concat()));
                }
            }
        }
    }
    found.dedup();
    found
}

/// The triggers that a write to `table` can fire: those on it, and those that their own writes
/// fire.
pub(crate) fn fired_by_writes_to<'t>(
    triggers: &'t [AppTrigger],
    table: &str,
) -> Vec<&'t AppTrigger> {
    let read: Vec<(&AppTrigger, Fired)> =
        triggers.iter().filter_map(|trigger| Some((trigger, read(trigger)?))).collect();
    let on = |fired: &Fired| fired.on.table.eq_ignore_ascii_case(table);
    let mut reached: Vec<usize> = (0..read.len()).filter(|&at| on(&read[at].1)).collect();
    let mut next = 0;
    while let Some(&at) = reached.get(next) {
        next += 1;
        for write in &read[at].1.writes {
            let fired = (0..read.len()).filter(|&other| read[other].1.fired_by(write));
            let new: Vec<usize> = fired.filter(|other| !reached.contains(other)).collect();
            reached.extend(new);
        }
    }
    reached.into_iter().map(|at| read[at].0).collect()
}

/// Whether a trigger runs after an INSERT and writes to tables that are `fed` alone.
pub(crate) fn feeds_on_insert(trigger: &AppTrigger, fed: &dyn Fn(&str) -> bool) -> bool {
    read(trigger).is_some_and(|trigger| {
        trigger.on.event == Event::Insert
            && !trigger.writes.is_empty()
            && trigger.writes.iter().all(|write| fed(&write.table))
    })
}

impl Fired {
    fn fired_by(&self, write: &Write) -> bool {
        self.on.event == write.event && self.on.table.eq_ignore_ascii_case(&write.table)
    }
}

/// What can't be parsed counts as writing nothing: a divergence it causes is still found
/// by the sync's own check.
fn read(trigger: &AppTrigger) -> Option<Fired> {
    let effect = effect(&trigger.sql)?;
    let on = Write { event: effect.event, table: effect.table };
    let writes = effect.writes.into_iter().map(|(event, table)| Write { event, table }).collect();
    Some(Fired { name: trigger.name.clone(), on, writes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(triggers: &[&str]) -> Vec<(String, String)> {
        let triggers: Vec<AppTrigger> = triggers
            .iter()
            .map(|sql| {
                let name = sql.split_whitespace().nth(2).unwrap().to_owned();
                AppTrigger { name, sql: (*sql).to_owned() }
            })
            .collect();
        let mapped = |table: &str| ["a", "b"].iter().any(|name| name.eq_ignore_ascii_case(table));
        ways(&triggers, "a", &mapped)
            .into_iter()
            .map(|way| (way.triggers.join(" "), way.to))
            .collect()
    }

    fn pair(triggers: &str, to: &str) -> Vec<(String, String)> {
        vec![(triggers.to_owned(), to.to_owned())]
    }

    const FIRST: &str =
        "CREATE TRIGGER one AFTER INSERT ON A BEGIN INSERT INTO queue VALUES (1); END";

    #[test]
    fn a_trigger_writes_itself() {
        let direct = "CREATE TRIGGER one AFTER DELETE ON a BEGIN UPDATE \"B\" SET x = 1; END";
        assert_eq!(found(&[direct]), pair("one", "B"));
        let own = "CREATE TRIGGER one AFTER DELETE ON a BEGIN DELETE FROM a WHERE x = OLD.x; END";
        assert_eq!(found(&[own]), pair("one", "a"));
    }

    #[test]
    fn over_a_table_in_between() {
        let second = "CREATE TRIGGER two AFTER INSERT ON Queue BEGIN UPDATE b SET x = 1; END";
        assert_eq!(found(&[second, FIRST]), pair("one two", "b"));
        assert_eq!(found(&[second]), []);
    }

    #[test]
    fn over_a_view() {
        let second =
            "CREATE TRIGGER two INSTEAD OF INSERT ON queue BEGIN INSERT INTO deep VALUES (1); END";
        let third = "CREATE TRIGGER three BEFORE INSERT ON deep BEGIN DELETE FROM b; END";
        assert_eq!(found(&[FIRST, second, third]), pair("one two three", "b"));
    }

    #[test]
    fn an_event_that_does_not_happen_leads_nowhere() {
        let second = "CREATE TRIGGER two AFTER UPDATE OF x ON queue BEGIN DELETE FROM b; END";
        assert_eq!(found(&[FIRST, second]), []);
        let upserts = FIRST.replace("(1);", "(1) ON CONFLICT DO UPDATE SET x = 2;");
        assert_eq!(found(&[&upserts, second]), pair("one two", "b"));
    }

    #[test]
    fn an_insert_may_replace() {
        let second = "CREATE TRIGGER two AFTER DELETE ON queue BEGIN UPDATE b SET x = 1; END";
        assert_eq!(found(&[FIRST, second]), pair("one two", "b"));
    }

    #[test]
    fn a_circle_ends() {
        let second =
            "CREATE TRIGGER two AFTER INSERT ON queue BEGIN INSERT INTO other VALUES (1); END";
        let third =
            "CREATE TRIGGER three AFTER INSERT ON other BEGIN INSERT INTO queue VALUES (1); END";
        assert_eq!(found(&[FIRST, second, third]), []);
    }

    #[test]
    fn what_only_reads_or_logs_is_left_alone() {
        let reads = "CREATE TRIGGER one AFTER INSERT ON a BEGIN SELECT x FROM b; INSERT INTO log SELECT x FROM b; END";
        assert_eq!(found(&[reads]), []);
        assert_eq!(found(&["CREATE TRIGGER one nonsense"]), []);
    }
}
