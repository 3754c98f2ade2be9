//! Links, pictures and anchors of rendered pages, each looked up where it leads.
//!
//! What leads to another host is not followed: a book must be checkable without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::{fmt, fs, io};

use scraper::{Html, Selector};

/// What may lead somewhere: elements, and the attribute that says where.
const LEADS: &[(&str, &str)] = &[
    ("a[href]", "href"),
    ("img[src]", "src"),
    ("link[href]", "href"),
    ("script[src]", "src"),
    ("iframe[src]", "src"),
    ("object[data]", "data"),
];

/// A link that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The page it is on.
    pub page: PathBuf,
    /// Where it leads.
    pub link: String,
    /// Why that is nowhere.
    pub why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.page.display(), self.link, self.why)
    }
}

/// A page: where its links lead, and the anchors that others may lead to.
struct Page {
    links: BTreeSet<String>,
    anchors: BTreeSet<String>,
}

/// The links of the pages below `root` that lead nowhere.
///
/// # Errors
///
/// If a page can't be read.
pub fn broken(root: &Path) -> io::Result<Vec<Broken>> {
    let mut pages = BTreeMap::new();
    let files: BTreeSet<PathBuf> = crate::files(root)?.into_iter().collect();
    for file in files.iter().filter(|file| file.extension().is_some_and(|is| is == "html")) {
        pages.insert(file.clone(), read(&fs::read_to_string(root.join(file))?));
    }
    let mut broken = Vec::new();
    for (path, page) in &pages {
        // A server shows this one under any address, so its links begin at the root.
        let base = if path.ends_with("404.html") { Path::new("") } else { path };
        for link in &page.links {
            if let Some(why) = leads_nowhere(link, base, page, &pages, &files) {
                broken.push(Broken { page: path.clone(), link: link.clone(), why });
            }
        }
    }
    Ok(broken)
}

fn read(html: &str) -> Page {
    let html = Html::parse_document(html);
    let values = |selector: &str, attribute: &str| -> BTreeSet<String> {
        let selected = Selector::parse(selector);
        let elements = selected.iter().flat_map(|selector| html.select(selector));
        elements.filter_map(|element| element.attr(attribute)).map(str::to_owned).collect()
    };
    let links = LEADS.iter().flat_map(|(selector, attribute)| values(selector, attribute));
    Page { links: links.collect(), anchors: values("[id]", "id") }
}

fn leads_nowhere(
    link: &str,
    base: &Path,
    page: &Page,
    pages: &BTreeMap<PathBuf, Page>,
    files: &BTreeSet<PathBuf>,
) -> Option<&'static str> {
    if has_scheme(link) || link.starts_with("//") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, at)| (path, Some(at)));
    let page = if path.is_empty() {
        page
    } else {
        let Some(file) = resolve(base, path) else { return Some("leads out of the book") };
        if !files.contains(&file) {
            return Some("no such file");
        }
        match (pages.get(&file), anchor) {
            (Some(page), _) => page,
            (None, None) => return None,
            (None, Some(_)) => return Some("an anchor in what is no page"),
        }
    };
    // `#` alone is the top of a page.
    let anchor = anchor.filter(|anchor| !anchor.is_empty())?;
    (!page.anchors.contains(anchor)).then_some("no such anchor")
}

/// `https:`, `mailto:` and the like.
fn has_scheme(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
    })
}

/// The file that a relative link on a page means; none if it is above the root.
fn resolve(page: &Path, link: &str) -> Option<PathBuf> {
    let mut file = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(name) => file.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !file.pop() {
                    return None;
                }
            }
            // From the host's root: a book may be served from any directory.
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(if link.ends_with('/') { file.join("index.html") } else { file })
}
