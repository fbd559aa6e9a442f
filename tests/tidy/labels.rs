//! The labels of invariants, `[T2]`.
//!
//! A label is defined by a list item that begins with it in bold, in the `//!` documentation of a
//! source file or in the README of a crate: `* **[T2]** Whoever holds a Task ..`. Once in the whole
//! workspace; everywhere else it is cited: `[T2]`, without the bold.

use std::collections::BTreeMap;

use super::source::Source;
use super::tree::{self, File};
use super::unsafety::labels;

const RULE: &str = "a label is defined once, as `* **[T2]** ..` in a module's doc or a crate's README, and cited elsewhere";

/// Where labels are spoken of: sources and the READMEs of crates.
fn is_about_code(path: &str) -> bool {
    tree::is_source(path) || (path.starts_with("crates/") && path.ends_with("/README.md"))
}

/// The lines of a file in which labels count: all of a README, the comments of a source.
fn lines(file: &File) -> Vec<(usize, String)> {
    if file.path.ends_with(".rs") {
        let comments = Source::read(&file.text).comments.into_iter();
        return comments.map(|comment| (comment.line, comment.text)).collect();
    }
    file.text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned())).collect()
}

fn defined(path: &str, line: &str) -> Option<String> {
    let item = if path.ends_with(".rs") { line.strip_prefix("//!")? } else { line };
    let item = item.trim_start().strip_prefix(['*', '-'])?.trim_start();
    let bold = item.strip_prefix("**")?.replace(['`', '\\'], "");
    bold.starts_with('[').then(|| labels(&bold).first().map(|label| (*label).to_owned()))?
}

fn mistakes(files: &[File]) -> Vec<String> {
    let mut definitions: BTreeMap<String, String> = BTreeMap::new();
    let mut citations = Vec::new();
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in lines(file) {
            let place = format!("{}:{number}", file.path);
            if let Some(label) = defined(&file.path, &line)
                && let Some(first) = definitions.insert(label.clone(), place.clone())
            {
                findings.push(format!("{place}: [{label}] is defined at {first} already"));
            }
            let plain = line.replace(['`', '\\'], "");
            citations
                .extend(labels(&plain).into_iter().map(|label| (label.to_owned(), place.clone())));
        }
    }
    let unknown = citations.iter().filter(|(label, _)| !definitions.contains_key(label));
    findings.extend(unknown.map(|(label, place)| format!("{place}: [{label}] is defined nowhere")));
    findings
}

#[test]
fn every_label_is_defined_once_and_every_citation_has_a_definition() {
    tree::none(RULE, mistakes(&tree::files(is_about_code)));
}

#[test]
fn an_unknown_label_and_a_second_definition_are_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let lower = file(
        "crates/a/src/b.rs",
        "//! * **[T1]** One.\n//! * **[T2]** Two.\nfn c() { // SAFETY: [T1] d.\n}",
    );
    assert!(mistakes(std::slice::from_ref(&lower)).is_empty());
    let upper = file("crates/a/README.md", "* **`[T2]`** Two.\n* [T1] once more: `[T3]`.");
    let findings = mistakes(&[lower, upper]);
    assert_eq!(
        findings,
        [
            "crates/a/README.md:1: [T2] is defined at crates/a/src/b.rs:2 already",
            "crates/a/README.md:2: [T3] is defined nowhere",
        ]
    );
}
