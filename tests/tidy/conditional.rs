//! `#[cfg]` stands on `mod` and `use` lines: features only add files, loom changes constants.

use super::source::{Source, closing, matches};
use super::tree;

const RULE: &str = "`#[cfg(..)]` stands on `mod` and `use` lines; `cfg!` in the value of a constant, not in a function; `cfg(test)` and assertions about layout are free";

/// Files that may do otherwise, and why.
const EXCEPTIONS: [(&str, &str); 1] =
    [("crates/rt-waker/src/slot.rs", "loom's atomics have no constructor that is const")];

fn conditional(path: &str, text: &str) -> Vec<String> {
    let source = Source::without_tests(text);
    let tokens = &source.tokens;
    let mut findings = Vec::new();
    let mut body_end = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.text == "fn" && at >= body_end {
            body_end = body(&source, at).unwrap_or(body_end);
        }
        let line = token.line;
        if source.is(at, &["#", "[", "cfg", "("]) && !stands_well(&source, at) {
            findings
                .push(format!("{path}:{line}: `#[cfg(..)]` on something else than `mod` or `use`"));
        }
        if source.is(at, &["cfg", "!"]) && at < body_end {
            findings.push(format!("{path}:{line}: `cfg!` in a function"));
        }
    }
    findings
}

/// The end of the body of the function whose `fn` is at `at`, if it has one.
fn body(source: &Source, at: usize) -> Option<usize> {
    let tokens = &source.tokens;
    let mut next = at;
    while next < tokens.len() {
        match tokens[next].text.as_str() {
            "{" => return Some(closing(tokens, next)),
            ";" | "," | ")" | "}" | "=" => return None,
            "(" | "[" => next = closing(tokens, next) + 1,
            _ => next += 1,
        }
    }
    None
}

fn stands_well(source: &Source, at: usize) -> bool {
    let tokens = &source.tokens;
    let mut next = at;
    while matches(&tokens[next..], &["#", "["]) {
        next = closing(tokens, next + 1) + 1;
    }
    if source.is(next, &["pub"]) {
        next += 1;
        if source.is(next, &["("]) {
            next = closing(tokens, next) + 1;
        }
    }
    ["mod", "use", "static_assertions"].iter().any(|word| source.is(next, &[word]))
}

#[test]
fn cfg_stands_on_mod_and_use_lines() {
    let sources = tree::sources();
    let checked =
        sources.iter().filter(|file| !EXCEPTIONS.iter().any(|(path, _)| *path == file.path));
    tree::none(RULE, checked.flat_map(|file| conditional(&file.path, &file.text)));
}

#[test]
fn every_exception_of_cfg_is_still_needed() {
    let idle = EXCEPTIONS.iter().filter(|(path, _)| {
        !tree::sources()
            .iter()
            .any(|file| file.path == *path && !conditional(path, &file.text).is_empty())
    });
    tree::none(
        "an exception that nobody needs goes",
        idle.map(|(path, _)| format!("{path}:1: no exception")),
    );
}

#[test]
fn a_cfg_in_a_function_is_found_and_one_on_a_module_is_not() {
    let bad = "fn a() {\n #[cfg(b)]\n c();\n if cfg!(d) {} }\nstruct E {\n #[cfg(f)]\n g: u8 }";
    let lines: Vec<String> = conditional("a.rs", bad);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("a.rs:2:") && lines[2].starts_with("a.rs:6:"), "{lines:?}");
    let good = "#[cfg(a)]\n#[doc(hidden)]\npub(crate) mod b;\n#[cfg(not(a))]\npub use c::d;\n#[cfg(not(a))]\nstatic_assertions::assert_eq_size!(u8, i8);\nconst E: u8 = if cfg!(a) { 1 } else { 2 };\n#[cfg(test)]\nfn f() {}\n#[cfg_attr(a, doc = \"\")]\nfn g() {}";
    assert!(conditional("a.rs", good).is_empty());
}
