use super::{Rendering, Source};

const FILE: &str = r##"//! A file.
use std::fmt;

/// Adds one.
#[inline]
// COURSE(1.1) stub: todo
pub fn one(x: u32) -> u32 {
    // why
    x + helper()
}

/// Only the solution needs it.
// COURSE(1.1) omit
fn helper() -> u32 {
    1
}

/// A thing, and `{` in its docs.
struct Thing;

impl Thing {
    // COURSE(1.2) stub: expr: "{".len()
    fn two(&self) -> usize {
        2
    }
}

impl Drop for Thing {
    // COURSE(1.2) stub: leak
    fn drop(&mut self) {
        println!("}}");
    }
}
"##;

fn file() -> Source {
    Source::read("src/file.rs", FILE).unwrap()
}

#[test]
fn a_marker_belongs_to_the_item_that_begins_next() {
    let file = file();
    let names: Vec<_> = file.marked.iter().map(|marked| marked.item.name.as_str()).collect();
    assert_eq!(names, ["file::one", "file::helper", "file::Thing::two", "file::Thing::drop"]);
    assert!(file.marked[0].item.has_docs && !file.marked[2].item.has_docs);
    assert!(file.marked[3].item.is_of_trait && !file.marked[2].item.is_of_trait);
    assert_eq!(file.line_of(&file.marked[0].item), 7);
}

#[test]
fn a_stub_keeps_signature_and_docs_and_nothing_of_the_body() {
    let text = file().render(|_| Rendering::Stubbed("the \"whole\" idea"));
    assert_eq!(
        text,
        r##"//! A file.
use std::fmt;

/// Adds one.
#[inline]
// STEP 1.1
pub fn one(x: u32) -> u32 {
    todo!("step 1.1: the \"whole\" idea")
}

/// A thing, and `{` in its docs.
struct Thing;

impl Thing {
    // STEP 1.2
    fn two(&self) -> usize {
        "{".len()
    }
}

impl Drop for Thing {
    // STEP 1.2
    fn drop(&mut self) {
        // step 1.2: the "whole" idea
    }
}
"##
    );
}

#[test]
fn what_is_solved_stays_as_it_is_but_for_the_marker() {
    let text = file().render(|_| Rendering::Solved);
    let plain = FILE.replace("// COURSE(1.1) stub: todo", "// STEP 1.1");
    let plain = plain.replace("// COURSE(1.1) omit", "// STEP 1.1");
    let plain = plain.replace("// COURSE(1.2) stub: expr: \"{\".len()", "// STEP 1.2");
    assert_eq!(text, plain.replace("// COURSE(1.2) stub: leak", "// STEP 1.2"));
}

#[test]
fn a_switched_file_asks_at_each_call_what_it_is() {
    let wrong = || vec![("two_many".to_owned(), "{\n    // three\n    3\n}")];
    let text = file().render(|_| Rendering::Switched { title: "t", wrong: wrong() });
    assert!(
        text.contains(r#"if ::rt_switch::is_stubbed("1.1") { todo!("step 1.1: t") }"#),
        "{text}"
    );
    assert!(
        text.contains(
            "if ::rt_switch::is_wrong(\"two_many\") { return {\n    // three\n    3\n}; }"
        ),
        "{text}"
    );
    assert!(
        text.contains(r#"is_stubbed("1.2") { ::rt_switch::say("step 1.2: t"); return; }"#),
        "{text}"
    );
    assert!(syn::parse_file(&text).is_ok(), "{text}");
}

#[test]
fn a_marker_without_an_item_is_named_with_its_line() {
    for (text, line) in [
        ("fn a() {}\n// COURSE(1.1) omit\n", "2"),
        ("// COURSE(1.1) stub: todo\nstruct A;\n", "1"),
        ("// COURSE(1.1) stub\nfn a() {}\n", "1"),
        ("// COURSE(1.1) omit\nfn a() {}\nmod b {\n    fn a() {}\n}\n", "1"),
        ("fn a() {\n    // COURSE(1.1) omit\n    b();\n}\nfn c() {}\n", "2"),
    ] {
        let fault = Source::read("a.rs", text).unwrap_err();
        assert!(fault.what().starts_with(&format!("a.rs:{line}: ")), "{text}: {fault}");
    }
}

#[test]
fn a_const_fn_panics_with_the_words_of_the_part_and_can_be_switched() {
    let text = "/// One.\n// COURSE(1.1) stub: todo\npub const fn one() -> u32 {\n    1\n}\n";
    let file = Source::read("a.rs", text).unwrap();
    let stub = file.render(|_| Rendering::Stubbed("t"));
    assert!(
        stub.contains(
            "const fn one() -> u32 {\n    panic!(\"not yet implemented: step 1.1: t\")\n}"
        ),
        "{stub}"
    );
    let switched = file.render(|_| Rendering::Switched { title: "t", wrong: Vec::new() });
    assert!(switched.contains("pub  fn one() -> u32 { if ::rt_switch::"), "{switched}");
}

#[test]
fn an_item_without_docs_goes_with_its_marker() {
    let text = "fn a() {}\n\n// COURSE(1.1) omit\nfn b() {}\n\nfn c() {}\n";
    let file = Source::read("a.rs", text).unwrap();
    assert_eq!(file.render(|_| Rendering::Stubbed("t")), "fn a() {}\n\nfn c() {}\n");
}
