//! Which files there are, and how long.

use super::tree;

const RULE_NAMES: &str = "`foo.rs` beside `foo/bar.rs`; no mod.rs, utils.rs, common.rs, helpers.rs";
const RULE_TOP: &str = "the top level holds Cargo.toml, Cargo.lock, README.md, CONCEPTS.md, crates/, examples/, tests/ and dot-files";
const RULE_LENGTH: &str =
    "one file, one noun: at most 500 lines; an example 150, the toy 200 in all";

const TOP: [&str; 7] =
    ["Cargo.toml", "Cargo.lock", "README.md", "CONCEPTS.md", "crates", "examples", "tests"];
const NAMELESS: [&str; 4] = ["mod.rs", "utils.rs", "common.rs", "helpers.rs"];

const SOURCE_LINES: usize = 500;
const EXAMPLE_LINES: usize = 150;
const TOY_LINES: usize = 200;

fn names(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    NAMELESS.contains(&name).then(|| format!("{path}:1: name the file for what it owns"))
}

fn top_level(path: &str) -> Option<String> {
    let top = path.split('/').next().unwrap_or(path);
    (!top.starts_with('.') && !TOP.contains(&top))
        .then(|| format!("{path}:1: `{top}` has no place at the top level"))
}

fn length(path: &str, text: &str) -> Option<String> {
    let is_of_a_page = [".html", ".css", ".js"].iter().any(|end| path.ends_with(end));
    let most = if tree::is_source(path) || is_of_a_page {
        SOURCE_LINES
    } else if path.starts_with("examples/") && path.ends_with(".rs") {
        EXAMPLE_LINES
    } else {
        return None;
    };
    let lines = text.lines().count();
    (lines > most).then(|| format!("{path}:{}: {lines} lines, at most {most}", most + 1))
}

/// The markers of the course are not the toy's.
fn toy<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let is_its_own = |line: &&str| !line.trim().starts_with("// COURSE(");
    let lines: usize = texts.into_iter().map(|text| text.lines().filter(is_its_own).count()).sum();
    (lines > TOY_LINES)
        .then(|| format!("crates/rt-toy/src:1: {lines} lines, at most {TOY_LINES} in all"))
}

#[test]
fn files_are_named_for_what_they_own() {
    tree::none(RULE_NAMES, tree::paths().iter().filter_map(|path| names(path)));
    assert!(names("crates/a/src/b/mod.rs").is_some() && names("tests/common.rs").is_some());
    assert!(names("crates/a/src/b.rs").is_none() && names("crates/a/src/common_case.rs").is_none());
}

#[test]
fn the_top_level_holds_only_what_the_design_allows() {
    tree::none(RULE_TOP, tree::paths().iter().filter_map(|path| top_level(path)));
    assert!(top_level("src/main.rs").is_some() && top_level("NOTES.md").is_some());
    assert!(top_level(".ci/run").is_none() && top_level("crates/a/Cargo.toml").is_none());
}

#[test]
fn no_file_is_too_long_for_one_sitting() {
    let is_short =
        |path: &str| [".rs", ".html", ".css", ".js"].iter().any(|end| path.ends_with(end));
    let files = tree::files(is_short);
    tree::none(RULE_LENGTH, files.iter().filter_map(|file| length(&file.path, &file.text)));
    let long = "\n".repeat(501);
    assert!(
        length("crates/a/src/lib.rs", &long).is_some()
            && length("examples/a.rs", &long).is_some()
            && length("crates/a/src/page/a.js", &long).is_some()
    );
    assert!(
        length("crates/a/src/lib.rs", &long[1..]).is_none()
            && length("tests/a.rs", &long).is_none()
    );
}

#[test]
fn the_toy_fits_in_two_hundred_lines() {
    let files = tree::files(|path| path.starts_with("crates/rt-toy/src/"));
    tree::none(RULE_LENGTH, toy(files.iter().map(|file| file.text.as_str())));
    assert!(toy(["\n"; 201]).is_some() && toy(["\n"; 200]).is_none());
    assert!(toy(["    // COURSE(1.1) omit\n"; 201]).is_none());
}
