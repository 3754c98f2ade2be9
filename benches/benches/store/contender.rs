//! Who competes, and at what.

use benches::database::Result;

/// One way to keep a consensus store, shared by all threads.
pub(crate) trait Contender: Sync {
    /// Gives `work` what one caller needs. Opening connections and preparing
    /// statements that are kept is done before `work` begins, and not measured.
    fn call(&self, work: &mut dyn FnMut(&mut dyn Caller) -> Result<()>) -> Result<()>;

    /// The share of writes that failed, for one that fails by design and goes on.
    fn failed(&self) -> f64 {
        0.0
    }
}

/// One caller of a store.
pub(crate) trait Caller {
    /// Stores an artifact durably and gives its id.
    fn store(&mut self, row: &Row) -> Result<i64>;

    /// Reads all artifacts of a stage, newest first, and gives their number.
    fn query(&mut self, key: &Key) -> Result<usize>;
}

/// An artifact of the reference shape.
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) agent: &'static str,
    pub(crate) content: String,
    pub(crate) response: String,
    pub(crate) run: String,
}

/// What artifacts are asked for by.
pub(crate) struct Key {
    pub(crate) spec: String,
    pub(crate) stage: &'static str,
}

pub(crate) const AGENTS: [&str; 5] = ["claude", "gemini", "gpt_pro", "gpt_codex", "code"];

pub(crate) const STAGES: [&str; 6] =
    ["spec-plan", "spec-tasks", "spec-implement", "spec-validate", "spec-audit", "spec-unlock"];

/// How much [`content`](Row::content) and [`response`](Row::response) hold.
pub(crate) const CONTENT_BYTES: usize = 500;
pub(crate) const RESPONSE_BYTES: usize = 2_048;

/// Artifacts as a tool makes them: runs of four or five agents.
pub(crate) struct Feed {
    name: String,
    rng: fastrand::Rng,
    /// How many specs there are whose stages get more runs; 0: every run is of a new one.
    specs: u64,
    run: u64,
    agents: std::slice::Iter<'static, &'static str>,
    row: Row,
}

impl Feed {
    /// `name` tells callers of one database apart. Their runs go to specs of their own.
    pub(crate) fn new(name: &str) -> Self {
        Self::into_specs(name, 0)
    }

    /// The runs go to stages that are there already, anywhere among `specs` specs.
    pub(crate) fn into_specs(name: &str, specs: u64) -> Self {
        let row = Row {
            key: Key { spec: String::new(), stage: STAGES[0] },
            agent: AGENTS[0],
            content: "c".repeat(CONTENT_BYTES),
            response: "r".repeat(RESPONSE_BYTES),
            run: String::new(),
        };
        let rng = fastrand::Rng::with_seed(7);
        Self { name: name.to_owned(), rng, specs, run: 0, agents: [].iter(), row }
    }

    pub(crate) fn next(&mut self) -> &Row {
        self.row.agent = match self.agents.next() {
            Some(agent) => agent,
            None => {
                self.next_run();
                AGENTS[0]
            }
        };
        &self.row
    }

    fn next_run(&mut self) {
        self.run += 1;
        let (run, name) = (self.run, &self.name);
        self.agents = AGENTS[1..if run.is_multiple_of(2) { 4 } else { 5 }].iter();
        self.row.run = format!("run-{name}-{run}");
        self.row.key = match self.specs {
            0 => Key { spec: format!("SPEC-{name}{:05}", run / 24), stage: stage(run / 4) },
            specs => key(self.rng.u64(..specs * STAGES.len() as u64)),
        };
    }
}

/// The `n`th stage of a spec of a prepared database (`files`).
pub(crate) fn key(n: u64) -> Key {
    Key { spec: format!("SPEC-{:06}", n / STAGES.len() as u64), stage: stage(n) }
}

fn stage(n: u64) -> &'static str {
    #[expect(clippy::cast_possible_truncation, reason = "less than six")]
    STAGES[(n % STAGES.len() as u64) as usize]
}
