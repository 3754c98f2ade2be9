//! Names, some of which need quoting everywhere.

use fastrand::Rng;

use super::spec::{Feature, Spec};

/// Gives out names, none twice in a case, whatever the letter case.
#[derive(Debug)]
pub(crate) struct Names {
    rng: Rng,
    odd: bool,
    next: u32,
}

const ODD: &[&str] = &[
    "order",
    "select",
    "two words",
    "it's",
    "say \"x\"",
    "naïve 📦",
    "a.b",
    "[br]",
    "semi;colon",
    "1st",
    "new",
    "old",
    "rowid's",
    "UPPER",
    "--dash",
    "(par,en)",
    "`tick`",
    "key",
];

impl Names {
    pub(crate) fn new(spec: &Spec) -> Self {
        let mut rng = spec.stream("names");
        let odd = spec.has(Feature::OddNames, &mut rng, 40);
        Self { rng, odd, next: 0 }
    }

    /// A name that says what it is for, as far as it says anything.
    pub(crate) fn fresh(&mut self, base: &str) -> String {
        self.next += 1;
        let (strange, which) = (self.rng.u8(..100) < 50, self.rng.usize(..ODD.len()));
        let base = if strange && self.odd { ODD[which] } else { base };
        format!("{base}{}", self.next)
    }
}
