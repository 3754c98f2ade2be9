//! Who still writes, in words: for `status`, the dashboard and the page.

use cli_kit::processes::processes;
use cli_kit::render::{count, lasted};
use cutover::{Client, LastWrite, Phase, Snapshot, Writers};

/// When the old tables were last written, who has the file open, and who announced itself.
pub(crate) fn writers(seen: &Snapshot) -> String {
    let Writers { old, new, clients, .. } = &seen.writers;
    let mut parts = Vec::new();
    if !matches!(seen.phase, Phase::Legacy | Phase::Retired) {
        parts.push(match &old.last {
            Some(last) => format!("old tables last written {}", ago(last, &seen.at, old)),
            None => "no write to the old tables noted".to_owned(),
        });
    }
    if let Some(last) = &new.last {
        parts.push(format!("new tables last written {}", ago(last, &seen.at, new)));
    }
    parts.push(open(&seen.writers));
    if !clients.is_empty() {
        let named: Vec<String> = clients.iter().map(client).collect();
        parts.push(format!("announced: {}", named.join(", ")));
    }
    parts.join("; ")
}

/// How long ago, no finer than it was noted.
fn ago(last: &str, at: &str, LastWrite { resolution_seconds, .. }: &LastWrite) -> String {
    match lasted(last, at) {
        Some(time) if time.strip_suffix(" s").is_none() => format!("{time} ago"),
        Some(_) => format!("in the last {}", minutes(*resolution_seconds)),
        None => format!("at {last}"),
    }
}

/// Seconds can be told apart only beyond the resolution, and up to two minutes they can't.
fn minutes(resolution_seconds: u32) -> String {
    match resolution_seconds.div_ceil(60) {
        0 | 1 => "2 min".to_owned(),
        n => format!("{} min", n + 1),
    }
}

fn open(writers: &Writers) -> String {
    let Writers { processes: all, complete, .. } = writers;
    let unseen = if *complete { "" } else { " (some processes can't be seen)" };
    let have = match all.len() {
        0 => return format!("no other process has the file open{unseen}"),
        1 => "1 process has".to_owned(),
        n => format!("{} processes have", count(n as u64)),
    };
    format!("{have} the file open{unseen}: {}", processes(all))
}

fn client(client: &Client) -> String {
    format!("{} {} speaks {}", client.client, client.version, client.speaks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cutover::{Holds, OpenProcess};

    #[test]
    fn those_who_have_the_file_open_are_named_with_what_is_known_of_them() {
        let process = |pid, command: &str, exe_deleted, holds| OpenProcess {
            pid,
            command: command.into(),
            exe_deleted,
            started: None,
            holds,
        };
        let mut all = Writers { complete: true, ..Writers::default() };
        assert_eq!(open(&all), "no other process has the file open");
        all.complete = false;
        all.processes = vec![process(4711, "agent --db app.db", true, Some(Holds::Write))];
        assert_eq!(
            open(&all),
            "1 process has the file open (some processes can't be seen): 4711 agent --db app.db \
             (its program was replaced since, writes)"
        );
        all.complete = true;
        all.processes = (1..=6).map(|pid| process(pid, &"x".repeat(70), false, None)).collect();
        let text = open(&all);
        let x = "x".repeat(60);
        assert!(text.starts_with(&format!("6 processes have the file open: 1 {x}…, 2 ")), "{text}");
        assert!(text.ends_with(", and 2 more"), "{text}");
    }

    #[test]
    fn the_last_write_is_told_no_finer_than_it_was_noted() {
        let told = |at: &str| ago("2026-01-02T03:04:05Z", at, &LastWrite::default());
        assert_eq!(told("2026-01-02T03:04:06.120Z"), "in the last 2 min");
        assert_eq!(told("2026-01-02T03:07:05.000Z"), "3 min ago");
        assert_eq!(told("2026-01-02T06:07:05.000Z"), "3 h ago");
    }
}
