//! Paths in the chapters lead somewhere.

use std::collections::BTreeSet;

use super::tree::{self, File};

const RULE: &str = "a path in backticks or in a link of README.md, CONCEPTS.md or a chapter exists; `rt-task/state.rs` is short for `crates/rt-task/src/state.rs`";

fn dangling(file: &File, known: &BTreeSet<String>) -> Vec<String> {
    let mut findings = Vec::new();
    let mut is_block = false;
    for (at, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        }
        if is_block {
            continue;
        }
        let quoted = line.split('`').skip(1).step_by(2);
        for path in quoted.filter_map(as_path) {
            if !candidates(path).iter().any(|candidate| known.contains(candidate)) {
                findings.push(format!("{}:{}: `{path}` does not exist", file.path, at + 1));
            }
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            // A target without a dot or a slash is an item of rustdoc.
            let is_file =
                target.contains('/') || target.ends_with(".md") || target.ends_with(".rs");
            if target.contains("::") || target.contains(':') || !is_file {
                continue;
            }
            if !known.contains(&tree::beside(&file.path, target)) {
                findings.push(format!(
                    "{}:{}: the link `{target}` leads nowhere",
                    file.path,
                    at + 1
                ));
            }
        }
    }
    findings
}

/// `text`, if it looks like a path of this repository.
fn as_path(text: &str) -> Option<&str> {
    let path = text.split([':', '#']).next().unwrap_or(text).trim_end_matches('/');
    let is_plain = path.chars().all(|each| each.is_ascii_alphanumeric() || "-_./".contains(each));
    let is_ours = ["crates/", "examples/", "tests/", "rt/", "rt-", ".ci/"]
        .iter()
        .any(|start| path.starts_with(start));
    let is_named = path.contains('/') && !path.contains("NAME") && !path.contains("CRATE");
    (is_plain && is_ours && is_named).then_some(path)
}

fn candidates(path: &str) -> [String; 3] {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    [path.to_owned(), format!("crates/{name}/src/{rest}"), format!("crates/{name}/{rest}")]
}

/// All files, and the folders they are in.
fn with_folders(paths: &[String]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for path in paths {
        known.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
        known.insert(path.clone());
    }
    known
}

#[test]
fn every_path_in_the_chapters_exists() {
    let known = with_folders(&tree::paths());
    let chapters = tree::files(|path| {
        ["README.md", "CONCEPTS.md"].contains(&path)
            || (path.starts_with("crates/") && path.ends_with("/README.md"))
    });
    tree::none(RULE, chapters.iter().flat_map(|file| dangling(file, &known)));
}

#[test]
fn the_index_of_terms_is_there_and_names_files() {
    let concepts = tree::files(|path| path == "CONCEPTS.md");
    let paths = concepts.iter().flat_map(|file| file.text.split('`').skip(1).step_by(2));
    let named = paths.filter_map(as_path).filter(|path| path.ends_with(".rs")).count();
    assert!(
        named >= 20,
        "CONCEPTS.md: the index gives each term a `crate/file.rs`; {named} were found"
    );
}

#[test]
fn a_path_that_leads_nowhere_is_found() {
    let known = with_folders(&["crates/rt-a/src/b.rs".to_owned(), "CONCEPTS.md".to_owned()]);
    let file =
        |text: &str| File { path: "crates/rt-a/README.md".to_owned(), text: text.to_owned() };
    let bad = file("`rt-a/c.rs`, `crates/rt-b`, [d](../CONCEPTS.md)");
    assert_eq!(dangling(&bad, &known).len(), 3, "{:?}", dangling(&bad, &known));
    let good = file(
        "`rt-a/b.rs:7`, `crates/rt-a/`, `crates/NAME/x.rs`, `rt::spawn`, `n/a` [d](../../CONCEPTS.md#e) [f](crate::g) [h](https://i/j.md)\n```text\n`rt-a/c.rs`\n```",
    );
    assert!(dangling(&good, &known).is_empty(), "{:?}", dangling(&good, &known));
}
