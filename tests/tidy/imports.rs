//! Imports between the files of a crate form a DAG.
//!
//! Counted is every path that names another file of the crate, in `use` and in code, from `crate::`,
//! `self::`, `super::` or from a module declared in the file. A name that `lib.rs` re-exports stands
//! for the file it comes from. Not counted: `lib.rs` and `main.rs`, unit tests, what a macro writes.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Token, closing, is_word, matches};
use super::tree::{self, File};

const RULE: &str = "imports between the files of a crate form a DAG: what two files need goes into a third, below both";

type Module = Vec<String>;

/// The module of a file under `src/`: `a/b.rs` is `a::b`; `lib.rs` and `main.rs` are the root.
fn module(path: &str) -> Module {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let mut parts: Module = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.len() == 1 && ["lib", "main"].contains(&parts[0].as_str()) {
        parts.clear();
    }
    parts
}

/// Every path in a file, as it counts from the root of the crate.
fn named(own: &Module, text: &str) -> Vec<(Module, usize)> {
    let tokens = Source::without_tests(text).tokens;
    let mut found = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let children: BTreeSet<&str> = tokens
        .windows(3)
        .filter(|window| window[0].text == "mod" && window[2].text == ";")
        .map(|window| window[1].text.as_str())
        .collect();
    let mut at = 0;
    while at < tokens.len() {
        inline.retain(|(_, end)| at <= *end);
        if tokens[at].text == "mod" && tokens.get(at + 2).is_some_and(|next| next.text == "{") {
            inline.push((tokens[at + 1].text.clone(), closing(&tokens, at + 2)));
        }
        let here: Module =
            own.iter().cloned().chain(inline.iter().map(|(name, _)| name.clone())).collect();
        let is_macro = at > 0 && tokens[at - 1].text == "$";
        let is_start = at == 0 || tokens[at - 1].text != "::";
        let is_path = matches(tokens.get(at + 1..).unwrap_or_default(), &["::"]);
        // A path in a file's own inline module starts from the root only by `crate` or `super`.
        let from = match tokens[at].text.as_str() {
            "crate" if is_path => Some((Module::new(), at + 1)),
            "self" if is_path => Some((here.clone(), at + 1)),
            "super" if is_path => Some((here.clone(), at)),
            word if is_path && inline.is_empty() && children.contains(word) => {
                Some((here.clone(), at))
            }
            _ => None,
        };
        match from {
            Some((start, next)) if is_start && !is_macro => {
                let next = if tokens[at].text == "super" || next == at { next } else { next + 1 };
                at = follow(&tokens, next, start, &mut found).max(at + 1);
            }
            _ => at += 1,
        }
    }
    found
}

/// Follows a path, with its braces, from `at`; returns the index behind it.
fn follow(
    tokens: &[Token],
    mut at: usize,
    mut path: Module,
    found: &mut Vec<(Module, usize)>,
) -> usize {
    loop {
        let Some(token) = tokens.get(at) else {
            return at;
        };
        match token.text.as_str() {
            "super" => drop(path.pop()),
            "self" => {}
            "{" => {
                let end = closing(tokens, at);
                let mut each = at + 1;
                while each < end {
                    each = follow(tokens, each, path.clone(), found).max(each + 1);
                    while each < end && tokens[each - 1].text != "," {
                        each += 1;
                    }
                }
                return end + 1;
            }
            word if is_word(word) => path.push(word.to_owned()),
            _ => {
                found.push((path, token.line));
                return at;
            }
        }
        at += 1;
        if !matches(tokens.get(at..).unwrap_or_default(), &["::"]) {
            found.push((path, token.line));
            return at;
        }
        at += 1;
    }
}

/// What `lib.rs` re-exports: the name, and the path behind it.
fn exported(text: &str) -> BTreeMap<String, Module> {
    let tokens = Source::without_tests(text).tokens;
    let mut exports = BTreeMap::new();
    for at in 0..tokens.len() {
        if tokens[at].text != "use"
            || at == 0
            || !["pub", ")"].contains(&tokens[at - 1].text.as_str())
        {
            continue;
        }
        let mut found = Vec::new();
        let is_crate =
            tokens.get(at + 1).is_some_and(|next| ["crate", "self"].contains(&next.text.as_str()));
        follow(&tokens, if is_crate { at + 3 } else { at + 1 }, Module::new(), &mut found);
        for (path, _) in found {
            if let Some(name) = path.last() {
                exports.insert(name.clone(), path.clone());
            }
        }
    }
    exports
}

/// The cycles among the files of one crate, one finding each.
fn cycles(files: &[File]) -> Vec<String> {
    let modules: BTreeMap<Module, &File> = files
        .iter()
        .map(|file| (module(&file.path), file))
        .filter(|(module, _)| !module.is_empty())
        .collect();
    let exports: BTreeMap<String, Module> = files
        .iter()
        .filter(|file| module(&file.path).is_empty())
        .flat_map(|file| exported(&file.text))
        .collect();
    let mut edges: BTreeMap<&Module, BTreeMap<&Module, usize>> = BTreeMap::new();
    for (own, file) in &modules {
        for (path, line) in named(own, &file.text) {
            let path = match path.first().and_then(|first| exports.get(first)) {
                Some(behind) if !modules.contains_key(&path[..1]) => behind.clone(),
                _ => path,
            };
            let target =
                (1..=path.len()).rev().find_map(|length| modules.get_key_value(&path[..length]));
            if let Some((target, _)) = target.filter(|(target, _)| *target != own) {
                edges.entry(own).or_default().entry(target).or_insert(line);
            }
        }
    }
    let mut findings = Vec::new();
    let mut done = BTreeSet::new();
    for start in modules.keys() {
        search(start, &edges, &mut Vec::new(), &mut done, &mut |ring: &[&Module]| {
            let steps = (0..ring.len()).map(|at| {
                let (from, to) = (ring[at], ring[(at + 1) % ring.len()]);
                format!("{}:{} uses {}", modules[from].path, edges[from][to], to.join("::"))
            });
            findings.push(format!("a cycle:\n  {}", steps.collect::<Vec<_>>().join("\n  ")));
        });
    }
    findings
}

fn search<'a>(
    at: &'a Module,
    edges: &BTreeMap<&'a Module, BTreeMap<&'a Module, usize>>,
    trail: &mut Vec<&'a Module>,
    done: &mut BTreeSet<&'a Module>,
    found: &mut impl FnMut(&[&Module]),
) {
    if let Some(start) = trail.iter().position(|earlier| *earlier == at) {
        return found(&trail[start..]);
    }
    if !done.insert(at) {
        return;
    }
    trail.push(at);
    for target in edges.get(at).into_iter().flat_map(|targets| targets.keys()) {
        search(target, edges, trail, done, found);
    }
    trail.pop();
}

#[test]
fn imports_between_the_files_of_a_crate_form_a_dag() {
    let mut crates: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for file in tree::sources() {
        crates.entry(tree::crate_of(&file.path).to_owned()).or_default().push(file);
    }
    tree::none(RULE, crates.values().flat_map(|files| cycles(files)));
}

#[test]
fn a_cycle_is_found_with_its_lines() {
    let file = |name: &str, text: &str| File {
        path: format!("crates/x/src/{name}.rs"),
        text: text.to_owned(),
    };
    let library = || file("lib", "mod a; mod b; mod c;\npub use c::{Cee, d::Dee};");
    let lower = || file("c/d", "pub struct Dee;");
    for (one, other) in [
        ("use crate::b::B;", "use crate::a::A;"),
        ("use crate::{b::{self, B}, c};", "fn f() { super::a::g() }"),
        ("use crate::b;", "use super::{c, a::A};"),
        ("use crate::b;", "mod inner { use super::super::a::A; }"),
    ] {
        let files = [
            library(),
            file("a", &format!("//! A.\n{one}")),
            file("b", other),
            file("c", "mod d;"),
            lower(),
        ];
        let findings = cycles(&files);
        assert_eq!(findings.len(), 1, "{one} {other}: {findings:?}");
        assert!(findings[0].contains("crates/x/src/a.rs:2 uses b"), "{findings:?}");
        assert!(findings[0].contains("crates/x/src/b.rs:1 uses a"), "{findings:?}");
    }
    let hidden = [
        library(),
        file("a", "use crate::Cee;"),
        file("b", ""),
        file("c", "use crate::a::A;"),
        lower(),
    ];
    assert_eq!(cycles(&hidden).len(), 1, "through the re-export of lib.rs");
    let parent = [library(), file("c", "mod d;\npub use d::Dee;"), file("c/d", "use super::Cee;")];
    assert_eq!(cycles(&parent).len(), 1, "between a file and its folder");
}

#[test]
fn a_dag_is_no_cycle() {
    let file = |name: &str, text: &str| File {
        path: format!("crates/x/src/{name}.rs"),
        text: text.to_owned(),
    };
    let files = [
        file("lib", "mod a; mod b; mod c;\npub use a::A;\nuse crate::b::B;"),
        file(
            "a",
            "use crate::b::B;\nuse crate::c::{self, d::D};\n#[cfg(test)]\nmod tests { use crate::b::C; }",
        ),
        file(
            "b",
            "use crate::c::d;\n// use crate::a::A;\nmacro_rules! m { () => { $crate::a::A } }\n#[cfg(test)]\nuse crate::a::A;",
        ),
        file("c", "mod d;\npub use d::D;\nmod inner { use super::E; }"),
        file("c/d", "use std::fmt;"),
    ];
    assert!(cycles(&files).is_empty(), "{:?}", cycles(&files));
}
