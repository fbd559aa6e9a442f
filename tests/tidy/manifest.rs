//! Who may depend on whom, and what a published crate carries.

use super::tree::{self, File};

const RULE_LINTS: &str =
    "every crate has `[lints] workspace = true`, and is published or says `publish = false`";
const RULE_PUBLISHED: &str = "a published crate has two licences, README.md, CHANGELOG.md, a description and `[package.metadata.docs.rs]`";
const RULE_ORDER: &str =
    "a crate depends on what the table of chapters allows; its tests on nothing of a later chapter";

/// The crates in reading order: name, chapter, whether it is published, what it may depend on.
/// `None` is everything.
const CRATES: &[(&str, u8, bool, Option<&[&str]>)] = &[
    ("rt-toy", 1, false, Some(&[])),
    ("rt-task", 2, true, Some(&[])),
    ("rt-waker", 3, true, Some(&["rt-task"])),
    ("rt-executor", 4, true, Some(&["rt-task", "rt-waker"])),
    ("rt-timer", 5, true, Some(&["rt-task", "rt-waker"])),
    ("rt-steal", 7, true, Some(&["rt-task", "rt-waker", "rt-executor"])),
    ("rt-blocking", 7, true, Some(&["rt-task", "rt-waker"])),
    ("rt-io", 8, true, Some(&["rt-task", "rt-waker"])),
    ("rt-priority", 9, true, Some(&["rt-task", "rt-executor"])),
    ("rt-metrics", 10, true, Some(&["rt-task", "rt-executor"])),
    (
        "rt-compat",
        11,
        true,
        Some(&[
            "rt-task",
            "rt-waker",
            "rt-executor",
            "rt-timer",
            "rt-steal",
            "rt-blocking",
            "rt-io",
            "rt-priority",
            "rt-metrics",
        ]),
    ),
    ("rt-macros", 1, true, Some(&[])),
    // The facade is chapter 6, and knows all of the above.
    ("rt", 12, true, None),
    ("rt-testkit", 0, false, Some(&["rt-task", "rt-waker"])),
    ("rt-bench", 13, false, None),
    ("rt-soak", 13, false, None),
    ("rt-course", 13, false, None),
    ("rt-ecosystem", 13, false, None),
];

/// A line of a manifest: the table it stands in, its key and its value.
fn entries(text: &str) -> Vec<(usize, String, String, String)> {
    let mut table = String::new();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name.trim_matches(['[', ']']).to_owned();
            entries.push((at + 1, table.clone(), String::new(), String::new()));
        } else if let Some((key, value)) = line.split_once('=') {
            entries.push((at + 1, table.clone(), key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    entries
}

fn says(text: &str, table: &str, key: &str, value: impl Fn(&str) -> bool) -> bool {
    entries(text).iter().any(|(_, in_table, its_key, its_value)| {
        in_table == table && its_key == key && value(its_value)
    })
}

fn lints(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !says(text, "lints", "workspace", |value| value == "true") {
        findings.push(format!("{path}:1: no `[lints] workspace = true`"));
    }
    let name = tree::crate_of(path);
    let is_private = says(text, "package", "publish", |value| value == "false");
    match CRATES.iter().find(|(known, ..)| *known == name) {
        None => findings.push(format!("{path}:1: `{name}` is not in the table of crates")),
        Some((.., is_published, _)) if *is_published == is_private => {
            findings.push(format!("{path}:1: `publish` contradicts the table of crates"));
        }
        Some(_) => {}
    }
    findings
}

fn published(path: &str, text: &str, paths: &[String]) -> Vec<String> {
    let folder = path.trim_end_matches("Cargo.toml");
    let mut findings = Vec::new();
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "src/lib.rs"] {
        if !paths.contains(&format!("{folder}{name}")) {
            findings.push(format!("{path}:1: no {name} beside it"));
        }
    }
    if !says(text, "package", "description", |value| value.len() > 12) {
        findings.push(format!("{path}:1: no description"));
    }
    if !says(text, "package.metadata.docs.rs", "", |_| true) {
        findings.push(format!("{path}:1: no `[package.metadata.docs.rs]`"));
    }
    findings
}

fn disorder(path: &str, text: &str) -> Vec<String> {
    let name = tree::crate_of(path);
    let Some((_, chapter, _, allowed)) = CRATES.iter().find(|(known, ..)| *known == name) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (line, table, key, _) in entries(text) {
        // `[dependencies]` with `rt-task.workspace = true`, or `[dependencies.rt-task]`.
        let (kind, dependency) = match table.rsplit_once("dependencies.") {
            Some((before, dependency)) if key.is_empty() => {
                (format!("{before}dependencies"), dependency.to_owned())
            }
            _ => (table, key.split('.').next().unwrap_or_default().trim_matches('"').to_owned()),
        };
        let Some((_, needed, ..)) = CRATES.iter().find(|(known, ..)| *known == dependency) else {
            continue;
        };
        let is_wrong = if kind.ends_with("dev-dependencies") {
            needed > chapter
        } else if kind.ends_with("dependencies") {
            allowed.is_some_and(|allowed| !allowed.contains(&dependency.as_str()))
        } else {
            false
        };
        if is_wrong {
            findings.push(format!("{path}:{line}: {name} may not depend on {dependency}"));
        }
    }
    findings
}

fn manifests() -> Vec<File> {
    let manifests = tree::files(|path| {
        path.starts_with("crates/")
            && path.ends_with("/Cargo.toml")
            && path.matches('/').count() == 2
    });
    assert!(!manifests.is_empty(), "no manifest was found");
    manifests
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    tree::none(RULE_LINTS, manifests().iter().flat_map(|file| lints(&file.path, &file.text)));
}

#[test]
fn a_published_crate_carries_what_its_readers_need() {
    let paths = tree::paths();
    let checked = manifests().into_iter().filter(|file| {
        CRATES
            .iter()
            .any(|(name, _, is_published, _)| *name == tree::crate_of(&file.path) && *is_published)
    });
    tree::none(RULE_PUBLISHED, checked.flat_map(|file| published(&file.path, &file.text, &paths)));
}

#[test]
fn crates_depend_on_lower_chapters_only() {
    tree::none(RULE_ORDER, manifests().iter().flat_map(|file| disorder(&file.path, &file.text)));
}

#[test]
fn a_dependency_on_a_sibling_is_found() {
    let bad = "[dependencies]\nrt-timer.workspace = true\n[dependencies.rt-executor]\nworkspace = true\n[dev-dependencies]\nrt = { path = \"a\" }\n";
    assert_eq!(
        disorder("crates/rt-waker/Cargo.toml", bad),
        [
            "crates/rt-waker/Cargo.toml:2: rt-waker may not depend on rt-timer",
            "crates/rt-waker/Cargo.toml:3: rt-waker may not depend on rt-executor",
            "crates/rt-waker/Cargo.toml:6: rt-waker may not depend on rt",
        ]
    );
    let good = "[dependencies]\nrt-task.workspace = true\nloom = \"1\"\n[target.'cfg(a)'.dependencies]\nrt-waker.workspace = true\n[dev-dependencies]\nrt-executor.workspace = true\nrt-testkit.workspace = true\n";
    assert!(disorder("crates/rt-timer/Cargo.toml", good).is_empty());
}

#[test]
fn a_manifest_that_lacks_something_is_found() {
    let good = "[package]\nname = \"rt-task\"\ndescription = \"Says what it is\"\n[package.metadata.docs.rs]\nall-features = true\n[lints]\nworkspace = true\n";
    let paths: Vec<String> =
        ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "src/lib.rs"]
            .iter()
            .map(|name| format!("crates/rt-task/{name}"))
            .collect();
    let path = "crates/rt-task/Cargo.toml";
    assert!(lints(path, good).is_empty() && published(path, good, &paths).is_empty());
    assert_eq!(lints(path, "[package]\npublish = false\n").len(), 2);
    assert_eq!(lints("crates/rt-new/Cargo.toml", good).len(), 1);
    assert_eq!(published(path, "[package]\ndescription = \"\"\n", &paths[1..]).len(), 3);
}
