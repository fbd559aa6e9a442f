//! `cargo course update`: takes a newer starter in, by a merge.

use crate::command::new::{PRISTINE, commit, settle, with_origin};
use crate::fault::Fault;
use crate::git::{git, must_be_clean};
use crate::learner::Learner;
use crate::screen;

const CONFLICT: &str = "choose in the files between <<<<<<< and >>>>>>>, then `git add --all && git commit`; \
                        or take it back with `git merge --abort`";

pub(crate) fn update(learner: &Learner) -> Result<(), Fault> {
    must_be_clean(&learner.root, "update")?;
    match merge(learner)? {
        0 => anstream::println!("Nothing is new."),
        1 => anstream::println!("1 file of the starter was new, and is merged into yours."),
        new => {
            anstream::println!("{new} files of the starter were new, and are merged into yours.");
        }
    }
    screen::next("cargo course check");
    Ok(())
}

/// Merges what is newer; how many files are.
pub(crate) fn merge(learner: &Learner) -> Result<usize, Fault> {
    let branch = git(&learner.root, &["branch", "--show-current"])?.trim().to_owned();
    if branch == PRISTINE || branch.is_empty() {
        let what = format!("your work belongs on a branch of yours, and this is `{branch}`");
        return Err(Fault::new(what).next("git checkout main"));
    }
    let known = git(&learner.root, &["branch", "--list", PRISTINE])?;
    if known.trim().is_empty() {
        let what =
            format!("the branch `{PRISTINE}` is gone: without it nobody knows what is yours");
        return Err(Fault::new(what)
            .next(format!("git branch {PRISTINE} $(git rev-list --max-parents=0 HEAD)")));
    }
    let new = refresh(learner, learner.origin.from)?;
    git(&learner.root, &["merge", "--quiet", "--no-edit", PRISTINE]).map_err(|fault| {
        let what = format!("{new} files of the starter are new, and some touch what you wrote:");
        Fault::new(format!("{what}\n{fault}")).next(CONFLICT)
    })?;
    Ok(new)
}

/// Commits the starter as it would be made today to its own branch, on a checkout of its own: yours
/// is not touched. How many files are new.
pub(crate) fn refresh(learner: &Learner, from: u32) -> Result<usize, Fault> {
    let place = tempfile::tempdir()
        .map_err(|error| Fault::new(format!("no room for a checkout: {error}")))?;
    let checkout = place.path().join("starter");
    let path = checkout.display().to_string();
    git(&learner.root, &["worktree", "add", "--quiet", &path, PRISTINE])?;
    let made = with_origin(&learner.course, from).and_then(|folder| {
        folder.replace(&checkout)?;
        settle(&checkout)?;
        let changes = git(&checkout, &["status", "--porcelain"])?;
        if !changes.is_empty() {
            commit(&checkout, &format!("the starter, from step {from}"))?;
        }
        Ok(changes.lines().count())
    });
    git(&learner.root, &["worktree", "remove", "--force", &path])?;
    made
}
