//! Every block of code in a chapter is compiled, or quoted from the source.
//!
//! A chapter is compiled when a `lib.rs` includes it: `#![doc = include_str!("../README.md")]`. A
//! block that rustdoc shall not compile is a quotation, and the line before it says of what:
//! `<!-- source: crates/rt-task/src/state.rs -->`; its lines then stand in that file, in a row.

use std::collections::BTreeMap;

use super::source::Source;
use super::tree::{self, File};

const RULE_INCLUDED: &str = "every crate's lib.rs includes its README, and some source includes README.md and CONCEPTS.md, so that rustdoc compiles their blocks";
const RULE_QUOTED: &str = "no `ignore`d block without `<!-- source: path -->` on the line before; a quotation stands in its source";

/// Whether a README belongs to a library: its `lib.rs` includes it.
fn unincluded(readme: &str, sources: &[File]) -> Option<String> {
    let included = sources.iter().any(|source| includes(source).contains(&readme.to_owned()));
    (!included).then(|| format!("{readme}:1: no source says `include_str!` of it"))
}

/// The files that a source includes, as paths from the root.
fn includes(file: &File) -> Vec<String> {
    let source = Source::read(&file.text);
    let starts = (0..source.tokens.len()).filter(|&at| source.is(at, &["include_str", "!", "("]));
    starts
        .filter_map(|at| source.tokens.get(at + 3))
        .map(|literal| tree::beside(&file.path, literal.text.trim_matches('"')))
        .collect()
}

fn misquoted(file: &File, texts: &BTreeMap<String, String>) -> Vec<String> {
    let lines: Vec<&str> = if file.path.ends_with(".rs") {
        file.text.lines().map(doc).collect()
    } else {
        file.text.lines().map(str::trim).collect()
    };
    let mut findings = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(language) = lines[at].strip_prefix("```") else {
            at += 1;
            continue;
        };
        let fence = at;
        let place = format!("{}:{}", file.path, fence + 1);
        let Some(length) = lines[fence + 1..].iter().position(|line| line.starts_with("```"))
        else {
            findings.push(format!("{place}: the block is not closed"));
            break;
        };
        let block = &lines[fence + 1..fence + 1 + length];
        at = fence + length + 2;
        let before = if fence == 0 { "" } else { lines[fence - 1] };
        let quoted = before.strip_prefix("<!-- source:").and_then(|rest| rest.strip_suffix("-->"));
        match quoted.map(str::trim) {
            Some(path) => match texts.get(path) {
                None => findings.push(format!("{place}: there is no `{path}` to quote from")),
                Some(text) if !stands_in(block, text) => {
                    findings
                        .push(format!("{place}: these lines do not stand in `{path}` in a row"));
                }
                Some(_) => {}
            },
            None if language.split([',', ' ']).any(|word| word.starts_with("ignore")) => {
                findings.push(format!(
                    "{place}: nobody compiles this block: quote it, or call it `text`"
                ));
            }
            None => {}
        }
    }
    findings
}

/// The text of a line of documentation; of any other line, nothing.
fn doc(line: &str) -> &str {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
    text.unwrap_or_default().trim()
}

fn stands_in(block: &[&str], text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    !block.is_empty() && lines.windows(block.len()).any(|window| window == block)
}

fn is_chapter(path: &str) -> bool {
    ["README.md", "CONCEPTS.md"].contains(&path)
        || (path.starts_with("crates/")
            && path.matches('/').count() == 2
            && path.ends_with("/README.md"))
}

#[test]
fn every_chapter_is_compiled() {
    let sources = tree::files(tree::is_source);
    let mut chapters: Vec<String> =
        tree::paths().into_iter().filter(|path| is_chapter(path)).collect();
    // A crate without a library has no chapter to compile.
    chapters.retain(|path| {
        let library = format!("crates/{}/src/lib.rs", tree::crate_of(path));
        !path.starts_with("crates/") || sources.iter().any(|source| source.path == library)
    });
    tree::none(RULE_INCLUDED, chapters.iter().filter_map(|path| unincluded(path, &sources)));
}

#[test]
fn what_is_not_compiled_is_quoted_from_the_source() {
    let texts: BTreeMap<String, String> =
        tree::files(|_| true).into_iter().map(|file| (file.path, file.text)).collect();
    let checked = tree::files(|path| is_chapter(path) || tree::is_source(path));
    tree::none(RULE_QUOTED, checked.iter().flat_map(|file| misquoted(file, &texts)));
}

#[test]
fn a_chapter_that_nobody_compiles_is_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let library = file("crates/a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]");
    let bench = file("crates/b/src/lib.rs", "// #![doc = include_str!(\"../README.md\")]");
    let sources = [library, bench];
    assert!(unincluded("crates/a/README.md", &sources).is_none());
    assert!(unincluded("crates/b/README.md", &sources).is_some());
    assert!(unincluded("README.md", &sources).is_some());
}

#[test]
fn a_block_that_is_neither_compiled_nor_quoted_is_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let texts = BTreeMap::from([("a.rs".to_owned(), "fn a() {\n    b();\n}\n".to_owned())]);
    let good = file(
        "README.md",
        "```rust\nc();\n```\n```text\nd\n```\n<!-- source: a.rs -->\n```rust,ignore\nfn a() {\nb();\n```",
    );
    assert!(misquoted(&good, &texts).is_empty(), "{:?}", misquoted(&good, &texts));
    for bad in [
        "```rust,ignore\nfn a() {\n```",
        "<!-- source: b.rs -->\n```rust,ignore\nfn a() {\n```",
        "<!-- source: a.rs -->\n```rust,ignore\nfn a() {\n}\n```",
        "```rust\nc();",
    ] {
        assert_eq!(misquoted(&file("README.md", bad), &texts).len(), 1, "{bad}");
    }
    assert_eq!(
        misquoted(&file("a.rs", "/// ```ignore\n/// b\n/// ```\nfn c() {}"), &texts).len(),
        1
    );
}
