//! What to do, as the page gets it: each [`Fix`] as text that can be pasted, and beside it the
//! same in pieces, so that the page finds the commands without searching a text.

use cli_kit::paste::Paste;
use cli_kit::render;
use cutover::{Command, Fix, Part, Snapshot};
use serde::Serialize;
use serde_json::Value;

use crate::monitor::runner::{Order, Outcome, RunnerState};

/// A piece of what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum Piece {
    /// Words.
    Words {
        /// The words.
        text: String,
    },
    /// A command.
    Command {
        /// As it can be pasted.
        text: String,
        /// The order that does the same, if there is one.
        order: Option<&'static str>,
    },
}

/// The command to give next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Next {
    /// When it is to be given.
    when: &'static str,
    /// The command.
    command: Piece,
}

/// A fix in pieces.
pub(crate) fn pieces(fix: &Fix, paste: &Paste) -> Vec<Piece> {
    let piece = |part: &Part| match part {
        Part::Text(text) => Piece::Words { text: text.clone() },
        Part::Command(command) => self::command(command, paste),
    };
    fix.parts().iter().map(piece).collect()
}

fn command(command: &Command, paste: &Paste) -> Piece {
    Piece::Command { text: paste.typed(command), order: Order::of(command).map(Order::name) }
}

/// The command to give next, if one is.
pub(crate) fn next(snapshot: &Snapshot, paste: &Paste) -> Option<Next> {
    let next = snapshot.next.first()?;
    Some(Next { when: render::when(*next), command: command(&next.command(), paste) })
}

/// A snapshot as JSON.
pub(crate) fn snapshot(snapshot: &Snapshot, paste: &Paste) -> Value {
    let mut json = serde_json::to_value(snapshot).unwrap_or_default();
    let blocked = snapshot.blocked.iter().map(|blocked| &blocked.fix).collect();
    let drift = snapshot.drift.iter().map(|drift| &drift.fix).collect();
    let lists: [(&str, Vec<&Fix>); 2] = [("blocked", blocked), ("drift", drift)];
    for (list, fixes) in lists {
        let entries = json[list].as_array_mut().into_iter().flatten();
        entries.zip(fixes).for_each(|(entry, fix)| add(entry, "fix", Some(fix), paste));
    }
    json
}

/// What is running, and how the last operation ended, as JSON.
pub(crate) fn orders(state: &RunnerState, paste: &Paste) -> Value {
    let mut json = serde_json::to_value(state).unwrap_or_default();
    if let Some(Outcome { hint, .. }) = &state.last {
        add(&mut json["last"], "hint", hint.as_ref(), paste);
    }
    json
}

/// Puts a fix under a key, and its pieces under `KEY_pieces`.
fn add(entry: &mut Value, key: &str, fix: Option<&Fix>, paste: &Paste) {
    let pieces = fix.map_or_else(Vec::new, |fix| pieces(fix, paste));
    entry[key] = fix.map(|fix| paste.fix(fix)).into();
    entry[format!("{key}_pieces")] = serde_json::to_value(pieces).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli_kit::spelling::CUTOVER;
    use serde_json::json;

    #[test]
    fn a_command_stands_apart_from_the_words_and_names_its_order() {
        let paste = Paste { db: Some("app.db".into()), ..Paste::of(&CUTOVER) };
        let fix = Fix::run(Command::Verify).with(", or leave `x` with ").with(Command::ABORT);
        assert_eq!(
            serde_json::to_value(pieces(&fix, &paste)).unwrap(),
            json!([
                {"is": "words", "text": "run "},
                {"is": "command", "text": "cutover verify --db app.db", "order": "verify"},
                {"is": "words", "text": ", or leave `x` with "},
                {"is": "command", "text": "cutover abort --db app.db", "order": null},
            ])
        );
    }
}
