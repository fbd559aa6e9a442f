//! Git, as far as a learner's folder needs it.

use std::path::Path;
use std::process::Command;

use crate::fault::Fault;

/// `git ARGUMENTS` in a folder; what it prints.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let output = Command::new("git")
        // So that a commit works where nobody has said who they are.
        .args(["-c", "user.name=cargo course", "-c", "user.email=course@localhost"])
        .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(root)
        .output()
        .map_err(|error| Fault::new(format!("can not run git: {error}")).next("install git"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = format!("{}{}", printed, said);
    Err(Fault::new(format!("`git {}` says: {}", arguments.join(" "), said.trim())))
}

/// A folder with changes that are not committed is left alone.
pub(crate) fn must_be_clean(root: &Path, deed: &str) -> Result<(), Fault> {
    let changes = git(root, &["status", "--porcelain"])?;
    if changes.is_empty() {
        return Ok(());
    }
    let count = changes.lines().count();
    let files = if count == 1 { "a file is".to_owned() } else { format!("{count} files are") };
    Err(Fault::new(format!(
        "{files} changed and not committed, so `{deed}` does nothing:\n{}",
        changes.trim_end()
    ))
    .next("git add --all && git commit --message 'my work so far'"))
}

/// The difference between two texts, as `git diff` shows it, without its head.
pub(crate) fn difference(old: &str, new: &str, has_colour: bool) -> Result<String, Fault> {
    let folder = tempfile::tempdir()
        .map_err(|error| Fault::new(format!("no room for two files: {error}")))?;
    for (name, text) in [("yours", old), ("ours", new)] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map_err(|error| Fault::file("write", &path, &error))?;
    }
    let colour = if has_colour { "--color=always" } else { "--color=never" };
    let output = Command::new("git")
        .args(["diff", "--no-index", "--unified=99", colour, "yours", "ours"])
        .current_dir(folder.path())
        .output()
        .map_err(|error| Fault::new(format!("can not run git: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().skip(5).map(|line| format!("{line}\n")).collect())
}
