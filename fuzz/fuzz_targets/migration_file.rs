//! Any bytes at all as a migration file: a migration, or an error with its place; never a
//! panic, and an end.
#![no_main]

use cutover::Migration;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Migration::parse("fuzzed", text) {
        // What was read says the same when it is read again.
        Ok(migration) => {
            let again = Migration::parse("fuzzed", migration.text());
            assert_eq!(again.map(|again| again.hash().to_owned()).ok().as_deref(), Some(migration.hash()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
