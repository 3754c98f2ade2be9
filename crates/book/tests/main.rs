//! The book is made whole, and every link in it leads somewhere; and what finds that out
//! finds what is broken.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

fn made(sources: &Path) -> TempDir {
    let out = tempfile::tempdir().unwrap();
    book::make(sources, out.path()).unwrap();
    out
}

#[test]
fn every_link_picture_and_anchor_leads_somewhere() {
    let out = made(&book::sources());
    let broken = book::broken(out.path()).unwrap();
    let list: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
}

/// Pages that are read where they lie, and not in the book.
#[test]
fn every_link_between_the_projects_own_pages_leads_to_a_file() {
    let root = book::sources().join("..");
    let mut pages: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"]
            .map(str::to_owned)
            .to_vec();
    for file in book::files(&root.join("examples")).unwrap() {
        pages.extend(
            file.to_str().filter(|name| name.ends_with(".md")).map(|n| format!("examples/{n}")),
        );
    }
    let mut links = 0;
    for page in pages {
        let text = fs::read_to_string(root.join(&page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") && !link.starts_with('#') {
                let file = link.split('#').next().unwrap();
                let target = root.join(&page).parent().unwrap().join(file);
                assert!(target.exists(), "{page}: {link}");
                links += 1;
            }
        }
    }
    assert!(links > 30, "{links}");
}

/// mdBook leaves out, without a word, what SUMMARY.md does not name.
#[test]
fn every_page_is_in_the_summary_and_every_picture_on_a_page() {
    let root = book::sources().join("src");
    let summary = fs::read_to_string(root.join("SUMMARY.md")).unwrap();
    let mut pages = String::new();
    let (mut texts, mut pictures) = (0, Vec::new());
    for file in book::files(&root).unwrap() {
        let name = file.to_str().unwrap();
        if name.ends_with(".md") {
            let listed = name == "SUMMARY.md" || summary.contains(&format!("({name})"));
            assert!(listed, "{name} is not in SUMMARY.md");
            pages += &fs::read_to_string(root.join(name)).unwrap();
            texts += 1;
        } else {
            pictures.push(name.to_owned());
        }
    }
    assert!(texts > 20 && !pictures.is_empty());
    for picture in pictures {
        assert!(pages.contains(&format!("{picture})")), "no page shows {picture}");
    }
}

#[test]
fn what_leads_nowhere_is_found() {
    let sources = tempfile::tempdir().unwrap();
    let src = sources.path().join("src");
    fs::create_dir(&src).unwrap();
    fs::write(sources.path().join("book.toml"), "[book]\nsrc = \"src\"\n").unwrap();
    fs::write(src.join("SUMMARY.md"), "- [One](one.md)\n- [Two](two.md)\n").unwrap();
    fs::write(src.join("two.md"), "# Two\n").unwrap();
    let sound = "[a](two.md) [b](two.md#two) [c](#one) [d](https://example.org/none)";
    fs::write(src.join("one.md"), format!("# One\n\n{sound}\n")).unwrap();
    let out = made(sources.path());
    assert_eq!(book::broken(out.path()).unwrap(), []);

    let broken = "[a](three.md) [b](two.md#too) [c](#won) ![d](no.svg) [e](../../out.md)";
    fs::write(src.join("one.md"), format!("# One\n\n{sound} {broken}\n")).unwrap();
    let out = made(sources.path());
    let found: Vec<(String, &str)> = (book::broken(out.path()).unwrap().into_iter())
        .filter(|broken| broken.page == Path::new("one.html"))
        .map(|broken| (broken.link, broken.why))
        .collect();
    let expected = [
        ("#won", "no such anchor"),
        ("../../out.html", "leads out of the book"),
        ("no.svg", "no such file"),
        ("three.html", "no such file"),
        ("two.html#too", "no such anchor"),
    ];
    assert_eq!(found, expected.map(|(link, why)| (link.to_owned(), why)));
}
