//! Legacy databases of any size, the same for the same seed.
//!
//! Most rows are what an agent tool leaves behind: a run of three to five agents
//! under one run id, then its synthesis; four or so runs for each `spec_id` and
//! `stage`, that is 12 to 20 artifacts; several of these in progress at once. Among
//! them are the rows that make migrations lose data. Most kinds appear within the
//! first hundred artifacts, all but the largest within a few thousand, and then
//! again and again:
//!
//! | kind | how often |
//! |---|---|
//! | run without a run id; several of them for one spec and stage | 1 run in 6 |
//! | run id that is the empty text | 1 run in 23 |
//! | run id used by many specs (`run-1`), in two letter cases, with quotes or emoji | 1 run in 11 |
//! | an agent that answered twice in a run, with equal rows but for the id | 1 run in 13 |
//! | run without synthesis; with two or four; synthesis without artifacts | 1 run in 5; 7 and 29; 17 |
//! | equal timestamps within a run and between its syntheses | 1 row in 3 |
//! | timestamp with milliseconds | 1 row in 19 |
//! | timestamp before that of an earlier id | 1 row in 47 |
//! | `created_at` that is NULL, a number, or text that is no time (`values::odd_time`) | 1 row in 53 |
//! | content that is not JSON, is empty, or is hostile text (`values::odd_text`) | 1 row in 37 |
//! | response that is NULL; empty | 1 row in 31; 89 |
//! | response of 100 to 800 KB; of 1 to 4 MB | 1 row in 4,001; 40,009 |
//! | stage that no program of ours knows | 1 stage in 9 |
//! | spec id or agent name with quotes, other scripts, emoji | 1 in 14; 1 row in 43 |
//! | ids with gaps, and an AUTOINCREMENT mark above the last id | 1 row in 59; always |

mod values;

use std::collections::VecDeque;

use fastrand::Rng;
use rusqlite::types::{ToSql, Value};
use rusqlite::{Connection, Statement, params};

use values::{Clock, Pool};

/// What the rows are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// What lies on users' disks: content of about 500 bytes, responses of about
    /// 2 KB, and every awkward kind.
    Realistic,
    /// Every awkward kind with short texts, for tests that care about kinds.
    Small,
    /// Only ordinary rows, content of 500 bytes and responses of 2,048: the
    /// reference shape of performance figures.
    Plain,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Populated {
    /// Rows of `consensus_artifacts`.
    pub artifacts: u64,
    /// Rows of `consensus_synthesis`.
    pub syntheses: u64,
}

/// How many stages of specs are in progress at once, their rows interleaved.
const IN_PROGRESS: usize = 6;

/// Fills the tables of [`LEGACY_SCHEMA`](crate::LEGACY_SCHEMA), which must exist and
/// be empty, with `artifacts` artifacts and the syntheses that go with them, in one
/// transaction.
///
/// # Errors
///
/// What SQLite says; nothing is left behind then.
pub fn populate(
    conn: &Connection,
    artifacts: u64,
    seed: u64,
    shape: Shape,
) -> rusqlite::Result<Populated> {
    let transaction = conn.unchecked_transaction()?;
    let written = {
        let mut writer = Writer::new(&transaction, seed, shape)?;
        let mut stages: Vec<StageOfSpec> = (0..IN_PROGRESS).map(|_| writer.next_stage()).collect();
        while writer.written.artifacts < artifacts {
            let slot = writer.rng.usize(..IN_PROGRESS);
            if !writer.step(&mut stages[slot])? {
                stages[slot] = writer.next_stage();
            }
        }
        writer.written
    };
    if shape != Shape::Plain {
        transaction.execute("UPDATE sqlite_sequence SET seq = seq + 5", [])?;
    }
    transaction.commit()?;
    Ok(written)
}

/// One spec's stage, and the runs still to come in it.
struct StageOfSpec {
    spec_id: String,
    stage: &'static str,
    runs: VecDeque<Run>,
}

struct Run {
    label: Option<String>,
    /// Who still has to answer.
    agents: VecDeque<String>,
    syntheses: u32,
}

struct Writer<'conn> {
    shape: Shape,
    rng: Rng,
    pool: Pool,
    clock: Clock,
    insert_artifact: Statement<'conn>,
    insert_synthesis: Statement<'conn>,
    artifact_id: i64,
    synthesis_id: i64,
    stages: u64,
    runs: u64,
    written: Populated,
}

impl<'conn> Writer<'conn> {
    fn new(conn: &'conn Connection, seed: u64, shape: Shape) -> rusqlite::Result<Self> {
        let mut rng = Rng::with_seed(seed);
        Ok(Self {
            shape,
            pool: Pool::new(&mut rng),
            rng,
            clock: Clock::new(),
            insert_artifact: conn.prepare(
                "INSERT INTO consensus_artifacts
                 (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            insert_synthesis: conn.prepare(
                "INSERT INTO consensus_synthesis
                 (id, spec_id, stage, output_markdown, output_path, status, artifacts_count,
                  agreements, conflicts, degraded, run_id, created_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            artifact_id: 0,
            synthesis_id: 0,
            stages: 0,
            runs: 0,
            written: Populated::default(),
        })
    }

    /// Whether the `n`th thing is one of an awkward kind, met once in `every`.
    fn awkward(&self, n: u64, every: u64) -> bool {
        self.shape != Shape::Plain && n % every == every / 2
    }

    fn next_stage(&mut self) -> StageOfSpec {
        let n = self.stages;
        self.stages += 1;
        let spec = n / 5;
        let spec_id = if self.awkward(spec, 14) {
            format!("{}-{spec}", values::odd_text(spec / 14 + 6))
        } else {
            format!("SPEC-{spec:05}")
        };
        let stage =
            if self.awkward(n, 9) { values::unknown_stage(n / 9) } else { values::stage(n) };
        let runs = (0..4).map(|_| self.next_run()).collect();
        StageOfSpec { spec_id, stage, runs }
    }

    fn next_run(&mut self) -> Run {
        let n = self.runs;
        self.runs += 1;
        let label = if self.awkward(n, 6) {
            None
        } else if self.awkward(n, 23) {
            Some(String::new())
        } else if self.awkward(n, 11) {
            Some(values::odd_label(n / 11))
        } else {
            Some(format!("run_{n}_{:08x}", self.rng.u32(..)))
        };
        let mut agents: VecDeque<String> =
            values::AGENTS[..self.rng.usize(3..=5)].iter().map(|&name| name.to_owned()).collect();
        if self.awkward(n, 13) {
            agents.push_front(agents[0].clone());
        }
        let syntheses = match n {
            _ if self.awkward(n, 17) => {
                agents.clear();
                1
            }
            _ if self.awkward(n, 29) => 4,
            _ if self.awkward(n, 7) => 2,
            _ if self.awkward(n, 5) => 0,
            _ => 1,
        };
        Run { label, agents, syntheses }
    }

    /// Writes the next row; false when the stage has come to its end.
    fn step(&mut self, stage: &mut StageOfSpec) -> rusqlite::Result<bool> {
        let Some(run) = stage.runs.front_mut() else {
            return Ok(false);
        };
        if let Some(agent) = run.agents.pop_front() {
            self.artifact(&stage.spec_id, stage.stage, run.label.as_deref(), &agent)?;
        } else if run.syntheses > 0 {
            run.syntheses -= 1;
            self.synthesis(&stage.spec_id, stage.stage, run.label.as_deref())?;
        } else {
            stage.runs.pop_front();
        }
        Ok(true)
    }

    fn artifact(
        &mut self,
        spec_id: &str,
        stage: &str,
        run: Option<&str>,
        agent: &str,
    ) -> rusqlite::Result<()> {
        let n = self.written.artifacts;
        self.artifact_id += if self.awkward(n, 59) { self.rng.i64(2..40) } else { 1 };
        let odd_agent = self.awkward(n, 43).then(|| values::odd_text(n / 43));
        let content = if self.awkward(n, 37) {
            values::odd_text(n / 37).to_owned()
        } else {
            let bytes = self.content_bytes();
            self.pool.content(&mut self.rng, agent, stage, bytes)
        };
        let created_at = self.clock.created_at(&mut self.rng, n, self.shape != Shape::Plain);
        let response = self.response_bytes(n).map(|bytes| self.pool.text(&mut self.rng, bytes));
        self.insert_artifact.execute(params![
            self.artifact_id,
            spec_id,
            stage,
            odd_agent.unwrap_or(agent),
            content,
            response,
            run,
            created_at
        ])?;
        self.written.artifacts += 1;
        Ok(())
    }

    fn synthesis(&mut self, spec_id: &str, stage: &str, run: Option<&str>) -> rusqlite::Result<()> {
        let n = self.written.syntheses;
        self.synthesis_id += if self.awkward(n, 59) { 7 } else { 1 };
        let created_at = self.clock.created_at(&mut self.rng, n, self.shape != Shape::Plain);
        let status = ["ok", "ok", "ok", "degraded", "conflict", "OK", ""][self.rng.usize(..7)];
        let degraded =
            [Value::Integer(0), Value::Integer(1), Value::Null][self.rng.usize(..3)].clone();
        let bytes = self.content_bytes() * 2;
        let markdown = if self.awkward(n, 37) {
            values::odd_text(n / 37)
        } else {
            self.pool.text(&mut self.rng, bytes)
        };
        let row: [&dyn ToSql; 12] = [
            &self.synthesis_id,
            &spec_id,
            &stage,
            &markdown,
            &(!n.is_multiple_of(4)).then(|| format!("docs/{spec_id}/{stage}/{n}.md")),
            &status,
            &(!n.is_multiple_of(6)).then_some((n % 6) as u32),
            &(!n.is_multiple_of(3)).then_some(r#"["the tests come first"]"#),
            &n.is_multiple_of(5).then_some(r#"[{"agent": "gemini", "says": "no"}]"#),
            &degraded,
            &run,
            &created_at,
        ];
        self.insert_synthesis.execute(row)?;
        self.written.syntheses += 1;
        Ok(())
    }

    fn content_bytes(&self) -> usize {
        if self.shape == Shape::Small { 40 } else { 500 }
    }

    fn response_bytes(&mut self, n: u64) -> Option<usize> {
        Some(match self.shape {
            Shape::Plain => 2_048,
            _ if self.awkward(n, 31) => return None,
            _ if self.awkward(n, 89) => 0,
            // Long enough to leave its page, which is what matters to SQLite.
            Shape::Small if self.awkward(n, 401) => 10_000,
            Shape::Small => self.rng.usize(1..120),
            // The first of these come early, so that small samples have them too.
            Shape::Realistic if self.awkward(n + 1_900, 4_001) => self.rng.usize(100_000..800_000),
            Shape::Realistic if self.awkward(n + 19_700, 40_009) => {
                self.rng.usize(1_000_000..4_000_000)
            }
            Shape::Realistic => self.rng.usize(1_500..2_600),
        })
    }
}
