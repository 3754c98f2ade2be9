//! The change by reshape, on a PostgreSQL of the run's own, on a Unix socket in a temporary
//! directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use benches::database::Result;
use benches::program::Programs;

use super::tools::run as command;
use super::{Outcome, beside};

const CREATE: &str = r#"
[[actions]]
type = "create_table"
name = "clients"
primary_key = ["id"]
columns = [
  { name = "id", type = "INTEGER", generated = "ALWAYS AS IDENTITY" },
  { name = "name", type = "TEXT", nullable = false },
  { name = "email", type = "TEXT", nullable = false },
  { name = "city", type = "TEXT" },
  { name = "bio", type = "TEXT" },
  { name = "score", type = "INTEGER", nullable = false },
]
"#;

const NOT_NULL: &str = r#"
[[actions]]
type = "alter_column"
table = "clients"
column = "city"
up = "COALESCE(city, '')"
down = "city"

  [actions.changes]
  nullable = false
"#;

pub(super) fn run(rows: u64, python: &Path, reshape: &Path) -> Result<Outcome> {
    let dir = tempfile::tempdir()?;
    let cluster = Cluster::start(dir.path())?;
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    for (dir, file, text) in
        [(&first, "1_create.toml", CREATE), (&second, "2_not_null.toml", NOT_NULL)]
    {
        std::fs::create_dir(dir)?;
        std::fs::write(dir.join(file), text)?;
    }
    let socket = dir.path();
    let tool = |words: &[&str], dirs: &[&PathBuf]| {
        let mut tool = Command::new(reshape);
        tool.arg("migration").args(words).arg("--host").arg(socket);
        if !dirs.is_empty() {
            tool.arg("--dirs").args(dirs);
        }
        command(&mut tool)
    };
    tool(&["start", "--complete"], &[&first])?;
    cluster.sql(&format!(
        "INSERT INTO migration_1_create.clients (name, email, city, bio, score)
         SELECT 'name ' || i, i || '@example.org', 'city ' || i % 100, 'about client ' || i, i % 1000
         FROM generate_series(1, {rows}) i"
    ))?;
    let script = dir.path().join("postgres_writer.py");
    std::fs::write(&script, include_str!("../../peers/postgres_writer.py"))?;
    let programs = Programs::start_with(&dir.path().join("peers.db"), 1, |stop, times| {
        let mut writer = Command::new(python);
        writer.args([&script, socket, stop, times]);
        writer
    })?;
    let change = || {
        tool(&["start"], &[&first, &second])?;
        tool(&["complete"], &[])?;
        Ok(())
    };
    let count = || Ok(cluster.sql("SELECT count(*) FROM migration_2_not_null.clients")?.parse()?);
    beside(programs, rows, change, count)
}

struct Cluster {
    dir: PathBuf,
}

impl Cluster {
    fn start(dir: &Path) -> Result<Cluster> {
        if is_root()? {
            command(Command::new("chown").arg("postgres").arg(dir))?;
        }
        let data = dir.join("data");
        command(server("initdb")?.args(["-A", "trust", "-U", "postgres", "-D"]).arg(&data))?;
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{}'", dir.display());
        let mut start = server("pg_ctl")?;
        start.args(["-w", "-o", &options, "-l"]).arg(dir.join("log")).arg("-D").arg(&data);
        // It leaves the server behind, which must not keep the pipe to us open.
        start.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if !start.arg("start").status()?.success() {
            return Err("pg_ctl: the server did not start".into());
        }
        Ok(Cluster { dir: dir.to_owned() })
    }

    fn sql(&self, sql: &str) -> std::result::Result<String, String> {
        command(
            Command::new("psql")
                .args(["-v", "ON_ERROR_STOP=1", "-qAtU", "postgres", "-h"])
                .arg(&self.dir)
                .args(["-c", sql]),
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(mut stop) = server("pg_ctl") {
            let _ = command(
                stop.args(["-w", "-m", "fast", "-D"]).arg(self.dir.join("data")).arg("stop"),
            );
        }
    }
}

fn is_root() -> Result<bool> {
    Ok(command(Command::new("id").arg("-u"))? == "0")
}

/// A program of the server, which refuses to run as root. Debian has them in no PATH.
fn server(program: &str) -> Result<Command> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = debian.map(|version| version.path().join("bin").join(program)).find(|p| p.exists());
    let program = found.unwrap_or_else(|| program.into());
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    Ok(command)
}
