//! A gate: every row is verified in both directions by the command itself, while
//! programs go on writing, and then the switch is made in one short transaction in
//! which nothing is left unverified.
//!
//! While the verification runs, triggers note the scopes that writes touch. They
//! are compared again, round after round, until few are left; the last of them
//! inside the transaction of the switch, when nobody can write. Nothing that was
//! found earlier is trusted.

use std::time::Duration;

use super::kept::keep;
use super::reconcile::scope_of;
use super::references;
use super::session::{Session, now};
use super::verify::{EXAMPLES, Found, merge, verify_both};
use super::{Pace, switch};
use crate::backend::sqlite::compare::{self, Chunk};
use crate::backend::sqlite::value::Value;
use crate::backend::sqlite::{Db, scan};
use crate::derive::derived::{Place, SCOPES};
use crate::derive::procedure::scope_columns;
use crate::derive::sql::{ident, idents};
use crate::derive::target::Target;
use crate::derive::touched::notes;
use crate::error::{Error, Refusal, Result};
use crate::phase::{Direction, Phase, Side};
use crate::report::{Kept, VerifyReport};
use crate::watch::Watch;

/// Scopes that are left for the transaction of the switch: few enough to be
/// compared in a millisecond or two.
const LEFT_FOR_THE_SWITCH: u64 = 24;

/// Rounds of comparing what was touched meanwhile, before giving up.
const ROUNDS: u32 = 200;

/// What the gate asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) to: Phase,
    /// The direction in which a difference is no obstacle: rows of the new tables
    /// that the old ones can't hold.
    pub(crate) lenient: Option<Direction>,
    /// Whether such rows are about to be overwritten, and are therefore kept.
    pub(crate) keep: bool,
}

/// What an opened gate gives.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) report: VerifyReport,
    pub(crate) kept: Vec<Kept>,
    /// Rows of the new tables that the old ones can't hold as they are.
    pub(crate) only_new_holds: u64,
    pub(crate) held: Duration,
    /// When the switch was made.
    pub(crate) since: String,
}

/// What a switch does, given its time.
pub(crate) type Body<'a> = &'a dyn Fn(&Session<'_>, &str) -> Result<()>;

/// Verifies, and runs `body` in the transaction of the switch.
pub(crate) fn pass(
    session: &mut Session<'_>,
    gate: Gate,
    watch: &mut dyn Watch,
    body: Body<'_>,
) -> Result<Passed> {
    let result = pass_noting(session, gate, watch, body);
    if result.is_err() {
        // Why the gate failed matters more than notes left behind: the next operator
        // removes them.
        let _ = session.drop_notes();
    }
    result
}

fn pass_noting(
    session: &mut Session<'_>,
    gate: Gate,
    watch: &mut dyn Watch,
    body: Body<'_>,
) -> Result<Passed> {
    let db = session.db;
    db.write("noting what is written from here on", || {
        session.fence()?;
        let model = &session.model;
        notes(model.forward.iter().chain(&model.backward), model.names)
            .iter()
            .try_for_each(|object| db.batch("creating notes", &object.sql))
    })?;
    let (forward, backward) = {
        // The lease is renewed by the watching thread while the others compare.
        let mut last = std::time::Instant::now();
        let ttl = session.engine.options.lease_ttl;
        let shared = &*session;
        verify_both(db, &shared.model, Pace::Gentle, watch, &mut || {
            if last.elapsed() > ttl / 4 {
                db.write("renewing the lease", || shared.fence())?;
                last = std::time::Instant::now();
            }
            Ok(())
        })?
    };
    for (direction, found) in [(Direction::Forward, &forward), (Direction::Backward, &backward)] {
        if gate.lenient != Some(direction) && !found.report.ok {
            return Err(refuse(gate.to, direction, &found.report));
        }
    }
    let (mut forward, mut backward) = (forward, backward);
    let late = drain(session, gate)?;
    if gate.to.writes_enter() == Side::New && session.model.bearer == Side::Old {
        // The last look before they hold. What a program that does not enforce its own
        // foreign keys writes until then is not refused: SQLite lets such rows be.
        let dangling = db.read("checking the foreign keys", || {
            references::dangling(db, &session.model, Place::LIVE)
        })?;
        if let Some(dangling) = dangling.first() {
            let fix = "mend those rows on the old side, or migrate without the foreign key";
            return Err(Refusal::transition(gate.to, dangling.reason(), fix).into());
        }
    }
    match gate.lenient {
        Some(Direction::Forward) => forward.scopes.extend(late),
        Some(Direction::Backward) => backward.scopes.extend(late),
        None => {}
    }
    let lenient = match gate.lenient {
        Some(Direction::Forward) => Some(&forward),
        Some(Direction::Backward) => Some(&backward),
        None => None,
    };
    let loose = (lenient, lenient.map_or(0, |found| found.report.extra + found.report.different));
    let (kept, held) = db.write("switching", || {
        session.fence()?;
        for direction in Direction::BOTH {
            if gate.lenient != Some(direction) {
                recheck(session, direction, gate.to)?;
            }
        }
        let statements = switch::drop_statements(db, &session.model)?;
        let lists = loose_scopes(session, gate, loose.0)?;
        // The triggers go before anything is overwritten, so that it does not flow back.
        switch::run(db, "removing the triggers of the last phase", &statements)?;
        let kept = if gate.keep { keep(session, &lists)? } else { Vec::new() };
        let since = now();
        body(session, &since)?;
        Ok((kept, since))
    })?;
    let (kept, since) = kept;
    let found = |found: Found, direction| {
        let report = found.report;
        if gate.lenient == Some(direction) {
            VerifyReport { ok: true, checked: report.checked, ..VerifyReport::default() }
        } else {
            report
        }
    };
    let only_new_holds = if gate.lenient.is_some() { loose.1 } else { 0 };
    let report = merge(found(forward, Direction::Forward), found(backward, Direction::Backward));
    Ok(Passed { report, kept, only_new_holds, held, since })
}

/// The scopes of one target that have to be looked at in the switch.
pub(crate) struct Loose {
    pub(crate) target: usize,
    pub(crate) scopes: Vec<Vec<Value>>,
}

/// What was found in the lenient direction, and what was touched since.
fn loose_scopes(session: &Session<'_>, gate: Gate, found: Option<&Found>) -> Result<Vec<Loose>> {
    let Some(direction) = gate.lenient.filter(|_| gate.keep) else { return Ok(Vec::new()) };
    let mut lists = Vec::new();
    for (position, target) in session.model.targets(direction).iter().enumerate() {
        let mut scopes: Vec<Vec<Value>> = found
            .into_iter()
            .flat_map(|found| &found.scopes)
            .filter(|(p, _)| *p == position)
            .map(|(_, scope)| scope.clone())
            .collect();
        let table = ident(&session.model.names.touched(&target.table.name));
        let columns = scope_columns(target);
        let read = || -> rusqlite::Result<Vec<Vec<Value>>> {
            session
                .db
                .conn()
                .prepare(&format!("SELECT {} FROM {table}", idents("", &columns)))?
                .query_map([], |row| (0..columns.len()).map(|n| row.get(n)).collect())?
                .collect()
        };
        scopes.extend(read().map_err(|source| session.db.error("reading notes", source))?);
        lists.push(Loose { target: position, scopes });
    }
    Ok(lists)
}

/// Compares what was touched, round after round, until little is left.
///
/// Gives the scopes in which the lenient direction differs, where its rows are kept.
fn drain(session: &Session<'_>, gate: Gate) -> Result<Vec<(usize, Vec<Value>)>> {
    let mut late = Vec::new();
    for _ in 0..ROUNDS {
        let mut left = 0;
        for direction in Direction::BOTH {
            let lenient = gate.lenient == Some(direction);
            if lenient && !gate.keep {
                continue;
            }
            for (position, target) in session.model.targets(direction).iter().enumerate() {
                let (count, differing) = drain_target(session, target, gate.to, lenient)?;
                left += count;
                late.extend(differing.into_iter().map(|scope| (position, scope)));
            }
        }
        if left <= LEFT_FOR_THE_SWITCH {
            return Ok(late);
        }
    }
    Err(Refusal::transition(
        gate.to,
        "programs write faster than their writes can be verified",
        "try again when there is less to do",
    )
    .into())
}

/// One round for one target; gives how many scopes there were, and in which of them
/// a lenient direction differs.
fn drain_target(
    session: &Session<'_>,
    target: &Target,
    to: Phase,
    lenient: bool,
) -> Result<(u64, Vec<Vec<Value>>)> {
    let db = session.db;
    let table = ident(&session.model.names.touched(&target.table.name));
    let count = db.count(&format!("SELECT count(*) FROM {table}"))?;
    if count <= LEFT_FOR_THE_SWITCH / 4 {
        return Ok((count, Vec::new()));
    }
    // Taken off before they are compared: what is touched from here on is noted
    // anew, and compared in the next round.
    let columns = scope_columns(target);
    let (last, _) = db.write("taking off notes", || {
        session.fence()?;
        let query = format!("SELECT {} FROM {table}", idents("", &columns));
        let last = scan::fill_scopes(db, columns.len(), &query)?;
        db.batch("taking off notes", &format!("DELETE FROM {table}"))?;
        Ok(last)
    })?;
    let differing = db.read("verifying what was written meanwhile", || {
        if !lenient {
            return compare_listed(db, target, last, to).map(|()| Vec::new());
        }
        let chunk = Chunk::Listed { from: 1, to: last };
        let outcome = compare::compare(db, target, Place::LIVE, &chunk, usize::MAX)?;
        Ok(outcome.diffs.iter().map(|diff| scope_of(target, diff)).collect())
    })?;
    Ok((count, differing))
}

/// Compares, in the transaction of the switch, everything touched and not yet
/// taken off.
fn recheck(session: &Session<'_>, direction: Direction, to: Phase) -> Result<()> {
    session
        .model
        .targets(direction)
        .iter()
        .try_for_each(|target| compare_touched(session.db, session, target, to))
}

fn compare_touched(db: &Db, session: &Session<'_>, target: &Target, to: Phase) -> Result<()> {
    let table = ident(&session.model.names.touched(&target.table.name));
    let columns = scope_columns(target);
    if db.count(&format!("SELECT EXISTS (SELECT 1 FROM {table})"))? == 0 {
        return Ok(());
    }
    let last = scan::fill_scopes(
        db,
        columns.len(),
        &format!("SELECT {} FROM {table}", idents("", &columns)),
    )?;
    compare_listed(db, target, last, to)
}

/// Compares the scopes of the temporary list.
fn compare_listed(db: &Db, target: &Target, last: i64, to: Phase) -> Result<()> {
    let outcome =
        compare::compare(db, target, Place::LIVE, &Chunk::Listed { from: 1, to: last }, EXAMPLES)?;
    if outcome.is_clean() {
        return Ok(());
    }
    let report = VerifyReport {
        ok: false,
        checked: outcome.derived,
        missing: outcome.missing,
        extra: outcome.extra,
        different: outcome.different,
        examples: outcome.diffs.iter().map(|diff| diff.report(target)).collect(),
    };
    Err(refuse(to, target.direction, &report))
}

fn refuse(to: Phase, direction: Direction, report: &VerifyReport) -> Error {
    let what = match direction {
        Direction::Forward => "the new tables are not what the forward mapping gives",
        Direction::Backward => "the old rows can't all be had back from the new ones",
    };
    let mut refusal = Refusal::transition(
        to,
        format!("{what}: {} of {} rows", report.summary(), report.checked),
        "look at the rows with `cutover verify`; `cutover repair` mends a mirror, a row that the new \
         schema can't hold needs another mapping or another value",
    );
    refusal.examples.clone_from(&report.examples);
    refusal.into()
}

/// The temporary list, filled with given scopes.
pub(crate) fn list(db: &Db, target: &Target, scopes: &[Vec<Value>]) -> Result<i64> {
    let columns = scope_columns(target);
    scan::fill_scopes(
        db,
        columns.len(),
        &format!(
            "SELECT {} WHERE 0",
            columns.iter().map(|_| "NULL").collect::<Vec<_>>().join(", ")
        ),
    )?;
    let marks = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let same = columns
        .iter()
        .enumerate()
        .map(|(n, c)| format!("{c} IS ?{}", n + 1))
        .collect::<Vec<_>>()
        .join(" AND ");
    let sql = format!(
        "INSERT INTO {SCOPES} ({}) SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM {SCOPES} WHERE {same})",
        columns.join(", ")
    );
    for scope in scopes {
        db.conn()
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(scope)))
            .map_err(|source| db.error("listing scopes", source))?;
    }
    db.row("listing scopes", &format!("SELECT ifnull(max(n), 0) FROM {SCOPES}"), |row| row.get(0))
}
