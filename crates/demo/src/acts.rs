//! The story: a legacy database with old programs at work goes through every
//! phase, back, and forward again, and is compared with its twin.

use std::time::{Duration, Instant};

use cli_kit::exit::{Doing, Failure};
use cli_kit::progress::{interrupted, rounded};
use cli_kit::render::{bytes, count, counted, seconds};
use cutover::{
    AdvanceOptions, Engine, Migration, Options, Pace, Phase, StartOptions, TransitionReport,
};

use crate::args::DemoArgs;
use crate::crew::{Account, Crew};
use crate::job::{Job, Role};
use crate::legacy::Databases;
use crate::proof::Proof;
use crate::story::Story;
use crate::twin;

/// How long programs work undisturbed in each phase.
const SOAK: Duration = Duration::from_millis(2_500);

/// Reader processes.
const READERS: usize = 2;

/// Plays the whole story and gives what it proved.
pub(crate) fn play(args: &DemoArgs, databases: &Databases) -> Result<Proof, Failure> {
    let mut demo = Demo::prepare(args, databases)?;
    demo.begin()?;
    demo.start()?;
    demo.read_new()?;
    demo.roll_out()?;
    demo.write_new()?;
    demo.new_only()?;
    demo.go_back()?;
    demo.go_forward_again()?;
    demo.compare()?;
    if demo.proof.agrees() {
        demo.retire()?;
    } else {
        demo.story.act("The old tables stay: something differs");
    }
    Ok(demo.finish())
}

struct Demo<'a> {
    args: &'a DemoArgs,
    databases: &'a Databases,
    story: Story,
    engine: Engine,
    migration: Migration,
    /// Writers at work: old programs or new ones, by the phase.
    writers: Crew,
    /// Old programs that have not left yet, while both write.
    leaving: Crew,
    readers: Crew,
    /// Processes started so far: each gets a number of its own.
    started: u64,
    /// Writers that have ended.
    accounts: Vec<Account>,
    proof: Proof,
}

impl<'a> Demo<'a> {
    fn prepare(args: &'a DemoArgs, databases: &'a Databases) -> Result<Self, Failure> {
        let story = Story::new();
        story.act("A legacy consensus database");
        databases.make(args.rows, args.seed)?;
        let size = std::fs::metadata(&databases.live).map_or(0, |file| file.len());
        story.tell(&format!("{} in {}, and a twin", counted(args.rows, "artifact"), bytes(size)));
        let mut options = Options::default();
        options.actor = "demo".into();
        let migration =
            Migration::parse(consensus_store::MIGRATION_NAME, consensus_store::MIGRATION)
                .map_err(|error| Failure::in_file(error.into(), consensus_store::MIGRATION))?;
        Ok(Self {
            args,
            databases,
            story,
            engine: Engine::open(&databases.live, options)?,
            migration,
            writers: Crew::default(),
            leaving: Crew::default(),
            readers: Crew::default(),
            started: 0,
            accounts: Vec::new(),
            proof: Proof::default(),
        })
    }

    /// Old programs at work, before the migration: what is normal here.
    fn begin(&mut self) -> Result<(), Failure> {
        self.writers = self.crew(Role::OldWriter, self.args.writers)?;
        self.story.tell(&format!("{} old programs write to it", self.args.writers));
        let (rate, stall) = self.soak("legacy")?;
        self.proof.writes_per_second_before = rate;
        self.proof.longest_stall_before_ms = millis(stall);
        Ok(())
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.story.act("start: a proof on the real rows, then both schemas in step");
        let options = StartOptions { no_backfill: true, pace: Pace::Gentle };
        let report = self.engine.start(&self.migration, options, &mut self.story)?;
        let rows = counted(report.check.rows, "old row");
        self.story.tell(&format!("lossless: {rows} copied forward and back, all unchanged"));
        self.tell_stall("during start");
        self.readers = self.crew(Role::Reader, READERS as u64)?;
        self.story.tell(&format!("{READERS} readers read the live views and check each answer"));

        let (began, before) = (Instant::now(), self.writers.done());
        let report = self.engine.backfill(self.migration.name(), Pace::Gentle, &mut self.story)?;
        let took = began.elapsed().as_secs_f64();
        let rate = per_second(self.writers.done() - before, took);
        self.story.tell(&format!(
            "backfill: {} in {}, and {} writes/s meanwhile",
            counted(report.done, "row"),
            seconds(took),
            count(rate)
        ));
        self.proof.backfilled_rows = report.done;
        self.proof.backfill_seconds = took;
        self.proof.writes_per_second_during_backfill = rate;
        self.tell_stall("during the backfill");
        self.soak("dual-write")?;
        Ok(())
    }

    fn read_new(&mut self) -> Result<(), Failure> {
        self.story.act("advance: readers read the new tables");
        self.advance(Phase::ReadNew)?;
        self.soak("read-new")?;
        Ok(())
    }

    /// A rolling deployment: new programs come one by one, and old ones leave, but for the last.
    fn roll_out(&mut self) -> Result<(), Failure> {
        self.story.act("advance --to write-both: new programs come one by one, old ones leave");
        self.advance(Phase::WriteBoth)?;
        self.leaving = std::mem::take(&mut self.writers);
        for _ in 0..self.args.writers {
            let come = self.crew(Role::NewWriter, 1)?;
            self.writers.join(come);
            let (old, new) = (self.leaving.len(), self.writers.len());
            self.soak(&format!("write-both, {old} old and {new} new"))?;
            if old > 1 {
                let gone = self.leaving.leave();
                self.bid_farewell(gone)?;
            }
        }
        Ok(())
    }

    /// An old program that nobody thought of still writes: the gate waits for it, and it is found.
    fn write_new(&mut self) -> Result<(), Failure> {
        self.story.act("advance: old programs, if any are left, would be refused from here on");
        let (name, to) = (self.migration.name(), Some(Phase::WriteNew));
        let options = AdvanceOptions { to, ..AdvanceOptions::default() };
        match self.engine.advance(name, &options, &mut self.story) {
            Err(cutover::Error::Refused(refusal)) => {
                self.story.tell(&format!("refused: {}", refusal.reason));
            }
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(Failure::plain("the gate did not see the old program")),
        }
        let writers = self.engine.snapshot(name)?.writers;
        for process in &writers.processes {
            if let Some(late) = self.leaving.named(process.pid) {
                let late = format!("status: process {}, {late}, has the file open", process.pid);
                self.story.tell(&late);
            }
        }
        if !writers.complete {
            self.story.tell("status: not every process can be seen on this machine");
        }
        let late = std::mem::take(&mut self.leaving);
        self.bid_farewell(late)?;
        self.story.act("advance --quiet-for 0: it is gone, so there is no need to wait");
        let options = AdvanceOptions { quiet_for: Some(Duration::ZERO), ..options };
        self.advance_with(&options)?;
        self.soak("write-new")?;
        Ok(())
    }

    /// Processes end when they are asked to.
    fn bid_farewell(&mut self, gone: Crew) -> Result<(), Failure> {
        let accounts = gone.stop()?;
        self.expect_no_trouble(&accounts)?;
        for account in &accounts {
            let writes = counted(account.tally.done, "write");
            self.story.tell(&format!("{} has left after {writes}", account.name));
        }
        self.accounts.extend(accounts);
        Ok(())
    }

    fn new_only(&mut self) -> Result<(), Failure> {
        self.story.act("advance: the old tables are frozen, no longer kept in step");
        self.advance(Phase::NewOnly)?;
        self.soak("new-only")?;
        Ok(())
    }

    /// A rollback to the start, with rows written, changed and deleted since.
    fn go_back(&mut self) -> Result<(), Failure> {
        self.story.act("rollback: something is wrong with the new programs; all the way back");
        let began = Instant::now();
        let name = self.migration.name();
        let report = self.engine.rollback(name, Some(Phase::DualWrite), &mut self.story)?;
        let took = began.elapsed().as_secs_f64();
        self.proof.rollback_seconds = took;
        self.count_kept(&report);
        self.story.tell(&format!("back in {}; the old tables are up to date", seconds(took)));
        self.tell_stall("during the rollback");
        self.hand_over(Role::OldWriter)?;
        self.soak("dual-write again")?;
        Ok(())
    }

    fn go_forward_again(&mut self) -> Result<(), Failure> {
        self.story.act("advance --to new-only: fixed, and forward again");
        self.advance(Phase::NewOnly)?;
        self.hand_over(Role::NewWriter)?;
        self.soak("new-only again")?;
        Ok(())
    }

    /// The judgement: everything the writers were told was stored, must be there,
    /// in both shapes, and nothing else.
    fn compare(&mut self) -> Result<(), Failure> {
        self.story.act("The check: the twin gets the same writes, without cutover");
        self.accounts.extend(std::mem::take(&mut self.writers).stop()?);
        self.proof.longest_read_ms = millis(self.readers.take_longest());
        let readers = std::mem::take(&mut self.readers).stop()?;
        self.expect_no_trouble(&readers)?;
        self.proof.reads = readers.iter().map(|reader| reader.tally.done).sum();

        let Databases { live, twin, derived } = self.databases;
        let replayed = twin::replay(live, twin)?;
        self.story.tell(&format!("{} replayed on the twin", counted(replayed, "write")));
        self.proof.lost = twin::lost(live, &self.accounts)?;
        let mut compared = twin::compare_old(live, twin)?;
        self.story.tell("live views compared with the twin's old tables");
        compared.extend(twin::compare_new(live, twin, derived.clone(), self.migration.text())?);
        self.story.tell("new tables compared with the migration file, run on the twin");
        self.proof.compared = compared;
        Ok(())
    }

    fn retire(&mut self) -> Result<(), Failure> {
        self.story.act("advance --to retired: the old tables are dropped; this cannot be undone");
        let options =
            AdvanceOptions { to: Some(Phase::Retired), confirmed: true, ..Default::default() };
        let report = self.engine.advance(self.migration.name(), &options, &mut self.story)?;
        self.count_kept(&report);
        let left: Vec<String> = rusqlite::Connection::open(&self.databases.live)
            .and_then(|conn| {
                conn.prepare(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'
                       AND name IN ('consensus_artifacts', 'consensus_synthesis')",
                )?
                .query_map([], |row| row.get(0))?
                .collect()
            })
            .doing(|| "looking at what is left".into())?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(Failure::plain(format!("still there after retirement: {}", left.join(", "))))
        }
    }

    fn finish(mut self) -> Proof {
        let proof = &mut self.proof;
        proof.acknowledged = self.accounts.iter().map(|account| account.tally.done).sum();
        proof.timeouts = self.accounts.iter().map(|account| account.tally.timeouts).sum();
        proof.writers = self.accounts.len() as u64;
        proof.switches = std::mem::take(&mut self.story.switches);
        proof.seconds = self.story.elapsed().as_secs_f64();
        proof.judge();
        self.proof
    }

    fn advance(&mut self, to: Phase) -> Result<(), Failure> {
        self.advance_with(&AdvanceOptions { to: Some(to), ..AdvanceOptions::default() })
    }

    fn advance_with(&mut self, options: &AdvanceOptions) -> Result<(), Failure> {
        let report = self.engine.advance(self.migration.name(), options, &mut self.story)?;
        if let Some(verified) = &report.verified {
            self.story.tell(&format!("{} verified", counted(verified.checked, "row")));
        }
        self.count_kept(&report);
        self.tell_stall(&format!("advancing to {}", report.to));
        Ok(())
    }

    /// The programs at work are refused from here on: waits until each has seen
    /// that, and starts the others.
    fn hand_over(&mut self, to: Role) -> Result<(), Failure> {
        let accounts = std::mem::take(&mut self.writers).wait()?;
        self.expect_no_trouble(&accounts)?;
        let refusal = accounts.iter().find_map(|account| account.tally.refused.clone());
        let what = if to == Role::NewWriter { "new" } else { "old" };
        if let Some(refusal) = refusal {
            self.story.tell(&format!("refused: {refusal}"));
        }
        self.accounts.extend(accounts);
        self.writers = self.crew(to, self.args.writers)?;
        self.story.tell(&format!("{} {what} programs take over", self.args.writers));
        Ok(())
    }

    fn crew(&mut self, role: Role, size: u64) -> Result<Crew, Failure> {
        let jobs: Vec<Job> = (0..size)
            .map(|n| Job {
                role,
                db: self.databases.live.clone(),
                id: self.started + n + 1,
                seed: self.args.seed,
                rows: self.args.rows,
            })
            .collect();
        self.started += size;
        Crew::start(&jobs)
    }

    /// Lets the programs work for a while; gives writes/s and the longest one.
    fn soak(&mut self, phase: &str) -> Result<(u64, Duration), Failure> {
        let done = |demo: &Self| demo.writers.done() + demo.leaving.done();
        let (began, before) = (Instant::now(), done(self));
        while began.elapsed() < SOAK {
            std::thread::sleep(Duration::from_millis(50));
            if interrupted() {
                return Err(cutover::Error::Interrupted.into());
            }
            for crew in [&self.writers, &self.leaving, &self.readers] {
                if let Some(trouble) = crew.trouble() {
                    return Err(Failure::plain(trouble));
                }
            }
            if let Some(refusal) = self.writers.refused().or_else(|| self.leaving.refused()) {
                return Err(Failure::plain(format!("a writer was refused: {refusal}")));
            }
        }
        let rate = per_second(done(self) - before, began.elapsed().as_secs_f64());
        let stall = self.note_stall(&format!("in {phase}"));
        self.story.tell(&format!(
            "programs at work: {} writes/s, the longest took {:.1} ms",
            count(rate),
            millis(stall)
        ));
        Ok((rate, stall))
    }

    /// Notes the longest write since the last call.
    fn note_stall(&mut self, during: &str) -> Duration {
        let stall = self.writers.take_longest().max(self.leaving.take_longest());
        // Before the migration begins nothing is our doing.
        let ours = !self.story.switches.is_empty();
        if ours && millis(stall) > self.proof.longest_stall_ms {
            self.proof.longest_stall_ms = millis(stall);
            self.proof.longest_stall_while = during.to_owned();
        }
        stall
    }

    /// How long the engine's own work held a writer off.
    fn tell_stall(&mut self, during: &str) {
        let stall = self.note_stall(during);
        // Quicker than the writers report: there is nothing to tell.
        if stall.is_zero() {
            return;
        }
        self.story.tell(&format!("the longest write meanwhile took {:.1} ms", millis(stall)));
    }

    fn count_kept(&mut self, report: &TransitionReport) {
        self.proof.kept += report.kept.iter().map(|kept| kept.rows).sum::<u64>();
    }

    fn expect_no_trouble(&self, accounts: &[Account]) -> Result<(), Failure> {
        match accounts.iter().find_map(|a| a.tally.broken.as_ref().map(|what| (&a.name, what))) {
            Some((name, what)) => Err(Failure::plain(format!("{name}: {what}"))),
            None => Ok(()),
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
fn per_second(n: u64, took: f64) -> u64 {
    rounded(n as f64 / took.max(1e-3))
}
