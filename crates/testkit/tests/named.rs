//! Each crate's tests are one binary, so a file that no `mod` line names would silently not run.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// The files that a file's `mod` lines lead to, with itself. `inside` is the directory in which
/// its modules are.
fn reached(file: &Path, inside: &Path, found: &mut BTreeSet<PathBuf>) {
    found.insert(file.to_owned());
    let text = read_to_string(file).unwrap();
    let declared = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    for name in declared {
        let directory = inside.join(name);
        let files = [inside.join(format!("{name}.rs")), directory.join("mod.rs")];
        let file = files.iter().find(|file| file.exists());
        reached(
            file.unwrap_or_else(|| panic!("{name} of {}", inside.display())),
            &directory,
            found,
        );
    }
}

fn sources(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|is| is == "rs") {
            found.insert(path);
        }
    }
}

#[test]
fn every_test_file_is_part_of_its_crates_tests() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut checked = 0;
    for entry in std::fs::read_dir(crates).unwrap() {
        let tests = entry.unwrap().path().join("tests");
        if !tests.exists() {
            continue;
        }
        let (mut named, mut there) = (BTreeSet::new(), BTreeSet::new());
        reached(&tests.join("main.rs"), &tests, &mut named);
        sources(&tests, &mut there);
        let unnamed: Vec<_> = there.difference(&named).collect();
        assert!(unnamed.is_empty(), "no `mod` line names {unnamed:?}");
        checked += there.len();
    }
    assert!(checked > 100, "{checked}");
}
