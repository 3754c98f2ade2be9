//! One shell for a page, so that what a command exports, or leaves running, is there for the
//! next.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

/// Stands behind what a command printed; nothing prints it by itself.
const END: &str = "\u{1}end";

pub(super) struct Shell {
    dir: TempDir,
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// What a command did.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) lines: Vec<String>,
}

impl Shell {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        symlink(crate::pages::root().join("examples"), dir.path().join("examples")).unwrap();
        let bin = Path::new(env!("CARGO_BIN_EXE_cutover")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        // So that a page whose command never ends fails.
        let mut process = Command::new("timeout")
            .args(["300", "sh"])
            .current_dir(dir.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("USER", "ada")
            .env_remove("CUTOVER_DB")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        // A reader sees both in one terminal.
        writeln!(stdin, "exec 2>&1").unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        Self { dir, process, stdin, stdout }
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let file = self.dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        if text.starts_with("#!") {
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    pub(super) fn run(&mut self, command: &str) -> Ran {
        // Commands must not read what is typed after them.
        writeln!(self.stdin, "{{ {command}\n}} </dev/null\nprintf '\\001end %s\\n' $?").unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "the shell ended at {command}");
            match line.trim_end_matches('\n').split_once(END) {
                None => lines.push(line.trim_end().to_owned()),
                Some((rest, code)) => {
                    if !rest.is_empty() {
                        lines.push(rest.to_owned());
                    }
                    return Ran { code: code.trim().parse().unwrap(), lines };
                }
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = writeln!(self.stdin, "kill $(jobs -p) 2>/dev/null; exit");
        let _ = self.process.wait();
    }
}
