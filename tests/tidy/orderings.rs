//! Every ordering says which half it is, and names the other half.

use std::collections::BTreeMap;

use super::source::{Comment, Source, is_word};
use super::tree::{self, File};

const RULE: &str =
    "every ordering but `Relaxed` has `// ORDER(name): ..` on its line or above its statement";
const RULE_PAIR: &str =
    "every name of an `ORDER(name)` occurs at least twice: each half has another";

const STRONG: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

fn unnamed(path: &str, text: &str) -> Vec<String> {
    let source = Source::without_tests(text);
    let mut findings = Vec::new();
    // In an import: whether it has named `Ordering`.
    let mut import = None;
    for (at, token) in source.tokens.iter().enumerate() {
        match token.text.as_str() {
            "use" => import = Some(false),
            "Ordering" => import = import.map(|_| true),
            ";" => import = None,
            _ => {}
        }
        if !STRONG.contains(&token.text.as_str()) {
            continue;
        }
        let (line, word) = (token.line, &token.text);
        if import == Some(true) {
            findings.push(format!("{path}:{line}: `{word}` is imported: write `Ordering::{word}`"));
        }
        let is_used = import.is_none() && at >= 2 && source.is(at - 2, &["Ordering", "::"]);
        if is_used && !source.comments_about(at).iter().any(|comment| name(comment).is_some()) {
            findings.push(format!("{path}:{line}: `{word}` without an `// ORDER(name): ..`"));
        }
    }
    findings
}

/// The name in `ORDER(name):`.
fn name(comment: &Comment) -> Option<&str> {
    let (_, rest) = comment.text.split_once("ORDER(")?;
    let (name, _) = rest.split_once("):")?;
    is_word(name).then_some(name)
}

fn alone(files: &[File]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        for comment in &Source::read(&file.text).comments {
            if let Some(name) = name(comment) {
                let place = format!("{}:{}", file.path, comment.line);
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    let lonely = places.iter().filter(|(_, places)| places.len() < 2);
    lonely
        .map(|(name, places)| format!("{}: `ORDER({name})` has no other half", places[0]))
        .collect()
}

#[test]
fn every_ordering_says_what_it_publishes_or_receives() {
    tree::none(RULE, tree::sources().iter().flat_map(|file| unnamed(&file.path, &file.text)));
}

#[test]
fn every_ordering_has_its_other_half() {
    tree::none(RULE_PAIR, alone(&tree::sources()));
}

#[test]
fn an_ordering_without_its_words_is_found() {
    let bad = "fn a() {\n // ORDER(b): publishes c.\n d.store(1, Ordering::Release);\n\n d.load(Ordering::Acquire);\n}";
    let findings = unnamed("a.rs", bad);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("a.rs:5: `Acquire`"), "{findings:?}");
    assert_eq!(unnamed("a.rs", "use b::Ordering::{Acquire, Relaxed};").len(), 1);
    let good = "use b::state::{Release, End};\nfn a() {\n // ORDER(b): publishes c.\n // It goes on.\n d.compare_exchange(\n  1,\n  2,\n  Ordering::AcqRel,\n  Ordering::Relaxed,\n ); d.load(Ordering::Relaxed); match e { Wake::Release => {} }\n d.load(Ordering::Acquire); // ORDER(b): receives c.\n}";
    assert!(unnamed("a.rs", good).is_empty(), "{:?}", unnamed("a.rs", good));
    let file = |text: &str| File { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(alone(&[file(bad)]), ["a.rs:2: `ORDER(b)` has no other half"]);
    assert!(alone(&[file(good)]).is_empty());
}
