//! The files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file: its path from the root, with slashes, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that is in the repository or would be with the next `git add`.
pub(crate) fn paths() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output();
    let mut paths: Vec<String> = match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|path| !path.is_empty() && root().join(path).is_file())
            .map(str::to_owned)
            .collect(),
        // A copy without its history, or a machine without git: what lies there.
        _ => walk(&root(), ""),
    };
    paths.sort();
    assert!(paths.iter().any(|path| path == "Cargo.toml"), "the workspace was not found");
    paths
}

fn walk(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let entry = entry.expect("an entry of a folder can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_file() {
            found.push(path);
        } else if name != ".git" && path != "target" {
            found.extend(walk(&entry.path(), &format!("{path}/")));
        }
    }
    found
}

/// The text files among `paths` that `wanted` chooses.
pub(crate) fn files(wanted: impl Fn(&str) -> bool) -> Vec<File> {
    paths()
        .into_iter()
        .filter(|path| wanted(path))
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(root().join(&path)).ok()?).ok()?;
            Some(File { path, text })
        })
        .collect()
}

/// `crates/NAME/src/**/*.rs`: what the rules about code are about.
pub(crate) fn is_source(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("crates")
        && parts.next().is_some()
        && parts.next() == Some("src")
        && path.ends_with(".rs")
}

/// The files of `crates/*/src`, without unit tests that stand in a file of their own.
pub(crate) fn sources() -> Vec<File> {
    let files = files(|path| is_source(path) && !is_tests(path));
    assert!(!files.is_empty(), "no source was found");
    files
}

/// A file of unit tests is called `tests.rs`, or lies in a folder `tests`.
pub(crate) fn is_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/src/tests/") || path.contains("/tests/")
}

/// The crate that a file of `crates/` belongs to.
pub(crate) fn crate_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// The path that a link in `from` leads to.
pub(crate) fn beside(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Fails with all findings and the rule they break.
#[track_caller]
pub(crate) fn none(rule: &str, findings: impl IntoIterator<Item = String>) {
    let findings: Vec<String> = findings.into_iter().collect();
    assert!(findings.is_empty(), "\n{}\n\nthe rule: {rule}\n", findings.join("\n"));
}
