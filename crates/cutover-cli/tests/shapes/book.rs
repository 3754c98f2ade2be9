//! The book's table of shapes and the tests are the same list.

const PAGE: &str = include_str!("../../../../docs/src/shapes.md");

const MODULES: &[(&str, &str)] = &[
    ("chunks", include_str!("chunks.rs")),
    ("columns", include_str!("columns.rs")),
    ("drafts", include_str!("drafts.rs")),
    ("groups", include_str!("groups.rs")),
    ("in_place", include_str!("in_place.rs")),
    ("keys", include_str!("keys.rs")),
    ("names", include_str!("names.rs")),
    ("noted", include_str!("noted.rs")),
    ("references", include_str!("references.rs")),
    ("refused", include_str!("refused.rs")),
    ("sequences", include_str!("sequences.rs")),
    ("triggers", include_str!("triggers.rs")),
    ("values", include_str!("values.rs")),
];

/// The tests of a module, as the page names them.
fn tests((module, text): &(&str, &str)) -> Vec<String> {
    text.split("#[test]\nfn ")
        .skip(1)
        .filter_map(|test| test.split_once('('))
        .map(|(name, _)| format!("{module}::{name}"))
        .collect()
}

#[test]
fn every_shape_in_the_book_is_a_test_and_every_test_is_in_the_book() {
    let mut tests: Vec<String> = MODULES.iter().flat_map(tests).collect();
    let quoted = PAGE.split('`').skip(1).step_by(2);
    let mut named: Vec<&str> = quoted.filter(|word| word.contains("::")).collect();
    tests.sort();
    named.sort_unstable();
    assert_eq!(named, tests);
}

/// No line of a table without a test.
#[test]
fn every_line_names_a_test() {
    let rows = PAGE.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| test |"));
    for row in rows {
        assert!(row.contains("::"), "{row}");
    }
}
