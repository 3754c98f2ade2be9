//! Old programs, where a phase ends that has room for them.

use crate::clock;
use crate::engine::observe::next_actions::Step;
use crate::engine::observe::writers::{Holding, old_programs, open_process, processes};
use crate::engine::options::AdvanceOptions;
use crate::engine::work::session::Session;
use crate::error::{Refusal, Result};
use crate::phase::Phase;
use crate::report::OpenProcess;

impl Session<'_> {
    /// The step to a phase, as the options say it.
    pub(crate) fn step_to(&self, to: Phase, options: &AdvanceOptions) -> Step {
        Step { from: self.record.phase, to, quiet_for: options.quiet_for }
    }

    /// Refuses a step while old programs are known to be there: asked again in the transaction of
    /// the switch, as they may have written while the gate verified.
    pub(crate) fn refuse_old_programs(&self, to: Phase, options: &AdvanceOptions) -> Result<()> {
        let programs = old_programs(self.db, self.record.id)?;
        let refused = programs.refuse(self.step_to(to, options), false);
        Ok(refused.map_err(|problem| problem.refuses(format!("going to {to}")))?)
    }

    /// The processes that have the database open and started before writes moved to the new
    /// tables: they may be old programs, which find out at their next statement.
    pub(crate) fn not_restarted(&self) -> Result<Vec<OpenProcess>> {
        let history = self.engine.history(&self.record.name)?;
        let moved = history
            .iter()
            .rev()
            .find(|entry| entry.before < Phase::WriteNew && entry.after >= Phase::WriteNew);
        let Some(moved_ms) = moved.and_then(|entry| clock::parse_ms(&entry.at)) else {
            return Ok(Vec::new());
        };
        let nobody = Holding::default();
        let mut open = processes(self.db, &nobody);
        open.found.retain(|opener| opener.started_ms.is_none_or(|started| started < moved_ms));
        Ok(open.found.into_iter().map(|opener| open_process(opener, &nobody)).collect())
    }

    /// Refuses for these processes where that was asked for.
    pub(crate) fn refuse_not_restarted(&self, to: Phase, options: &AdvanceOptions) -> Result<()> {
        if !options.require_restarted {
            return Ok(());
        }
        let open = self.not_restarted()?;
        if open.is_empty() {
            return Ok(());
        }
        let named: Vec<String> =
            open.iter().map(|process| format!("{} {}", process.pid, process.command)).collect();
        let reason = format!(
            "processes that started before write-new have the file open: {}",
            named.join(", ")
        );
        let fix = "restart them, or leave out `--require-restarted`";
        Err(Refusal::transition(to, reason, fix).into())
    }
}
