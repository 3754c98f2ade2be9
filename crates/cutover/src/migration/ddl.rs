//! The text of a CREATE TABLE or CREATE INDEX statement under another name, and without
//! its foreign keys.
//!
//! A table's definition is edited as text, token by token, because a tree printed anew
//! would be another text: what a user wrote must come back to the byte. What an edit
//! gives is tried on SQLite before it is used.

use turso_parser::token::TokenType;

use super::tokens::{Lines, Statement, Token, split};
use crate::derive::sql::ident;

/// A definition as SQLite itself would record it: from its name on as written.
pub(crate) fn recorded(sql: &str) -> Option<String> {
    edit(sql, |statement| {
        let name = named(statement)?;
        let kind = if statement.begins(&["CREATE", "UNIQUE"]) {
            "CREATE UNIQUE INDEX "
        } else if statement.begins(&["CREATE", "INDEX"]) {
            "CREATE INDEX "
        } else {
            "CREATE TABLE "
        };
        Some(vec![Edit { from: 0, to: name, text: kind.to_owned() }])
    })
}

/// A table's definition as it is while the table is the mirror: under the name it then
/// has, and without foreign keys. The rows of a mirror are derived; what they refer to may
/// not have been copied yet, and a cascade would act a second time.
pub(crate) fn as_mirror(sql: &str, name: &str) -> Option<String> {
    edit(sql, |statement| {
        let tokens = &statement.tokens;
        let at = named(statement)?;
        let own = tokens.get(at)?.name()?;
        let mut edits = Vec::new();
        if !own.eq_ignore_ascii_case(name) {
            edits.push(Edit { from: at, to: at + 1, text: ident(name) });
            // CHECK (users.age > 0) names the table once more.
            let again = qualifiers(tokens, at + 1, &own);
            edits.extend(again.map(|at| Edit { from: at, to: at + 1, text: ident(name) }));
        }
        edits.extend(foreign_keys(tokens));
        edits.sort_by_key(|edit| edit.from);
        Some(edits)
    })
}

/// An index's definition under another name, on a table of another name.
pub(crate) fn index_as(sql: &str, name: &str, table: &str) -> Option<String> {
    edit(sql, |statement| {
        let at = named(statement)?;
        let on = (at..statement.tokens.len()).find(|index| statement.tokens[*index].is("ON"))?;
        Some(vec![
            Edit { from: at, to: at + 1, text: ident(name) },
            Edit { from: on + 1, to: on + 2, text: ident(table) },
        ])
    })
}

/// The table that a CREATE INDEX statement names.
pub(crate) fn on_table(sql: &str) -> Option<String> {
    let lines = Lines::new(sql);
    let split = split(sql, &lines);
    let [statement] = split.statements.as_slice() else { return None };
    let on = statement.tokens.iter().position(|token| token.is("ON"))?;
    statement.tokens.get(on + 1)?.name()
}

/// A table's definition as a migration file gives it: on the new side, under this name, with
/// foreign keys that lead to `renamed` tables under their new names.
pub(crate) fn table_draft(
    sql: &str,
    name: &str,
    renamed: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    edit(sql, |statement| {
        let tokens = &statement.tokens;
        let at = named(statement)?;
        let own = tokens.get(at)?.name()?;
        let same = own.eq_ignore_ascii_case(name);
        let shown = if same { tokens.get(at)?.text.to_owned() } else { ident(name) };
        let mut edits = vec![Edit { from: at, to: at + 1, text: format!("new.{shown}") }];
        if !same {
            let again = qualifiers(tokens, at + 1, &own);
            edits.extend(again.map(|at| Edit { from: at, to: at + 1, text: ident(name) }));
        }
        let parents = tokens.windows(2).enumerate().filter_map(|(index, pair)| {
            let leads = pair[0].kind == TokenType::TK_REFERENCES;
            let text =
                leads.then(|| pair[1].name().and_then(|parent| renamed(&parent))).flatten()?;
            Some(Edit { from: index + 1, to: index + 2, text: ident(&text) })
        });
        edits.extend(parents);
        edits.sort_by_key(|edit| edit.from);
        Some(edits)
    })
}

/// An index's definition as a migration file gives it: on the new side, under this name, on a
/// table of that name.
pub(crate) fn index_draft(sql: &str, name: &str, table: &str) -> Option<String> {
    edit(sql, |statement| {
        let at = named(statement)?;
        let on = (at..statement.tokens.len()).find(|index| statement.tokens[*index].is("ON"))?;
        Some(vec![
            Edit { from: at, to: at + 1, text: format!("new.{}", ident(name)) },
            Edit { from: on + 1, to: on + 2, text: ident(table) },
        ])
    })
}

/// Some tokens, replaced by a text.
struct Edit {
    from: usize,
    to: usize,
    text: String,
}

fn edit(sql: &str, edits: impl FnOnce(&Statement<'_>) -> Option<Vec<Edit>>) -> Option<String> {
    let lines = Lines::new(sql);
    let split = split(sql, &lines);
    let [statement] = split.statements.as_slice() else { return None };
    if split.fault.is_some() {
        return None;
    }
    let (mut from, end) = statement.span();
    let mut text = String::with_capacity(sql.len());
    for edit in edits(statement)? {
        let start = statement.tokens.get(edit.from)?.start;
        text.push_str(sql.get(from..start)?);
        text.push_str(&edit.text);
        from = match edit.to.checked_sub(1).filter(|last| *last >= edit.from) {
            // What replaces the words before a name ends where the name begins.
            Some(_) if edit.from == 0 => statement.tokens.get(edit.to)?.start,
            Some(last) => statement.tokens.get(last)?.end(),
            None => start,
        };
    }
    text.push_str(sql.get(from..end)?);
    Some(text)
}

/// Which token is the name of what is created.
fn named(statement: &Statement<'_>) -> Option<usize> {
    let kind = statement.tokens.iter().take(4).position(|t| t.is("TABLE") || t.is("INDEX"))?;
    (kind + 1 < statement.tokens.len()).then_some(kind + 1)
}

fn qualifiers<'t>(
    tokens: &'t [Token<'_>],
    from: usize,
    own: &'t str,
) -> impl Iterator<Item = usize> + 't {
    (from..tokens.len()).filter(move |index| {
        tokens.get(index + 1).is_some_and(|next| next.kind == TokenType::TK_DOT)
            && tokens[*index].word().is_some_and(|word| word.eq_ignore_ascii_case(own))
    })
}

/// Every foreign key, of a column or of the table, with the comma before it where it is an
/// element of its own.
fn foreign_keys(tokens: &[Token<'_>]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let from = index;
        let references = match tokens[index].kind {
            TokenType::TK_REFERENCES => Some(index),
            TokenType::TK_FOREIGN => {
                (index..tokens.len()).find(|at| tokens[*at].kind == TokenType::TK_REFERENCES)
            }
            _ => None,
        };
        let Some(references) = references else {
            index += 1;
            continue;
        };
        let mut to = end_of_reference(tokens, references);
        let alone = tokens[index].kind == TokenType::TK_FOREIGN;
        // The comma between two constraints of a table may be left out.
        while let Some(next) = alone.then(|| foreign_key_at(tokens, to)).flatten() {
            to = next;
        }
        let from = match tokens.get(from.wrapping_sub(2)) {
            Some(word) if word.kind == TokenType::TK_CONSTRAINT => from - 2,
            _ => from,
        };
        let last =
            tokens.get(to).is_none_or(|next| is_comma(next) || next.kind == TokenType::TK_RP);
        let comma = alone && last && tokens.get(from.wrapping_sub(1)).is_some_and(is_comma);
        edits.push(Edit { from: from - usize::from(comma), to, text: String::new() });
        index = to;
    }
    edits
}

/// The token after a FOREIGN KEY constraint that begins here.
fn foreign_key_at(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let named = tokens.get(at)?.kind == TokenType::TK_CONSTRAINT;
    let at = if named { at + 2 } else { at };
    if tokens.get(at)?.kind != TokenType::TK_FOREIGN {
        return None;
    }
    let references = (at..tokens.len()).find(|at| tokens[*at].kind == TokenType::TK_REFERENCES)?;
    Some(end_of_reference(tokens, references))
}

fn is_comma(token: &Token<'_>) -> bool {
    token.kind == TokenType::TK_COMMA
}

/// The token after a REFERENCES clause (<https://www.sqlite.org/syntax/foreign-key-clause.html>).
fn end_of_reference(tokens: &[Token<'_>], references: usize) -> usize {
    let is = |index: usize, word: &str| tokens.get(index).is_some_and(|token| token.is(word));
    let mut at = references + 2;
    if tokens.get(at).is_some_and(|token| token.kind == TokenType::TK_LP) {
        at = (at..tokens.len())
            .find(|index| tokens[*index].kind == TokenType::TK_RP)
            .map_or(tokens.len(), |close| close + 1);
    }
    loop {
        at = if is(at, "ON") {
            let two = is(at + 2, "SET") || is(at + 2, "NO");
            at + if two { 4 } else { 3 }
        } else if is(at, "MATCH") {
            at + 2
        } else if is(at, "DEFERRABLE") || (is(at, "NOT") && is(at + 1, "DEFERRABLE")) {
            let after = at + if is(at, "NOT") { 2 } else { 1 };
            after + if is(after, "INITIALLY") { 2 } else { 0 }
        } else {
            return at.min(tokens.len());
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn mirror(sql: &str, expected: &str) {
        assert_eq!(as_mirror(sql, "m").as_deref(), Some(expected));
    }

    #[test]
    fn the_name_changes_and_what_else_is_written_stays() {
        mirror(
            "CREATE TABLE [a b]( id INTEGER PRIMARY KEY, -- the key\n n TEXT CHECK (\"A B\".n > '') )",
            "CREATE TABLE \"m\"( id INTEGER PRIMARY KEY, -- the key\n n TEXT CHECK (\"m\".n > '') )",
        );
        let same = "CREATE TABLE m (a, b) WITHOUT ROWID, STRICT";
        mirror(same, same);
    }

    #[test]
    fn a_name_in_single_quotes() {
        mirror("CREATE TABLE 'a b' (id)", "CREATE TABLE \"m\" (id)");
        let draft =
            |name: &str| table_draft("CREATE TABLE 't' (a REFERENCES 'P')", name, &|_| None);
        assert_eq!(draft("t").as_deref(), Some("CREATE TABLE new.'t' (a REFERENCES 'P')"));
    }

    #[test]
    fn drafts() {
        let renamed = |parent: &str| parent.eq_ignore_ascii_case("p").then(|| "q".to_owned());
        let sql = "CREATE TABLE T (a INT REFERENCES P(x), b CHECK (t.b > 'references p'), FOREIGN KEY (b) REFERENCES o)";
        assert_eq!(
            table_draft(sql, "t", &|_| None).as_deref(),
            Some(
                "CREATE TABLE new.T (a INT REFERENCES P(x), b CHECK (t.b > 'references p'), FOREIGN KEY (b) REFERENCES o)"
            )
        );
        assert_eq!(
            table_draft(sql, "u", &renamed).as_deref(),
            Some(
                "CREATE TABLE new.\"u\" (a INT REFERENCES \"q\"(x), b CHECK (\"u\".b > 'references p'), FOREIGN KEY (b) REFERENCES o)"
            )
        );
        assert_eq!(
            index_draft("CREATE UNIQUE INDEX i ON t (lower(a)) WHERE b", "j", "u").as_deref(),
            Some("CREATE UNIQUE INDEX new.\"j\" ON \"u\" (lower(a)) WHERE b")
        );
        assert_eq!(on_table("CREATE INDEX i ON \"my t\" (a)").as_deref(), Some("my t"));
    }

    #[test]
    fn foreign_keys_go() {
        mirror(
            "CREATE TABLE t (a INT NOT NULL REFERENCES u (x, y) ON DELETE SET NULL ON UPDATE NO ACTION \
             MATCH FULL DEFERRABLE INITIALLY DEFERRED NOT NULL, b CONSTRAINT fk REFERENCES v ON DELETE CASCADE UNIQUE)",
            "CREATE TABLE \"m\" (a INT NOT NULL  NOT NULL, b  UNIQUE)",
        );
        mirror(
            "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES u, CONSTRAINT c FOREIGN KEY (b) \
             REFERENCES v(z) NOT DEFERRABLE UNIQUE (a), CHECK (a > 0))",
            "CREATE TABLE \"m\" (a, b,  UNIQUE (a), CHECK (a > 0))",
        );
        mirror(
            "CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES u CONSTRAINT c FOREIGN KEY (a) REFERENCES v)",
            "CREATE TABLE \"m\" (a)",
        );
        mirror(
            "CREATE TABLE t (a TEXT DEFAULT 'REFERENCES u')",
            "CREATE TABLE \"m\" (a TEXT DEFAULT 'REFERENCES u')",
        );
    }

    #[test]
    fn an_index_gets_both_names() {
        assert_eq!(
            index_as("CREATE UNIQUE INDEX ix ON t(a) WHERE on_sale", "i\"2", "u").as_deref(),
            Some("CREATE UNIQUE INDEX \"i\"\"2\" ON \"u\"(a) WHERE on_sale")
        );
    }

    #[test]
    fn recorded_as_sqlite_records_it() {
        assert_eq!(recorded("create   table /* x */ t (a)").as_deref(), Some("CREATE TABLE t (a)"));
        assert_eq!(
            recorded("create unique index i on t (a)").as_deref(),
            Some("CREATE UNIQUE INDEX i on t (a)")
        );
    }

    #[test]
    fn what_is_no_definition_gives_nothing() {
        assert_eq!(as_mirror("CREATE TABLE t (a 'unclosed", "m"), None);
        assert_eq!(as_mirror("", "m"), None);
        assert_eq!(as_mirror("CREATE TABLE t (a); CREATE TABLE u (b)", "m"), None);
    }
}
