//! A line of an import, read strictly: nothing is guessed.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::value::{self, Value};
use super::{ARTIFACT, Column, Kind, Row, SYNTHESIS};

/// The longest line, in bytes. SQLite holds a row of up to a thousand million bytes, and
/// hexadecimal digits are twice as many; but who imports by mistake what has no lines
/// shall not run out of memory first.
const LONGEST: u64 = 2_200_000_000;

/// What a line holds.
#[derive(Debug)]
pub(super) enum Line {
    Artifact(Row<8>),
    Synthesis(Row<11>),
}

impl Line {
    /// Reads a line, or tells what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(text).map_err(|error| {
            // The message ends with the place: a line that is always 1.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("not JSON: {message} (column {})", error.column())
        })?;
        let Json::Object(mut keys) = json else {
            return Err(format!("{json}, not an object with the columns of a row"));
        };
        match take(&mut keys, "kind")? {
            Json::Text(kind) if kind == ARTIFACT.name => Ok(Self::Artifact(row(&ARTIFACT, keys)?)),
            Json::Text(kind) if kind == SYNTHESIS.name => {
                Ok(Self::Synthesis(row(&SYNTHESIS, keys)?))
            }
            other => Err(format!(
                "`kind` is {other}; the kinds are {} and {}",
                ARTIFACT.name, SYNTHESIS.name
            )),
        }
    }
}

fn row<const N: usize>(kind: &Kind<N>, mut keys: Keys) -> Result<Row<N>, String> {
    let id = match take(&mut keys, "id")? {
        Json::Integer(id) => id,
        other => return Err(format!("`id` is {other}, not a whole number")),
    };
    let mut values = std::array::from_fn(|_| Value::Null);
    for (value, column) in values.iter_mut().zip(&kind.columns) {
        *value = column_value(column, take(&mut keys, column.key)?)?;
    }
    match keys.first() {
        None => Ok(Row { id, values }),
        Some((key, _)) => Err(format!("`{key}` is not a column of {} rows", kind.name)),
    }
}

fn column_value(column: &Column, json: Json) -> Result<Value, String> {
    let key = column.key;
    match json {
        Json::Null if column.required => {
            Err(format!("`{key}` is null, and every row must have one"))
        }
        Json::Null => Ok(Value::Null),
        Json::Integer(number) => Ok(Value::Integer(number)),
        Json::Text(text) => Ok(Value::Text(text.into_bytes())),
        Json::Number(number) => Err(format!(
            "`{key}` is {number}; a number with a fraction, or beyond 64 bits, is written \
             {{\"$real\":\"{number}\"}}"
        )),
        Json::Object(keys) => match keys.as_slice() {
            [(tag, Json::Text(text))] if tag.starts_with('$') => {
                value::tagged(tag, text).map_err(|found| format!("`{key}` is {found}"))
            }
            _ => Err(format!("`{key}` is an object; JSON is kept as text: write it as a string")),
        },
        other @ (Json::Bool(_) | Json::List) => {
            Err(format!("`{key}` is {other}, not a string, a whole number or null"))
        }
    }
}

/// Takes the value of a key, which must stand there once.
fn take(keys: &mut Keys, key: &str) -> Result<Json, String> {
    let Some(at) = keys.iter().position(|(name, _)| name == key) else {
        return Err(format!("`{key}` is missing"));
    };
    let (_, json) = keys.remove(at);
    if keys.iter().any(|(name, _)| name == key) {
        return Err(format!("`{key}` is given twice"));
    }
    Ok(json)
}

type Keys = Vec<(String, Json)>;

/// What JSON can say, as far as a row has need of it.
#[derive(Debug)]
enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// With a fraction, or too large.
    Number(String),
    Text(String),
    List,
    Object(Keys),
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(number) => write!(f, "the number {number}"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Text(text) => f.write_str(&value::describe(text.as_str().into())),
            Self::List => f.write_str("a list"),
            Self::Object(_) => f.write_str("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or_else(|_| Json::Number(number.to_string()), Json::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(format!("{number:?}")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut keys = Vec::new();
        while let Some(entry) = map.next_entry()? {
            keys.push(entry);
        }
        Ok(Json::Object(keys))
    }
}

/// The lines of an import that hold something, with their numbers.
pub(super) struct Lines<'r> {
    reader: &'r mut dyn BufRead,
    number: u64,
    text: Vec<u8>,
    longest: u64,
}

/// Why there is no next line.
#[derive(Debug)]
pub(super) enum NoLine {
    Io(io::Error),
    TooLong { line: u64, longest: u64 },
}

impl<'r> Lines<'r> {
    pub(super) fn new(reader: &'r mut dyn BufRead) -> Self {
        Self { reader, number: 0, text: Vec::new(), longest: LONGEST }
    }

    /// The next line that is not blank, and its number, from 1.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, NoLine> {
        loop {
            self.number += 1;
            self.text.clear();
            let limit = self.longest + 1;
            let read = (&mut *self.reader)
                .take(limit)
                .read_until(b'\n', &mut self.text)
                .map_err(NoLine::Io)?;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == limit {
                return Err(NoLine::TooLong { line: self.number, longest: self.longest });
            }
            let begin = match self.text.as_slice() {
                // Editors on some systems mark a file as UTF-8 with these.
                [0xef, 0xbb, 0xbf, ..] if self.number == 1 => 3,
                _ => 0,
            };
            if !self.text[begin..].trim_ascii().is_empty() {
                return Ok(Some((self.number, self.text[begin..].trim_ascii_end())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(mut text: &[u8], longest: u64) -> Vec<(u64, String)> {
        let mut lines = Lines::new(&mut text);
        lines.longest = longest;
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            found.push((number, String::from_utf8_lossy(line).trim().to_owned()));
        }
        found
    }

    #[test]
    fn blank_lines_count_and_hold_nothing() {
        let text = "\u{feff}a\r\n\n  \t\r\nb\n\nc";
        assert_eq!(
            numbers(text.as_bytes(), 100),
            [(1, "a".to_owned()), (4, "b".to_owned()), (6, "c".to_owned())]
        );
        assert_eq!(numbers(b"", 100), []);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_longest_and_no_longer() {
        assert_eq!(numbers(b"1234\n1234", 5).len(), 2);
        let mut text = b"1\n123456789\n".as_slice();
        let mut lines = Lines::new(&mut text);
        lines.longest = 5;
        assert!(lines.next().unwrap().is_some());
        assert!(matches!(lines.next(), Err(NoLine::TooLong { line: 2, longest: 5 })));
    }
}
