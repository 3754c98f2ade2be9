//! The other tools, installed by pip and cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use benches::database::Result;

pub(super) struct Tools {
    dir: PathBuf,
}

type Found = std::result::Result<PathBuf, String>;

impl Tools {
    pub(super) fn at(dir: &Path) -> Result<Tools> {
        std::fs::create_dir_all(dir)?;
        Ok(Tools { dir: dir.canonicalize()? })
    }

    /// The Python of an environment with sqlite-utils, Alembic and a client of PostgreSQL.
    pub(super) fn python(&self) -> Found {
        let python = self.dir.join("venv/bin/python");
        if !self.dir.join("venv/bin/sqlite-utils").exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(self.dir.join("venv")))?;
            let packages = ["sqlite-utils", "alembic", "psycopg2-binary"];
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        }
        Ok(python)
    }

    /// reshape, which needs libclang to be compiled (Debian: libclang-dev).
    pub(super) fn reshape(&self) -> Found {
        let reshape = self.dir.join("bin/reshape");
        if !reshape.exists() {
            run(Command::new("cargo")
                .args(["install", "--quiet", "reshape", "--root"])
                .arg(&self.dir))?;
        }
        Ok(reshape)
    }
}

/// Runs a command; what it said at last, if it failed.
pub(super) fn run(command: &mut Command) -> std::result::Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("{name}: {last}"))
}
