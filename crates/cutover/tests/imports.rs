//! A file's imports go down. Two files that import each other, directly or over others, can only
//! be read together, so no such circle may come to be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules of the crate, each a file, and the modules whose items it names.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of a directory and what lies below, by their modules' paths.
fn files(directory: &Path, module: &[String], found: &mut BTreeMap<Vec<String>, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let below = || module.iter().cloned().chain([name.clone()]).collect::<Vec<_>>();
        if path.is_dir() {
            files(&path, &below(), found);
        } else if path.extension().is_some_and(|is| is == "rs") {
            let own =
                if matches!(name.as_str(), "mod" | "lib") { module.to_vec() } else { below() };
            found.insert(own, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// A source without its tests, comments and texts: what is left are its paths.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut code = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for line in text.lines() {
        let mut before = ' ';
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' if before != '\'' => quoted = !quoted,
                '/' if before == '/' && !quoted => break,
                _ if quoted => {}
                c => code.push(c),
            }
            before = c;
        }
        code.push('\n');
    }
    // How far an item is seen is no import.
    let seen = code.split("pub(in ").enumerate().map(|(n, part)| match part.split_once(')') {
        Some((_, rest)) if n > 0 => rest,
        _ => part,
    });
    seen.collect()
}

/// The paths of a `use`, its braces taken apart.
fn leaves(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                parts.last_mut().unwrap().push(c);
            }
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| leaves(part.trim())).map(|leaf| prefix.to_owned() + &leaf).collect()
}

/// Every path in some code: those of `use` and those in expressions and types.
fn paths(code: &str) -> Vec<String> {
    let (code, mut paths, mut rest) = (format!("\n{code}"), Vec::new(), String::new());
    for statement in code.split_inclusive(';') {
        let begins = statement.rfind("\nuse ").or(statement.rfind("\npub use "));
        let begins = begins.or(statement.rfind("\npub(crate) use "));
        match begins {
            Some(at) => {
                rest.push_str(&statement[..at]);
                let tree = statement[at..].split_once("use ").map_or("", |(_, tree)| tree);
                paths.extend(leaves(tree.trim_end_matches(';')));
            }
            None => rest.push_str(statement),
        }
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    paths.extend(rest.split(|c| !is_path(c)).filter(|word| word.contains("::")).map(str::to_owned));
    paths
}

/// The module of a path, as a module names it.
fn module_of(
    path: &str,
    from: &[String],
    known: &BTreeMap<Vec<String>, String>,
) -> Option<Vec<String>> {
    let mut words = path.split("::").map(str::trim).peekable();
    let mut at = from.to_vec();
    match words.peek().copied()? {
        "crate" => {
            at.clear();
            words.next();
        }
        "self" => {
            words.next();
        }
        "super" => {
            while words.next_if(|word| *word == "super").is_some() {
                at.pop();
            }
        }
        first => {
            let below: Vec<String> = at.iter().cloned().chain([first.to_owned()]).collect();
            known.contains_key(&below).then_some(())?;
        }
    }
    for word in words {
        at.push(word.to_owned());
        if !known.contains_key(&at) {
            at.pop();
            break;
        }
    }
    (at != from).then_some(at)
}

fn imports(sources: &Path) -> Imports {
    let mut found = BTreeMap::new();
    files(sources, &[], &mut found);
    // Tests look at everything.
    let tests: Vec<Vec<String>> = found
        .iter()
        .flat_map(|(module, text)| {
            let marked = text.split("#[cfg(test)]\nmod ").skip(1);
            marked.filter_map(|rest| rest.split_once(';')).map(|(name, _)| {
                module.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>()
            })
        })
        .collect();
    found.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    let imported = |module: &Vec<String>, text: &String| {
        paths(&code(text)).iter().filter_map(|path| module_of(path, module, &found)).collect()
    };
    found.iter().map(|(module, text)| (module.clone(), imported(module, text))).collect()
}

/// A way from a module back to itself, if there is one.
fn circle(imports: &Imports) -> Option<Vec<Vec<String>>> {
    imports.keys().find_map(|start| {
        // The first way to each module that is reached.
        let mut ways = BTreeMap::from([(start.clone(), vec![start.clone()])]);
        let mut left = vec![start.clone()];
        while let Some(module) = left.pop() {
            for next in imports.get(&module).into_iter().flatten() {
                let mut way = ways[&module].clone();
                way.push(next.clone());
                if next == start {
                    return Some(way);
                }
                if !ways.contains_key(next) {
                    ways.insert(next.clone(), way);
                    left.push(next.clone());
                }
            }
        }
        None
    })
}

#[test]
fn no_file_imports_itself_over_others() {
    let imports = imports(&sources());
    assert!(imports.len() > 150, "only {} files were found", imports.len());
    let edges: usize = imports.values().map(BTreeSet::len).sum();
    assert!(edges > 700, "only {edges} imports were found");
    let told = circle(&imports).map(|way| {
        let names: Vec<String> = way.iter().map(|module| module.join("::")).collect();
        names.join("\n  imports ")
    });
    assert_eq!(told, None, "a circle of imports");
}

/// `mod.rs` says what is in a room and what of it is for others; nothing is defined there.
#[test]
fn an_index_defines_nothing() {
    let mut found = BTreeMap::new();
    files(&sources(), &[], &mut found);
    let rooms = ["backend", "derive", "engine", "fuzz", "migration", "model", "report"];
    let indexes = found.keys().filter(|module| {
        let below =
            found.keys().any(|other| other.len() > module.len() && other.starts_with(module));
        below
            && module.first().is_some_and(|room| rooms.contains(&room.as_str()))
            && !module.iter().any(|name| name == "tests" || name == "refuse")
    });
    let mut looked_at = 0;
    for module in indexes {
        let code = code(&found[module]);
        let defines = |line: &&str| {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            ["fn ", "struct ", "enum ", "impl", "const ", "trait ", "static ", "type "]
                .iter()
                .any(|word| line.starts_with(word))
        };
        assert_eq!(code.lines().find(defines), None, "{}", module.join("::"));
        looked_at += 1;
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let imports = |edges: &[(&str, &str)]| {
        let mut imports = Imports::new();
        for (from, to) in edges {
            imports.entry(module(from)).or_default().insert(module(to));
        }
        circle(&imports)
    };
    assert_eq!(imports(&[("a", "b"), ("b", "c"), ("a", "c")]), None);
    let found = imports(&[("a", "b"), ("b", "c"), ("c", "b")]).unwrap();
    assert_eq!(found, ["b", "c", "b"].map(module));
}

#[test]
fn every_way_to_name_a_module_is_seen() {
    let known = [vec![], vec!["a"], vec!["a", "b"], vec!["a", "c"], vec!["d"]];
    let known: BTreeMap<Vec<String>, String> = known
        .into_iter()
        .map(|path| (path.into_iter().map(str::to_owned).collect(), String::new()))
        .collect();
    let from: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
    let text = "use crate::d::{self, X};\nuse super::c::Y as Z;\nfn f() { super::g(); crate::h() }\n\
                // crate::a::c\nconst S: &str = \"crate::d\";\n";
    let mut named: Vec<String> = paths(&code(text))
        .iter()
        .filter_map(|path| module_of(path, &from, &known))
        .map(|module| module.join("::"))
        .collect();
    named.sort();
    assert_eq!(named, ["", "a", "a::c", "d", "d"]);
}
