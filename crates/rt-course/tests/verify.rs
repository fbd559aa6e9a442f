//! Each of the seven points can fail, and is named when it does: on a workspace of one small chapter.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ROOT: &str = r#"
[workspace]
members = ["crates/*"]
resolver = "3"

[workspace.lints.rust]
missing_docs = "warn"

[workspace.lints.clippy]
todo = "warn"

[package]
name = "custom-runtime"
edition = "2024"

[lib]
path = "crates/none.rs"
"#;

/// Says what the real one says: that a quotation stands in its source.
const TIDY: &str = r#"
#[test]
fn what_is_not_compiled_is_quoted_from_the_source() {
    let (readme, source) = (include_str!("../crates/mini/README.md"), include_str!("../crates/mini/src/lib.rs"));
    let quoted = readme.split("```rust,ignore\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(source.contains(quoted));
}
"#;

const MANIFEST: &str = r#"
[package]
name = "mini"
edition = "2024"

[lints]
workspace = true

[dependencies]
"#;

const SOURCE: &str = r#"//! A counter.

#![doc = include_str!("../README.md")]

use std::cell::Cell;

/// Counts.
#[derive(Default)]
pub struct Counter(Cell<u32>);

impl Counter {
    /// Counts one more.
    // COURSE(1.1) stub: todo
    pub fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// What was counted.
    // COURSE(1.1) stub: todo
    pub fn get(&self) -> u32 {
        self.0.get()
    }

    /// Forgets what was counted, and says what it was.
    // COURSE(1.2) stub: todo
    pub fn take(&self) -> u32 {
        take(&self.0)
    }
}

// COURSE(1.2) omit
fn take(cell: &Cell<u32>) -> u32 {
    cell.replace(0)
}
"#;

const README: &str = r#"
* **[C1]** Nothing is counted twice.

<!-- source: crates/mini/src/lib.rs -->
```rust,ignore
    pub fn add(&self) {
```

```
assert_eq!(mini::Counter::default().get(), 0);
```
"#;

const TESTS: &str = r#"//! Tests.

use mini::Counter;

#[test]
fn one_and_one_is_two() {
    let counter = Counter::default();
    counter.add();
    counter.add();
    assert_eq!(counter.get(), 2, "a count is lost");
}

#[test]
fn what_was_taken_is_gone() {
    let counter = Counter::default();
    counter.add();
    assert_eq!((counter.take(), counter.get()), (1, 0), "it was counted twice");
}
"#;

const COURSE: &str = r#"
step = 1
title = "Counting"
minutes = 5

[[part]]
id = "1.1"
title = "count"
files = ["src/lib.rs"]
tests = ["count::one_and_one_is_two"]
hints = ["What has changed behind a call?", "A cell can be read and be set.", "self.0.set of what was there, and one"]

[[part.wrong]]
name = "sets_to_one"
item = "lib::Counter::add"
breaks = "C1"
says = "It counts no further than one."
body = '{ self.0.set(1); }'
fails = ["count::one_and_one_is_two"]

[[part]]
id = "1.2"
title = "take"
files = ["src/lib.rs"]
tests = ["count::what_was_taken_is_gone"]
hints = ["What is there afterwards?", "A cell can be replaced by another value.", "replace it by 0 and give what was there"]
"#;

/// A workspace of one chapter, with one thing in it replaced.
fn workspace(file: &str, old: &str, new: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room for a few files");
    let mut is_replaced = false;
    for (path, text) in [
        ("Cargo.toml", ROOT),
        ("crates/none.rs", "//! Nothing.\n"),
        ("tests/tidy.rs", TIDY),
        ("crates/mini/Cargo.toml", MANIFEST),
        ("crates/mini/src/lib.rs", SOURCE),
        ("crates/mini/README.md", README),
        ("crates/mini/tests/count.rs", TESTS),
        ("crates/mini/course.toml", COURSE),
    ] {
        let text = if path == file {
            is_replaced = text.contains(old);
            text.replace(old, new)
        } else {
            text.to_owned()
        };
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    assert!(is_replaced, "`{old}` does not stand in {file}");
    let made = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status();
    assert!(made.expect("git is there").success());
    folder
}

fn verify(root: &Path) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rt-course"))
        .args(["verify", "mini", "--rounds", "2", "--root"])
        .arg(root)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("the tool runs");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&text).into_owned())
}

/// That `verify` fails, and says these words.
fn is_named(file: &str, old: &str, new: &str, words: &str) {
    let folder = workspace(file, old, new);
    let (output, text) = verify(folder.path());
    assert!(!output.status.success(), "verify passes with {old:?} replaced by {new:?}:\n{text}");
    assert!(text.contains(words), "`{words}` is not said:\n{text}");
}

#[test]
fn a_chapter_that_agrees_passes_and_is_counted() {
    let folder = workspace("crates/mini/src/lib.rs", "A counter", "A good counter");
    let (output, text) = verify(folder.path());
    assert!(output.status.success(), "{text}");
    assert!(text.contains("2 parts, 2 tests, 1 wrong bodies, 2 rounds"), "{text}");
}

#[test]
fn point_1_a_starter_that_does_not_compile() {
    let words = "point 1: mini with 0 parts done says";
    is_named(
        "crates/mini/src/lib.rs",
        "/// Counts.\n#[derive(Default)]\n",
        "/// Counts.\n#[derive(Default)]\n#[must_used]\n",
        words,
    );
}

#[test]
fn point_1_a_part_that_needs_a_helper_of_a_later_one() {
    let words = "point 1: mini with 1 parts done says";
    is_named(
        "crates/mini/src/lib.rs",
        "self.0.set(self.0.get() + 1)",
        "let old = take(&self.0); self.0.set(old + 1)",
        words,
    );
}

#[test]
fn point_2_a_test_that_passes_before_its_part_is_written() {
    let words = "`count::what_was_taken_is_gone` passes before 1.2 is written";
    is_named(
        "crates/mini/tests/count.rs",
        "assert_eq!((counter.take(), counter.get()), (1, 0)",
        "assert_eq!(counter.get(), 1",
        words,
    );
}

#[test]
fn point_2_a_test_that_needs_a_later_part() {
    let words =
        "`count::one_and_one_is_two` must pass with the parts before 1.2 and meets the stub of 1.2";
    is_named(
        "crates/mini/tests/count.rs",
        "assert_eq!(counter.get(), 2",
        "assert_eq!(counter.take(), 2",
        words,
    );
}

#[test]
fn point_2_a_test_that_catches_the_stub_and_passes() {
    let words = "`count::what_was_taken_is_gone` passes before 1.2 is written";
    is_named(
        "crates/mini/tests/count.rs",
        "    assert_eq!((counter.take(), counter.get()), (1, 0), \"it was counted twice\");",
        "    let taken = std::panic::AssertUnwindSafe(|| counter.take());\n    let _ = std::panic::catch_unwind(taken);",
        words,
    );
}

#[test]
fn point_5_a_test_that_does_not_run() {
    let words = "the test `one_and_one_is_two` did not run";
    is_named("crates/mini/tests/count.rs", "#[test]\nfn one", "#[test]\n#[ignore]\nfn one", words);
}

#[test]
fn point_3_a_part_that_can_be_left_out() {
    let words = "point 3: without part 1.2 all its tests pass";
    is_named(
        "crates/mini/tests/count.rs",
        "(counter.take(), counter.get()), (1, 0)",
        "counter.get(), 1",
        words,
    );
}

#[test]
fn point_4_a_wrong_body_that_nobody_notices() {
    let words = "point 4: `count::one_and_one_is_two` passes with the wrong body `sets_to_one`";
    is_named("crates/mini/course.toml", "self.0.set(1);", "self.0.set(self.0.get() + 1);", words);
}

#[test]
fn point_5_a_solution_that_fails_and_a_test_that_sleeps() {
    is_named(
        "crates/mini/src/lib.rs",
        "cell.replace(0)",
        "cell.replace(1)",
        "point 5: `count::what_was_taken_is_gone` fails with the solution, in round 1",
    );
    is_named(
        "crates/mini/tests/count.rs",
        "    counter.add();\n    assert_eq!((",
        "    std::thread::sleep(Duration::from_millis(1));\n    use std::time::Duration;\n    counter.add();\n    assert_eq!((",
        "point 5: count.rs:16: a sleep",
    );
}

#[test]
fn point_6_a_quotation_and_a_block_that_are_wrong() {
    is_named(
        "crates/mini/README.md",
        "pub fn add(&self)",
        "pub fn add(self)",
        "point 6: a quotation differs",
    );
    is_named("crates/mini/README.md", ".get(), 0)", ".get(), 1)", "point 6: a block of code");
    is_named("crates/mini/course.toml", "\"C1\"", "\"C2\"", "breaks [C2], which no list explains");
}

#[test]
fn point_7_a_part_without_hints_docs_or_tests() {
    is_named(
        "crates/mini/course.toml",
        ", \"replace it by 0 and give what was there\"",
        "",
        "part 1.2: a part has three hints",
    );
    is_named(
        "crates/mini/src/lib.rs",
        "    /// What was counted.\n",
        "",
        "`lib::Counter::get` has no doc comment",
    );
    is_named(
        "crates/mini/course.toml",
        "tests = [\"count::what_was_taken_is_gone\"]",
        "tests = []",
        "part 1.2: a part has a test",
    );
    is_named(
        "crates/mini/course.toml",
        "tests = [\"count::what_was_taken_is_gone\"]",
        "tests = [\"count::*\"]",
        "`count::one_and_one_is_two` belongs to 1.1 and 1.2 at once",
    );
    is_named(
        "crates/mini/course.toml",
        "tests = [\"count::what_was_taken_is_gone\"]",
        "tests = [\"count::x\"]",
        "part 1.2: no test is called `count::x`",
    );
}
