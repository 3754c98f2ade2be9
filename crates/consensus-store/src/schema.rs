//! The tables before the migration, and the migration.

/// The tables as users have them: a file with these is opened as it is.
pub const LEGACY_SCHEMA: &str = "\
CREATE TABLE consensus_artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL, stage TEXT NOT NULL,
  agent_name TEXT NOT NULL, content_json TEXT NOT NULL, response_text TEXT, run_id TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX idx_spec_stage ON consensus_artifacts(spec_id, stage);
CREATE TABLE consensus_synthesis (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL, stage TEXT NOT NULL,
  output_markdown TEXT NOT NULL, output_path TEXT, status TEXT NOT NULL, artifacts_count INTEGER, agreements TEXT, conflicts TEXT,
  degraded BOOLEAN DEFAULT 0, run_id TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX idx_synthesis_spec_stage ON consensus_synthesis(spec_id, stage);
";

/// The migration's name in the database.
pub const MIGRATION_NAME: &str = "normalize-consensus";

/// The migration to `consensus_runs` and `agent_outputs`, and back.
pub const MIGRATION: &str = include_str!("../migrations/normalize-consensus.sql");
