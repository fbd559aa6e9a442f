//! `cargo course update`: takes a newer starter in, by a merge.

use crate::command::new::{PRISTINE, commit, with_origin};
use crate::fault::Fault;
use crate::git::{git, must_be_clean};
use crate::learner::Learner;
use crate::screen;

pub(crate) fn update(learner: &Learner) -> Result<(), Fault> {
    must_be_clean(&learner.root, "update")?;
    let branch = git(&learner.root, &["branch", "--show-current"])?.trim().to_owned();
    if branch == PRISTINE || branch.is_empty() {
        return Err(Fault::new(format!(
            "your work belongs on a branch of yours, and this is `{branch}`"
        ))
        .next("git checkout main"));
    }
    let known = git(&learner.root, &["branch", "--list", PRISTINE])?;
    if known.trim().is_empty() {
        return Err(Fault::new(format!(
            "the branch `{PRISTINE}` is gone: without it nobody knows what is yours"
        ))
        .next("git branch starter $(git rev-list --max-parents=0 HEAD)"));
    }

    // On a checkout of its own: yours is not touched before the merge.
    let place = tempfile::tempdir()
        .map_err(|error| Fault::new(format!("no room for a checkout: {error}")))?;
    let checkout = place.path().join("starter");
    let path = checkout.display().to_string();
    git(&learner.root, &["worktree", "add", "--quiet", &path, PRISTINE])?;
    let made = with_origin(&learner.course, learner.origin.from).and_then(|folder| {
        folder.replace(&checkout)?;
        let changes = git(&checkout, &["status", "--porcelain"])?;
        if !changes.is_empty() {
            commit(&checkout, "a newer starter")?;
        }
        Ok(changes.lines().count())
    });
    git(&learner.root, &["worktree", "remove", "--force", &path])?;
    let changed = made?;
    if changed == 0 {
        anstream::println!("Nothing is new.");
        screen::next("cargo course check");
        return Ok(());
    }
    match git(&learner.root, &["merge", "--quiet", "--no-edit", PRISTINE]) {
        Ok(_) => {
            anstream::println!("{changed} files of the starter were new, and are merged into yours.");
            screen::next("cargo course check");
            Ok(())
        }
        Err(fault) => Err(Fault::new(format!("{changed} files of the starter are new, and some touch what you wrote:\n{fault}"))
            .next("choose in the files between <<<<<<< and >>>>>>>, then `git add --all && git commit`; or take it back with `git merge --abort`")),
    }
}
