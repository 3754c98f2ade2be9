//! A page as a reader meets it: files to write down, and commands to type.
//!
//! - An `sql` block that begins with `-- NAME.sql` is a file: it is written down when the
//!   page comes to it. So is an `sh` block that begins with `#!/bin/sh` and `# NAME.sh`.
//! - In a `console` block, a line that begins with `$ ` is typed, with the lines below it that
//!   begin with `> `; what follows is what it prints. `…` on a line of its own stands for any
//!   lines, at the end of a line for the rest of it.
//! - A command succeeds, unless `# exits N` stands behind it, or `# refused`: with a code of
//!   which another program's releases have made several.
//!
//! `PAGES=renew cargo test -p cutover-cli --test pages` writes what is printed now into the
//! pages, where it is not what they say. Read the difference.
//!
//! A page's commands run in one shell, in a directory of its own that has the project's
//! `examples`.

use std::fs;
use std::ops::Range;

use super::same::same;
use super::shell::Shell;

/// What a reader does.
#[derive(Debug)]
enum Step {
    Write {
        name: String,
        text: String,
    },
    Type {
        command: String,
        prints: Vec<String>,
        /// The page's lines that say what it prints.
        lines: Range<usize>,
    },
}

/// Runs a page, and compares.
#[track_caller]
pub(super) fn holds(path: &str) {
    let file = super::root().join(path);
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut wrong, mut others) = (Vec::new(), Vec::new());
    let mut shell = Shell::start();
    for step in steps(&lines) {
        match step {
            Step::Write { name, text } => shell.write(&name, &text),
            Step::Type { command, prints, lines } => {
                let ran = shell.run(&command);
                if !ends_as_said(&command, ran.code) || !same(&prints, &ran.lines) {
                    let printed = ran.lines.join("\n");
                    wrong.push(format!("$ {command}\n{printed}\n(exit code {})\n", ran.code));
                    others.push((lines, ran.lines));
                }
            }
        }
    }
    if std::env::var("PAGES").is_ok_and(|wish| wish == "renew") {
        for (old, new) in others.into_iter().rev() {
            lines.splice(old, new);
        }
        fs::write(&file, lines.join("\n") + "\n").unwrap();
    }
    assert!(wrong.is_empty(), "{path}: other than the page says\n\n{}", wrong.join("\n"));
}

/// Whether a command ends as its page says.
fn ends_as_said(command: &str, code: i32) -> bool {
    match command.rsplit_once("# exits ") {
        Some((_, said)) => said.trim().parse() == Ok(code),
        None => (code != 0) == command.ends_with("# refused"),
    }
}

fn steps(lines: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        at += 1;
        let Some(fence) = lines[at - 1].strip_prefix("```") else { continue };
        let end = lines[at..].iter().position(|line| line == "```").map_or(lines.len(), |n| at + n);
        match fence {
            "console" => typed(lines, at..end, &mut steps),
            "sql" | "sh" => steps.extend(written(&lines[at..end])),
            _ => {}
        }
        at = end + 1;
    }
    assert!(steps.iter().any(|step| matches!(step, Step::Type { .. })), "a page without commands");
    steps
}

/// A block that is a file.
fn written(block: &[String]) -> Option<Step> {
    let line = block.get(usize::from(block.first()? == "#!/bin/sh"))?;
    let words = line.strip_prefix("-- ").or_else(|| line.strip_prefix("# "))?;
    let name = words.split(':').next()?;
    let named = name.ends_with(".sql") || name.ends_with(".sh");
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let text = block.join("\n") + "\n";
    (named && plain).then(|| Step::Write { name: name.to_owned(), text })
}

fn typed(page: &[String], block: Range<usize>, steps: &mut Vec<Step>) {
    for (at, line) in block.clone().zip(&page[block]) {
        if let Some(command) = line.strip_prefix("$ ") {
            let (command, next) = (command.to_owned(), at + 1);
            steps.push(Step::Type { command, prints: Vec::new(), lines: next..next });
            continue;
        }
        let Some(Step::Type { command, prints, lines }) = steps.last_mut() else {
            panic!("`{line}` before any command");
        };
        match line.strip_prefix("> ") {
            Some(more) if prints.is_empty() => {
                *command += &format!("\n{more}");
                *lines = at + 1..at + 1;
            }
            _ => {
                prints.push(line.clone());
                lines.end = at + 1;
            }
        }
    }
}
