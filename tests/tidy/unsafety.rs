//! Where `unsafe` may stand, and what stands before it.

use super::source::{Source, is_word};
use super::tree;

const RULE_PLACE: &str = "`unsafe` lives in the files that `ALLOWED` names";
const RULE_FORBID: &str = "a crate without such files says `#![forbid(unsafe_code)]`";
const RULE_SAFETY: &str = "`// SAFETY: [T2] ..` with a label before every `unsafe` block and impl; `# Safety` on every `pub unsafe fn`";

/// Files, or folders with a slash at the end, that may say `unsafe`, and why.
const ALLOWED: [(&str, &str); 9] = [
    ("crates/rt-task/src/", "one allocation, erased: pointers to cells"),
    ("crates/rt-waker/src/task_waker.rs", "the vtable of the waker"),
    ("crates/rt-waker/src/traced.rs", "the vtable of a waker that tells of its clones"),
    ("crates/rt-waker/src/slot.rs", "the waker slot"),
    ("crates/rt-steal/src/ring.rs", "the stealing ring"),
    ("crates/rt-steal/src/slot.rs", "the slot that others may take from"),
    ("crates/rt-io/src/tokio.rs", "fills tokio's buffers"),
    ("crates/rt-io/src/hyper.rs", "fills hyper's buffers"),
    ("crates/rt-compat/src/hyper_io.rs", "fills hyper's buffers"),
];

/// Crates that may leave out `forbid`, though no file of theirs is allowed: none.
const UNFORBIDDEN: [(&str, &str); 1] =
    [("rt-bench", "a counting allocator and a counter of instructions")];

fn is_allowed(path: &str) -> bool {
    ALLOWED.iter().any(|(allowed, _)| {
        path == *allowed || (allowed.ends_with('/') && path.starts_with(allowed))
    }) || UNFORBIDDEN.iter().any(|(name, _)| tree::crate_of(path) == *name)
}

fn misplaced(path: &str, text: &str) -> Vec<String> {
    if is_allowed(path) {
        return Vec::new();
    }
    let source = Source::read(text);
    let words = source.tokens.iter().filter(|token| token.text == "unsafe");
    words.map(|token| format!("{path}:{}: `unsafe` outside the list", token.line)).collect()
}

fn unforbidden(path: &str, text: &str) -> Option<String> {
    let folder = format!("crates/{}/src/", tree::crate_of(path));
    let is_root =
        [format!("{folder}lib.rs"), format!("{folder}main.rs")].contains(&path.to_owned());
    if !is_root
        || ALLOWED.iter().any(|(allowed, _)| allowed.starts_with(&folder))
        || is_allowed(path)
    {
        return None;
    }
    let source = Source::read(text);
    let forbid = ["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"];
    let says_so = (0..source.tokens.len()).any(|at| source.is(at, &forbid));
    (!says_so).then(|| format!("{path}:1: no `#![forbid(unsafe_code)]`"))
}

fn unexplained(path: &str, text: &str) -> Vec<String> {
    let source = Source::without_tests(text);
    let mut findings = Vec::new();
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, token)| token.text == "unsafe")
    {
        let comments = source.comments_about(at);
        let line = token.line;
        if source.is(at + 1, &["{"]) || source.is(at + 1, &["impl"]) {
            let mut words =
                comments.iter().skip_while(|comment| !comment.text.contains("// SAFETY:"));
            if !words.any(|comment| !labels(&comment.text).is_empty()) {
                findings.push(format!("{path}:{line}: no `// SAFETY: [LABEL] ..`"));
            }
        }
        // `pub unsafe fn` or `pub(crate) unsafe fn`; a private one stands beside its callers.
        let is_offered = at > 0 && ["pub", ")"].contains(&source.tokens[at - 1].text.as_str());
        let is_function = source.is(at + 1, &["fn"])
            && source.tokens.get(at + 2).is_some_and(|name| is_word(&name.text));
        if is_offered
            && is_function
            && !comments.iter().any(|comment| comment.text.contains("# Safety"))
        {
            findings.push(format!("{path}:{line}: a `pub unsafe fn` without `# Safety`"));
        }
    }
    findings
}

/// The labels in a text, `[T2]`: one to three capitals, then digits.
pub(crate) fn labels(text: &str) -> Vec<&str> {
    let is_label = |label: &str| {
        let digits = label.trim_start_matches(|first: char| first.is_ascii_uppercase());
        (1..=3).contains(&(label.len() - digits.len()))
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_ascii_digit())
    };
    let inside = text.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    inside.map(|(label, _)| label).filter(|label| is_label(label)).collect()
}

#[test]
fn unsafe_stands_where_the_list_says() {
    tree::none(
        RULE_PLACE,
        tree::files(tree::is_source).iter().flat_map(|file| misplaced(&file.path, &file.text)),
    );
}

#[test]
fn every_other_crate_forbids_unsafe_code() {
    tree::none(
        RULE_FORBID,
        tree::sources().iter().filter_map(|file| unforbidden(&file.path, &file.text)),
    );
}

#[test]
fn every_unsafe_block_cites_an_invariant() {
    tree::none(
        RULE_SAFETY,
        tree::sources().iter().flat_map(|file| unexplained(&file.path, &file.text)),
    );
}

#[test]
fn unsafe_outside_the_list_is_found() {
    let bad = "fn a() {\n unsafe { b() } }";
    assert_eq!(misplaced("crates/rt-timer/src/a.rs", bad).len(), 1);
    assert_eq!(misplaced("crates/rt-waker/src/parker.rs", bad).len(), 1);
    assert!(misplaced("crates/rt-task/src/cell.rs", bad).is_empty());
    assert!(misplaced("crates/rt-timer/src/a.rs", "#![forbid(unsafe_code)] // unsafe").is_empty());
    assert!(unforbidden("crates/rt-timer/src/lib.rs", "//! #![forbid(unsafe_code)]").is_some());
    assert!(unforbidden("crates/rt-timer/src/lib.rs", "#![forbid(unsafe_code)]").is_none());
    assert!(unforbidden("crates/rt-waker/src/lib.rs", "").is_none());
}

#[test]
fn an_unsafe_block_without_a_label_is_found() {
    let bad = "fn a() {\n // SAFETY: it is fine.\n unsafe { b() }\n}\nunsafe impl Send for C {}\npub(crate) unsafe fn d() {}";
    let findings = unexplained("a.rs", bad);
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert!(
        findings[0].starts_with("a.rs:3:") && findings[2].ends_with("`# Safety`"),
        "{findings:?}"
    );
    let good = "fn a() {\n // SAFETY: all of it\n // holds [T2].\n let b = unsafe { c() };\n}\n// SAFETY: [T1] as above.\nunsafe impl Send for C {}\n/// # Safety\n///\n/// D.\npub unsafe fn d(e: unsafe fn(u8)) {}";
    assert!(unexplained("a.rs", good).is_empty(), "{:?}", unexplained("a.rs", good));
    assert_eq!(labels("[T2] [abc] [TIMER1] [RW12] [0] [T]"), ["T2", "RW12"]);
}
