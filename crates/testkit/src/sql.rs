//! The statements of a migration file, told apart by their first words.
//!
//! Deliberately simple, and not the engine's parser: what the two make of a file
//! must agree without sharing code.

/// One statement, with the comments above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As written, without the semicolon.
    pub text: String,
    /// What it does.
    pub kind: Kind,
}

/// What a statement of a migration file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `CREATE TABLE` or `CREATE INDEX` on the new side.
    Create,
    /// `INSERT INTO new.table (columns) SELECT …`
    Forward(Target),
    /// `INSERT INTO old.table (columns) SELECT …`
    Backward(Target),
}

/// What an INSERT fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The table, without its side.
    pub table: String,
    /// The columns it lists.
    pub columns: Vec<String>,
}

/// The statements of a migration file, in its order.
#[must_use]
pub fn statements(migration: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let (mut text, mut bare) = (String::new(), String::new());
    let mut rest = migration;
    while let Some(next) = rest.chars().next() {
        let piece = &rest[..token_length(rest)];
        rest = &rest[piece.len()..];
        if next == ';' {
            push(&mut statements, &text, &bare);
            text.clear();
            bare.clear();
            continue;
        }
        text.push_str(piece);
        let is_comment = piece.starts_with("--") || piece.starts_with("/*");
        bare.push_str(if is_comment { " " } else { piece });
    }
    push(&mut statements, &text, &bare);
    statements
}

/// The length of what stands at the beginning: a comment, something quoted, or one
/// character.
fn token_length(sql: &str) -> usize {
    let until = |from: usize, end: &str| {
        sql[from..].find(end).map_or(sql.len(), |found| from + found + end.len())
    };
    match sql.as_bytes() {
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'[', ..] => until(1, "]"),
        // A doubled quote ends one quoted piece and begins the next.
        [quote @ (b'\'' | b'"' | b'`'), ..] => {
            until(1, std::str::from_utf8(&[*quote]).expect("ASCII"))
        }
        _ => sql.chars().next().map_or(0, char::len_utf8),
    }
}

fn push(statements: &mut Vec<Statement>, text: &str, bare: &str) {
    if bare.trim().is_empty() {
        return;
    }
    let first = bare.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let kind = match first.as_str() {
        "CREATE" => Kind::Create,
        "INSERT" => insert(bare),
        _ => panic!("a migration file may not hold this statement:\n{text}"),
    };
    statements.push(Statement { text: text.trim().to_owned(), kind });
}

fn insert(bare: &str) -> Kind {
    let tokens = tokens(bare);
    let parsed = match tokens.as_slice() {
        [_, _, side, ".", table, "(", rest @ ..] => {
            let end = rest.iter().position(|token| *token == ")").unwrap_or(rest.len());
            let columns = rest[..end].iter().filter(|token| **token != ",");
            let columns = columns.map(|column| unquoted(column)).collect();
            Some((side.to_ascii_lowercase(), Target { table: unquoted(table), columns }))
        }
        _ => None,
    };
    match parsed {
        Some((side, target)) if side == "new" => Kind::Forward(target),
        Some((side, target)) if side == "old" => Kind::Backward(target),
        _ => panic!("this INSERT fills neither new. nor old., or lists no columns:\n{bare}"),
    }
}

/// Words, quoted names and signs, without what stands between them.
fn tokens(sql: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            // A doubled quote is part of the name.
            '"' | '`' => {
                let mut length = token_length(rest);
                while rest[length..].starts_with(next) {
                    length += token_length(&rest[length..]);
                }
                length
            }
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => token_length(rest),
        };
        if !next.is_whitespace() {
            tokens.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    tokens
}

fn unquoted(name: &str) -> String {
    let inner = || &name[1..name.len() - 1];
    match name.chars().next() {
        Some(quote @ ('"' | '`')) => {
            inner().replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        Some('[') => inner().to_owned(),
        _ => name.to_owned(),
    }
}

/// An identifier in quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unquoted() {
        let file = "INSERT INTO new.\"two \"\"words\" ([a, b], `c)`, \"🦀\", d) SELECT 1, 2, 3, 4 FROM old.s";
        let target = Target {
            table: "two \"words".to_owned(),
            columns: ["a, b", "c)", "🦀", "d"].map(str::to_owned).to_vec(),
        };
        assert_eq!(statements(file)[0].kind, Kind::Forward(target));
    }

    #[test]
    fn a_file_is_split_at_semicolons_that_stand_by_themselves() {
        let file = "
            -- first; not the end
            CREATE TABLE new.t (a DEFAULT ';', \"b;\" /* ; */);
            INSERT INTO new.t (a, \"b;\") SELECT 'it''s; (x)', y FROM old.s;
            -- scope: a
            INSERT INTO old.s (y) SELECT \"b;\" FROM new.t;
            -- the end;";
        let found = statements(file);
        let kinds: Vec<_> = found.iter().map(|statement| statement.kind.clone()).collect();
        let target = |table: &str, columns: &[&str]| Target {
            table: table.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        };
        assert_eq!(
            kinds,
            [
                Kind::Create,
                Kind::Forward(target("t", &["a", "b;"])),
                Kind::Backward(target("s", &["y"])),
            ]
        );
        assert!(found[0].text.starts_with("-- first"));
        assert!(found[2].text.starts_with("-- scope: a"));
    }
}
