//! The gallery: every example in `examples/`, through the same story as the testkit's own
//! cases, with the programs of its `writes.sql` at work, and its page taken at its word.
//!
//! - [`gallery`]: an example's files as a case of the testkit.
//! - [`refusals`]: what an example shows to be refused, and that this changes nothing.
//! - [`page`]: the commands of an example's `README.md`, and what it says they print.

mod gallery;
mod page;
mod refusals;

use rusqlite::Connection;

use crate::migrations::stage::Stage;
use crate::migrations::story::act;
use gallery::Example;

/// To the end, and back on the way.
const STEPS: &[&[&str]] = &[
    &["advance", "--to", "new-only"],
    &["rollback", "--to", "dual-write"],
    &["advance", "--to", "retired", "--yes"],
];

/// Makes a test of each example, and the list of them.
macro_rules! gallery {
    ($($test:ident: $directory:literal,)+) => {
        const DIRECTORIES: &[&str] = &[$($directory),+];
        $(
            #[test]
            fn $test() {
                tell(&Example::read($directory));
            }
        )+
    };
}

gallery! {
    split_address: "01-split-address",
    normalise_city: "02-normalise-city",
    merge_contacts: "03-merge-contacts",
    split_name: "04-split-name",
    json_to_columns: "05-json-to-columns",
    columns_to_json: "06-columns-to-json",
    archive_deleted: "07-archive-deleted",
    tags_from_csv: "08-tags-from-csv",
    comment_closure: "09-comment-closure",
    deduplicate: "10-deduplicate",
    seconds_to_iso: "11-seconds-to-iso",
    enum_to_lookup: "12-enum-to-lookup",
    text_key_to_integer: "13-text-key-to-integer",
    not_null_default: "14-not-null-default",
    money_to_cents: "15-money-to-cents",
}

fn tell(example: &Example) {
    page::holds(example);
    refusals::hold(example);
    let mut stage = Stage::set(example.case(), 0);
    let start = stage.start_arguments().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let start: Vec<&str> = start.iter().map(String::as_str).collect();
    act(&mut stage, &start);
    assert_eq!(stage.phase(), "dual-write");
    for step in STEPS {
        act(&mut stage, step);
    }
    assert_eq!(stage.phase(), "retired");
    let conn = Connection::open(&stage.db).unwrap();
    for table in stage.case.old_tables {
        // One that changed in place lay aside by then, and the new one has its name.
        let in_place = stage.case.migration.contains(&format!("CREATE TABLE new.{table} "));
        let name = if in_place { format!("_cutover_old_{table}") } else { (*table).to_owned() };
        assert!(!conn.table_exists(Some("main"), &*name).unwrap(), "{name} is gone");
    }
}

#[test]
fn every_directory_is_in_the_list_the_table_and_the_book() {
    assert_eq!(gallery::directories(), DIRECTORIES);
    let table = gallery::text("README.md");
    let summary = gallery::text("../docs/src/SUMMARY.md");
    for directory in DIRECTORIES {
        assert!(
            table.contains(&format!("({directory}/README.md)")),
            "{directory}: examples/README.md"
        );
        assert!(summary.contains(&format!("(examples/{directory}.md)")), "{directory}: SUMMARY.md");
        let page = gallery::text(&format!("../docs/src/examples/{directory}.md"));
        let included = format!("{{{{#include ../../../examples/{directory}/README.md}}}}");
        assert_eq!(page.trim(), included, "{directory}: the book's page");
    }
}
