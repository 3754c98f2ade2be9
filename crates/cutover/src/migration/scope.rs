//! The comment `-- scope: col, col` above a mapping.

use super::fault::Checked;
use super::tokens::{Lines, Statement, Token, next_token};
use crate::migration::parsed::Location;
use crate::migration::refuse;

/// Refuses scope comments where there is no statement that they could be about.
pub(super) fn refuse_in(comments: &[Token<'_>], lines: &Lines<'_>) -> Checked {
    match comments.iter().find(|comment| list(comment).is_some()) {
        Some(comment) => Err(refuse::scope_elsewhere(lines.locate(comment.start))),
        None => Ok(()),
    }
}

/// Refuses scope comments above a statement that isn't an INSERT.
pub(super) fn refuse_above(statement: &Statement<'_>) -> Checked {
    match statement.comments_above.iter().find(|comment| list(comment).is_some()) {
        Some(comment) => Err(refuse::scope_on_other(statement.lines.locate(comment.start))),
        None => Ok(()),
    }
}

/// The columns that a comment above the statement names, spelled as in the
/// INSERT's list.
pub(super) fn read(statement: &Statement<'_>, columns: &[String]) -> Checked<Option<Vec<String>>> {
    let mut comments = statement
        .comments_above
        .iter()
        .filter_map(|comment| list(comment).map(|list_start| (comment, list_start)));
    let Some((comment, list_start)) = comments.next() else {
        return Ok(None);
    };
    let at = statement.lines.locate(comment.start);
    if let Some((second, _)) = comments.next() {
        return Err(refuse::scope_twice(statement.lines.locate(second.start)));
    }
    if !statement.lines.before(comment.start).trim().is_empty() {
        // After the semicolon of the statement before it, on that line, it was
        // surely meant for that one.
        return Err(refuse::scope_elsewhere(at));
    }
    let mut scope: Vec<String> = Vec::new();
    for (word, at) in words(statement, comment, list_start).ok_or(refuse::scope_malformed(at))? {
        let Some(column) = columns.iter().find(|column| column.eq_ignore_ascii_case(&word)) else {
            return Err(refuse::scope_column(at, &word));
        };
        if scope.contains(column) {
            return Err(refuse::scope_column_twice(at, &word));
        }
        scope.push(column.clone());
    }
    Ok(Some(scope))
}

/// Where the list begins in a line comment that begins with `scope:`.
fn list(comment: &Token<'_>) -> Option<usize> {
    let text = comment.text.strip_prefix("--")?.trim_start();
    let (key, list) = text.split_once(':')?;
    key.trim_end().eq_ignore_ascii_case("scope").then(|| comment.end() - list.len())
}

/// The names of a list, separated by commas; none if it is anything else.
fn words(
    statement: &Statement<'_>,
    comment: &Token<'_>,
    mut byte: usize,
) -> Option<Vec<(String, Location)>> {
    let text = statement.text.get(..comment.end())?;
    let mut words = Vec::new();
    let mut expects_word = true;
    while byte < text.len() {
        let token = next_token(text, byte, statement.lines).ok()?;
        byte = token.end();
        if token.text.trim().is_empty() {
            continue;
        }
        match (expects_word, token.word()) {
            (true, Some(word)) => words.push((word, statement.lines.locate(token.start))),
            (false, None) if token.text == "," => {}
            _ => return None,
        }
        expects_word = !expects_word;
    }
    (!expects_word).then_some(words)
}
