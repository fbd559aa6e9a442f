//! A panic says what happened, then what to do.

use super::source::Source;
use super::tree;

const RULE: &str =
    "no `unwrap()` and no panic without words outside tests: `expect` says what was promised";
const RULE_DONE: &str = "no todo!, unimplemented! or dbg! in what is committed";

/// Exercises of the course leave something to do.
const UNFINISHED: [&str; 1] = ["crates/rt-course/"];

fn panics(path: &str, text: &str) -> Vec<String> {
    let source = Source::without_tests(text);
    let mut findings = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        let line = token.line;
        if source.is(at, &["panic", "!", "(", ")"]) {
            findings.push(format!("{path}:{line}: a panic without words"));
        }
        if source.is(at, &[".", "unwrap", "(", ")"]) {
            findings.push(format!("{path}:{line}: `.unwrap()`"));
        }
    }
    findings
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    let source = Source::read(text);
    let is_left =
        |at: usize| ["todo", "unimplemented", "dbg"].iter().any(|name| source.is(at, &[name, "!"]));
    let left = source.tokens.iter().enumerate().filter(|(at, _)| is_left(*at));
    left.map(|(_, token)| format!("{path}:{}: `{}!`", token.line, token.text)).collect()
}

#[test]
fn a_panic_says_what_happened() {
    tree::none(RULE, tree::sources().iter().flat_map(|file| panics(&file.path, &file.text)));
}

#[test]
fn nothing_is_left_to_do() {
    let files = tree::files(|path| {
        path.ends_with(".rs") && !UNFINISHED.iter().any(|folder| path.starts_with(folder))
    });
    tree::none(RULE_DONE, files.iter().flat_map(|file| unfinished(&file.path, &file.text)));
}

#[test]
fn a_bare_panic_is_found_and_a_speaking_one_is_not() {
    let bad = "fn a() { b.unwrap();\n panic!() }";
    assert_eq!(panics("a.rs", bad), ["a.rs:1: `.unwrap()`", "a.rs:2: a panic without words"]);
    let good = "/// a.unwrap()\nfn a() { b.unwrap_or_else(c); panic!(\"d: do e\") }\n#[cfg(test)]\nmod tests { fn f() { g.unwrap() } }";
    assert!(panics("a.rs", good).is_empty());
    assert_eq!(unfinished("a.rs", "fn a() {\n todo!() }"), ["a.rs:2: `todo!`"]);
    assert!(unfinished("a.rs", "// todo!()\nfn todo() {}").is_empty());
}
