//! What somebody who mistyped a name may have meant.

/// How alike two names must be, from 0 to 1, for one to be taken for the other mistyped. clap
/// suggests commands and flags from here on, too.
const ALIKE: f64 = 0.7;

/// The name most like `typed`, if one is like it at all; letters' case does not count.
pub(crate) fn nearest<S: AsRef<str>>(typed: &str, names: impl IntoIterator<Item = S>) -> Option<S> {
    let typed = typed.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::jaro(&typed, &name.as_ref().to_lowercase()), name))
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_most_alike_is_meant() {
        assert_eq!(nearest("client", ["orders", "clients", "client_notes"]), Some("clients"));
        assert_eq!(nearest("STRET", ["city", "street"]), Some("street"));
        assert_eq!(nearest("zebra", ["city", "street"]), None);
        assert_eq!(nearest("x", Vec::<String>::new()), None);
    }
}
