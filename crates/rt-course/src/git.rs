//! Git, as far as a learner's folder needs it.

use std::path::Path;
use std::process::Command;

use crate::fault::Fault;

/// The branch that only this tool commits to: what was derived, before anybody wrote in it.
pub(crate) const PRISTINE: &str = "starter";
/// Who commits there.
const AUTHOR: &str = "cargo course";

/// What to do when a merge meets what a learner wrote.
pub(crate) const CONFLICT: &str = "choose in the files between <<<<<<< and >>>>>>>, then `git add --all && git commit`; \
     or take it back with `git merge --abort`";

/// Git in a folder, and in no other: a hook or a rebase around it has told its children of its own.
pub(crate) fn command(root: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command.current_dir(root);
    command
}

/// `git ARGUMENTS` in a folder; what it prints.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let output = command(root)
        // So that a commit works where nobody has said who they are, and nobody's hooks run.
        .args(["-c", &format!("user.name={AUTHOR}"), "-c", "user.email=course@localhost"])
        .args(["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false"])
        .args(["-c", "core.autocrlf=false", "-c", "merge.ff=true"])
        .args(arguments)
        .output()
        .map_err(|error| Fault::new(format!("can not run git: {error}")).next("install git"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let what = format!("`git {}` says: {printed}{said}", arguments.join(" "));
    Err(Fault::new(what.trim()).next(format!("git status, in {}", root.display())))
}

/// Commits all there is.
pub(crate) fn commit(root: &Path, message: &str) -> Result<(), Fault> {
    git(root, &["add", "--all"])?;
    git(root, &["commit", "--quiet", "--allow-empty", "--message", message])?;
    Ok(())
}

/// The branch that a learner works on: not that of the tool, and not none.
pub(crate) fn must_be_on_a_branch(root: &Path) -> Result<(), Fault> {
    let branch = git(root, &["branch", "--show-current"])?.trim().to_owned();
    if branch == PRISTINE || branch.is_empty() {
        let here = if branch.is_empty() { "no branch at all".to_owned() } else { branch };
        let what = format!("your work belongs on a branch of yours, and this is {here}");
        return Err(Fault::new(what).next("git switch --create my-work, which keeps what is here"));
    }
    let author = git(root, &["log", "-1", "--format=%an", PRISTINE]).map_err(|_| {
        let what =
            format!("the branch `{PRISTINE}` is gone: without it nobody knows what is yours");
        Fault::new(what).next(format!("git branch {PRISTINE} $(git rev-list --max-parents=0 HEAD)"))
    })?;
    if author.trim() != AUTHOR {
        let what = format!("somebody has committed to `{PRISTINE}`, which is the tool's");
        return Err(Fault::new(what).next(format!(
            "git branch my-work {PRISTINE} && git branch --force {PRISTINE} {PRISTINE}~1"
        )));
    }
    Ok(())
}

/// A folder with changes that are not committed is left alone.
pub(crate) fn must_be_clean(root: &Path, deed: &str) -> Result<(), Fault> {
    let changes = git(root, &["status", "--porcelain"])?;
    if changes.is_empty() {
        return Ok(());
    }
    let is_unmerged = |line: &str| {
        let state = line.get(..2).unwrap_or_default();
        state.contains('U') || ["AA", "DD"].contains(&state)
    };
    if changes.lines().any(is_unmerged) {
        return Err(
            Fault::new(format!("a merge is not finished, so `{deed}` does nothing")).next(CONFLICT)
        );
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
    let output = command(folder.path())
        .args(["diff", "--no-index", "--no-ext-diff", "--unified=99", colour, "yours", "ours"])
        .output()
        .map_err(|error| Fault::new(format!("can not run git: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().skip_while(|line| !line.contains("@@")).skip(1);
    Ok(lines.map(|line| format!("{line}\n")).collect())
}
