//! Proves that the documents name what exists: files, headings, and the tests that are said to prove something.

#![expect(clippy::unwrap_used, reason = "a test may panic: it fails")]
#![expect(clippy::disallowed_methods, reason = "whether to renew a page; this is no setting of the product")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use xtask::capacity::Assumptions;

/// A link as written: what it shows, and where it leads.
struct Link {
    text: String,
    target: String,
}

#[test]
fn every_link_leads_to_a_file_a_heading_or_the_test_it_names() {
    let documents = documents(xtask::repository_root());
    assert!(documents.len() > 10, "{documents:?}");
    let mut links = 0;
    let mut broken = Vec::new();
    for document in &documents {
        for link in links_of(&fs::read_to_string(document).unwrap()) {
            if link.target.contains("://") || link.target.starts_with("mailto:") {
                continue;
            }
            links += 1;
            if let Err(problem) = follow(document, &link) {
                broken.push(format!("{}: {problem}", document.display()));
            }
        }
    }
    assert!(links > 50, "only {links} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_link_to_nothing_is_noticed() {
    let security = xtask::repository_root().join("SECURITY.md");
    for (text, target) in [
        ("the page", "docs/nothing.md"),
        ("the page", "README.md#no-such-heading"),
        ("`no_such_test`", "xtask/tests/documents.rs"),
    ] {
        let link = Link { text: text.to_owned(), target: target.to_owned() };
        assert!(follow(&security, &link).is_err(), "{target}");
    }
    let link =
        links_of("See [`a_link_to_nothing_is_noticed`](xtask/tests/documents.rs) and ```[x](y)```").pop().unwrap();
    assert_eq!(follow(&security, &link), Ok(()));
}

fn follow(document: &Path, link: &Link) -> Result<(), String> {
    let (path, heading) = link.target.split_once('#').unwrap_or((&link.target, ""));
    let file = if path.is_empty() { document.to_owned() } else { document.with_file_name(path) };
    let Ok(metadata) = fs::metadata(&file) else { return Err(format!("{path} is not there")) };
    if metadata.is_dir() {
        return Ok(());
    }
    let content = fs::read_to_string(&file).unwrap_or_default();
    if !heading.is_empty() && !headings(&content).contains(heading) {
        return Err(format!("{path} has no heading {heading}"));
    }
    match test_name(&link.text) {
        Some(name) if !declares(&file, &content, name) => Err(format!("{path} has no test {name}")),
        _ => Ok(()),
    }
}

/// The name in a text like `` `a_caller_reads_this` ``: several words, so that a type's or a field's name is none.
fn test_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    let is_name = name.chars().all(|character| character.is_ascii_lowercase() || "_0123456789".contains(character));
    (is_name && name.contains('_')).then_some(name)
}

/// Whether the file declares a function of that name (Rust or Python), or is it.
fn declares(file: &Path, content: &str, name: &str) -> bool {
    ["fn", "def"].iter().any(|keyword| content.contains(&format!("{keyword} {name}(")))
        || file.file_stem().is_some_and(|stem| stem == name)
}

/// Anchors as GitHub makes them.
fn headings(markdown: &str) -> BTreeSet<String> {
    let lines = markdown.lines().filter_map(|line| line.strip_prefix('#'));
    lines
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            heading.chars().filter(|character| character.is_alphanumeric() || "-_".contains(*character)).collect()
        })
        .collect()
}

/// Inline links outside of fenced code.
fn links_of(markdown: &str) -> Vec<Link> {
    let prose: String = markdown.split("```").step_by(2).collect();
    let mut links = Vec::new();
    let mut rest = prose.as_str();
    while let Some((before, after)) = rest.split_once("](") {
        let text = before.rsplit_once('[').map_or(before, |(_, text)| text);
        let Some((target, following)) = after.split_once(')') else { break };
        links.push(Link { text: text.to_owned(), target: target.to_owned() });
        rest = following;
    }
    links
}

/// The Markdown files of the repository, without what was built or installed.
fn documents(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "dist", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_page_on_capacity_shows_what_the_command_computes() {
    let page = xtask::repository_root().join("docs").join("capacity.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- capacity -->\n").unwrap();
    let (shown, after) = rest.split_once("<!-- /capacity -->").unwrap();
    let computed = xtask::capacity::report(&[100, 1_000, 10_000, 100_000], None, &Assumptions::default());
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(&page, format!("{before}<!-- capacity -->\n{computed}<!-- /capacity -->{after}")).unwrap();
    } else {
        assert_eq!(shown, computed, "renew it: UPDATE_DOCUMENTS=1 cargo test --package xtask --test documents");
    }
}
