//! The token: made from the system's randomness, printed once, kept in memory alone.

use std::fmt;

use cli_kit::exit::{Doing as _, Failure};
use subtle::ConstantTimeEq as _;

/// Bytes of randomness in it.
const BYTES: usize = 32;

/// What orders take.
pub(crate) struct Token(String);

impl Token {
    /// One that nobody can guess.
    pub(crate) fn random() -> Result<Self, Failure> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).doing(|| "making a token".to_owned())?;
        Ok(Self::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether this is it. How long that takes doesn't tell how much of it is right.
    pub(crate) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// As it is printed.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike_and_none_is_shown_by_accident() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.reveal().len(), 2 * BYTES);
        assert!(one.is(one.reveal()) && !one.is(other.reveal()) && !one.is(""));
        assert!(!format!("{one:?}").contains(one.reveal()));
    }
}
