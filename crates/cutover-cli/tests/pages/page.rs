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
//! `PAGES=renew cargo test -p cutover-cli --test main pages` writes what is printed now into the
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

/// What a command did otherwise than its page says.
struct Other {
    command: String,
    code: i32,
    /// What it printed, and the page's lines that say something else.
    prints: Vec<String>,
    lines: Range<usize>,
}

/// Runs a page, and compares.
#[track_caller]
pub(super) fn holds(path: &str) {
    let file = super::root().join(path);
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let others = run(&lines);
    let said: Vec<String> = others.iter().map(Other::to_string).collect();
    if std::env::var("PAGES").is_ok_and(|wish| wish == "renew") {
        for other in others.into_iter().rev() {
            lines.splice(other.lines, other.prints);
        }
        fs::write(&file, lines.join("\n") + "\n").unwrap();
    }
    assert!(said.is_empty(), "{path}: other than the page says\n\n{}", said.join("\n"));
}

impl std::fmt::Display for Other {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, prints, .. } = self;
        write!(f, "$ {command}\n{}\n(exit code {code})\n", prints.join("\n"))
    }
}

fn run(page: &[String]) -> Vec<Other> {
    let mut others = Vec::new();
    let mut shell = Shell::start();
    for step in steps(page) {
        match step {
            Step::Write { name, text } => shell.write(&name, &text),
            Step::Type { command, prints, lines } => {
                let ran = shell.run(&command);
                if !ends_as_said(&command, ran.code) || !same(&prints, &ran.lines) {
                    others.push(Other { command, code: ran.code, prints: ran.lines, lines });
                }
            }
        }
    }
    others
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

/// What nothing would find here, no page would be held to.
#[test]
fn a_page_that_says_otherwise_is_found() {
    let page = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let wrong = |text: &str| -> Vec<String> {
        run(&page(text)).into_iter().map(|other| other.command).collect()
    };
    let sound = "```sql\n-- rows.sql: two\nSELECT 1;\n```\n\n```console\n$ cat rows.sql\n-- rows.sql: two\n\
                 SELECT 1;\n$ export A=b\n$ echo $A \\\n> c\nb c\n$ exit_code() { return 3; }\n\
                 $ exit_code  # exits 3\n$ false  # refused\n```\n";
    assert_eq!(wrong(sound), Vec::<String>::new());
    assert_eq!(wrong(&sound.replace("b c", "b d")).len(), 1);
    assert_eq!(wrong(&sound.replace("b c", "")).len(), 1);
    assert_eq!(wrong(&sound.replace("exits 3", "exits 4")), ["exit_code  # exits 4"]);
    assert_eq!(wrong(&sound.replace("false  # refused", "false")), ["false"]);
    assert_eq!(wrong(&sound.replace("false  #", "true  #")), ["true  # refused"]);
}
